"""`aparte bench idle`: what a socket costs that says nothing, and whether many make messages dear.

One process on each engine: first onlookers, for memory and heartbeats; when they have gone, pairs
who all talk, few and then many, with as many messages under way.
"""

import asyncio
import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgpack

from bench.cases import ANSWER_EVERY, Cases, ProductCase, own_core
from bench.clients import until
from bench.cost import Cost, cost
from bench.load import ProductLoad, measure
from bench.options import Options, Say
from bench.processes import PAGE_BYTES
from bench.report import Goal, Report, begin, end
from bench.wire import Wire, open_wire
from bench.world import Cast, Person

FIRST = 50  # opened before the first look: what the first ones bring with them is not theirs
AT_ONCE = 10
PORTS_OF_AN_ADDRESS = 20_000
OTHER_FILES = 1_000  # of each process, beside its sockets
FEW, MANY = 50, 1_000  # sockets that all talk
UNDER_WAY = 400  # messages, however many talk
LOOKS, LOOK_SECONDS, QUIET_CPU = 20, 0.5, 0.05
PINGS = 5  # of each socket
KIB_MUST = 2**20 / 25_000  # of a connection: 25,000 in a GiB
MANY_MUST = 2.5  # times what a message costs among few


class Onlooker:
    """A signed-in socket that listens, and asks now and then whether anybody is there."""

    def __init__(self, person: Person, source: str) -> None:
        self._person, self._source = person, source
        self.welcomed, self.pongs = False, 0
        self._wire: Wire | None = None

    async def connect(self, port: int) -> None:
        headers = {"Cookie": self._person.cookie, "Sec-WebSocket-Protocol": "aparte.v1.msgpack"}
        self._wire = await open_wire(
            port=port, path="/ws", headers=headers, on_message=self._receive,
            on_lost=lambda: None, source=self._source,
        )  # fmt: skip

    def ping(self) -> None:
        """Ask; `pongs` counts the answers."""
        assert self._wire
        self._wire.send(msgpack.packb({"t": "ping", "r": "ping"}))

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def _receive(self, data: bytes) -> None:
        kind = msgpack.unpackb(data)["t"]
        self.welcomed |= kind == "welcome"
        self.pongs += kind == "pong"


@dataclass(frozen=True, slots=True)
class Idle:
    """What one silent socket costs the server: memory, the kernel's buffers, CPU in µs."""

    case: str
    connections: int
    kib: float
    per_gib: float
    kernel_kib: float
    heartbeat_us: float  # of one ping and its answer
    idle_us: float  # a second, doing nothing


