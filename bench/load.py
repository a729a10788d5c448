"""Load on one server: a closed loop for what a message costs, an open loop for how long it takes.

The relay's pairs and Aparté's answer to the same names, so that both are driven alike.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import perf_counter, process_time
from typing import NamedTuple, Protocol

from bench.clients import Seat, Talk, until
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
    def time(self) -> None: ...  # from now on, and forget the times before
    def latencies(self) -> list[float]: ...


class OneWay(ABC):
    """Two people of whom one writes: a message is done when the other one has it."""

    def __init__(self) -> None:
        self.delivered = self.paid = self.refused = 0
        self.waiting = 0
        self._running = False
        self._count = 0
        self._due: dict[int, float] = {}
        self._latencies: list[float] = []

    @abstractmethod
    async def connect(self, port: int) -> None:
        """Open both connections, once the server listens."""

    @abstractmethod
    def close(self) -> None:
        """Close both."""

    @abstractmethod
    def transmit(self, number: int) -> None:
        """Send the message of this number; `arrived` hears of it at the other end."""

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
        self.transmit(self._count)

    def time(self) -> None:
        self._latencies.clear()

    def latencies(self) -> list[float]:
        return self._latencies

    def arrived(self, number: int) -> None:
        self.delivered += 1
        self.waiting -= 1
        due_at = self._due.pop(number, None)
        if due_at is not None:
            self._latencies.append(perf_counter() - due_at)
        if self._running:
            self.say()


class RelayTalk(OneWay):
    """Two sockets of the bare relay."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._seats = (f"{number}a", f"{number}b")
        self._wires: list[Wire] = []

    async def connect(self, port: int) -> None:
        own, peer = self._seats
        for one, other in ((own, peer), (peer, own)):
            wire = await open_wire(
                port=port,
                path=f"/ws?own={one}&peer={other}",
                headers={},
                on_message=lambda data: self.arrived(int.from_bytes(data[:8])),
                on_lost=lambda: None,
            )
            self._wires.append(wire)

    def close(self) -> None:
        for wire in self._wires:
            wire.close()

    def transmit(self, number: int) -> None:
        self._wires[0].send(number.to_bytes(8).ljust(BODY_BYTES, b"."))


class Load(ABC):
    """All pairs of one server."""

    talks: Sequence[Dialogue]

    @abstractmethod
    async def connect(self, ports: Sequence[int]) -> None:
        """Open every pair's sockets; with several servers, half the pairs sit across two."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait until nothing is under way."""

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
        for talk in self.talks:
            talk.time()
        begun = perf_counter()
        for number in range(int(rate * seconds)):
            due_at = begun + number / rate
            await asyncio.sleep(max(0.0, due_at - perf_counter()))
            self.talks[number % len(self.talks)].say(due_at)
        await self.drain()
        return sorted(found for talk in self.talks for found in talk.latencies())


class OneWayLoad(Load):
    """Pairs on a server that relays: the bare one, or a peer."""

    def __init__(self, talks: Sequence[OneWay]) -> None:
        self.talks = self._talks = talks

    async def connect(self, ports: Sequence[int]) -> None:
        for talk in self._talks:
            await talk.connect(ports[0])

    async def drain(self) -> None:
        await until(lambda: not any(talk.waiting for talk in self._talks))

    def close(self) -> None:
        for talk in self._talks:
            talk.close()


class ProductLoad(Load):
    """Pairs of fans and creators on Aparté, who come back by themselves when a server goes."""

    def __init__(self, talks: Sequence[Talk]) -> None:
        self.talks = self.dialogues = talks
        self.seats: list[Seat] = [seat for talk in talks for seat in talk.seats]

    async def connect(self, ports: Sequence[int]) -> None:
        for number, talk in enumerate(self.dialogues):
            lap, place = divmod(number, len(ports))
            await talk.fan.connect(ports[place])
            await talk.creator.connect(ports[(place + lap % 2) % len(ports)])

    def answer_every(self, number: int) -> None:
        """From now on creators answer one message in so many."""
        for talk in self.dialogues:
            talk.answer_every = number

    async def drain(self) -> None:
        await until(lambda: all(talk.settled for talk in self.dialogues))

    def close(self) -> None:
        for seat in self.seats:
            seat.close()


class Spent(NamedTuple):
    """What one case used so far: CPU in seconds, and bytes of PostgreSQL's log."""

    server: float = 0.0
    database: float = 0.0
    redis: float = 0.0
    wal: float = 0.0

    def since(self, before: "Spent") -> "Spent":
        return Spent(*(b - a for a, b in zip(before, self, strict=True)))


class Window(NamedTuple):
    """One measured stretch of a closed loop."""

    messages: int
    paid: int
    refused: int
    wall: float
    spent: Spent
    generator_share: float  # of its own core


async def measure(load: Load, spent: Callable[[], Spent], *, window: int, seconds: float) -> Window:
    """Warm up, then count what is delivered and what that costs, then let it come to rest."""
    load.start(window)
    await asyncio.sleep(min(1.0, seconds / 3))
    counts, before = (load.delivered, load.paid, load.refused), spent()
    wall, own = perf_counter(), process_time()
    for _ in range(4):  # a backend of the database that exits is seen at least once before
        await asyncio.sleep(seconds / 4)
        spent()
    wall, own = perf_counter() - wall, process_time() - own
    after = spent()
    delivered, paid, refused = load.delivered, load.paid, load.refused
    load.stop()
    await load.drain()
    return Window(
        messages=delivered - counts[0],
        paid=paid - counts[1],
        refused=refused - counts[2],
        wall=wall,
        spent=after.since(before),
        generator_share=own / wall,
    )
