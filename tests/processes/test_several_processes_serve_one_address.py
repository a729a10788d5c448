"""`aparte serve --processes`: one address, several processes; who ends is replaced, nobody stays
behind."""

import signal

import httpx
import pytest

from tests.processes.conftest import SERVERS
from tests.processes.family import (
    BUSY_MACHINE_SECONDS,
    children,
    gone,
    kill9,
    server_of,
    sockets_apart,
    wait_for_children,
)
from tests.running_server import STOP_SECONDS, RunningServer
from tests.wire import Person, until

pytestmark = pytest.mark.journey


def pair(server: RunningServer) -> str:
    """The conversation of the first fan and the first creator."""
    emails = (server.account("fan")["email"], server.account("creator")["email"])
    return next(c["id"] for c in server.conversations if (c["fan"], c["creator"]) == emails)


def test_there_are_as_many_servers_as_asked_for_and_one_clock(supervised: RunningServer) -> None:
    assert len(children(supervised)) == SERVERS
    assert len(children(supervised, "worker")) == 1
    told = httpx.get(f"{supervised.url}/readyz").json()
    assert told == {"ready": True, "missing": [], "degraded": []}


@pytest.mark.postgres
def test_people_at_different_processes_of_one_address_hear_each_other(
    supervised: RunningServer,
) -> None:
    with Person.of(supervised, "fan") as fan, Person.of(supervised, "creator") as creator:
        asking, answering = sockets_apart(supervised, fan, creator)
        sent = asking.send(pair(supervised), "From the one process?")
        seen = answering.wait_for("message_delivered", message_id=sent["message_id"])
        assert seen["body"] == "From the one process?"
        answering.send(pair(supervised), "From the other.", most=0)
        assert asking.wait_for("answer_captured", message_id=sent["message_id"])


def test_a_server_that_is_killed_is_started_again_and_people_come_back(
    supervised: RunningServer,
) -> None:
    with Person.of(supervised, "fan") as fan:
        socket = fan.socket()
        killed = server_of(supervised, socket)
        sent = socket.send(pair(supervised), "Before the end of this process")
        others = set(children(supervised)) - {killed}
        kill9(killed)
        socket.close_code()
        wait_for_children(supervised, SERVERS, besides={killed})
        assert others <= set(children(supervised))
        with fan.socket() as again:
            cursor = {"conversation_id": pair(supervised), "seq": 0}
            assert again.ask("resume", cursors=[cursor])["complete"]
            assert again.wait_for("message_delivered", message_id=sent["message_id"])


def test_a_clock_that_is_killed_is_started_again(supervised: RunningServer) -> None:
    (killed,) = children(supervised, "worker")
    kill9(killed)
    with Person.of(supervised, "fan") as fan:
        before = fan.wallet()[0]
        assert fan.ask_topup(1_000).status_code == 200
        # The provider's webhook is carried by a clock.
        until(lambda: fan.wallet()[0] == before + 1_000, seconds=BUSY_MACHINE_SECONDS)
    assert set(children(supervised, "worker")) - {killed}


def test_sigterm_says_goodbye_and_ends_every_process(supervised: RunningServer) -> None:
    family = {*children(supervised), *children(supervised, "worker")}
    with Person.of(supervised, "fan") as fan:
        socket = fan.socket()
        supervised.process.send_signal(signal.SIGTERM)
        assert socket.wait_for("session_closing")["reason"] == "restart"
        assert socket.close_code() == 4503
    assert supervised.process.wait(STOP_SECONDS) == 0
    assert all(gone(pid) for pid in family)
    assert "Traceback" not in supervised.log.read_text()
    supervised.restart()


def test_they_die_with_a_supervisor_that_is_killed(supervised: RunningServer) -> None:
    family = {*children(supervised), *children(supervised, "worker")}
    assert len(family) == SERVERS + 1
    kill9(supervised.process.pid)
    until(lambda: all(gone(pid) for pid in family), seconds=STOP_SECONDS)
    supervised.restart()
    assert httpx.get(f"{supervised.url}/healthz").status_code == 200
