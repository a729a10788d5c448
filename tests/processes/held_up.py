"""Hides how a test keeps every writer of a server's database waiting, for as long as it likes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import UUID

import psycopg

from tests.running_server import RunningServer


@contextmanager
def writers_wait(server: RunningServer, conversation_id: str) -> Iterator[None]:
    """What is written to this conversation waits until the end of the block.

    On SQLite whatever is written anywhere does: hence no longer than its own limit of 10 s.
    """
    if "DATABASE_URL" in server.env:
        with psycopg.connect(server.env["DATABASE_URL"]) as holder:
            holder.execute(
                "SELECT 1 FROM chat_conversation WHERE id = %s FOR UPDATE", [UUID(conversation_id)]
            )
            yield
            holder.rollback()
    else:
        path = server.home / "aparte.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
