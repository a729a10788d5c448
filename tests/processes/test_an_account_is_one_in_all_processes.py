"""Limits, presence, sessions and what screening remembers are of the account, not of a process."""

from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from tests.processes.family import children, sockets_apart
from tests.running_server import RunningServer
from tests.wire import Person, Socket

pytestmark = [pytest.mark.journey, pytest.mark.postgres]

BURST, SLOW_RATE = 40, 1  # so slow that a test, however long it takes, sees the burst alone


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Two servers on one address."""
    home = tmp_path_factory.mktemp("two")
    command = ("serve", "--processes", "2")
    env = {"COMMANDS_PER_SECOND": str(SLOW_RATE), "COMMANDS_BURST": str(BURST)}
    with RunningServer(home=home, command=command, env=env) as running:
        assert len(children(running)) == 2
        yield running


def answers_to(sockets: tuple[Socket, ...], each: int) -> list[str]:
    """The types of the answers to so many pings on each socket, all sent before any is read."""
    for socket in sockets:
        for number in range(each):
            socket.put({"t": "ping", "r": str(number)})
    return [answer_to(socket, str(number)) for socket in sockets for number in range(each)]


def answer_to(socket: Socket, request: str) -> str:
    answer = socket.wait(lambda frame: frame.get("r") == request)
    return str(answer["t"])


def test_the_pace_of_an_account_is_shared(two: RunningServer) -> None:
    with Person.of(two, "creator", 1) as busy:
        heard = answers_to(sockets_apart(two, busy, busy), each=BURST)
        passed = heard.count("pong")
        assert heard.count("refused") == 2 * BURST - passed
        # Each process lets an eighth pass unasked; the rest is what time gave meanwhile.
        assert BURST - 2 <= passed < 2 * BURST - 10


def test_a_burst_within_the_limit_is_never_refused(two: RunningServer) -> None:
    with Person.of(two, "fan", 1) as person:
        heard = answers_to(sockets_apart(two, person, person), each=BURST // 2 - 4)
        assert set(heard) == {"pong"}


def test_the_sockets_of_an_account_are_counted_in_all_processes(two: RunningServer) -> None:
    with Person.of(two, "creator", 2) as eager:
        first = sockets_apart(two, eager, eager)
        for _ in range(8):
            eager.socket()
        with pytest.raises(ConnectionClosed) as refused:
            eager.socket()
        assert refused.value.rcvd
        assert refused.value.rcvd.code == 4409
        first[1].close()
        assert eager.socket().welcome


def test_a_session_that_ends_closes_its_sockets_in_every_process(two: RunningServer) -> None:
    with Person.of(two, "moderator") as leaving, Person.of(two, "moderator") as staying:
        sockets = sockets_apart(two, leaving, leaving)
        other = staying.socket()
        leaving.delete("/_allauth/browser/v1/auth/session")
        assert [socket.close_code() for socket in sockets] == [4401, 4401]
        assert other.ask("ping")["t"] == "pong"


def test_who_is_there_is_known_across_processes(two: RunningServer) -> None:
    with Person.of(two, "creator") as creator, Person.of(two, "fan") as fan:
        watching, here = sockets_apart(two, creator, fan)
        place = two.conversations[0]["id"]
        assert watching.wait_for("presence", account_id=fan.id)["online"] is True
        elsewhere = fan.socket()
        here.close()
        fan_is_there = elsewhere.send(place, "Still here, on another socket.")
        watching.wait_for("message_delivered", message_id=fan_is_there["message_id"])
        assert not [f for f in watching.events if f["t"] == "presence" and not f["online"]]
        elsewhere.close()
        assert watching.wait_for("presence", account_id=fan.id, online=False)


def test_what_is_told_in_pieces_at_two_processes_is_joined(two: RunningServer) -> None:
    place = two.conversations[0]["id"]
    with Person.of(two, "fan") as fan:
        one, other = sockets_apart(two, fan, fan)
        assert other.send(place, "Salut toi")["state"] == "delivered"  # its process remembers this
        assert one.send(place, "c'est 06 39", most=200)["state"] == "delivered"
        assert other.send(place, "98 12")["state"] == "delivered"
        assert one.send(place, "34")["state"] == "held"
