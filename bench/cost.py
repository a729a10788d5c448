"""What a message costs: medians over repeats, as rows of a report, and the goals they meet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.load import Window
from bench.report import Goal

GENERATOR_SHARE_MAX = 0.7  # above it the generator may be what was measured
RELAY_REDIS, RELAY_MEMORY = "relay, Redis pub/sub", "relay, in memory"
HISTOGRAM = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, slots=True)
class Cost:
    """One case over all repeats: medians, CPU in microseconds a delivered message.

    `total_us` is server and database; Redis has its own column, outside the total and the ratio.
    `paid_us` is that total for each paid message, where answers are delivered beside.
    """

    case: str
    n: int
    paid: int
    server_us: float
    database_us: float | None
    redis_us: float | None
    total_us: float
    min: float
    max: float
    paid_us: float | None
    ratio: float | None
    rate: float
    wal_bytes: float | None
    generator_share: float

    @property
    def void(self) -> bool:
        """Whether the generator was too busy for the row to mean anything."""
        return self.generator_share > GENERATOR_SHARE_MAX

    def row(self) -> dict[str, Any]:
        """As a row of a report."""
        said = {"status": "void: the generator was the bottleneck"} if self.void else {}
        return asdict(self) | said

    def goals(self) -> Iterator[Goal]:
        """What the design asks of a message's cost; a void row is no figure."""
        valid = not self.void
        ratio, total = (self.ratio, self.total_us) if valid else (None, None)
        yield Goal(f"{self.case}: ratio to relay", ratio, 0.5, 0.25, relative=True)
        yield Goal(f"{self.case}: CPU µs a message", total, 250, 125)


def cost(
    case: str, windows: Sequence[Window], *, relay: Cost | None, stores: bool, has_redis: bool
) -> Cost:
    """Medians over the repeats of one case."""

    def a_message(spent: Sequence[float]) -> list[float]:
        return [s / max(1, w.messages) for s, w in zip(spent, windows, strict=True)]

    def microseconds(seconds: Sequence[float]) -> list[float]:
        return [value * 1e6 for value in a_message(seconds)]

    totals = microseconds([w.spent.server + w.spent.database for w in windows])
    total, paid, n = median(totals), sum(w.paid for w in windows), sum(w.messages for w in windows)
    return Cost(
        case=case,
        n=n,
        paid=paid,
        server_us=median(microseconds([w.spent.server for w in windows])),
        database_us=median(microseconds([w.spent.database for w in windows])) if stores else None,
        redis_us=median(microseconds([w.spent.redis for w in windows])) if has_redis else None,
        total_us=total,
        min=min(totals),
        max=max(totals),
        paid_us=total * n / paid if paid else None,
        ratio=total / relay.total_us if relay and not relay.void else None,
        rate=median(w.messages / w.wall for w in windows),
        wal_bytes=median(a_message([w.spent.wal for w in windows])) if stores else None,
        generator_share=max(w.generator_share for w in windows),
    )


def latency(rising: Sequence[float]) -> dict[str, float | None]:
    """Percentiles of these seconds, in milliseconds, by the names of a report's columns."""
    return {
        "p50_ms": _percentile(rising, 0.50),
        "p99_ms": _percentile(rising, 0.99),
        "p999_ms": _percentile(rising, 0.999),
        "max_ms": rising[-1] * 1000 if rising else None,
    }


def _percentile(rising: Sequence[float], share: float) -> float | None:
    if not rising:
        return None
    return rising[min(len(rising) - 1, int(len(rising) * share))] * 1000


def added(own: float | None, relay: float | None) -> float | None:
    """What ours takes longer than the relay did in this run; None without both."""
    return None if own is None or relay is None else own - relay


def histogram(counters: Mapping[str, Any]) -> str:
    """The batches of a server by size, in one line."""
    sizes = {int(size): count for size, count in counters["batch_sizes"].items()}
    batches = sum(sizes.values())
    if not batches:
        return "no batch"
    parts, low = [], 0
    for high in HISTOGRAM:
        count = sum(n for size, n in sizes.items() if low < size <= high)
        if count:
            parts.append(f"{low + 1}-{high}: {count}" if high > low + 1 else f"{high}: {count}")
        low = high
    drafts = sum(size * count for size, count in sizes.items())
    return (
        f"batches by size {{{', '.join(parts)}}}, mean {drafts / batches:.1f}, "
        f"{counters['statements'] / batches:.1f} statements a batch"
    )
