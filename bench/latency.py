"""`aparte bench latency`: how long a message takes at a steady rate, and how much of that we add.

An open loop: messages go on schedule whatever comes back, so that a stall counts for all it delays.
"""

import asyncio
from typing import Any

from bench.cases import Case, Cases, own_core
from bench.cost import added, latency
from bench.options import Options, Say
from bench.report import Goal, Report, begin, end
from bench.world import Cast

WARM_UP_SHARE = 0.2  # of the measured seconds


def run(options: Options, say: Say) -> Report:
    """The relay in memory and Aparté on each engine, one after the other, then the books.

    Raises `RuntimeError` when a server does not start.
    """
    names = ("server", "processes", "seconds", "pairs", "rate")
    report = begin("latency", options.shown(*names))
    with own_core() as core, Cases(options, report, say) as made:
        products = list(made.products(Cast(options.pairs)))
        cases: list[Case] = [made.relay_in_memory(), *products]
        made.start(cases, core=core)
        rising = asyncio.run(_drive(cases, options, say))
        for case in products:
            case.reconcile(report, say)
    report.rows = [_row(case, found) for case, found in zip(cases, rising, strict=True)]
    relay = report.rows[0]
    for row in report.rows[1:]:
        row["added_p50_ms"] = added(row["p50_ms"], relay["p50_ms"])
        row["added_p99_ms"] = added(row["p99_ms"], relay["p99_ms"])
        report.goals += [
            Goal(f"{row['case']}: added p50 ms", row["added_p50_ms"], 4, 2),
            Goal(f"{row['case']}: added p99 ms", row["added_p99_ms"], 15, 5),
        ]
    return end(report)


async def _drive(cases: list[Case], options: Options, say: Say) -> list[list[float]]:
    """The latencies of each case, in seconds, rising."""
    for case in cases:
        await case.load.connect(case.ports)
    found = []
    for case in cases:
        say(f"{case.name}: {options.rate:.0f} messages a second, on schedule")
        await case.load.pace(rate=options.rate, seconds=options.seconds * WARM_UP_SHARE)
        found.append(await case.load.pace(rate=options.rate, seconds=options.seconds))
        case.load.close()
    return found


def _row(case: Case, rising: list[float]) -> dict[str, Any]:
    return {"case": case.name, "n": len(rising), **latency(rising)}
