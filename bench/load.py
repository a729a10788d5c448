"""Load on one server: a closed loop for what a message costs, an open loop for how long it takes.

The relay's pairs and Aparté's answer to the same names, so that both are driven alike.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import perf_counter, process_time
from typing import NamedTuple, Protocol

from bench.clients import RECONNECT_SECONDS, Seat, Talk, drain, until
from bench.wire import Wire, open_wire

BODY_BYTES = 160  # of a relayed message


class Dialogue(Protocol):
    """Two people on their sockets."""

    delivered: int
    paid: int
    refused: int

    def start(self, window: int) -> None: ...
    def stop(self) -> None: ...
    def say(self, due_at: float | None = None) -> None: ...
    def latencies(self) -> list[float]: ...


class RelayTalk:
    """Two sockets of the bare relay; a message is done when the other one has it."""

    def __init__(self, number: int) -> None:
        self._seats = (f"{number}a", f"{number}b")
        self.delivered = self.paid = self.refused = 0
        self.waiting = 0
        self.timing = self._running = False
        self._count = 0
        self._due: dict[int, float] = {}
        self._latencies: list[float] = []
        self._wires: list[Wire] = []

    async def connect(self, port: int) -> None:
        """Open both sockets, once the server listens."""
        own, peer = self._seats
        deadline = perf_counter() + RECONNECT_SECONDS
        for one, other in ((own, peer), (peer, own)):
            while True:
                try:
                    wire = await open_wire(
                        port=port,
                        path=f"/ws?own={one}&peer={other}",
                        headers={},
                        on_message=self._receive,
                        on_lost=lambda: None,
                    )
                except OSError:
                    if perf_counter() > deadline:
                        raise
                    await asyncio.sleep(0.1)
                else:
                    self._wires.append(wire)
                    break

    def close(self) -> None:
        for wire in self._wires:
            wire.close()

    def start(self, window: int) -> None:
        self._running = True
        for _ in range(window - self.waiting):
            self.say()

    def stop(self) -> None:
        self._running = False

    def say(self, due_at: float | None = None) -> None:
        self._count += 1
        self.waiting += 1
        if due_at is not None:
            self._due[self._count] = due_at
        self._wires[0].send(self._count.to_bytes(8).ljust(BODY_BYTES, b"."))

    def latencies(self) -> list[float]:
        return self._latencies

    def _receive(self, data: bytes) -> None:
        self.delivered += 1
        self.waiting -= 1
        due_at = self._due.pop(int.from_bytes(data[:8]), None)
        if due_at is not None:
            self._latencies.append(perf_counter() - due_at)
        if self._running:
            self.say()


class Load(ABC):
    """All pairs of one server."""

    talks: Sequence[Dialogue]

    @abstractmethod
    async def connect(self, port: int) -> None:
        """Open every pair's sockets."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait until nothing is under way."""

    def time_messages(self) -> None:
        """From now on remember when each message went and came, where it is not done anyway."""
        return

    @abstractmethod
    def close(self) -> None:
        """Close every socket."""

    @property
    def delivered(self) -> int:
        return sum(talk.delivered for talk in self.talks)

    @property
    def paid(self) -> int:
        return sum(talk.paid for talk in self.talks)

    @property
    def refused(self) -> int:
        return sum(talk.refused for talk in self.talks)

    def start(self, window: int) -> None:
        for talk in self.talks:
            talk.start(window)

    def stop(self) -> None:
        for talk in self.talks:
            talk.stop()

    async def pace(self, *, rate: float, seconds: float) -> list[float]:
        """Send on schedule whatever comes back; the latencies, in seconds, rising."""
        self.time_messages()
        begun = perf_counter()
        for number in range(int(rate * seconds)):
            due_at = begun + number / rate
            await asyncio.sleep(max(0.0, due_at - perf_counter()))
            self.talks[number % len(self.talks)].say(due_at)
        await self.drain()
        return sorted(found for talk in self.talks for found in talk.latencies())


class RelayLoad(Load):
    """Pairs on the bare relay."""

    def __init__(self, pairs: int) -> None:
        self._relayed = [RelayTalk(number) for number in range(pairs)]
        self.talks = self._relayed

    async def connect(self, port: int) -> None:
        for talk in self._relayed:
            await talk.connect(port)

    async def drain(self) -> None:
        await until(lambda: not any(talk.waiting for talk in self._relayed))

    def close(self) -> None:
        for talk in self._relayed:
            talk.close()


class ProductLoad(Load):
    """Pairs of fans and creators on Aparté."""

    def __init__(self, talks: Sequence[Talk]) -> None:
        self.talks = talks
        self.seats: list[Seat] = [seat for talk in talks for seat in talk.seats]

    async def connect(self, port: int) -> None:
        for seat in self.seats:
            await seat.connect(port)

    async def reconnect(self, port: int) -> None:
        """After a crash: come back, catch up by number, and repeat what had no answer."""
        for seat in self.seats:
            await seat.lost.wait()
            await seat.connect(port)
        await asyncio.gather(*(seat.resume() for seat in self.seats))
        for seat in self.seats:
            seat.repeat_unanswered()

    async def drain(self) -> None:
        await drain(self.seats)

    def time_messages(self) -> None:
        for seat in self.seats:
            seat.timing = True

    def close(self) -> None:
        for seat in self.seats:
            seat.close()


class Window(NamedTuple):
    """One measured stretch of a closed loop; CPU in seconds."""

    messages: int
    paid: int
    wall: float
    server: float
    database: float
    redis: float
    generator_share: float  # of its own core


class Clocks(Protocol):
    """CPU seconds used so far by the parts of one case."""

    def server(self) -> float: ...
    def database(self) -> float: ...
    def redis(self) -> float: ...


async def measure(load: Load, clocks: Clocks, *, window: int, seconds: float) -> Window:
    """Warm up, then count what is delivered and what that costs, then let it come to rest."""
    load.start(window)
    await asyncio.sleep(min(1.0, seconds / 3))
    before = (load.delivered, load.paid, clocks.server(), clocks.database(), clocks.redis())
    wall, own = perf_counter(), process_time()
    for _ in range(4):  # a backend of the database that exits is seen at least once before
        await asyncio.sleep(seconds / 4)
        clocks.database()
    spent, own = perf_counter() - wall, process_time() - own
    after = (load.delivered, load.paid, clocks.server(), clocks.database(), clocks.redis())
    load.stop()
    await load.drain()
    messages, paid, server, database, redis = (b - a for a, b in zip(before, after, strict=True))
    return Window(int(messages), int(paid), spent, server, database, redis, own / spent)
