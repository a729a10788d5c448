"""Two archives at once: the second waits for the first, and takes only what that one left."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from paywall import ledger
from paywall.commands.archives import archive_ledger
from paywall.models import ArchivedPeriod, ArchivedPosting, Transfer
from paywall.queries.archives import prove_archives
from tests.paywall.test_the_ledger_is_archived import FEBRUARY, MARCH, NOW, Shop, lines, shop
from tests.wire import until

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

__all__ = ["shop"]
WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
"""
SECONDS = 60.0


def someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        ((count,),) = cursor.fetchall()
    return bool(count)


def archived_elsewhere(before: datetime, folder: Path) -> ArchivedPeriod | None:
    """On a connection of its own."""
    try:
        return archive_ledger(before=before, to=folder, now=NOW)
    finally:
        connection.close()


def second_while_first(
    folder: Path, *, before: datetime, first_is_undone: bool = False
) -> ArchivedPeriod | None:
    """What an archive until `before` does that begins while one until February is not over."""
    second: Future[ArchivedPeriod | None]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert archive_ledger(before=FEBRUARY, to=folder, now=NOW) is not None
            second = pool.submit(archived_elsewhere, before, folder)
            until(lambda: second.done() or someone_waits(), seconds=SECONDS)
            assert not second.done()
            transaction.set_rollback(first_is_undone)
        return second.result(SECONDS)


def in_files(folder: Path) -> list[str]:
    """The key of every posting of every archived period."""
    periods = ArchivedPeriod.objects.order_by("number")
    return [line["key"] for period in periods for line in lines(folder / period.file)]


def everything_is_once(folder: Path) -> bool:
    keys = in_files(folder)
    standing = set(Transfer.objects.values_list("posting_key", flat=True))
    return (
        len(keys) == len(set(keys)) == ArchivedPosting.objects.count()
        and standing.isdisjoint(keys)
        and all(check.ok for check in ledger.check_books())
        and all(not proof.wrong and not proof.away for proof in prove_archives(folder))
        and not list(folder.glob(".*.draft"))
    )


def test_the_same_period_is_archived_once(shop: Shop, tmp_path: Path) -> None:
    assert second_while_first(tmp_path, before=FEBRUARY) is None
    assert ArchivedPeriod.objects.count() == 1
    assert everything_is_once(tmp_path)


def test_a_longer_period_takes_what_the_first_left(shop: Shop, tmp_path: Path) -> None:
    second = second_while_first(tmp_path, before=MARCH)
    assert second is not None
    assert (second.number, second.since, second.before) == (2, FEBRUARY, MARCH)
    assert everything_is_once(tmp_path)


def test_the_second_takes_all_where_the_first_is_undone(shop: Shop, tmp_path: Path) -> None:
    second = second_while_first(tmp_path, before=FEBRUARY, first_is_undone=True)
    assert second is not None
    assert (second.number, ArchivedPeriod.objects.count()) == (1, 1)
    assert everything_is_once(tmp_path)
