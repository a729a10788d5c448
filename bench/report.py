"""What a run found, in one shape for every sub: honesty, rows, goals, and the books' checks."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import machine, table

BALANCES = "all balances sum to zero"  # the check of the books whose detail is the sum


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise of the design, and what this run says of it.

    `relative` marks a ratio within this run: a busy machine does not spoil it.
    """

    name: str
    value: float | None
    must: float
    goal: float
    relative: bool = False

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
    """Everything a run found. A row is a plain dict with a `case`; `bench.table` knows its keys."""

    bench: str
    settings: dict[str, Any]
    commit: str = ""
    machine: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
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

    def missed(self, gate: str) -> list[Goal]:
        """The goals that keep a gate (`all` or `ratio`) closed: missed, or without a figure."""
        wanted = [goal for goal in self.goals if gate == "all" or goal.relative]
        return [goal for goal in wanted if goal.status in ("missed", "n/a")]

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/performance.md describes."""
        checks = [{"case": case, **one} for case, found in self.checks.items() for one in found]
        return {
            "bench": self.bench,
            "commit": self.commit,
            "machine": self.machine,
            "settings": self.settings,
            "rows": self.rows,
            "ledger": {"sum_cents": _sum_cents(checks), "checks": checks},
            "counters": self.counters,
            "goals": [{**asdict(goal), "status": goal.status} for goal in self.goals],
            "notes": self.notes,
        }

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield "  ".join(f"{name}: {value}" for name, value in self.machine.items())
        settings = "  ".join(f"{name}={value}" for name, value in self.settings.items())
        yield f"bench: {self.bench}  commit: {self.commit}  {settings}"
        if self.rows:
            yield ""
            yield from table.text(self.rows)
        yield from self.notes
        yield from self._profile()
        if self.checks:
            checked = sum(map(len, self.checks.values()))
            yield f"reconciliation: {checked - len(self.broken)} of {checked} rules hold"
        yield from (f"BROKEN {line}" for line in self.broken)
        for goal in self.goals:
            shown = "n/a" if goal.value is None else f"{goal.value:.2f}"
            yield f"{goal.status:>7}  {goal.name}: {shown} (must {goal.must}, goal {goal.goal})"

    def _profile(self) -> Iterator[str]:
        """Where the CPU of our servers went, largest first, where that was asked."""
        for case, counters in self.counters.items():
            for kind, spent in counters.get("profile", {}).items():
                yield f"\n{case}: CPU ms by {kind}"
                yield from (f"{ms:>10.0f}  {name}" for name, ms in spent.items())


def begin(bench: str, settings: dict[str, Any]) -> Report:
    """A report that knows the machine and how busy it was. Raises `RuntimeError` off Linux."""
    machine.require_linux()
    return Report(bench, settings, machine.commit(), machine.describe() | machine.moment("before"))


def end(report: Report) -> Report:
    """The same report, which knows as well how busy the machine was at the end."""
    report.machine |= machine.moment("after")
    return report


def _sum_cents(checks: list[dict[str, Any]]) -> int | None:
    """What all balances of all worlds sum to; None where no books were kept."""
    sums = [check for check in checks if check["name"] == BALANCES]
    return sum(0 if check["ok"] else int(check["detail"]) for check in sums) if sums else None
