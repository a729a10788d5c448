"""SIGTERM while a batch commits: no new work, the old work is done and answered, then the end."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from uuid_utils.compat import uuid7
from websockets.exceptions import ConnectionClosed

from tests.processes.conftest import LIBRARIES
from tests.processes.held_up import writers_wait
from tests.running_server import STOP_SECONDS, RunningServer
from tests.wire import Person, Socket

pytestmark = pytest.mark.journey


@pytest.fixture(params=LIBRARIES)
def alone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    """One server without a supervisor."""
    command = ("serve", "--no-worker", "--server", request.param)
    with RunningServer(home=tmp_path, command=command) as running:
        yield running


def put_message(socket: Socket, place: str, body: str) -> str:
    """Send a message and do not wait; its request id."""
    client_id = str(uuid7())
    frame = {"t": "send_message", "r": client_id, "conversation_id": place, "body": body}
    socket.put({**frame, "client_id": client_id, "max_price_cents": 200})
    return client_id


def test_what_was_accepted_is_answered_and_what_came_later_is_not_done(
    alone: RunningServer,
) -> None:
    place = alone.conversations[0]["id"]
    with (
        Person.of(alone, "fan") as fan,
        httpx.Client(base_url=alone.url) as probe,
        fan.socket() as socket,
    ):
        assert probe.get("/readyz").status_code == 200
        with writers_wait(alone, place):
            taken = put_message(socket, place, "Accepted before the end.")
            assert socket.ask("ping")["t"] == "pong"  # it has read the message before this
            alone.process.send_signal(signal.SIGTERM)
            assert socket.wait_for("session_closing")["retry_after_ms"] > 0
            late = put_message(socket, place, "Too late for this process.")
            leaving = probe.get("/readyz")
            assert leaving.status_code == 503
            assert "staying" in leaving.json()["missing"]
            with pytest.raises((ConnectionClosed, OSError)):
                fan.socket()
        receipt = socket.wait(lambda frame: frame.get("r") == taken)
        assert receipt["t"] == "receipt"
        assert socket.close_code() == 4503
        assert alone.process.wait(STOP_SECONDS) == 0
        assert not [frame for frame in socket.events if frame.get("r") == late]
        alone.restart()
        with fan.socket() as again:
            page = again.ask("history", conversation_id=place, limit=50)
            bodies = [message["body"] for message in page["messages"]]
            assert bodies.count("Accepted before the end.") == 1
            assert "Too late for this process." not in bodies
            put_again = again.send(place, "Too late for this process.", client_id=late)
            assert (put_again["t"], put_again["replay"]) == ("receipt", False)


def test_a_commit_that_hangs_does_not_keep_the_process(alone: RunningServer) -> None:
    if "DATABASE_URL" not in alone.env:
        pytest.skip("SQLite gives up by itself after 10 s")
    place = alone.conversations[0]["id"]
    with Person.of(alone, "fan") as fan, fan.socket() as socket, writers_wait(alone, place):
        put_message(socket, place, "Will it ever be stored?")
        assert socket.ask("ping")["t"] == "pong"
        alone.process.send_signal(signal.SIGTERM)
        assert alone.process.wait(STOP_SECONDS) == 1
        assert "abandoned" in alone.log.read_text()
