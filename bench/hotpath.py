"""`aparte bench hotpath`: what a paid, screened, stored, delivered message costs, beside a relay
that only relays, in the same run."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from bench import refusals
from bench.cases import ANSWER_EVERY, Case, Cases, ProductCase, kill9, own_core
from bench.clients import until
from bench.cost import RELAY_REDIS, Cost, cost, histogram
from bench.load import Window, measure
from bench.options import Options, Say
from bench.report import Report, begin, end
from bench.world import Cast

BETWEEN_KILLS = (0.4, 1.6)  # seconds
EACH_ANSWERED = "each answered"


def run(options: Options, say: Say) -> Report:
    """Run every case in turns and reconcile.

    Raises `RuntimeError` when a server does not start or the machine cannot be measured.
    """
    names = ("server", "processes", "seconds", "repeat", "pairs", "window", "kill9", "refusals")
    report = begin("hotpath", options.shown(*names) | {"answer_every": ANSWER_EVERY})
    extra = refusals.PAIRS if options.refusals else 0
    cast = Cast(options.pairs, spare=2 * extra, broke=extra, paused=extra)
    with own_core() as core, Cases(options, report, say) as made:
        products = list(made.products(cast))
        cases: list[Case] = [*made.relays(), *products]  # the reference first
        made.start(cases, core=core)
        refused = asyncio.run(_drive(cases, products, options, core=core, say=say))
        costs = _costs(cases, products)
        for case in products:
            case.reconcile(report, say)
            batches = histogram(report.counters[case.name])
            since = " since the last kill" if options.kill9 else ""
            report.notes.append(f"{case.name}{since}: {batches}")
    report.rows = [one.row() for one in costs]
    for case, found in zip(products, refused, strict=False):
        accepted = next(one for one in costs if one.case == case.name)
        report.rows += refusals.rows(found, accepted=accepted, has_redis=bool(case.bus))
    ours = {case.name for case in products}
    report.goals = [goal for one in costs if one.case in ours for goal in one.goals()]
    return end(report)


async def _drive(
    cases: Sequence[Case],
    products: Sequence[ProductCase],
    options: Options,
    *,
    core: int | None,
    say: Say,
) -> list[list[refusals.Found]]:
    """All servers are up; only one is under load at a time, in turns.

    What is refused comes back for each product, or for none when it is not asked.
    """
    for case in cases:
        await case.load.connect(case.ports)
    for number in range(options.repeat):
        for case in cases:
            say(f"{case.name}: {number + 1} of {options.repeat}")
            await _measure(case, options)
    refused = []
    for product in products:
        if options.refusals:
            say(f"{product.name}: what is refused")
            refused.append(await refusals.measure_all(product, options))
        if options.kill9:
            await _kill9(product, options, core, say)
    for case in cases:
        case.load.close()
    return refused


async def _measure(case: Case, options: Options) -> None:
    """One window; then, on ours, one in which each message is answered in person."""
    window, seconds = options.window, options.seconds
    case.windows.append(await measure(case.load, case.spent, window=window, seconds=seconds))
    if isinstance(case, ProductCase):
        case.load.answer_every(1)
        found = await measure(case.load, case.spent, window=window, seconds=seconds)
        case.answered.append(found)
        case.load.answer_every(ANSWER_EVERY)


async def _kill9(case: ProductCase, options: Options, core: int | None, say: Say) -> None:
    """Kill the servers at random moments of a stream; the clients go on as clients do."""
    random = Random()
    case.load.start(options.window)
    for number in range(options.kill9):
        await asyncio.sleep(random.uniform(*BETWEEN_KILLS))
        say(f"{case.name}: kill -9, {number + 1} of {options.kill9}")
        delivered = case.load.delivered
        await kill9(case, core=core)
        await until(lambda: case.load.delivered > delivered)  # noqa: B023  used up at once
    case.load.stop()
    await case.load.drain()


def _costs(cases: Sequence[Case], products: Sequence[ProductCase]) -> list[Cost]:
    """What each case costs, the relay of reference among the first; then ours, each answered."""
    relay: Cost | None = None
    costs: list[Cost] = []

    def add(case: Case, name: str, windows: Sequence[Window]) -> Cost:
        found = cost(name, windows, relay=relay, stores=case.has_database, has_redis=bool(case.bus))
        costs.append(found if name != RELAY_REDIS else replace(found, ratio=1.0))
        return found

    for case in cases:
        found = add(case, case.name, case.windows)
        relay = found if case.name == RELAY_REDIS else relay
    for product in products:
        add(product, f"{product.name}, {EACH_ANSWERED}", product.answered)
    return costs
