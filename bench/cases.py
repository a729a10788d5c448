"""One server under one load: the relays and Aparté's worlds, as every bench runs them."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from bench.clients import Talk
from bench.cost import RELAY_MEMORY, RELAY_REDIS
from bench.journal import Journal
from bench.load import Load, OneWayLoad, ProductLoad, RelayTalk, Spent, Window
from bench.options import Options, Say
from bench.processes import Fleet, PostgresClock, Server, cores, pin
from bench.report import Report
from bench.world import (
    PREFIX,
    Cast,
    Engine,
    Pair,
    World,
    free_port,
    make_world,
    postgres_url,
    redis_cpu_seconds,
    redis_url,
    versions,
    wal_bytes,
)

ANSWER_EVERY = 4  # the creator answers one paid message in so many, which captures them
SEED = 20_260_301


@dataclass(slots=True)
class Case:
    """One server under one load, with what it has shown so far."""

    name: str
    server: Fleet
    ports: Sequence[int]
    load: Load
    bus: str = ""
    windows: list[Window] = field(default_factory=list)

    @property
    def has_database(self) -> bool:
        """Whether a database of its own process works for it, and is charged."""
        return False

    def spent(self) -> Spent:
        """What its processes used so far."""
        redis = redis_cpu_seconds(self.bus) if self.bus else 0.0
        return Spent(self.server.cpu_seconds(), redis=redis)


@dataclass(slots=True)
class ProductCase(Case):
    """Aparté in a world of its own, with what its clients wrote down."""

    load: ProductLoad
    world: World = field(kw_only=True)
    journal: Journal = field(kw_only=True)
    answered: list[Window] = field(default_factory=list)
    postgres: str = ""
    clock: PostgresClock | None = None

    @property
    def has_database(self) -> bool:
        return self.clock is not None

    def spent(self) -> Spent:
        redis = redis_cpu_seconds(self.bus) if self.bus else 0.0
        if self.clock is None:
            return Spent(self.server.cpu_seconds(), redis=redis)
        wal = wal_bytes(self.postgres)
        return Spent(self.server.cpu_seconds(), self.clock.seconds(), redis, wal)

    def talks(self, pairs: Sequence[Pair], *, seed: int = SEED) -> list[Talk]:
        """These pairs, ready to talk; what they see goes into this case's journal."""
        return talks(pairs, self.journal, seed=seed)

    def reconcile(self, report: Report, say: Say) -> None:
        """Stop the servers, and compare what the clients saw with what is stored."""
        self.server.stop()
        say(f"reconciling {self.name}: {len(self.journal.said)} messages")
        report.counters[self.name] = self.world.counters()
        checks = self.world.audit(json.dumps(self.journal.as_json()))
        report.checks[self.name] = [*checks, self.journal.all_answered()]


def talks(pairs: Sequence[Pair], journal: Journal, *, seed: int = SEED) -> list[Talk]:
    """A talk for each pair, always the same for a seed; all of them write into this journal."""
    return [
        Talk(pair, journal, answer_every=ANSWER_EVERY, seed=seed + number)
        for number, pair in enumerate(pairs)
    ]


class Cases:
    """Makes cases; whatever it made is stopped and gone when it is left."""

    def __init__(self, options: Options, report: Report, say: Say) -> None:
        self.options, self._report, self._say = options, report, say
        self.bus = redis_url(options.bus) or ""
        self.postgres = postgres_url(options.postgres) or ""
        report.machine |= versions(postgres=self.postgres, bus=self.bus)
        self._stack = ExitStack()

    def __enter__(self) -> "Cases":
        self._logs = Path(self._stack.enter_context(_folder()))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def relays(self) -> Iterator[Case]:
        """The bare relay on the stock Redis layer, where there is a Redis, and in memory."""
        if self.bus:
            yield self._relay(RELAY_REDIS, self.bus)
        else:
            self._report.notes.append("No Redis answers: no ratio to the relay, which is no pass.")
        yield self.relay_in_memory()

    def relay_in_memory(self) -> Case:
        return self._relay(RELAY_MEMORY, "")

    def products(self, cast: Cast, *, processes: int | None = None) -> Iterator[ProductCase]:
        """Aparté on each engine asked for that is there; on PostgreSQL, in several processes."""
        for engine in self.options.engines:
            if engine is Engine.POSTGRES and not (self.postgres and self.bus):
                self._report.notes.append("PostgreSQL skipped: it and Redis must both answer.")
                continue
            yield self.product(engine, cast, processes=processes or self.options.processes)

    def product(self, engine: Engine, cast: Cast, *, processes: int) -> ProductCase:
        """Aparté in a new world, all its pairs ready; the servers are not started."""
        self._say(f"making a world on {engine}")
        on_postgres = engine is Engine.POSTGRES
        world = self._stack.enter_context(
            make_world(
                engine,
                cast,
                postgres=self.postgres if on_postgres else "",
                bus=self.bus if on_postgres else "",
                processes=processes if on_postgres else 1,
                server=self.options.server,
            )
        )
        if self.options.profile:
            (world.home / "profile").touch()
        journal = Journal()
        return ProductCase(
            _name(engine, processes, self.options.server),
            world.server,
            world.ports,
            ProductLoad(talks(world.people.pairs, journal)),
            bus=self.bus if on_postgres else "",
            world=world,
            journal=journal,
            postgres=self.postgres if on_postgres else "",
            clock=PostgresClock(world.name) if on_postgres else None,
        )

    def start(self, cases: Sequence[Case], *, core: int | None) -> None:
        """Start the servers; they stop with us at the latest."""
        for case in cases:
            self._say(f"starting {case.name}")
            self._stack.callback(case.server.stop)
            case.server.start(core=core)

    def _relay(self, name: str, bus: str) -> Case:
        port = free_port()
        arguments = [str(port), f"{PREFIX}{uuid4().hex[:12]}", *([bus] if bus else [])]
        server = Server("bench.relay", *arguments, env={}, log=self._logs / f"{port}.log")
        load = OneWayLoad([RelayTalk(number) for number in range(self.options.pairs)])
        return Case(name, Fleet([server]), [port], load, bus=bus)


@contextmanager
def own_core() -> Iterator[int | None]:
    """Keep this process on a core of its own meanwhile; the core for servers, if there are two."""
    available = cores()
    if len(available) < 2:
        yield None
        return
    pin([available[1]])
    try:
        yield available[0]
    finally:
        pin(available)


async def kill9(case: Case, *, core: int | None) -> None:
    """Kill every process of a case and start them again, while its clients try to come back."""
    case.server.kill9()
    for member in case.server.members:
        member.spawn(core=core)
    for member in case.server.members:
        await asyncio.to_thread(member.wait)


def _name(engine: Engine, processes: int, server: str) -> str:
    uvicorn = ", uvicorn" if server == "uvicorn" else ""
    if engine is Engine.SQLITE:
        return f"Aparté, SQLite{uvicorn}"
    several = f", {processes} processes" if processes > 1 else ""
    return f"Aparté, PostgreSQL + Redis{several}{uvicorn}"


@contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="aparte-bench-") as folder:
        yield folder
