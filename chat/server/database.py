"""Hides when the database can be used: it may start later than we do, and need its tables first."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

logger = logging.getLogger(__name__)

WAIT_MIN_SECONDS, WAIT_MAX_SECONDS = 0.25, 5.0
CONNECT_SECONDS = 5
MIGRATING = 0x6170_6172_7465  # the name of the lock: several machines may start at once


class Away(Exception):
    """The database was not there in time."""


def wait_for_database() -> None:
    """Return once the database answers. Raises `Away` after `DATABASE_WAIT_SECONDS`."""
    if connection.vendor == "postgresql":
        _wait("the database does not answer", _refusal)


def wait_for_tables() -> None:
    """Return once somebody has migrated the database. Raises `Away` as `wait_for_database`."""
    _wait("the database is not migrated", lambda: "MigrationPending" if _pending() else "")


def migrate_when_needed() -> None:
    """Bring the database to this version; costs nothing to speak of when it is already there.

    Of several processes that start at once, one migrates and the others wait for it.
    """
    if _pending():
        with _alone():
            if _pending():
                call_command("migrate", verbosity=0, interactive=False)


def leave() -> None:
    """Keep no connection open: this process needs the database no more."""
    connection.close()
    if close_pool := getattr(connection, "close_pool", None):  # PostgreSQL's alone
        close_pool()


def _pending() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def _alone() -> Iterator[None]:
    """On a connection of its own, which a migration cannot close, and in a transaction, which a
    pooler cannot give to somebody else."""
    if connection.vendor != "postgresql":
        yield
        return
    with psycopg.connect(**connection.get_connection_params()) as own:
        own.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATING])
        yield


def _refusal() -> str:
    """Why the database cannot be reached; empty when it can.

    Not through the pool, which tries again at its own pace and says so at length.
    """
    parameters = connection.get_connection_params() | {"connect_timeout": CONNECT_SECONDS}
    try:
        psycopg.connect(**parameters).close()
    except psycopg.OperationalError as error:
        return type(error).__name__
    return ""


def _wait(what: str, refusal: Callable[[], str]) -> None:
    deadline, pause = time.monotonic() + settings.DATABASE_WAIT_SECONDS, WAIT_MIN_SECONDS
    while why := refusal():
        if time.monotonic() + pause > deadline:
            raise Away(f"{what} within {settings.DATABASE_WAIT_SECONDS} s ({why})")
        logger.warning("%s yet (%s), again in %.2f s", what, why, pause)
        time.sleep(pause)
        pause = min(pause * 2, WAIT_MAX_SECONDS)
