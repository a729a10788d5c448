"""What creators do with their pictures, over HTTP and the socket."""

from typing import Any

import httpx
from uuid_utils.compat import uuid7

from tests.wire import Person, Socket


def upload(creator: Person, content: bytes, *, name: str = "picture.jpg") -> httpx.Response:
    """Announce a file and send its bytes; the answer to the last part."""
    order = {"client_id": str(uuid7()), "size_bytes": len(content), "file_name": name}
    begun = creator.post("/api/studio/media", json=order)
    if begun.status_code != 200:
        return begun
    path = f"/api/studio/media/{begun.json()['media_id']}"
    answer, part_bytes = begun, 2 * 1024 * 1024
    for offset in range(0, len(content), part_bytes):
        part = content[offset : offset + part_bytes]
        answer = creator.patch(path, content=part, headers={"Upload-Offset": str(offset)})
        if answer.status_code != 200:
            return answer
    return answer


def offer(creator: Person, place: str, media_id: str, *, cents: int) -> httpx.Response:
    """Media for sale to the fan of this conversation."""
    order = {"conversation_id": place, "media_ids": [media_id], "price_cents": cents}
    return creator.post("/api/studio/offers", json=order)


def sell(creator: Person, talk: Socket, place: str, content: bytes, *, cents: int) -> Any:
    """Upload a picture and send it with a price: the offer's id."""
    media = upload(creator, content)
    assert media.json()["state"] == "ready", media.text
    made = offer(creator, place, media.json()["media_id"], cents=cents)
    assert made.status_code == 201, made.text
    sent = talk.send(place, "For you.", most=0, offer_id=made.json()["offer_id"])
    assert sent["state"] == "delivered", sent
    return made.json()["offer_id"]
