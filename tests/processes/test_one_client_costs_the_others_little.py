"""A slow command delays nobody else, a client that does not read is cut cheaply and loses nothing,
one that floods is not listened to. On both libraries."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from websockets.exceptions import ConnectionClosed

from tests.processes.conftest import LIBRARIES, SEVERAL
from tests.processes.family import held
from tests.processes.held_up import writers_wait
from tests.running_server import RunningServer
from tests.wire import Person, Socket, until

pytestmark = pytest.mark.journey

MEBIBYTE = 1024 * 1024
LONG = "Bonjour. " * 550  # just under the longest body
LONG_MESSAGES = 20
PAGES = 400  # of about 100 KB: far above what is kept for a client, and what kernels buffer
STALLED = 3
STALLED_COSTS_MAX_BYTES = 8 * MEBIBYTE
FLOOD_FRAME = "x" * 60_000
FLOOD_FRAMES = 2_000  # 114 MiB
KEPT_OF_A_FLOOD_MAX_BYTES = 32 * MEBIBYTE  # 4 by us, the rest by two kernels
BUSY_MACHINE_SECONDS = 120.0


@pytest.fixture(scope="module", params=LIBRARIES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """One server, whose limits of pace are off: the tests ask a lot."""
    command = ("serve", "--no-worker", "--server", request.param)
    env = {"COMMANDS_PER_SECOND": "1000000", "COMMANDS_BURST": "1000000"}
    home = tmp_path_factory.mktemp("served")
    with RunningServer(home=home, command=command, env=env) as running:
        with Person.of(running, "fan") as fan, fan.socket() as socket:  # who may be written to
            assert socket.send(place_of(running, 0, 0), "Bonjour !")["state"] == "delivered"
        yield running


def place_of(server: RunningServer, fan: int, creator: int) -> str:
    fans, creators = (
        [a["email"] for a in server.accounts if a["role"] == role] for role in ("fan", "creator")
    )
    pair = (fans[fan], creators[creator])
    return next(c["id"] for c in server.conversations if (c["fan"], c["creator"]) == pair)


def test_an_event_for_one_arrives_while_the_command_of_another_still_runs(
    served: RunningServer,
) -> None:
    slow_place = place_of(served, 0, 0)
    other = next(c for c in served.conversations if c["id"] != slow_place)
    number = [a["email"] for a in served.accounts if a["role"] == "fan"].index(other["fan"])
    host = [a["email"] for a in served.accounts if a["role"] == "creator"].index(other["creator"])
    with (
        Person.of(served, "fan") as slow,
        Person.of(served, "creator") as writer,
        Person.of(served, "fan", number) as quick,
        Person.of(served, "creator", host) as listener,
        slow.socket() as waiting,
        writer.socket() as writing,
        quick.socket() as asking,
        listener.socket() as hearing,
    ):
        unread = writing.send(slow_place, "Something to read.", most=0)
        with writers_wait(served, slow_place):
            waiting.put(
                {"t": "mark_read", "r": "x", "conversation_id": slow_place, "seq": unread["seq"]}
            )
            asking.put({"t": "typing", "r": "y", "conversation_id": other["id"]})
            hearing.wait_for("typing", conversation_id=other["id"])
            if SEVERAL:  # where a row can be held without the whole database
                sent = asking.send(other["id"], "Not held up by anybody.")
                hearing.wait_for("message_delivered", message_id=sent["message_id"])
            assert not waiting.has("read")
        assert waiting.wait_for("read", conversation_id=slow_place)["seq"] == unread["seq"]


def resident_bytes(server: RunningServer) -> int:
    status = (Path("/proc") / str(server.process.pid) / "status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) * 1024


def ask_for_pages(socket: Socket, place: str) -> None:
    """Ask again and again without reading an answer, until it is cut or has asked for all."""
    try:
        for number in range(PAGES):
            frame = {"t": "history", "r": str(number), "conversation_id": place, "limit": 100}
            socket.put(frame)
    except (ConnectionClosed, OSError):
        return  # cut


def test_a_client_that_never_reads_costs_little_is_cut_and_finds_everything_again(
    served: RunningServer,
) -> None:
    place = place_of(served, 0, 0)
    with Person.of(served, "fan") as fan, Person.of(served, "creator") as creator:
        with creator.socket() as writing, fan.socket() as reading:
            for number in range(LONG_MESSAGES):
                assert writing.send(place, f"{number} {LONG}", most=0)["state"] == "delivered"
            for _ in range(PAGES // 4):  # whatever a page costs once is spent before we measure
                reading.ask("history", conversation_id=place, limit=100)
        before = resident_bytes(served)
        stalled = [fan.socket(max_queue=1, ping_interval=None) for _ in range(STALLED)]
        asking = [Thread(target=ask_for_pages, args=(socket, place)) for socket in stalled]
        for one in asking:
            one.start()
        most = [before]

        def all_cut() -> bool:
            most.append(resident_bytes(served))
            return not any(held(served, socket) for socket in stalled)

        until(all_cut, seconds=BUSY_MACHINE_SECONDS)
        assert max(most) - before < STALLED * STALLED_COSTS_MAX_BYTES
        assert sum(pages_until_the_end(socket) for socket in stalled) < STALLED * PAGES
        with creator.socket() as writing, fan.socket() as again:
            last = writing.send(place, "The last one.", most=0)["seq"]
            assert everything(again, place) == set(range(1, last + 1))


def pages_until_the_end(socket: Socket) -> int:
    """How many answers it got before it was cut."""
    received = 0
    while True:
        try:
            socket.connection.recv(timeout=BUSY_MACHINE_SECONDS)
        except ConnectionClosed:
            return received
        received += 1


def everything(socket: Socket, place: str) -> set[int]:
    """The numbers of all messages of a conversation, asked for as a client does."""
    found: set[int] = set()
    complete = False
    while not complete:
        cursor = {"conversation_id": place, "seq": max(found, default=0)}
        complete = socket.ask("resume", cursors=[cursor])["complete"]
        delivered = [frame for frame in socket.events if frame["t"] == "message_delivered"]
        found |= {frame["seq"] for frame in delivered if frame["conversation_id"] == place}
    return found


def test_a_client_that_floods_a_busy_handler_is_not_listened_to(served: RunningServer) -> None:
    place = place_of(served, 0, 0)
    with Person.of(served, "fan") as fan, Person.of(served, "creator") as creator:
        with creator.socket() as writing:
            unread = writing.send(place, "Something to read.", most=0)
        socket, sent = fan.socket(), [0]
        flood = Thread(target=flood_with_frames, args=(socket, sent), daemon=True)
        with writers_wait(served, place):
            socket.put({"t": "mark_read", "r": "x", "conversation_id": place, "seq": unread["seq"]})
            flood.start()
            still(lambda: sent[0])
            assert 0 < sent[0] * len(FLOOD_FRAME) < KEPT_OF_A_FLOOD_MAX_BYTES
        assert socket.close_code() in (4409, None)  # what it was made to hear was no command
        until(lambda: not flood.is_alive(), seconds=BUSY_MACHINE_SECONDS)


def flood_with_frames(socket: Socket, sent: list[int]) -> None:
    with suppress(ConnectionClosed, OSError):
        for _ in range(FLOOD_FRAMES):
            socket.connection.send(FLOOD_FRAME)
            sent[0] += 1


def still(number: Callable[[], int], *, seconds: float = 2.0) -> None:
    """Return once the number has not moved for so long."""
    seen, since = number(), monotonic()
    while monotonic() - since < seconds:
        sleep(0.05)
        if (now := number()) != seen:
            seen, since = now, monotonic()


def test_what_is_too_large_or_means_nothing_closes_the_socket(served: RunningServer) -> None:
    with Person.of(served, "fan") as fan:
        large, huge, empty = fan.socket(), fan.socket(), fan.socket()
        large.connection.send("x" * 70_000)
        assert large.close_code() == 4409
        with suppress(ConnectionClosed, OSError):  # not even read to its end
            huge.connection.send("x" * 10 * MEBIBYTE)
        assert huge.close_code() != 1000
        for _ in range(20):
            empty.connection.send("[")
        assert empty.close_code() == 4409
        with fan.socket() as unharmed:
            assert unharmed.ask("ping")["t"] == "pong"
