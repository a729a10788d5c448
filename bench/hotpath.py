"""`aparte bench hotpath`: what a paid, screened, stored, delivered message costs, beside a relay
that only relays, in the same run."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from uuid import uuid4

from bench import machine
from bench.clients import Talk
from bench.journal import Journal
from bench.load import Load, ProductLoad, RelayLoad, Window, measure
from bench.processes import PostgresClock, Server, cores, pin
from bench.report import RELAY_MEMORY, RELAY_REDIS, Report, Row, make_row
from bench.world import (
    PREFIX,
    Engine,
    World,
    free_port,
    make_world,
    postgres_url,
    redis_cpu_seconds,
    redis_url,
)

WALLET_CENTS = 1_000_000_000
ANSWER_EVERY = 4  # the creator answers one paid message in so many, which captures them
BETWEEN_KILLS = (0.4, 1.6)  # seconds
SEED = 20_260_301


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    engines: Sequence[Engine]
    seconds: float = 10.0
    repeat: int = 3
    pairs: int = 50
    window: int = 8
    rate: float = 200.0
    kill9: int = 0
    profile: bool = False
    postgres: str = ""  # DATABASE_URL and REDIS_URL of these settings, when there are any
    bus: str = ""


@dataclass(slots=True)
class Case:
    """One server under one load, with what it has shown so far."""

    name: str
    server: Server
    port: int
    load: Load
    postgres: PostgresClock | None = None
    bus: str = ""
    world: World | None = None
    journal: Journal | None = None
    windows: list[Window] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def server_seconds(self) -> float:
        return self.server.cpu_seconds()

    def database_seconds(self) -> float:
        return self.postgres.seconds() if self.postgres else 0.0

    def redis_seconds(self) -> float:
        return redis_cpu_seconds(self.bus) if self.bus else 0.0


def run(options: Options, *, say: Callable[[str], None]) -> Report:
    """Run every case and reconcile. `say` hears what is going on, one sentence at a time.

    Raises `RuntimeError` when a server does not start or the machine cannot be measured.
    """
    machine.require_linux()
    report = Report(machine.commit(), _machine(before=True), _settings(options))
    mine = _pin_generator()
    with ExitStack() as stack:
        cases = list(_cases(options, stack, report, say))
        for case in cases:
            case.server.start(core=mine)
            stack.callback(case.server.stop)
        asyncio.run(_drive(cases, options, core=mine, say=say))
        for case in cases:
            case.server.stop()
            if case.world and case.journal:
                say(f"reconciling {case.name}: {len(case.journal.said)} messages")
                report.counters[case.name] = case.world.counters()
                report.checks[case.name] = case.world.audit(json.dumps(case.journal.as_json()))
    report.rows = _rows(cases)
    report.machine |= _machine(before=False)
    return report


def _pin_generator() -> int | None:
    """Put this process on a core of its own; the core for servers, where there are two."""
    available = cores()
    if len(available) < 2:
        return None
    pin(available[1])
    return available[0]


def _cases(
    options: Options, stack: ExitStack, report: Report, say: Callable[[str], None]
) -> Iterator[Case]:
    bus, postgres = redis_url(options.bus), postgres_url(options.postgres)
    logs = Path(stack.enter_context(_folder()))
    if bus:
        yield _relay(RELAY_REDIS, options, logs, bus)
    else:
        report.notes.append("No Redis answers: no ratio to the relay, which is not a pass.")
    yield _relay(RELAY_MEMORY, options, logs, "")
    for engine in options.engines:
        if engine is Engine.POSTGRES and not (postgres and bus):
            report.notes.append("PostgreSQL was skipped: it and Redis must both answer.")
            continue
        say(f"making a world on {engine}")
        yield _product(engine, options, stack, postgres or "", bus or "")


@contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="aparte-bench-") as folder:
        yield folder


def _relay(name: str, options: Options, logs: Path, bus: str) -> Case:
    port = free_port()
    arguments = [str(port), f"{PREFIX}{uuid4().hex[:12]}", *([bus] if bus else [])]
    server = Server("bench.relay", *arguments, env={}, log=logs / f"{port}.log")
    return Case(name, server, port, RelayLoad(options.pairs), bus=bus)


def _product(engine: Engine, options: Options, stack: ExitStack, postgres: str, bus: str) -> Case:
    world = stack.enter_context(
        make_world(
            engine, pairs=options.pairs, wallet_cents=WALLET_CENTS, postgres=postgres, bus=bus
        )
    )
    if options.profile:
        (world.home / "profile").touch()
    journal = Journal()
    talks = [
        Talk(pair, journal, answer_every=ANSWER_EVERY, seed=SEED + number)
        for number, pair in enumerate(world.pairs)
    ]
    on_postgres = engine is Engine.POSTGRES
    return Case(
        f"Aparté, {'PostgreSQL + Redis' if on_postgres else 'SQLite'}",
        world.server,
        world.port,
        ProductLoad(talks),
        postgres=PostgresClock(world.name) if on_postgres else None,
        bus=bus if on_postgres else "",
        world=world,
        journal=journal,
    )


async def _drive(
    cases: Sequence[Case], options: Options, *, core: int | None, say: Callable[[str], None]
) -> None:
    """All servers are up; only one is under load at a time, in turns."""
    for case in cases:
        await case.load.connect(case.port)
    for number in range(options.repeat):
        for case in cases:
            say(f"{case.name}: closed loop, {number + 1} of {options.repeat}")
            window = await measure(
                case.load, _Clocks(case), window=options.window, seconds=options.seconds
            )
            case.windows.append(window)
    for case in cases:
        say(f"{case.name}: {options.rate:.0f} messages a second, on schedule")
        case.latencies = await case.load.pace(rate=options.rate, seconds=options.seconds)
    for case in cases:
        if options.kill9 and case.world:
            await _kill9(case, options, core, say)
        case.load.close()


class _Clocks:
    """A case's clocks, by the names `measure` asks for."""

    def __init__(self, case: Case) -> None:
        self.server = case.server_seconds
        self.database = case.database_seconds
        self.redis = case.redis_seconds


