"""The socket of a real server: opening, both encodings, limits, refusals that close nothing."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgpack
import pytest
from uuid_utils.compat import uuid7
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.running_server import RunningServer
from tests.wire import Person


@pytest.fixture(scope="module")
def fan(server: RunningServer) -> Iterator[Person]:
    with Person.of(server, "fan", 1) as person:
        yield person


@pytest.fixture
def newcomer(server: RunningServer) -> Iterator[Person]:
    with Person.of(server, "creator", 2) as person:
        yield person


@pytest.fixture
def place(server: RunningServer, fan: Person) -> str:
    return next(c["id"] for c in server.conversations if c["fan"] == fan.email)


def refusal(answer: dict[str, Any]) -> str:
    assert answer["t"] == "refused", answer
    return str(answer["code"])


def test_anonymous_and_foreign_handshakes_get_403(server: RunningServer, fan: Person) -> None:
    url = server.url.replace("http", "ws") + "/ws"
    with pytest.raises(InvalidStatus) as anonymous, connect(url):
        pass
    assert anonymous.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as foreign:
        fan.socket(origin="https://elsewhere.example")
    assert foreign.value.response.status_code == 403
    with fan.socket(origin=server.url) as own:
        assert own.ask("ping")["t"] == "pong"


def test_without_a_subprotocol_frames_are_json(fan: Person) -> None:
    with fan.socket(None) as socket:
        assert socket.connection.subprotocol is None
        assert socket.welcome["protocol"] == "aparte.v1"
        assert socket.welcome["limits"]["body_max_characters"] == 5_000
        assert socket.welcome["limits"]["unlock_price_min_cents"] == 200


def test_a_moderator_is_welcomed_without_a_word_of_money(server: RunningServer) -> None:
    with Person.of(server, "moderator") as moderator, moderator.socket() as socket:
        assert socket.welcome["limits"]["body_max_characters"] == 5_000
        assert [name for name in socket.welcome["limits"] if "cents" in name] == []


def test_messagepack_carries_ids_as_sixteen_bytes(fan: Person, place: str) -> None:
    with fan.socket("aparte.v1.msgpack") as socket:
        assert socket.connection.subprotocol == "aparte.v1.msgpack"
        assert len(socket.welcome["account_id"]) == 16
        page = socket.ask("history", conversation_id=place, limit=10)
        assert len(page["conversation_id"]) == 16


def test_unknown_types_and_fields_are_answered_and_the_socket_stays(fan: Person) -> None:
    with fan.socket() as socket:
        assert refusal(socket.ask("teleport")) == "unknown_type"
        assert refusal(socket.ask("ping", extra=1)) == "malformed"
        assert refusal(socket.ask("history", conversation_id="nothing")) == "malformed"
        socket.connection.send("{broken")
        assert refusal(socket.wait_for("refused")) == "malformed"
        assert socket.ask("ping")["t"] == "pong"


def test_twenty_malformed_frames_in_a_minute_close_with_4409(fan: Person) -> None:
    with fan.socket() as socket:
        for _ in range(20):
            socket.connection.send("[")
        assert socket.close_code() == 4409


def test_a_frame_over_the_limit_closes_with_4409(fan: Person) -> None:
    with fan.socket() as socket:
        socket.connection.send(json.dumps({"t": "ping", "r": "x" * 70_000}))
        assert socket.close_code() == 4409


def test_a_text_too_long_and_an_empty_one_are_refused(fan: Person, place: str) -> None:
    with fan.socket() as socket:
        assert refusal(socket.send(place, "x" * 5_001)) == "too_long"
        assert refusal(socket.send(place, "   ")) == "malformed"


def test_commands_beyond_the_pace_are_refused_with_the_wait(newcomer: Person) -> None:
    with newcomer.socket() as socket:
        for number in range(60):
            socket.put({"t": "ping", "r": str(number)})
        slow = socket.wait_for("refused")
        assert slow["code"] == "too_fast"
        assert 0 < slow["retry_after_ms"] <= 1_000


def test_an_eleventh_socket_is_closed(newcomer: Person) -> None:
    for _ in range(10):
        newcomer.socket()
    with pytest.raises(ConnectionClosed):
        newcomer.socket()


def test_someone_else_s_conversation_is_not_found(server: RunningServer, fan: Person) -> None:
    own = {c["id"] for c in server.conversations if c["fan"] == fan.email}
    other = next(c["id"] for c in server.conversations if c["id"] not in own)
    with fan.socket() as socket:
        asked: list[tuple[str, dict[str, Any]]] = [
            ("history", {"conversation_id": other}),
            ("quote", {"conversation_id": other}),
            ("mark_read", {"conversation_id": other, "seq": 1}),
            ("resume", {"cursors": [{"conversation_id": other, "seq": 0}]}),
            ("typing", {"conversation_id": other}),
        ]
        for command, fields in asked:
            assert refusal(socket.ask(command, **fields)) == "not_found"
        assert refusal(socket.send(other)) == "not_found"
        assert refusal(socket.send(str(uuid7()))) == "not_found"


def test_msgpack_and_json_sockets_of_one_account_see_the_same(fan: Person, place: str) -> None:
    with fan.socket("aparte.v1.msgpack") as binary, fan.socket() as text:
        raw = {"t": "quote", "r": "1", "conversation_id": place}
        binary.connection.send(msgpack.packb(raw))
        packed = binary.wait(lambda frame: frame.get("r") == "1")
        plain = text.ask("quote", conversation_id=place)
        assert packed["price_cents"] == plain["price_cents"]


def test_a_fan_cannot_step_in(fan: Person, place: str) -> None:
    with fan.socket() as socket:
        case = str(uuid7())
        answer = socket.ask("step_in", conversation_id=place, case_id=case, reason="curious")
        assert refusal(answer) == "not_allowed"


def test_rest_needs_a_session_and_a_csrf_token(server: RunningServer, fan: Person) -> None:
    assert httpx.get(f"{server.url}/api/conversations").status_code == 401
    assert fan.get("/api/conversations").status_code == 200
    forged = fan.http.put("/api/me/language", json={"language": "en"})
    assert forged.status_code == 403
