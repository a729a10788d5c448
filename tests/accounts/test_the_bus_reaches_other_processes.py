"""Two servers, one database, one Redis: what happens at one is seen at the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.running_server import RunningServer, free_port
from tests.wire import Person

pytestmark = pytest.mark.postgres


@pytest.fixture
def beside(server: RunningServer, tmp_path: Path) -> Iterator[RunningServer]:
    """A second process on the first one's database and bus, without a clock of its own."""
    port = free_port()
    twin = RunningServer(
        home=tmp_path,
        port=port,
        command=("serve", "--port", str(port), "--no-worker"),
        env={
            name: server.env[name]
            for name in ("DATABASE_URL", "REDIS_URL", "BUS_PREFIX", "APARTE_HOME")
        },
    )
    twin.accounts, twin.conversations = server.accounts, server.conversations
    twin.start()
    yield twin
    twin.halt()


def test_a_message_sent_at_one_process_arrives_at_the_other(
    server: RunningServer, beside: RunningServer
) -> None:
    pair = (server.accounts[0]["email"], server.accounts[2]["email"])
    place = next(c["id"] for c in server.conversations if (c["fan"], c["creator"]) == pair)
    with Person.of(server, "fan", 0) as fan, Person.of(beside, "creator", 0) as creator:
        asking, answering = fan.socket(), creator.socket()
        sent = asking.send(place, "Across processes?")
        seen = answering.wait_for("message_delivered", message_id=sent["message_id"])
        assert seen["body"] == "Across processes?"
        answering.send(place, "Yes.", most=0)
        assert asking.wait_for("answer_captured", message_id=sent["message_id"])


def cut_the_bus_of(server: RunningServer) -> None:
    """End the subscriptions of these servers at Redis itself."""
    with redis.Redis.from_url(server.env["REDIS_URL"], decode_responses=True) as client:
        subscribed = client.client_list(_type="pubsub")
        ours = [one for one in subscribed if one["name"] == f"{server.env['BUS_PREFIX']}-bus"]
        assert ours
        for one in ours:
            client.client_kill_filter(_id=one["id"])


def test_a_lost_bus_is_joined_again_and_clients_ask_for_what_they_missed(
    server: RunningServer, beside: RunningServer
) -> None:
    pair = (server.accounts[0]["email"], server.accounts[2]["email"])
    place = next(c["id"] for c in server.conversations if (c["fan"], c["creator"]) == pair)
    with Person.of(server, "fan", 0) as fan, Person.of(beside, "creator", 0) as creator:
        asking, answering = fan.socket(), creator.socket()
        before = asking.send(place, "Before the cut.")
        answering.wait_for("message_delivered", message_id=before["message_id"])
        cut_the_bus_of(server)
        during = asking.send(place, "While nobody listened.")
        answering.wait_for("welcome")  # the same socket: it never closed
        cursor = {"conversation_id": place, "seq": before["seq"]}
        assert answering.ask("resume", cursors=[cursor])["complete"]
        answering.wait_for("message_delivered", message_id=during["message_id"])
        after = asking.send(place, "And after.")
        answering.wait_for("message_delivered", message_id=after["message_id"])


def test_a_session_ended_at_one_process_closes_its_socket_at_the_other(
    server: RunningServer, beside: RunningServer
) -> None:
    with Person.of(server, "creator", 2) as here:
        here.server = beside  # the same cookie, another process
        socket = here.socket()
        here.delete("/_allauth/browser/v1/auth/session")
        assert socket.close_code() == 4401
