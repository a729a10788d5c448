"""Hides when the replica answers instead of the primary: docs/decisions/0012-reads-of-a-replica.md.

Whoever reads is authorised on the primary, by a statement that also says how far the primary's log
has come. What it leads to is read on the replica once that has replayed as much, so that it shows
all that the first statement could see. A replica that is away, slow or behind is no error: the
primary answers.
"""

import logging
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Error as Refused
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.models import Func, Model, QuerySet, TextField

from accounts import metrics
from accounts.rest import Rest

logger = logging.getLogger(__name__)

REPLICA = "replica"  # its name in settings.DATABASES, where there is one
PATIENCE_SECONDS, STEP_SECONDS = 0.02, 0.002  # replaying is a moment behind, and soon there
BEHIND_SECONDS, AWAY_SECONDS = 0.2, 5.0  # in which one that was behind, or away, is not asked
_POSITION = "primary_position"

_rest = Rest()


def silent() -> bool:
    """Whether there is a replica that did not answer when it was asked last."""
    return _rest.seconds == AWAY_SECONDS


def with_position[M: Model](rows: QuerySet[M]) -> QuerySet[M]:
    """These rows of the primary, for `read_after`; the same query where no replica may be asked."""
    if REPLICA not in connections:
        return rows
    if not _rest.is_over():
        metrics.REPLICA_READS.labels("resting").inc()
        return rows
    # What is visible was flushed before (`synchronous_commit`); only what is flushed is replicated.
    flushed: Any = Func(function="pg_current_wal_flush_lsn", output_field=TextField())
    positioned: QuerySet[M] = rows.annotate(**{_POSITION: flushed})
    return positioned


def read_after[T](row: Model, read: Callable[[str], T]) -> T:
    """What `read(using)` finds, on a database that shows all that `row` was read beside.

    That is the replica if `row` came `with_position` and it has replayed as much, else the primary.
    `read` may be called twice, and answers with what it has read, never with a query to come.
    """
    position = row.__dict__.get(_POSITION)
    if position is not None:
        try:
            if _has_replayed(position):
                found = read(REPLICA)
                _note("replica", rest_seconds=0.0)
                return found
            _note("behind", rest_seconds=BEHIND_SECONDS)
        except Error as error:
            _note("away", rest_seconds=AWAY_SECONDS, error=error)
    return read(DEFAULT_DB_ALIAS)


def _has_replayed(position: str) -> bool:
    """Whether it has, or does within `PATIENCE_SECONDS`. A statement of its own: one sees what was
    replayed before it began, and this one says how much that is."""
    patient_until = monotonic() + PATIENCE_SECONDS
    with connections[REPLICA].cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [position])
            if cursor.fetchone()[0]:
                return True
            if monotonic() > patient_until:
                return False
            sleep(STEP_SECONDS)


def _note(outcome: str, *, rest_seconds: float, error: Exception | None = None) -> None:
    """Count what became of a read, let the replica rest, and say when it leaves or comes back."""
    metrics.REPLICA_READS.labels(outcome).inc()
    was_away = _rest.lasts(rest_seconds) == AWAY_SECONDS
    if error and not was_away:
        name = type(error).__name__
        logger.warning("replica: it does not answer (%s), pages are read from the primary", name)
    elif was_away and not error:
        logger.warning("replica: it answers again")


@register
def replica_is_postgresql(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error when `DATABASE_REPLICA_URL` is set and cannot be the replica of the database."""
    if settings.DATABASE_REPLICA_URL and REPLICA not in connections:
        problem = (
            "DATABASE_REPLICA_URL is a PostgreSQL replica of the PostgreSQL of DATABASE_URL:"
            " unset it, or set both."
        )
        return [Refused(problem, id="accounts.E001")]
    return []
