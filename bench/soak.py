"""`aparte bench soak`: minutes at a steady rate. Memory stays flat, nothing is lost or doubled.

Two servers, their clock, Redis and PostgreSQL: what one machine runs in earnest.
"""

import asyncio
from statistics import median
from typing import Any

from bench.cases import Cases, ProductCase, own_core
from bench.cost import latency
from bench.options import Options, Say
from bench.report import Goal, Report, begin, end
from bench.world import Cast, Engine

SAMPLES_MAX = 200  # of memory, over the run
WARM_UP_SHARE = 0.3  # of the samples: caches fill meanwhile
GROWTH_MUST = 0.05


def run(options: Options, say: Say) -> Report:
    """One row and its goals; one sentence where PostgreSQL or Redis does not answer."""
    report = begin("soak", options.shown("server", "processes", "minutes", "pairs", "rate"))
    with own_core() as core, Cases(options, report, say) as made:
        if not (made.postgres and made.bus):
            report.notes.append("No soak: PostgreSQL and Redis must both answer.")
            return end(report)
        cast = Cast(options.pairs)
        case = made.product(Engine.POSTGRES, cast, processes=options.processes)
        made.start([case], core=core)
        row = asyncio.run(_drive(case, options, say))
        case.reconcile(report, say)
    report.rows = [row]
    must = (GROWTH_MUST, GROWTH_MUST)
    report.goals = [Goal("memory grew, as a share", row["growth"], *must, relative=True)]
    return end(report)


async def _drive(case: ProductCase, options: Options, say: Say) -> dict[str, Any]:
    seconds = options.minutes * 60
    await case.load.connect(case.ports)
    say(f"{case.name}: {options.rate:.0f} messages a second for {options.minutes:g} minutes")
    watching = asyncio.create_task(_memory(case, every=seconds / SAMPLES_MAX))
    rising = await case.load.pace(rate=options.rate, seconds=seconds)
    watching.cancel()
    samples = await watching
    case.load.close()
    return {
        "case": case.name,
        "n": len(rising),
        **latency(rising),
        "memory_mb": samples[-1] / 2**20,
        "growth": growth(samples),
    }


async def _memory(case: ProductCase, *, every: float) -> list[int]:
    """Bytes of all server processes, now and then, until cancelled."""
    found: list[int] = []
    try:
        while True:
            found.append(case.server.memory_bytes())
            await asyncio.sleep(every)
    except asyncio.CancelledError:
        return found


def growth(samples: list[int]) -> float:
    """By what share the last fifth lies above the first fifth, once it has warmed up."""
    warm = samples[int(len(samples) * WARM_UP_SHARE) :]
    fifth = max(1, len(warm) // 5)
    return median(warm[-fifth:]) / median(warm[:fifth]) - 1
