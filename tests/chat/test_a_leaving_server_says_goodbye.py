"""A server that is told to stop tells its sockets to come back, and loses nothing acknowledged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.wire import Person


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(home=tmp_path) as running:
        yield running


def test_sockets_hear_that_the_session_moves_and_find_their_message_after_it(
    own_server: RunningServer,
) -> None:
    place = own_server.conversations[0]["id"]
    with Person.of(own_server, "fan", 0) as fan:
        socket = fan.socket()
        sent = socket.send(place, "Before the restart")
        own_server.halt()
        closing = socket.wait_for("session_closing")
        assert closing["reason"] == "restart"
        assert closing["retry_after_ms"] > 0
        socket.close_code()  # the connection ends, with or without a last word
        own_server.start()
        again = fan.socket()
        cursor = {"conversation_id": place, "seq": 0}
        assert again.ask("resume", cursors=[cursor])["complete"]
        assert again.wait_for("message_delivered")["message_id"] == sent["message_id"]
