"""What a refused item costs beside an accepted one: each reason under a load of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.cases import ProductCase
from bench.clients import Talk
from bench.cost import Cost, cost
from bench.journal import Journal, Said
from bench.load import ProductLoad, Window, measure
from bench.options import Options
from bench.world import Pair, Seeded

PAIRS = 10  # of each reason
TOO_LITTLE_CENTS = 1  # less than any message may cost
SEED = 7_000


class RefusedTalk(Talk):
    """Whatever the fan says is refused; nobody answers it."""

    most_cents = 10_000

    def __init__(self, pair: Pair, journal: Journal, *, seed: int) -> None:
        super().__init__(pair, journal, answer_every=1, seed=seed)
        self.codes: set[str] = set()

    def say(self, due_at: float | None = None) -> None:
        self.fan.say(self._texts.next(), due_at=due_at, most_cents=self.most_cents)

    def _count(self, said: Said) -> None:
        super()._count(said)
        self.codes.add(said.refused or said.state)


class OutpricedTalk(RefusedTalk):
    """The fan saw an older, lower price."""

    most_cents = TOO_LITTLE_CENTS


class ReplayTalk(RefusedTalk):
    """The fan says a few things, and then the same again and again, as after a lost connection."""

    def start(self, window: int) -> None:
        self.answer_every = window + 1  # no answer in person: it would not be a replay
        super().start(window)

    def _on_fan_answer(self, said: Said) -> None:
        if said.answers == 1:
            super()._count(said)
        else:
            self.refused += 1
            self.codes.add("replay")
        if self._running:
            self.fan.send(said)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nothing comes of these messages, the answers that say so, and who sends them."""

    name: str
    codes: frozenset[str]
    talk: type[RefusedTalk]
    group: str  # of the seeded people


REASONS = (
    Reason("no funds", frozenset({"insufficient_funds"}), RefusedTalk, "broke"),
    Reason("price changed", frozenset({"price_changed"}), OutpricedTalk, "outpriced"),
    Reason("conversation paused", frozenset({"conversation_paused"}), RefusedTalk, "paused"),
    Reason("replay", frozenset({"replay", "delivered", "held"}), ReplayTalk, "repeating"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What one reason showed: its windows, and every answer there was."""

    reason: Reason
    windows: Sequence[Window]
    codes: frozenset[str]


async def measure_all(case: ProductCase, options: Options) -> list[Found]:
    """Each reason in turn, on sockets of its own; the last window of each is at rest again."""
    return [await _measure(case, reason, options) for reason in REASONS]


async def _measure(case: ProductCase, reason: Reason, options: Options) -> Found:
    pairs = pairs_of(case.world.people, reason.group)
    talks = [
        reason.talk(pair, case.journal, seed=SEED + number) for number, pair in enumerate(pairs)
    ]
    load = ProductLoad(talks)
    await load.connect(case.ports)
    windows = [
        await measure(load, case.spent, window=options.window, seconds=options.seconds)
        for _ in range(options.repeat)
    ]
    load.close()
    return Found(reason, windows, frozenset().union(*(talk.codes for talk in talks)))


def pairs_of(people: Seeded, group: str) -> Sequence[Pair]:
    """The pairs a reason speaks through: half the spare ones each, where they have a wallet."""
    match group:
        case "broke":
            return people.broke
        case "paused":
            return people.paused
        case "outpriced":
            return people.spare[:PAIRS]
        case _:
            return people.spare[PAIRS:]


def rows(found: Sequence[Found], *, accepted: Cost, has_redis: bool) -> Iterator[dict[str, Any]]:
    """A row for each reason, with what it costs as a share of an accepted message."""
    for one in found:
        windows = [window._replace(messages=window.refused) for window in one.windows]
        name = f"{accepted.case}, {one.reason.name}"
        stores = accepted.database_us is not None
        row = cost(name, windows, relay=None, stores=stores, has_redis=has_redis).row()
        row["beside"] = row["total_us"] / accepted.total_us
        if not one.codes <= one.reason.codes:
            row["status"] = f"answered otherwise: {', '.join(sorted(one.codes))}"
        yield row
