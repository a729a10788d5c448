"""A suspect message is held: nobody is charged, a named person decides, or the clock lets it go."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.journeys import desk
from tests.running_server import RunningServer
from tests.wire import Person, Socket, until

DECIDED_WITHIN = timedelta(hours=8)
RULE = "prost.solicit"


@pytest.fixture
def fan(town: RunningServer, creator: Person) -> Iterator[Person]:
    """With 14.00, who writes at 1.00."""
    with Person.new_fan(town, cents=1_400) as person:
        price = creator.put(f"/api/studio/prices/fans/{person.id}", json={"price_cents": 100})
        assert price.status_code == 200
        yield person


@pytest.fixture
def talk(fan: Person) -> Iterator[Socket]:
    with fan.socket() as socket:
        yield socket


@pytest.fixture
def answering(creator: Person) -> Iterator[Socket]:
    with creator.socket() as socket:
        yield socket


@pytest.fixture
def place(fan: Person, creator: Person) -> str:
    return fan.open(creator)


@pytest.fixture
def moderators(town: RunningServer) -> Iterator[tuple[Person, Person]]:
    with Person.of(town, "moderator", 0) as one, Person.of(town, "moderator", 1) as other:
        yield one, other


def held(talk: Socket, place: str, *, cents: int = 100) -> tuple[dict[str, Any], str]:
    """An offer to meet for money: its receipt and its text, which names the case."""
    body = f"I will pay you 300 euros for a night at my hotel tomorrow, room {uuid4().hex[:6]}."
    receipt = talk.send(place, body, most=cents)
    assert receipt["state"] == "held", receipt
    return receipt, body


def test_a_held_message_reserves_its_price_and_reaches_nobody(
    fan: Person, creator: Person, talk: Socket, answering: Socket, place: str
) -> None:
    receipt, _ = held(talk, place)
    assert fan.wallet() == (1_300, 100)
    head, theirs = (p.get(f"/api/conversations/{place}").json()["card"] for p in (fan, creator))
    assert (head["reserved_cents"], head["waiting"]) == (100, 0)
    assert (theirs["reserved_cents"], theirs["waiting"], theirs["last_body"]) == (0, 0, "")
    latest = datetime.fromisoformat(receipt["decide_before"])
    waits = latest - datetime.fromisoformat(receipt["sent_at"])
    assert DECIDED_WITHIN <= waits < DECIDED_WITHIN + timedelta(seconds=1)
    answering.ask("ping")  # whatever was on its way to the creator has arrived
    assert answering.ask("history", conversation_id=place, limit=10)["messages"] == []
    assert [e for e in answering.events if e["t"].startswith("message")] == []
    own = talk.ask("history", conversation_id=place, limit=10)
    assert [(m["state"], m["price_cents"]) for m in own["pending"]] == [("held", 100)]


def test_released_it_is_delivered_with_a_new_deadline_and_may_be_declined(
    fan: Person,
    creator: Person,
    talk: Socket,
    answering: Socket,
    place: str,
    moderators: tuple[Person, Person],
    town: RunningServer,
) -> None:
    receipt, body = held(talk, place)
    town.move_clock(hours=2)
    decided = desk.judge(moderators[0], desk.open_case(moderators[0], body=body), "release")
    assert decided["state"] == "decided"
    seen = answering.wait_for("message_delivered", message_id=receipt["message_id"])
    assert (seen["seq"], seen["money"]) == (1, "reserved")
    due = datetime.fromisoformat(seen["answer_due_at"])
    assert (
        timedelta(0)
        <= due - datetime.fromisoformat(seen["delivered_at"]) - timedelta(hours=72)
        < timedelta(seconds=1)
    )
    assert fan.wallet() == (1_300, 100)
    path = f"/api/conversations/{place}/messages/{receipt['message_id']}/decline"
    assert creator.post(path).status_code == 200
    assert fan.wallet() == (1_400, 0)


def test_withheld_the_money_returns_with_the_rule_the_reason_and_who_decided(
    town: RunningServer,
    fan: Person,
    creator: Person,
    talk: Socket,
    answering: Socket,
    place: str,
    moderators: tuple[Person, Person],
) -> None:
    receipt, body = held(talk, place)
    case_id = desk.open_case(moderators[0], body=body)
    reason = "The message offers money for a meeting."
    decided = desk.judge(moderators[0], case_id, "withhold", rule=RULE, reason=reason)
    assert decided["state"] == "decided"
    told = talk.wait_for("message_withheld", message_id=receipt["message_id"])
    assert told["refunded_cents"] == 100
    assert fan.wallet() == (1_400, 0)
    assert answering.ask("history", conversation_id=place, limit=10)["messages"] == []
    page = fan.get(told["statement_url"], params={"language": "en"})
    assert page.status_code == 200
    version = desk.read(moderators[0], case_id)["policy_version"]
    for part in (reason, RULE, version, "M-17"):
        assert part in page.text, part
    assert creator.get(told["statement_url"]).status_code == 404
    assert told["statement_url"] in {s["url"] for s in fan.get("/api/statements").json()}


def test_nobody_decides_and_at_the_promised_time_the_money_returns(
    town: RunningServer, fan: Person, talk: Socket, place: str, moderators: tuple[Person, Person]
) -> None:
    receipt, body = held(talk, place)
    case_id = desk.open_case(moderators[0], body=body)
    latest = datetime.fromisoformat(receipt["decide_before"])
    town.stop_clock(latest - timedelta(seconds=1))
    assert fan.wallet() == (1_300, 100)
    town.stop_clock(latest + timedelta(milliseconds=1))
    ended = talk.wait_for("message_expired", message_id=receipt["message_id"])
    assert ended["refunded_cents"] == 100
    assert fan.wallet() == (1_400, 0)
    town.move_clock()
    late = desk.judge(moderators[0], case_id, "release")
    assert "code" in late or fan.wallet() == (1_400, 0)
    pending = talk.ask("history", conversation_id=place, limit=10)["pending"]
    assert [message["state"] for message in pending] == ["expired"]


def test_a_case_belongs_to_one_moderator_until_silence_frees_it(
    town: RunningServer,
    fan: Person,
    talk: Socket,
    place: str,
    moderators: tuple[Person, Person],
) -> None:
    silent, other = moderators
    _, body = held(talk, place)
    case_id = desk.open_case(silent, body=body)
    lost = desk.claim(silent, case_id)
    assert desk.claim(other, case_id)["code"] == "not_allowed"
    holder = desk.read(other, case_id)["holder"]
    assert (holder["name"], holder["is_me"]) == ("M-17", False)
    town.move_clock(seconds=181)
    kept = desk.claim(other, case_id)
    assert kept["lease_token"] != lost["lease_token"]
    assert desk.decide(silent, case_id, lost, outcome="release")["code"] == "lease_lost"
    assert fan.wallet() == (1_300, 100)
    desk.read(other, case_id)
    assert desk.decide(other, case_id, kept, outcome="release")["state"] == "decided"
    until(lambda: fan.wallet() == (1_300, 100))


def test_a_moderator_reads_no_amount_anywhere(
    town: RunningServer, talk: Socket, place: str, moderators: tuple[Person, Person]
) -> None:
    moderator = moderators[1]
    with moderator.socket() as listening:
        _, body = held(talk, place)
        opened = listening.wait_for("case_opened")
        seen: list[Any] = [opened]
        seen += [desk.read(moderator, desk.open_case(moderator, body=body))]
        seen += [moderator.get(path).json() for path in ("/api/desk/cases", "/api/desk/me")]
    forbidden = ("cents", "price", "balance", "revenue", "follower")
    assert [key for key in keys_of(seen) if any(word in key for word in forbidden)] == []
    for path in ("/api/wallet", "/api/studio/earnings", f"/api/conversations/{place}"):
        assert moderator.get(path).status_code in (403, 404)


def keys_of(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)
