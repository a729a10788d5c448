"""Fan and creator on sockets of a real server: send, answer, resume, read, unsend, edit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from tests.running_server import RunningServer
from tests.wire import Person, Socket


@pytest.fixture
def fan(server: RunningServer) -> Iterator[Person]:
    with Person.of(server, "fan", 0) as person:
        yield person


@pytest.fixture
def creator(server: RunningServer) -> Iterator[Person]:
    with Person.of(server, "creator", 0) as person:
        yield person


@pytest.fixture
def place(server: RunningServer, fan: Person, creator: Person) -> str:
    pair = (fan.email, creator.email)
    return next(c["id"] for c in server.conversations if (c["fan"], c["creator"]) == pair)


def test_a_message_and_its_answer_reach_both_sides_with_their_own_amounts(
    fan: Person, creator: Person, place: str
) -> None:
    before, _ = fan.wallet()
    with fan.socket() as asking, fan.socket() as other_device, creator.socket() as answering:
        receipt = asking.send(place, "Good evening?")
        assert (receipt["state"], receipt["charged_cents"]) == ("delivered", 200)
        assert receipt["balance_cents"] == before - 200
        seen = answering.wait_for("message_delivered", message_id=receipt["message_id"])
        assert (seen["money"], seen["amount_cents"]) == ("reserved", 134)
        assert "client_id" not in seen
        mine = other_device.wait_for("message_delivered", message_id=receipt["message_id"])
        assert (mine["amount_cents"], mine["client_id"]) == (200, receipt["client_id"])
        answering.send(place, "Good evening.", most=0)
        paid = asking.wait_for("answer_captured", message_id=receipt["message_id"])
        earned = answering.wait_for("answer_captured", message_id=receipt["message_id"])
        assert (paid["amount_cents"], earned["amount_cents"]) == (200, 134)
        wallet = asking.wait_for("wallet_changed", reserved_cents=0)
        assert wallet["balance_cents"] == before - 200


def test_a_repeated_send_is_one_message(fan: Person, place: str) -> None:
    client_id = str(uuid7())
    with fan.socket() as socket:
        first = socket.send(place, "Once", client_id=client_id)
        again = socket.send(place, "Once", client_id=client_id)
        assert (again["replay"], again["message_id"]) == (True, first["message_id"])
        assert socket.send(place, "Twice", client_id=client_id)["code"] == "client_id_reused"
        socket.ask("unsend_message", conversation_id=place, message_id=first["message_id"])


def test_a_number_split_around_refused_and_repeated_messages_is_still_held(
    fan: Person, place: str
) -> None:
    with fan.socket() as socket:
        client_id = str(uuid7())
        first = socket.send(place, "06 39", client_id=client_id)
        assert first["state"] == "delivered"
        for _ in range(3):
            assert socket.send(place, "refused", most=1)["code"] == "price_changed"
            assert socket.send(place, "06 39", client_id=client_id)["replay"]
        assert socket.send(place, "98 12 34")["state"] == "held"
        socket.ask("unsend_message", conversation_id=place, message_id=first["message_id"])


def test_a_send_that_is_repeated_to_who_told_the_other_side_asks_nothing_of_it(
    fan: Person, creator: Person, place: str
) -> None:
    client_id = str(uuid7())
    with fan.socket() as asking, creator.socket() as answering:
        first = asking.send(place, "Did you hear?", client_id=client_id)
        answering.wait_for("message_delivered", message_id=first["message_id"])
        assert asking.send(place, "Did you hear?", client_id=client_id)["replay"]
        asking.ask("unsend_message", conversation_id=place, message_id=first["message_id"])
        answering.wait_for("message_unsent", message_id=first["message_id"])
        assert not [event for event in answering.events if event["t"] == "welcome"]


def test_a_send_that_is_repeated_after_a_death_has_the_other_side_ask_for_what_it_may_have_missed(
    tmp_path: Path,
) -> None:
    client_id = str(uuid7())
    with (
        RunningServer(home=tmp_path) as mortal,
        Person.of(mortal, "fan", 0) as fan,
        Person.of(mortal, "creator", 0) as creator,
    ):
        place = fan.open(creator)
        with fan.socket() as asking:
            first = asking.send(place, "Did you hear?", client_id=client_id)
        mortal.kill9()
        mortal.restart()
        with fan.socket() as asking, creator.socket() as answering:
            again = asking.send(place, "Did you hear?", client_id=client_id)
            assert (again["replay"], again["message_id"]) == (True, first["message_id"])
            answering.wait_for("welcome")
            assert asking.ask("ping")["t"] == "pong"
            assert not [event for event in asking.events if event["t"] == "welcome"]
            assert asking.send(place, "Did you hear?", client_id=client_id)["replay"]


def test_a_client_that_was_away_resumes_by_number(fan: Person, creator: Person, place: str) -> None:
    with fan.socket() as socket:
        first = socket.send(place, "Before")
    with creator.socket() as answering:
        for word in ("one", "two", "three"):
            answering.send(place, word, most=0)
    with fan.socket() as socket:
        cursor = {"conversation_id": place, "seq": first["seq"]}
        resumed = socket.ask("resume", cursors=[cursor])
        assert resumed["complete"]
        missed = [e for e in socket.events if e["t"] == "message_delivered"]
        assert [e["body"] for e in missed] == ["one", "two", "three"]
        assert [e["seq"] for e in missed] == [first["seq"] + n for n in (1, 2, 3)]


def test_history_comes_in_pages_that_join(fan: Person, creator: Person, place: str) -> None:
    with fan.socket() as socket:
        newest = socket.ask("history", conversation_id=place, limit=2)
        assert newest["has_more"]
        first = newest["messages"][0]["seq"]
        older = socket.ask("history", conversation_id=place, limit=100, before_seq=first)
        assert older["messages"][-1]["seq"] == first - 1
        assert older["messages"][0]["seq"] == 1


def test_reading_and_typing_are_told_to_the_other_side(
    fan: Person, creator: Person, place: str
) -> None:
    with fan.socket() as reading, creator.socket() as writing:
        reading.ask("ping")
        sent = writing.send(place, "Read me", most=0)
        reading.put({"t": "mark_read", "r": "1", "conversation_id": place, "seq": sent["seq"]})
        assert writing.wait_for("read")["seq"] == sent["seq"]
        reading.put({"t": "typing", "r": "2", "conversation_id": place})
        assert writing.wait_for("typing")["conversation_id"] == place
        unread = fan.get("/api/conversations").json()["items"]
        assert next(card for card in unread if card["id"] == place)["unread"] == 0


def test_an_edit_shows_on_both_sides_and_an_unsent_message_leaves_no_text(
    fan: Person, creator: Person, place: str
) -> None:
    with fan.socket() as writing, creator.socket() as reading:
        sent = writing.send(place, "First words")
        edited = writing.ask(
            "edit_message",
            conversation_id=place,
            message_id=sent["message_id"],
            body="Better words",
        )
        assert edited["state"] == "edited"
        assert reading.wait_for("message_edited")["body"] == "Better words"
        balance = sent["balance_cents"]
        writing.ask("unsend_message", conversation_id=place, message_id=sent["message_id"])
        assert reading.wait_for("message_unsent")["seq"] == sent["seq"]
        assert fan.wallet()[0] == balance + 200
        page = reading.ask("history", conversation_id=place, limit=1)
        assert (page["messages"][0]["state"], page["messages"][0]["body"]) == ("unsent", "")


def test_presence_is_told_when_the_other_side_comes_and_goes(
    fan: Person, creator: Person, place: str
) -> None:
    with creator.socket() as watching:
        watching.ask("ping")
        with fan.socket():
            _presence(watching, place, online=True)
        _presence(watching, place, online=False)


def _presence(socket: Socket, place: str, *, online: bool) -> None:
    socket.wait(
        lambda f: (f["t"], f.get("conversation_id"), f.get("online")) == ("presence", place, online)
    )


def test_a_price_change_is_told_and_leaves_a_line(fan: Person, creator: Person, place: str) -> None:
    rules = {"reply_window_hours": None, "answer_deadline_hours": None}
    with fan.socket() as socket:
        creator.put("/api/studio/prices", json={"default_cents": 300, **rules})
        assert socket.wait_for("price_changed")["price_cents"] == 300
        refused = socket.send(place, "Hello", most=200)
        assert (refused["code"], refused["price_cents"]) == ("price_changed", 300)
        creator.put("/api/studio/prices", json={"default_cents": 200, **rules})
        lines = socket.ask("history", conversation_id=place, limit=1)["lines"]
        assert [line["price_cents"] for line in lines if line["kind"] == "price_changed"] == [
            300,
            200,
        ]
