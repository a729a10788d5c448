"""What the command line asks of a bench, in one frozen value that every sub reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.world import Engine, ServerKind

Say = Callable[[str], None]  # hears what is going on, one sentence at a time
QUICK = {
    "seconds": 3.0, "repeat": 1, "pairs": 20, "window": 8, "connections": 200, "minutes": 0.25,
    "records": 20_000, "rows": 100_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """Every option of every sub; each reads what concerns it."""

    engines: Sequence[Engine] = tuple(Engine)
    server: ServerKind = ServerKind.DAPHNE
    processes: int = 2  # on PostgreSQL; SQLite has one
    seconds: float = 10.0
    repeat: int = 3
    pairs: int = 50
    window: int = 8
    rate: float = 200.0
    connections: int = 2_000
    minutes: float = 10.0
    records: int = 1_000_000
    rows: int = 10_000_000
    kill9: int = 0
    seed: int = 0  # of what happens at random; 0 draws one
    refusals: bool = False
    profile: bool = False
    quick: bool = False
    files: Sequence[Path] = ()
    postgres: str = ""  # DATABASE_URL and REDIS_URL of these settings, when there are any
    bus: str = ""

    def quickly(self) -> "Options":
        """The same, cut down to what fits into a few seconds."""
        return replace(self, quick=True, **QUICK)  # type: ignore[arg-type]

    def shown(self, *names: str) -> dict[str, object]:
        """These options as settings of a report."""
        return {name: getattr(self, name) for name in names}
