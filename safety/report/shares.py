"""Shares with their intervals, goals and tables: what the page prints and the JSON holds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

Z = 1.96  # of a 95 % interval
ROUNDING = 1e-9  # of sums that should be 0 or 1


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`. `independent` is how many of these are independent of each other, when
    one text is counted several times; 0 for all of them."""

    count: int
    total: int
    independent: int = 0

    @classmethod
    def of[T](cls, rows: Iterable[T], says: Callable[[T], bool]) -> "Share":
        """How many of these rows `says` is true of."""
        said = [says(row) for row in rows]
        return cls(sum(said), len(said))

    @property
    def rate(self) -> float | None:
        """0..1, or None of nothing."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927); 0 to 1 of nothing."""
        if self.rate is None:
            return 0.0, 1.0
        near = Z**2 / (self.independent or self.total)
        middle = (self.rate + near / 2) / (1 + near)
        spread = self.rate * (1 - self.rate) * near / Z**2 + near**2 / (4 * Z**2)
        half = Z * sqrt(spread) / (1 + near)
        return max(middle - half, 0.0), min(middle + half, 1.0)

    def __str__(self) -> str:
        """`.50 (.24-.76) of 10`, or `-` of nothing."""
        if self.rate is None:
            return "-"
        low, high = self.interval
        return f"{short(self.rate)} ({short(low)}-{short(high)}) of {self.total}"

    def as_json(self) -> dict[str, Any]:
        """Numbers, rounded to 4 decimals."""
        low, high = (round(one, 4) for one in self.interval)
        rate = None if self.rate is None else round(self.rate, 4)
        return {"count": self.count, "of": self.total, "rate": rate, "low": low, "high": high}


def short(rate: float) -> str:
    """`.123`, and `1` or `0` where nothing is missing or there."""
    if min(rate, 1 - rate) < ROUNDING:
        return f"{rate:.0f}"
    return f"{rate:.3f}".removeprefix("0")


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise of the design and what was measured. `least`: the share should be high."""

    name: str
    apart: Share
    development: Share | None
    must: float
    goal: float
    least: bool = True

    @property
    def status(self) -> str:
        """`goal`, `must`, `missed`, by the kept-apart part; `not measured` of nothing."""
        rate = self.apart.rate
        if rate is None:
            return "not measured"
        if self._keeps(rate, self.goal):
            return "goal"
        return "must" if self._keeps(rate, self.must) else "missed"

    def limit(self, value: float) -> str:
        """A limit with its direction: `at least .75`."""
        return f"{'at least' if self.least else 'at most'} {short(value)}"

    def _keeps(self, rate: float, limit: float) -> bool:
        return rate >= limit if self.least else rate <= limit


Cell = str | int | Share


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the report, with what to know before reading it."""

    name: str
    title: str
    before: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def markdown(self) -> str:
        """With its title as a heading."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
        return f"## {self.title}\n\n{self.before}\n\n{table}\n"

    def as_json(self) -> dict[str, Any]:
        """`{columns, rows}`; a share is `{count, of, rate, low, high}`."""
        rows = [[c.as_json() if isinstance(c, Share) else c for c in row] for row in self.rows]
        return {"columns": list(self.columns), "rows": rows}
