"""Rows of any bench as a table: for a terminal, and for a page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# What a key of a row is called, and its digits after the point; other keys stay in the JSON.
COLUMNS: dict[str, tuple[str, int]] = {
    "case": ("case", 0),
    "texts": ("texts", 0),
    "n": ("n", 0),
    "connections": ("sockets", 0),
    "server_us": ("server µs", 0),
    "database_us": ("database µs", 0),
    "redis_us": ("Redis µs", 0),
    "total_us": ("total µs", 0),
    "min": ("min", 0),
    "max": ("max", 0),
    "paid_us": ("µs a paid one", 0),
    "ratio": ("ratio", 2),
    "beside": ("beside accepted", 2),
    "rate": ("a second", 0),
    "wal_bytes": ("WAL bytes", 0),
    "generator_share": ("generator", 2),
    "p50_us": ("p50 µs", 0),
    "mean_us": ("mean µs", 0),
    "p99_us": ("p99 µs", 0),
    "max_us": ("max µs", 0),
    "p50_ms": ("p50 ms", 2),
    "p99_ms": ("p99 ms", 2),
    "p999_ms": ("p99.9 ms", 2),
    "max_ms": ("max ms", 2),
    "added_p50_ms": ("added p50 ms", 2),
    "added_p99_ms": ("added p99 ms", 2),
    "kib": ("KiB each", 1),
    "per_gib": ("per GiB", 0),
    "kernel_kib": ("kernel KiB", 1),
    "heartbeat_us": ("heartbeat µs", 0),
    "idle_us": ("idle µs a second", 1),
    "memory_mb": ("MB", 0),
    "growth": ("memory grew", 3),
    "kills": ("kills", 0),
    "distinct": ("judged", 0),
    "seconds": ("s", 1),
    "value": ("value", 2),
    "must": ("must", 2),
    "goal": ("goal", 2),
    "status": ("status", 0),
}


def text(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines of aligned columns, the first to the left and the rest to the right."""
    cells = _cells(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        first, *rest = (cell.ljust(w) for cell, w in zip(line, widths, strict=True))
        right = [cell.strip().rjust(w) for cell, w in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first, *right]).rstrip()


def markdown(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines of a Markdown table."""
    titles, *body = _cells(rows)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    yield from (f"| {' | '.join(line)} |" for line in body)


def _cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    keys = [key for key in COLUMNS if any(row.get(key) is not None for row in rows)]
    titles = [COLUMNS[key][0] for key in keys]
    return [titles, *([_shown(row.get(key), COLUMNS[key][1]) for key in keys] for row in rows)]


def _shown(value: Any, digits: int) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:,.{digits}f}"
