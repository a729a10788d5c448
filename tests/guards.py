"""Hides how a test database is emptied although its triggers refuse every delete.

PostgreSQL truncates, which row triggers do not see. SQLite deletes, so its triggers are taken away
for that moment and put back as they were.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.test import TransactionTestCase


@contextmanager
def lifted_guards() -> Iterator[None]:
    """Without the triggers of the database on SQLite; as it is on PostgreSQL."""
    triggers = _triggers() if connection.vendor == "sqlite" else []
    _run(f'DROP TRIGGER "{name}"' for name, _ in triggers)
    try:
        yield
    finally:
        _run(sql for _, sql in triggers)


def install() -> None:
    """Make every test that commits (`transaction=True`) clean up after itself in this way."""
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(case: TransactionTestCase) -> None:
        with lifted_guards():
            empty(case)

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]


def _triggers() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return [(str(name), str(sql)) for name, sql in cursor.fetchall()]


def _run(statements: Iterator[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
