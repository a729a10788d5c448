"""The bridge from async code to the database, and set-based SQL that is the same on both engines.

Hides how SQLite and PostgreSQL take many rows in one statement. The text of a statement does not
depend on the number of rows, so the engine parses and plans it once per connection.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from psycopg_pool import PoolTimeout

from accounts.db._questions import Question, answer, ask
from accounts.db._sets import (
    Read,
    columns_of,
    first_rows,
    insert_rows,
    instances,
    rows_of,
    update_rows,
)
from accounts.db._together import written_together

__all__ = [
    "DB_POOL",
    "Question",
    "Read",
    "answer",
    "ask",
    "columns_of",
    "drop_broken",
    "first_rows",
    "in_db",
    "insert_rows",
    "instances",
    "is_away",
    "rows_of",
    "update_rows",
    "written_together",
]

DB_POOL = ThreadPoolExecutor(max_workers=settings.DB_THREADS, thread_name_prefix="db")


def in_db[**P, R](function: Callable[P, R]) -> Callable[P, Any]:
    """The only way from async code to the ORM: an awaitable that runs `function` in a pool thread.

    Never the one thread-sensitive thread of Channels, on which a slow query delays every socket.
    """
    bridged: Callable[P, Any] = database_sync_to_async(
        function, thread_sensitive=False, executor=DB_POOL
    )
    return bridged


def drop_broken() -> None:
    """After a connection failed: others that the server ended are replaced now, all at once.

    Each of them would fail one more person, long after the database is back.
    """
    if pool := getattr(connection, "pool", None):
        pool.check()


def is_away(error: Exception) -> bool:
    """Whether no connection was to be had, for seconds: the next try would wait as long again."""
    return isinstance(error.__cause__, PoolTimeout)
