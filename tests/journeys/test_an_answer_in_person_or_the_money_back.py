"""A paid message waits 72 hours for an answer in person: then it is charged, or returned whole."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.running_server import RunningServer
from tests.wire import Person, Socket, until

DEADLINE = timedelta(hours=72)


@pytest.fixture
def fan(town: RunningServer) -> Iterator[Person]:
    with Person.new_fan(town, cents=2_000) as person:
        yield person


@pytest.fixture
def talk(fan: Person) -> Iterator[Socket]:
    with fan.socket() as socket:
        yield socket


@pytest.fixture
def place(fan: Person, creator: Person) -> str:
    return fan.open(creator)


def due_at(receipt: dict[str, Any]) -> datetime:
    """The deadline; the wire cuts it to the millisecond, so it is over one millisecond later."""
    return datetime.fromisoformat(receipt["answer_due_at"])


def over(receipt: dict[str, Any]) -> datetime:
    return due_at(receipt) + timedelta(milliseconds=1)


def set_price(creator: Person, fan: Person, cents: int) -> None:
    answer = creator.put(f"/api/studio/prices/fans/{fan.id}", json={"price_cents": cents})
    assert answer.status_code == 200


def test_one_answer_a_second_before_the_deadline_charges_all_that_waits(
    town: RunningServer, fan: Person, creator: Person, talk: Socket, place: str
) -> None:
    receipts = []
    for cents, nth in ((200, "First"), (300, "Second"), (100, "Third")):
        set_price(creator, fan, cents)
        receipts.append(talk.send(place, f"{nth} question", most=cents))
    assert fan.wallet() == (1_400, 600)
    first = receipts[0]
    waits = due_at(first) - datetime.fromisoformat(first["sent_at"])
    assert DEADLINE <= waits < DEADLINE + timedelta(seconds=1)  # it starts at delivery
    town.stop_clock(due_at(first) - timedelta(seconds=1))
    with creator.socket() as answering:
        assert answering.send(place, "Here I am.", most=0)["state"] == "delivered"
        for receipt, share in zip(receipts, (134, 200, 66), strict=True):
            paid = talk.wait_for("answer_captured", message_id=receipt["message_id"])
            earned = answering.wait_for("answer_captured", message_id=receipt["message_id"])
            assert (paid["amount_cents"], earned["amount_cents"]) == (
                receipt["charged_cents"],
                share,
            )
            assert paid["receipt_id"] == earned["receipt_id"]
    assert fan.wallet() == (1_400, 0)
    require_sums(fan, creator, place, gross=600)


def require_sums(fan: Person, creator: Person, place: str, *, gross: int) -> None:
    """Three receipts: creator 4.00, VAT 1.00, reserve 0.06, platform 0.94 (bank included)."""
    lines = fan.get("/api/wallet/lines").json()["items"]
    numbers = {line["receipt_id"] for line in lines if line["receipt_id"] is not None}
    receipts = [fan.get(f"/api/receipts/{number}").json() for number in numbers]
    assert receipts == [creator.get(f"/api/receipts/{number}").json() for number in numbers]

    def total(*parts: str) -> int:
        return sum(receipt[f"{part}_cents"] for receipt in receipts for part in parts)

    assert len(receipts) == 3
    assert total("gross") == gross == total("creator", "vat", "reserve", "bank", "platform")
    assert (total("creator"), total("vat"), total("reserve")) == (400, 100, 6)
    assert total("bank", "platform") == 94
    head = fan.get(f"/api/conversations/{place}").json()
    assert head["spent_ever_cents"] == head["spent_month_cents"] == gross


def test_at_the_deadline_the_money_returns_though_it_was_read_and_a_late_answer_earns_nothing(
    town: RunningServer, fan: Person, creator: Person, talk: Socket, place: str
) -> None:
    asked = talk.send(place, "Are you there?", most=200)
    with creator.socket() as answering:
        answering.put({"t": "mark_read", "r": "1", "conversation_id": place, "seq": asked["seq"]})
        talk.wait_for("read", conversation_id=place)
        town.stop_clock(over(asked))
        late = answering.send(place, "Only now.", most=0)
        assert late["state"] == "delivered"
        returned = talk.wait_for("answer_refunded", message_id=asked["message_id"])
        assert (returned["amount_cents"], returned["reason"]) == (200, "unanswered")
        talk.wait_for("message_delivered", message_id=late["message_id"])
        until(lambda: fan.wallet() == (2_000, 0))
        page = answering.ask("history", conversation_id=place, limit=10)
    assert [(m["body"], m.get("money")) for m in page["messages"]] == [
        ("Are you there?", "refunded"),
        ("Only now.", None),
    ]
    newest = fan.get("/api/wallet/lines").json()["items"][0]
    assert (newest["in_cents"], newest["balance_cents"]) == (200, 2_000)


def test_nobody_answers_and_the_clock_alone_returns_the_money(
    town: RunningServer, fan: Person, talk: Socket, place: str
) -> None:
    asked = talk.send(place, "Nobody?", most=200)
    town.stop_clock(due_at(asked) - timedelta(seconds=1))
    assert fan.wallet() == (1_800, 200)
    town.stop_clock(over(asked))
    talk.wait_for("answer_refunded", message_id=asked["message_id"])
    assert fan.wallet() == (2_000, 0)


def test_a_free_line_without_an_offer_is_an_answer_and_a_declined_message_is_paid_back(
    fan: Person, creator: Person, talk: Socket, place: str
) -> None:
    asked = talk.send(place, "A favour?", most=200)
    path = f"/api/conversations/{place}/messages/{asked['message_id']}/decline"
    assert creator.post(path).status_code == 200
    returned = talk.wait_for("answer_refunded", message_id=asked["message_id"])
    assert (returned["reason"], fan.wallet()) == ("declined", (2_000, 0))
    with creator.socket() as answering:
        answering.send(place, "Sorry.", most=0)
    assert fan.wallet() == (2_000, 0)


def test_an_unsent_message_costs_nothing_and_an_old_one_stays(
    town: RunningServer, fan: Person, talk: Socket, place: str
) -> None:
    first, second = talk.send(place, "Oops", most=200), talk.send(place, "Kept", most=200)
    unsent = {"conversation_id": place, "message_id": first["message_id"]}
    assert talk.ask("unsend_message", **unsent)["state"] == "unsent"
    assert fan.wallet() == (1_800, 200)
    town.move_clock(seconds=121)
    kept = {"conversation_id": place, "message_id": second["message_id"]}
    assert talk.ask("unsend_message", **kept)["code"] == "too_late"
    assert fan.wallet() == (1_800, 200)
