"""`aparte bench` without a sub: all of them, one after the other, as one result."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.options import Options, Say
from bench.report import Goal
from bench.subs import SUBS, Found


@dataclass(frozen=True, slots=True)
class Everything:
    """What all of them found."""

    runs: Sequence[Found]

    @property
    def broken(self) -> list[str]:
        return [line for one in self.runs for line in one.broken]

    def missed(self, gate: str) -> list[Goal]:
        return [goal for one in self.runs for goal in one.missed(gate)]

    def as_json(self) -> dict[str, Any]:
        return {"bench": "all", "runs": [one.as_json() for one in self.runs]}

    def lines(self) -> Iterator[str]:
        for one in self.runs:
            yield from one.lines()
            yield ""


def run(options: Options, say: Say) -> Everything:
    """Every sub in turn. Raises `RuntimeError` as the first that cannot run does."""
    return Everything([sub(options, say) for sub in SUBS.values()])
