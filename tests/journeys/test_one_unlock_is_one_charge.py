"""A picture for sale: nothing of it before payment, one charge from two devices, links that end."""

from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from threading import Barrier, Thread
from typing import Any

import pytest
from PIL import Image
from uuid_utils.compat import uuid7

from tests.journeys import studio
from tests.paywall import pictures
from tests.running_server import RunningServer
from tests.wire import Person, Socket

PARTS = {"vat": 133, "creator": 534, "reserve": 7}
PLATFORM_CENTS = 126


@pytest.fixture
def fan(town: RunningServer) -> Iterator[Person]:
    with Person.new_fan(town, cents=1_600) as person:
        yield person


@pytest.fixture
def talk(fan: Person) -> Iterator[Socket]:
    with fan.socket() as socket:
        yield socket


@pytest.fixture
def place(fan: Person, creator: Person, talk: Socket) -> str:
    """The fan wrote once: 14.00 are left when the creator's answer comes."""
    place = fan.open(creator)
    assert talk.send(place, "May I see it?", most=200)["balance_cents"] == 1_400
    return place


@pytest.fixture
def offer_id(place: str, creator: Person) -> str:
    with creator.socket() as answering:
        found: str = studio.sell(creator, answering, place, pictures.jpeg(1200, 900), cents=800)
        return found


def unlock(talk: Socket, offer_id: str, *, most: int = 800, client_id: str = "") -> dict[str, Any]:
    client_id = client_id or str(uuid7())
    return talk.ask("unlock", offer_id=offer_id, client_id=client_id, max_price_cents=most)


def links(person: Person, entitlement_id: str) -> Any:
    return person.post(f"/api/unlocks/{entitlement_id}/links").json()


def test_two_devices_at_once_pay_once_and_every_part_is_to_the_cent(
    fan: Person, creator: Person, talk: Socket, place: str, offer_id: str
) -> None:
    with fan.socket() as phone:
        answers: list[dict[str, Any]] = []
        start = Barrier(2)

        def press(device: Socket) -> None:
            start.wait()
            answers.append(unlock(device, offer_id))

        presses = [Thread(target=press, args=(device,)) for device in (talk, phone)]
        for thread in presses:
            thread.start()
        for thread in presses:
            thread.join()
    assert sum(answer.get("charged_cents") or 0 for answer in answers) == 800
    assert len({answer["entitlement_id"] for answer in answers}) == 1
    assert fan.wallet() == (600, 0)
    (line,) = [
        line
        for line in creator.get("/api/studio/earnings").json()["lines"]["items"]
        if line["subject_kind"] == "unlock" and line["fan_id"] == fan.id
    ]
    assert {part: line[f"{part}_cents"] for part in PARTS} == PARTS
    assert line["bank_cents"] + line["platform_cents"] == PLATFORM_CENTS
    library = fan.get("/api/library").json()["entries"]
    assert [(entry["charged_cents"], entry["offer"]["offer_id"]) for entry in library] == [
        (800, offer_id)
    ]


def test_pressing_again_replays_and_never_charges_twice(
    fan: Person, talk: Socket, offer_id: str
) -> None:
    client_id = str(uuid7())
    first = unlock(talk, offer_id, client_id=client_id)
    again = unlock(talk, offer_id, client_id=client_id)
    assert (again["replay"], again["entitlement_id"]) == (True, first["entitlement_id"])
    assert fan.wallet() == (600, 0)


def test_a_link_opens_the_picture_for_its_buyer_and_session_for_five_minutes(
    town: RunningServer, fan: Person, creator: Person, talk: Socket, offer_id: str
) -> None:
    refused = fan.get(f"/media/{offer_id}/0")
    assert (refused.status_code, refused.json()) == (403, {"code": "not_found"})
    assert links(fan, offer_id)["code"] == "not_found"
    bought = unlock(talk, offer_id)["entitlement_id"]
    (link,) = links(fan, bought)
    served = fan.get(link["url"])
    assert served.status_code == 200
    assert Image.open(BytesIO(served.content)).size == (link["width"], link["height"])
    with Person.new_fan(town) as other:
        for stranger in (other, creator):
            no = stranger.get(link["url"])
            assert (no.status_code, no.json()) == (403, {"code": "not_found"})
        assert links(other, bought)["code"] == "not_found"
    town.move_clock(seconds=301)
    assert fan.get(link["url"]).status_code == 403
    (fresh,) = links(fan, bought)
    assert fan.get(fresh["url"]).status_code == 200


def test_before_paying_only_a_lure_of_sixteen_pixels_leaves_the_server(
    fan: Person, offer_id: str
) -> None:
    offer = fan.get(f"/api/offers/{offer_id}").json()
    assert (offer["price_cents"], offer["media_count"], offer["owned_count"]) == (800, 1, 0)
    assert max(Image.open(BytesIO(b64decode(offer["lure"]))).size) <= 16
    assert fan.get("/api/library").json()["entries"] == []


def test_without_enough_money_or_below_the_price_nothing_opens(
    town: RunningServer, creator: Person, fan: Person, talk: Socket, offer_id: str
) -> None:
    low = unlock(talk, offer_id, most=799)
    assert (low["code"], low["price_cents"]) == ("price_changed", 800)
    with Person.new_fan(town) as other, other.socket() as elsewhere:
        assert unlock(elsewhere, offer_id)["code"] in ("not_found", "offer_unavailable")
    assert fan.wallet() == (1_400, 0)
