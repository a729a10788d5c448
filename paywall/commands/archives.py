"""Archiving the ledger: what is over and settled leaves for a file, whole periods at a time."""

from datetime import datetime
from pathlib import Path

from django.db import transaction

from paywall import ledger
from paywall.ledger import archives
from paywall.ledger.archives import ArchiveRefused
from paywall.models import ArchivedPeriod, Receipt, ReceiptKind


@transaction.atomic
def archive_ledger(*, before: datetime, to: Path, now: datetime) -> ArchivedPeriod | None:
    """Move the transfers that were over before `before` to a new file: `to`, or in that folder.

    None when all of that is archived already, or nothing was over by then. Open holds stay, with
    everything about them. The books are proved before and after, in the same transaction. Raises
    `ArchiveRefused` for a period that is not settled: its date is to come, or a sale in it still
    waits to be released.
    """
    if before > now:
        raise ArchiveRefused("This date is still to come.")
    _require_books("The books do not balance: mend them first")
    pending = Receipt.objects.filter(kind=ReceiptKind.SALE, released_at=None, at__lt=before)
    if count := pending.count():
        raise ArchiveRefused(f"{count} sales before this date still wait to be released.")
    period = archives.archive(before=before, to=to, now=now)
    if period is not None:
        _require_books("The archive would break the books, and was undone")
    return period


def _require_books(complaint: str) -> None:
    broken = [check.name for check in ledger.check_books() if not check.ok]
    if broken:
        raise ArchiveRefused(f"{complaint}: {'; '.join(broken)}")
