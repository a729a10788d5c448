"""Rows, goals and checks of a run: as a table for people and as JSON for machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from bench.load import Window

GENERATOR_SHARE_MAX = 0.7  # above it the generator may be what was measured
RELAY_REDIS, RELAY_MEMORY = "relay, Redis pub/sub", "relay, in memory"


@dataclass(frozen=True, slots=True)
class Row:
    """One case over all repeats: medians, CPU in microseconds a delivered message.

    `total_us` is server and database; Redis has its own column, outside the total and the ratio.
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
    ratio: float | None
    rate: float
    generator_share: float
    p50_ms: float | None
    p99_ms: float | None

    @property
    def void(self) -> bool:
        """Whether the generator was too busy for the row to mean anything."""
        return self.generator_share > GENERATOR_SHARE_MAX


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise of the design, and what this run says of it."""

    name: str
    value: float | None
    must: float
    goal: float

    @property
    def status(self) -> str:
        """`goal`, `must`, `missed`, or `n/a` without a figure, which is never a pass."""
        if self.value is None:
            return "n/a"
        if self.value <= self.goal:
            return "goal"
        return "must" if self.value <= self.must else "missed"


@dataclass(slots=True)
class Report:
    """Everything a run found."""

    commit: str
    machine: dict[str, Any]
    settings: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    checks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by case
    counters: dict[str, dict[str, Any]] = field(default_factory=dict)  # by case
    notes: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """The checks that failed."""
        return [
            f"{case}: {check['name']}: {check['detail']}"
            for case, checks in self.checks.items()
            for check in checks
            if not check["ok"]
        ]

    def goals(self) -> list[Goal]:
        """The goals of docs/performance.md, for each row of ours."""
        return [goal for row in self.rows if row.case in self.checks for goal in self._goals(row)]

    def missed(self, gate: str) -> list[Goal]:
        """The goals that keep a gate (`all` or `ratio`) closed: missed, or without a figure."""
        wanted = [g for g in self.goals() if gate == "all" or g.name.endswith("ratio to relay")]
        return [goal for goal in wanted if goal.status in ("missed", "n/a")]

    def _goals(self, row: Row) -> Iterator[Goal]:
        relay = next((r for r in self.rows if r.case == RELAY_MEMORY), None)
        p50, p99 = (relay.p50_ms, relay.p99_ms) if relay else (None, None)
        valid = not row.void
        yield Goal(f"{row.case}: ratio to relay", row.ratio if valid else None, 0.5, 0.25)
        yield Goal(f"{row.case}: CPU µs a message", row.total_us if valid else None, 250, 125)
        yield Goal(f"{row.case}: added p50 ms", _added(row.p50_ms, p50), 4, 2)
        yield Goal(f"{row.case}: added p99 ms", _added(row.p99_ms, p99), 15, 5)

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/performance.md describes."""
        goals = [{**asdict(goal), "status": goal.status} for goal in self.goals()]
        return {
            "bench": "hotpath",
            "commit": self.commit,
            "machine": self.machine,
            "settings": self.settings,
            "rows": [asdict(row) for row in self.rows],
            "ledger": {"checks": self.checks},
            "counters": self.counters,
            "goals": goals,
            "notes": self.notes,
        }

    def lines(self) -> Iterator[str]:
        """The table."""
        yield "  ".join(f"{name}: {value}" for name, value in self.machine.items())
        yield f"commit: {self.commit}  " + "  ".join(f"{k}={v}" for k, v in self.settings.items())
        yield ""
        yield (
            f"{'CPU µs a delivered message':<30}{'n':>8}{'server':>8}{'database':>9}{'redis':>7}"
            f"{'total':>8}{'min-max':>14}{'ratio':>7}{'msg/s':>7}"
            f"{'p50 ms':>8}{'p99 ms':>8}{'gen':>5}"
        )
        yield from map(_line, self.rows)
        for case, found in self.counters.items():
            yield f"{case}: {_batches(found)}"
        yield from self.notes
        checked = sum(map(len, self.checks.values()))
        yield f"reconciliation: {checked - len(self.broken)} of {checked} rules hold"
        yield from (f"BROKEN {line}" for line in self.broken)
        for goal in self.goals():
            shown = "n/a" if goal.value is None else f"{goal.value:.2f}"
            yield f"{goal.status:>7}  {goal.name}: {shown} (must {goal.must}, goal {goal.goal})"


def make_row(
    case: str,
    windows: Sequence[Window],
    latencies: Sequence[float],
    *,
    relay: Row | None,
    stores: bool,
    has_redis: bool,
) -> Row:
    """Medians over the repeats of one case."""

    def a_message(seconds: Sequence[float]) -> list[float]:
        return [s / max(1, w.messages) * 1e6 for s, w in zip(seconds, windows, strict=True)]

    totals = a_message([w.server + w.database for w in windows])
    total = median(totals)
    return Row(
        case=case,
        n=sum(w.messages for w in windows),
        paid=sum(w.paid for w in windows),
        server_us=median(a_message([w.server for w in windows])),
        database_us=median(a_message([w.database for w in windows])) if stores else None,
        redis_us=median(a_message([w.redis for w in windows])) if has_redis else None,
        total_us=total,
        min=min(totals),
        max=max(totals),
        ratio=total / relay.total_us if relay and not relay.void else None,
        rate=median(w.messages / w.wall for w in windows),
        generator_share=max(w.generator_share for w in windows),
        p50_ms=_percentile(latencies, 50),
        p99_ms=_percentile(latencies, 99),
    )


def _percentile(rising: Sequence[float], percent: int) -> float | None:
    """The value that `percent` of 100 do not exceed, in milliseconds."""
    if not rising:
        return None
    return rising[min(len(rising) - 1, len(rising) * percent // 100)] * 1000


def _added(own: float | None, relay: float | None) -> float | None:
    return None if own is None or relay is None else own - relay


def _line(row: Row) -> str:
    void = "  VOID: the generator was the bottleneck" if row.void else ""
    return (
        f"{row.case:<30}{row.n:>8}{row.server_us:>8.0f}{_shown(row.database_us):>9}"
        f"{_shown(row.redis_us):>7}{row.total_us:>8.0f}{f'{row.min:.0f}-{row.max:.0f}':>14}"
        f"{_shown(row.ratio, 2):>7}{row.rate:>7.0f}{_shown(row.p50_ms, 1):>8}"
        f"{_shown(row.p99_ms, 1):>8}{row.generator_share:>5.0%}{void}"
    )


def _shown(value: float | None, digits: int = 0) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"


def _batches(counters: Mapping[str, Any]) -> str:
    sizes = {int(size): count for size, count in counters["batch_sizes"].items()}
    batches = sum(sizes.values())
    if not batches:
        return "no batch"
    bounds = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    parts, low = [], 0
    for high in bounds:
        count = sum(n for size, n in sizes.items() if low < size <= high)
        if count:
            parts.append(f"{low + 1}-{high}: {count}" if high > low + 1 else f"{high}: {count}")
        low = high
    drafts = sum(size * count for size, count in sizes.items())
    statements = counters["statements"] / batches
    return (
        f"batches by size {{{', '.join(parts)}}}, mean {drafts / batches:.1f}, "
        f"{statements:.1f} statements a batch"
    )
