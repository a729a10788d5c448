"""`aparte bench chaos`: servers, worker, Redis and PostgreSQL die under load, in random order.

All of them are its own. The clients go on as clients do, and in the end the books and what the
clients saw are compared as after any run.
"""

import asyncio
from dataclasses import dataclass, field, replace
from random import Random
from secrets import randbelow
from time import perf_counter

from bench import scratch
from bench.cases import Cases, ProductCase, own_core
from bench.clients import until
from bench.options import Options, Say
from bench.processes import Program
from bench.report import Report, begin, end
from bench.world import Cast, Engine

KINDS = ("server", "worker", "Redis", "PostgreSQL")
ROUNDS = 2  # of all kinds, where --kill9 does not say how many kills
BETWEEN = (0.4, 1.6)  # seconds of work before the next one dies
BACK_SECONDS = 120.0  # after which it is a failure that nothing is delivered
PROCESSES = 2


@dataclass(slots=True)
class Deaths:
    """How often each kind died, and how long it took until messages were delivered again."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    stuck: list[str] = field(default_factory=list)


def run(options: Options, say: Say) -> Report:
    """Kill, reconcile, report; one sentence instead where PostgreSQL or Redis is not installed."""
    seed = options.seed or 1 + randbelow(1_000_000)
    kills = options.kill9 or (len(KINDS) if options.quick else ROUNDS * len(KINDS))
    shown = options.shown("server", "pairs", "window")
    report = begin("chaos", {**shown, "seed": seed, "kills": kills, "processes": PROCESSES})
    if absent := scratch.missing():
        report.notes.append(f"Nothing was killed: {' and '.join(absent)} must be installed.")
        return end(report)
    say(f"seed {seed}")
    with own_core() as core, scratch.services() as services:
        own = replace(
            options, engines=[Engine.POSTGRES], postgres=services.postgres_url,
            bus=services.redis_url,
        )  # fmt: skip
        with Cases(own, report, say) as made:
            case = made.product(Engine.POSTGRES, Cast(options.pairs), processes=PROCESSES)
            made.start([case], core=core)
            deaths = asyncio.run(_drive(case, services, Random(seed), kills, options, core, say))
            case.reconcile(report, say)
    _tell(report, case, deaths)
    return end(report)


async def _drive(
    case: ProductCase,
    services: scratch.Services,
    random: Random,
    kills: int,
    options: Options,
    core: int | None,
    say: Say,
) -> Deaths:
    deaths, load = Deaths(), case.load
    *servers, worker = case.server.members
    await load.connect(case.ports)
    load.start(options.window)
    for kind in _order(random, kills):
        await asyncio.sleep(random.uniform(*BETWEEN))
        victim = {
            "server": random.choice(servers),
            "worker": worker,
            "Redis": services.redis,
            "PostgreSQL": services.postgres,
        }[kind]
        say(f"{kind} dies")
        died, alone = perf_counter(), services.postgres is victim
        await _die(victim, core=core, gently=alone)
        if not await _all_deliver(case):
            deaths.stuck.append(kind)
        deaths.seconds[kind].append(perf_counter() - died)
    load.stop()
    await load.drain()
    load.close()
    return deaths


def _order(random: Random, kills: int) -> list[str]:
    """Each kind as often as the others, give or take one, in random order."""
    kinds = [KINDS[number % len(KINDS)] for number in range(kills)]
    random.shuffle(kinds)
    return kinds


async def _die(victim: Program, *, core: int | None, gently: bool) -> None:
    """Kill it, or stop PostgreSQL as a power cut does, and start it again."""
    if gently:
        await asyncio.to_thread(victim.stop)
    else:
        victim.kill9()
    victim.spawn(core=core)
    await asyncio.to_thread(victim.wait)


async def _all_deliver(case: ProductCase) -> bool:
    """Whether each pair has something delivered again, within a generous time."""
    talks = [*case.load.talks]
    before = [talk.delivered for talk in talks]

    def back() -> bool:
        return all(talk.delivered > count for talk, count in zip(talks, before, strict=True))

    await until(back, seconds=BACK_SECONDS)
    return back()


def _tell(report: Report, case: ProductCase, deaths: Deaths) -> None:
    for kind, seconds in deaths.seconds.items():
        if seconds:
            report.rows.append({"case": kind, "kills": len(seconds), "seconds": max(seconds)})
    report.checks[case.name].append(
        {
            "name": "every pair talks again after each death",
            "ok": not deaths.stuck,
            "detail": ", ".join(deaths.stuck),
        }
    )
