"""Asks PostgreSQL how many rows it takes up for what the product asks."""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from bench.history import _explained, _statements


def visited(call: Callable[[], object]) -> int:
    """Rows that the hungriest statement of this call takes up, those it drops included."""
    return max(explained["visited"] for explained in _plans(call))


def nodes(call: Callable[[], object]) -> str:
    """What the plans of this call's statements do, and on which index."""
    return "; ".join(explained["nodes"] for explained in _plans(call))


def know_the_tables(*tables: str) -> None:
    """What autovacuum does in time: plans without it are guesses."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def _plans(call: Callable[[], object]) -> list[dict[str, Any]]:
    """With pages as near as on a solid disk: of a table as small as a test's, walking all of it
    along another index is a fair choice where each page costs a turn of a disk."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL random_page_cost = 1.1")
        return [_explained(sql, given) for sql, given in _statements(call)]