def run(options: Options, say: Say) -> Report:
    """Raises `RuntimeError` when this process may not open that many files."""
    _allow_files(options.connections + OTHER_FILES)
    report = begin("idle", options.shown("server", "connections", "seconds"))
    cast = Cast(min(MANY, options.connections) // 2, onlookers=options.connections)
    with own_core() as core, Cases(options, report, say) as made:
        for case in made.products(cast, processes=1):
            made.start([case], core=core)
            found, few, many = asyncio.run(_drive(case, options, say))
            case.reconcile(report, say)
            report.rows += [asdict(found), few.row(), many.row()]
            report.goals.append(Goal(f"{case.name}: KiB each", found.kib, KIB_MUST, KIB_MUST))
            report.goals.append(_crowd_goal(case, few, many))
    return end(report)


async def _drive(case: ProductCase, options: Options, say: Say) -> tuple[Idle, Cost, Cost]:
    found = await _look(case, options, say)
    return (found, *await _crowd(case, options, say))


async def _look(case: ProductCase, options: Options, say: Say) -> Idle:
    people = case.world.people.onlookers
    onlookers = [
        Onlooker(person, f"127.0.0.{1 + number // PORTS_OF_AN_ADDRESS}")
        for number, person in enumerate(people)
    ]
    server = case.server
    await _open(onlookers[:FIRST], case.ports[0])
    await _quiet(case)
    memory, kernel = server.memory_bytes(), _kernel_bytes()
    idle_before = await _idle_cpu(case, options.seconds)
    say(f"{case.name}: opening {len(onlookers)} sockets")
    await _open(onlookers[FIRST:], case.ports[0])
    await _quiet(case)
    added = len(onlookers) - FIRST
    each = (server.memory_bytes() - memory) / added
    buffers = (_kernel_bytes() - kernel) / added
    idle = await _idle_cpu(case, options.seconds)
    heartbeat = await _heartbeat_cpu(case, onlookers)
    for one in onlookers:
        one.close()
    return Idle(
        case=case.name,
        connections=len(onlookers),
        kib=each / 1024,
        per_gib=2**30 / each,
        kernel_kib=buffers / 1024,
        heartbeat_us=heartbeat * 1e6,
        idle_us=max(0.0, idle - idle_before) / added * 1e6,
    )


async def _open(onlookers: Sequence[Onlooker], port: int) -> None:
    """Connect them, a few at a time, and wait until each is welcome."""
    for first in range(0, len(onlookers), AT_ONCE):
        await asyncio.gather(*(one.connect(port) for one in onlookers[first : first + AT_ONCE]))
    await until(lambda: all(one.welcomed for one in onlookers))


async def _quiet(case: ProductCase) -> None:
    """Return when the server does next to nothing, or has not stopped for ten seconds."""
    for _ in range(LOOKS):
        before = case.server.cpu_seconds()
        await asyncio.sleep(LOOK_SECONDS)
        if case.server.cpu_seconds() - before < QUIET_CPU:
            return


async def _idle_cpu(case: ProductCase, seconds: float) -> float:
    """CPU seconds a second, while nobody says anything."""
    before = case.server.cpu_seconds()
    await asyncio.sleep(seconds)
    return (case.server.cpu_seconds() - before) / seconds


async def _heartbeat_cpu(case: ProductCase, onlookers: Sequence[Onlooker]) -> float:
    """CPU seconds of one ping and its answer."""
    before = case.server.cpu_seconds()
    for number in range(1, PINGS + 1):
        for one in onlookers:
            one.ping()
        await until(lambda: all(one.pongs >= number for one in onlookers))  # noqa: B023
    return (case.server.cpu_seconds() - before) / (PINGS * len(onlookers))


async def _crowd(case: ProductCase, options: Options, say: Say) -> tuple[Cost, Cost]:
    """What a message costs while a few pairs talk, and while all do."""
    load, few = case.load, ProductLoad(case.load.dialogues[: FEW // 2])
    found = []
    for one in (few, load):
        sockets = len(one.seats)
        say(f"{case.name}: {sockets} sockets talk")
        if one is few:
            await one.connect(case.ports)
        else:
            await ProductLoad(load.dialogues[FEW // 2 :]).connect(case.ports)
        await _warm(one)
        window = max(1, UNDER_WAY // len(one.dialogues))
        windows = [await measure(one, case.spent, window=window, seconds=options.seconds)]
        name = f"{case.name}, {sockets} sockets talk"
        has_redis = bool(case.bus)
        found.append(cost(name, windows, relay=None, stores=case.has_database, has_redis=has_redis))
    load.close()
    return found[0], found[1]


async def _warm(load: ProductLoad) -> None:
    """A first message and a first answer of each pair: what those cost more is not what is asked,
    such as the words before them that screening reads once for each who writes."""
    answers = [talk.delivered - talk.paid for talk in load.dialogues]
    load.answer_every(1)
    load.start(1)
    await until(
        lambda: all(
            talk.delivered - talk.paid > count
            for talk, count in zip(load.dialogues, answers, strict=True)
        )
    )
    load.stop()
    await load.drain()
    load.answer_every(ANSWER_EVERY)


def _crowd_goal(case: ProductCase, few: Cost, many: Cost) -> Goal:
    times = None if few.void or many.void else many.total_us / few.total_us
    name = f"{case.name}: a message among many, as a ratio to one among {FEW}"
    return Goal(name, times, MANY_MUST, MANY_MUST, relative=True)


def _kernel_bytes() -> int:
    """What all TCP sockets of this machine keep in buffers, at both ends."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * PAGE_BYTES
    return 0


def _allow_files(wanted: int) -> None:
    """Raise our limit of open files; the servers we start inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    most = wanted if hard == resource.RLIM_INFINITY else max(hard, wanted)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    except (ValueError, OSError):
        raise RuntimeError(f"{wanted} open files are needed, {hard} are allowed") from None
