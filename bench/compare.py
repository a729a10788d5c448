"""`aparte bench compare OLD NEW`: two runs side by side, as ratios of the newer to the older."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SAME_MACHINE = ("cpu", "cores")
IDENTITY = ("case", "texts")  # what makes a row of one run the same as one of the other
PER_ROW = ("n", "paid")  # counts say how long a run was, not what anything cost

Plain = Mapping[str, Any]


def files(paths: Sequence[Path]) -> Iterator[str]:
    """The lines for two files of runs. Raises `RuntimeError` unless they are two."""
    if len(paths) != 2:
        raise RuntimeError("compare needs two files of runs: an older and a newer one")
    older, newer = (json.loads(path.read_text()) for path in paths)
    return lines(older, newer)


def lines(older: Plain, newer: Plain) -> Iterator[str]:
    """One line for each row of both runs; a warning first where they do not compare."""
    if older["bench"] != newer["bench"]:
        raise RuntimeError(f"these are two things: {older['bench']} and {newer['bench']}")
    if newer["bench"] == "all":
        before = {run["bench"]: run for run in older["runs"]}
        for run in newer["runs"]:
            if run["bench"] in before:
                yield from lines(before[run["bench"]], run)
        return
    yield f"{newer['bench']}: commit {newer.get('commit')} as a ratio to {older.get('commit')}"
    yield from _warnings(older, newer)
    known = {_identity(row): row for row in older["rows"]}
    for row in newer["rows"]:
        if before_row := known.pop(_identity(row), None):
            ratios = _ratios(before_row, row)
            yield f"  {' / '.join(_identity(row))}: " + (
                ", ".join(f"{key} {ratio:.2f}" for key, ratio in ratios) or "no figure in both"
            )
        else:
            yield f"  {' / '.join(_identity(row))}: only in the newer run"
    yield from (f"  {' / '.join(one)}: only in the older run" for one in known)


def _warnings(older: Plain, newer: Plain) -> Iterator[str]:
    for name in SAME_MACHINE:
        one, other = (run["machine"].get(name) for run in (older, newer))
        if one != other:
            yield f"  WARNING: {name} differs ({one}, then {other}): another machine, no comparison"
    settings = [run.get("settings", {}) for run in (older, newer)]
    different = [
        name
        for name in sorted(settings[0].keys() | settings[1].keys())
        if settings[0].get(name) != settings[1].get(name)
    ]
    if different:
        yield f"  WARNING: other settings: {', '.join(different)}"


def _identity(row: Plain) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in IDENTITY if name in row)


def _ratios(before: Plain, after: Plain) -> Iterator[tuple[str, float]]:
    for key, value in after.items():
        old = before.get(key)
        numbers = isinstance(value, int | float) and isinstance(old, int | float)
        if numbers and old and key not in PER_ROW:
            yield key, value / old
