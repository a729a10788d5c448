"""What a message costs is said before it is written, and never more than that is charged."""

from collections.abc import Iterator

import pytest

from tests.running_server import RunningServer
from tests.wire import Person, Socket


@pytest.fixture
def fan(town: RunningServer) -> Iterator[Person]:
    with Person.new_fan(town, cents=2_000) as person:
        yield person


@pytest.fixture
def talk(fan: Person) -> Iterator[Socket]:
    with fan.socket() as socket:
        yield socket


def set_default(
    creator: Person, cents: int | None, *, reply_window_hours: int | None = None
) -> None:
    terms = {"default_cents": cents, "reply_window_hours": reply_window_hours}
    answer = creator.put("/api/studio/prices", json={**terms, "answer_deadline_hours": None})
    assert answer.status_code == 200, answer.text


def why(creator: Person, fan: Person) -> tuple[int, str]:
    found = creator.get("/api/studio/prices/why", params={"fan_id": fan.id}).json()
    decisive = [step["reason"] for step in found["steps"] if step["decides"]]
    assert decisive == [found["reason"]]
    return found["price_cents"], found["reason"]


def quoted(talk: Socket, place: str) -> tuple[int, str]:
    quote = talk.ask("quote", conversation_id=place)
    assert quote["allowed"]
    return quote["price_cents"], quote["reason"]


def test_the_price_the_deadline_and_the_balance_are_there_before_the_first_letter(
    fan: Person, creator: Person, talk: Socket
) -> None:
    quote = talk.ask("quote", conversation_id=fan.open(creator))
    assert (quote["allowed"], quote["price_cents"], quote["reason"]) == (
        True,
        200,
        "platform_default",
    )
    assert (quote["answer_deadline_hours"], quote["balance_cents"]) == (72, 2_000)
    assert fan.wallet() == (2_000, 0)


def test_a_risen_price_asks_again_and_a_fallen_one_is_what_is_charged(
    fan: Person, creator: Person, talk: Socket
) -> None:
    place = fan.open(creator)
    assert talk.send(place, "First", most=200)["charged_cents"] == 200
    assert fan.wallet() == (1_800, 200)
    set_default(creator, 300)
    assert talk.wait_for("price_changed", conversation_id=place)["price_cents"] == 300
    refused = talk.send(place, "Second", most=200)
    assert (refused["t"], refused["code"], refused["price_cents"]) == (
        "refused",
        "price_changed",
        300,
    )
    assert fan.wallet() == (1_800, 200)
    assert talk.send(place, "Second", most=300)["balance_cents"] == 1_500
    assert fan.wallet() == (1_500, 500)
    set_default(creator, 100)
    assert talk.send(place, "Third", most=300)["charged_cents"] == 100
    assert fan.wallet() == (1_400, 600)
    page = talk.ask("history", conversation_id=place, limit=50)
    prices = [line["price_cents"] for line in page["lines"] if line["kind"] == "price_changed"]
    assert prices == [300, 100]
    assert [message["body"] for message in page["messages"]] == ["First", "Second", "Third"]


def test_the_first_rule_that_fits_sets_the_price_and_the_creator_reads_why(
    town: RunningServer, fan: Person, creator: Person, talk: Socket
) -> None:
    place = fan.open(creator)
    set_default(creator, 250)
    assert quoted(talk, place) == why(creator, fan) == (250, "creator_default")
    assert creator.put(f"/api/studio/free-list/{fan.id}").status_code == 200
    assert quoted(talk, place) == why(creator, fan) == (0, "free_list")
    own = creator.put(f"/api/studio/prices/fans/{fan.id}", json={"price_cents": 500})
    assert own.status_code == 200
    assert quoted(talk, place) == why(creator, fan) == (500, "fan_price")
    assert talk.send(place, "Mine alone", most=500)["charged_cents"] == 500
    assert creator.delete(f"/api/studio/prices/fans/{fan.id}").status_code == 200
    assert talk.send(place, "Free", most=0).get("charged_cents", 0) == 0
    assert creator.delete(f"/api/studio/free-list/{fan.id}").status_code == 200
    assert quoted(talk, place) == why(creator, fan) == (250, "creator_default")
    assert fan.wallet() == (1_500, 500)


def test_writing_is_free_for_a_while_after_the_creator_wrote(
    town: RunningServer, fan: Person, creator: Person, talk: Socket
) -> None:
    place = fan.open(creator)
    set_default(creator, None, reply_window_hours=24)
    talk.send(place, "A question", most=200)
    with creator.socket() as answering:
        assert answering.send(place, "An answer", most=0)["state"] == "delivered"
    assert quoted(talk, place) == (0, "reply_window")
    found = creator.get("/api/studio/prices/why", params={"fan_id": fan.id}).json()
    assert found["free_after_reply_hours"] == 24
    assert talk.send(place, "Thank you", most=0)["state"] == "delivered"
    town.move_clock(hours=24)
    assert quoted(talk, place) == (200, "platform_default")
    assert talk.send(place, "One more", most=0)["code"] == "price_changed"
    assert fan.wallet() == (1_800, 0)


@pytest.mark.parametrize("cents", [-1, 1, 49, 5_001])
def test_a_price_outside_the_bounds_is_refused_and_changes_nothing(
    fan: Person, creator: Person, cents: int
) -> None:
    answer = creator.put(f"/api/studio/prices/fans/{fan.id}", json={"price_cents": cents})
    assert answer.status_code == 422
    assert why(creator, fan) == (200, "platform_default")


def test_without_the_money_nothing_is_sent(town: RunningServer, creator: Person) -> None:
    with Person.new_fan(town) as poor, poor.socket() as talk:
        place = poor.open(creator)
        refused = talk.send(place, "For nothing?", most=200)
        assert (refused["code"], refused["missing_cents"]) == ("insufficient_funds", 200)
        assert talk.ask("history", conversation_id=place, limit=10)["messages"] == []
        assert poor.wallet() == (0, 0)
