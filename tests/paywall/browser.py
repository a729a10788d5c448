"""How tests visit media over HTTP: browsers with cookies of their own, and one finished sale."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.test import AsyncClient
from uuid_utils.compat import uuid7

from accounts.models import Account
from paywall.commands.media_sales import unlock
from paywall.models import Media, MediaObject
from paywall.models.media import KeyKind, ObjectRole
from paywall.vault import safe, stream
from tests.factories import make_creator, make_fan
from tests.paywall import pictures, shop

NOT_FOUND = (403, {"code": "not_found"})


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def no(self) -> tuple[int, Any]:
        return self.status, self.json


class Visitor:
    """A browser: its own cookies, perhaps signed in."""

    def __init__(self, account: Account | None = None, *, csrf: bool = False) -> None:
        self.client = AsyncClient(enforce_csrf_checks=csrf, raise_request_exception=False)
        if account is not None:
            async_to_sync(self.client.aforce_login)(
                account, backend="allauth.account.auth_backends.AuthenticationBackend"
            )

    @property
    def session_key(self) -> str:
        return self.client.cookies["sessionid"].value

    def ask(self, method: str, path: str, *, body: Any = None, **headers: str) -> Answer:
        return async_to_sync(self._ask)(method, path, body, headers)

    async def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.client.generic(method, path, raw, kind, headers=named)
        if response.streaming:
            pieces: Any = response
            content = b"".join([piece async for piece in pieces.streaming_content])
        else:
            content = response.content
        return Answer(response.status_code, response.headers, content)


@dataclass
class Sale:
    creator: Account
    fan: Account
    media: Media
    offer_id: UUID
    entitlement_id: UUID

    def link(self, buyer: Visitor) -> str:
        return buyer.ask("POST", f"/api/unlocks/{self.entitlement_id}/links").json[0]["url"]


def make_sale() -> Sale:
    """A picture that a fan has bought for 8.00."""
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 1_400)
    media = shop.upload(creator, pictures.jpeg(1200, 900))
    offer = shop.offer(creator, fan, [media])
    done = unlock(
        fan_id=fan.id,
        offer_id=offer.offer_id,
        client_id=uuid7(),
        max_price_cents=800,
        now=datetime.now(UTC),
    )
    return Sale(creator, fan, media, offer.offer_id, done.entitlement_id)


def served_bytes(media: Media) -> bytes:
    row = MediaObject.objects.get(media=media, role=ObjectRole.SERVED)
    return stream.read_whole(safe.file_of(row))


def put_served(media: Media, plain: bytes) -> None:
    """Replace what buyers receive: the size of files that a picture seldom reaches."""
    MediaObject.objects.filter(media=media, role=ObjectRole.SERVED).delete()
    key = safe.key_of(media_id=media.id, kind=KeyKind.MEDIA)
    safe.seal_file(plain, media_id=media.id, role=ObjectRole.SERVED, data_key=key).save(
        force_insert=True
    )
