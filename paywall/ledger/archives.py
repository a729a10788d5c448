"""Hides how what is over leaves the ledger: into a file, with closings in its place.

A hold's postings are over when it has ended, every other one when it happened. Nothing else leaves.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import batched, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce, Substr
from uuid_utils.compat import uuid7

from accounts.db import insert_rows
from paywall.ledger import archive_file
from paywall.ledger._accounts import require_transaction
from paywall.ledger.archive_file import SUFFIX, Archived
from paywall.ledger.books import Book, Leg, Place, Posting, fingerprint, hold_key
from paywall.ledger.models import ArchivedPeriod, ArchivedPosting, Hold, HoldState, Transfer

CLOSING = "closing"  # the kind of the transfers that stand for archived ones
AT_ONCE = 2_000
_PLACES = ("source_book", "source_owner_id", "target_book", "target_owner_id")


class ArchiveRefused(Exception):
    """Nothing was archived; the words say why."""


def last_period() -> ArchivedPeriod | None:
    """The newest archived period."""
    return ArchivedPeriod.objects.order_by("-number").first()


def archive(*, before: datetime, to: Path, now: datetime) -> ArchivedPeriod | None:
    """Move every transfer that is over and older than `before` to a new file.

    `to` is that file (`.jsonl`), or the folder that gets it. What is archived already stays so:
    then, and when there is nothing to move, None and no file. Assumes an open transaction, in which
    it waits for another archive to end; what leaves is what the finished file was read back to
    hold. Raises `ArchiveRefused`.
    """
    require_transaction()
    _wait_for_others()
    last = last_period()
    over = _over(before)
    if (last is not None and last.before >= before) or not over.exists():
        return None
    number = last.number + 1 if last else 1
    file = to if to.suffix == SUFFIX else to / f"ledger-{number:04}-before-{before.date()}{SUFFIX}"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{uuid4().hex}.draft")
    try:
        written = archive_file.write(draft, _postings(over))
        if file.exists() and archive_file.sha256_of(file) != written.sha256:
            raise ArchiveRefused(f"{file.name} is there already, and holds something else.")
        period = ArchivedPeriod.objects.create(
            number=number,
            since=last.before if last else _first_day(),
            before=before,
            file=file.name,
            archived_at=now,
            **written._asdict(),
        )
        _remember(period, draft)
        _close(period)
        _remove(period)
        archive_file.write_manifest(file, facts_of(period))
        draft.replace(file)  # before the commit: the file stands when the rows go
        archive_file.sync_folder(file.parent)
    finally:
        draft.unlink(missing_ok=True)
    return period


def _wait_for_others() -> None:
    """One archive at a time, until the transaction ends; on SQLite one writes at a time anyway."""
    if connection.vendor == "postgresql":
        table = ArchivedPeriod._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")  # readers go on


def facts_of(period: ArchivedPeriod) -> dict[str, Any]:
    """What the manifest of this period says."""
    return {
        "number": period.number,
        "since": period.since.isoformat(),
        "before": period.before.isoformat(),
        "file": period.file,
        "sha256": period.sha256,
        "postings": period.postings,
        "transfers": period.transfers,
    }


def closings(period: ArchivedPeriod) -> dict[tuple[Place, Place], int]:
    """What stands in the ledger for this period: cents from each account to each other."""
    rows = Transfer.objects.filter(kind=CLOSING, posting_key__startswith=_closing_key(period, ""))
    return {
        (Place(Book(row[0]), row[1]), Place(Book(row[2]), row[3])): row[4]
        for row in rows.values_list(*_PLACES, "amount_cents").iterator(AT_ONCE)
    }


def periods_of(closing_keys: set[str]) -> dict[str, ArchivedPeriod]:
    """The period that each of these closings stands for."""
    numbers = {key: int(key.split(":")[1]) for key in closing_keys}
    found = ArchivedPeriod.objects.in_bulk(list(numbers.values()))
    return {key: found[number] for key, number in numbers.items()}


def _over(before: datetime) -> QuerySet[Transfer]:
    held = Hold.objects.filter(key=Substr(OuterRef("posting_key"), len(hold_key("")) + 1))
    goes_on = Exists(held.filter(Q(state=HoldState.OPEN) | Q(ended_at__gte=before)))
    rows = Transfer.objects.filter(at__lt=before).exclude(kind=CLOSING)
    return rows.filter(~Q(kind="hold") | ~goes_on)


def _postings(transfers: QuerySet[Transfer]) -> Iterator[Archived]:
    """Legs of one posting share their moment: they follow each other."""
    columns = ("posting_key", "leg", "kind", *_PLACES, "amount_cents", "subject_id", "at", "id")
    rows = transfers.order_by("at", "posting_key", "leg").values_list(*columns)
    for key, group in groupby(rows.iterator(AT_ONCE), key=itemgetter(0)):
        legs = list(group)
        kind, subject_id, at = legs[0][2], legs[0][8], legs[0][9]
        posting = Posting(key, kind, tuple(_leg(row[3:8]) for row in legs), subject_id)
        yield Archived(posting, at, tuple(row[10] for row in legs))


def _leg(row: tuple[str, UUID | None, str, UUID | None, int]) -> Leg:
    source, source_id, target, target_id, cents = row
    return Leg(Place(Book(source), source_id), Place(Book(target), target_id), cents)


def _first_day() -> datetime:
    first: datetime = Transfer.objects.order_by("at").values_list("at", flat=True)[:1].get()
    return datetime.combine(first.date(), time(), UTC)


def _remember(period: ArchivedPeriod, file: Path) -> None:
    """Keys outlive their transfers, so that nothing archived can happen again."""
    columns = ("posting_key", "period_id", "fingerprint")
    for part in batched(archive_file.read(file), AT_ONCE):
        rows = [(p.key, period.number, fingerprint(p)) for p, _, _ in part]
        insert_rows(ArchivedPosting, columns, rows)


def _archived(period: ArchivedPeriod) -> QuerySet[Transfer]:
    keys = ArchivedPosting.objects.filter(period=period).values("posting_key")
    return Transfer.objects.filter(posting_key__in=keys)


def _close(period: ArchivedPeriod) -> None:
    """One transfer for all that went from one account to another: every sum stays what it was.

    They count as the first of their period, so that no balance in a history falls below zero.
    """
    fan = Case(
        When(source_book=Book.FAN_WALLET, then="source_owner_id"),
        When(target_book=Book.FAN_WALLET, then="target_owner_id"),
        default=Coalesce("source_owner_id", "target_owner_id"),
    )
    flows = (
        _archived(period)
        .values(*_PLACES, person=fan)
        .annotate(cents=Sum("amount_cents"))
        .order_by(F("person").asc(nulls_first=True), *_PLACES)
        .values_list("person", *_PLACES, "cents")
    )
    people = groupby(flows.iterator(AT_ONCE), key=itemgetter(0))
    rows = (
        (uuid7(), _closing_key(period, person), leg, CLOSING, *flow[1:], person or uuid7())
        for person, group in people
        for leg, flow in enumerate(group)
    )
    columns = ("id", "posting_key", "leg", "kind", *_PLACES, "amount_cents", "subject_id", "at")
    for part in batched(rows, AT_ONCE):
        insert_rows(Transfer, columns, [(*row, period.since) for row in part])


def _closing_key(period: ArchivedPeriod, person: object) -> str:
    return f"{CLOSING}:{period.number}:{person or ''}"


def _remove(period: ArchivedPeriod) -> None:
    removed, _ = _archived(period).delete()
    if removed != period.transfers:
        raise ArchiveRefused(f"{removed} transfers would leave, the file has {period.transfers}")