async def _kill9(
    case: Case, options: Options, core: int | None, say: Callable[[str], None]
) -> None:
    """Kill the server at random moments of a stream, and go on as clients do."""
    assert isinstance(case.load, ProductLoad)
    random = Random()
    case.load.start(options.window)
    for number in range(options.kill9):
        await asyncio.sleep(random.uniform(*BETWEEN_KILLS))
        say(f"{case.name}: kill -9, {number + 1} of {options.kill9}")
        case.server.kill9()
        case.server.start(core=core)
        await case.load.reconnect(case.port)
    await asyncio.sleep(BETWEEN_KILLS[0])
    case.load.stop()
    await case.load.drain()


def _rows(cases: Sequence[Case]) -> list[Row]:
    rows: list[Row] = []
    for case in cases:
        row = make_row(
            case.name,
            case.windows,
            case.latencies,
            relay=next((r for r in rows if r.case == RELAY_REDIS), None),
            stores=case.postgres is not None,
            has_redis=bool(case.bus),
        )
        rows.append(row if case.name != RELAY_REDIS else _reference(row))
    return rows


def _reference(row: Row) -> Row:
    return replace(row, ratio=1.0)


def _settings(options: Options) -> dict[str, object]:
    return {
        "seconds": options.seconds,
        "repeat": options.repeat,
        "pairs": options.pairs,
        "window": options.window,
        "rate": options.rate,
        "answer_every": ANSWER_EVERY,
        "kill9": options.kill9,
    }


def _machine(*, before: bool) -> dict[str, object]:
    moment = "before" if before else "after"
    found: dict[str, object] = machine.describe() if before else {}
    found[f"load_{moment}"] = machine.load_average()
    found[f"fdatasync_ms_{moment}"] = machine.fdatasync_ms()
    return found
