"""Hides how statements of one transaction travel to PostgreSQL: one by one, or several as one.

A statement costs a fifth of a millisecond before it touches a row: a round trip, and what Django
and the driver do around it. A small batch of messages is hardly more than that.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import starmap
from typing import Any, NamedTuple

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import Format

from accounts.db._arrays import Array

MARK = "%b"  # where a value enters the text of a part; numbered when parts become one statement


class Part(NamedTuple):
    """A statement, or a part of one: its text, and one array for each mark in it."""

    sql: str
    arrays: Sequence[Array]
    changes: str  # the table that it writes, or which rows apart; none: it only reads
    answers: int  # columns of the rows it answers with


class _Gathered:
    """The writes of a block that were not sent yet, none of rows that another writes."""

    def __init__(self, own: BaseDatabaseWrapper) -> None:
        self._own = own
        self._parts: dict[str, Part] = {}

    def run(self, part: Part) -> list[tuple[Any, ...]]:
        if not part.changes:
            return _execute(self._own, [part])  # `before` sends what it has to see
        if part.changes in self._parts:
            self.flush()
        self._parts[part.changes] = part
        return self.flush() if part.answers else []

    def flush(self) -> list[tuple[Any, ...]]:
        """Send them; what the last one answers, if it does."""
        parts, self._parts = list(self._parts.values()), {}
        return _execute(self._own, parts) if parts else []

    def before(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Whatever else runs on this connection sees all that was written before it."""
        self.flush()
        return execute(*statement)


_gathered: ContextVar[_Gathered | None] = ContextVar("gathered", default=None)


@contextmanager
def written_together() -> Iterator[None]:
    """Inserts and updates in here go to PostgreSQL as one statement, when the block ends.

    In any order among themselves, so no two of them may hang on each other. A second write to a
    table (but an update of rows `apart`), one that answers with rows, and any other statement come
    after what was gathered until then. Assumes an open transaction, and undoing it where the block
    raises; a constraint may speak late. On SQLite, where a statement costs no journey, each runs at
    once.
    """
    own = connections[DEFAULT_DB_ALIAS]
    if own.vendor == "sqlite":
        yield
        return
    gathered = _Gathered(own)
    token = _gathered.set(gathered)
    try:
        with own.execute_wrapper(gathered.before):
            yield
            gathered.flush()
    finally:
        _gathered.reset(token)


def run_part(own: BaseDatabaseWrapper, part: Part) -> list[tuple[Any, ...]]:
    """Execute it now, or with others at the end of `written_together`."""
    gathered = _gathered.get()
    return gathered.run(part) if gathered else _execute(own, [part])


def read_parts(own: BaseDatabaseWrapper, parts: Sequence[Part]) -> list[list[tuple[Any, ...]]]:
    """The rows of each, all read by one statement; at most one of them locks."""
    sql = _side_by_side(tuple((part.sql, part.answers) for part in parts))
    with _binding_cursor(own) as cursor:
        cursor.execute(sql, [array for part in parts for array in part.arrays])
        columns = iter(cursor.fetchone())
    found = [[next(columns) for _ in range(part.answers)] for part in parts]
    return [list(zip(*one, strict=True)) if one[0] is not None else [] for one in found]


def _execute(own: BaseDatabaseWrapper, parts: Sequence[Part]) -> list[tuple[Any, ...]]:
    sql = _statement(tuple(part.sql for part in parts))
    arrays = [array for part in parts for array in part.arrays]
    with _binding_cursor(own) as cursor:
        cursor.execute(sql, arrays)
        return cursor.fetchall() if parts[-1].answers else []


def _binding_cursor(own: BaseDatabaseWrapper) -> Any:
    """Django's cursor pastes values into the text of a statement. This one sends them beside it,
    so that each connection parses and plans a statement once (`prepare_threshold` is 0)."""
    own.ensure_connection()
    cursor: Any = psycopg.RawCursor(own.connection)
    cursor.format = Format.BINARY
    return own.make_debug_cursor(cursor) if own.queries_logged else own.make_cursor(cursor)


@cache
def _statement(parts: tuple[str, ...]) -> str:
    """One statement: all but the last beside it, as PostgreSQL runs whatever changes rows."""
    *beside, last = parts
    named = ", ".join(f"part{number} AS ({sql})" for number, sql in enumerate(beside))
    return _numbered(f"WITH {named} {last}" if beside else last)


@cache
def _side_by_side(parts: tuple[tuple[str, int], ...]) -> str:
    """One row: an array for each column of each part, in the order of the part's own rows."""
    return _numbered("SELECT * FROM " + ", ".join(starmap(_as_arrays, enumerate(parts))))


def _as_arrays(number: int, part: tuple[str, int]) -> str:
    sql, width = part
    names = [f"c{column}" for column in range(width)]
    arrays = ", ".join(f"array_agg({name})" for name in names)
    return f"(SELECT {arrays} FROM ({sql}) AS rows({', '.join(names)})) AS part{number}"


def _numbered(sql: str) -> str:
    pieces = sql.split(MARK)
    return pieces[0] + "".join(f"${number}{piece}" for number, piece in enumerate(pieces[1:], 1))
