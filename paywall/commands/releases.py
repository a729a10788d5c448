"""The payout calendar: a creator's part becomes available some days after its capture."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import models, transaction

from accounts.db import update_rows
from paywall import ledger
from paywall.ledger import Book, Leg, Place, Posting
from paywall.models import Receipt, ReceiptKind

RELEASES_AT_ONCE = 500


@transaction.atomic
def release_earnings(*, now: datetime) -> int:
    """Move what has been pending for `settings.EARNINGS_PENDING` to `creator_available`.

    Oldest first, at most `RELEASES_AT_ONCE`; returns how many. Safe beside another worker.
    """
    due = _due(now)
    # These locks guard the receipts too: a refund takes them before it looks at one.
    ledger.lock([place for receipt in due for place in _places(receipt)])
    still_due = list(_pending().filter(id__in=[receipt.id for receipt in due]).order_by("id"))
    ledger.post([_release(r) for r in still_due if r.creator_cents], now=now)
    update_rows(Receipt, ("released_at",), [(receipt.id, now) for receipt in still_due])
    return len(still_due)


def _pending() -> "models.QuerySet[Receipt]":
    return Receipt.objects.filter(released_at=None, kind=ReceiptKind.SALE)


def _due(now: datetime) -> Sequence[Receipt]:
    pending = _pending().filter(at__lte=now - settings.EARNINGS_PENDING)
    return list(pending.order_by("at")[:RELEASES_AT_ONCE])


def _places(receipt: Receipt) -> tuple[Place, Place]:
    creator_id = receipt.creator_id
    return Place(Book.CREATOR_PENDING, creator_id), Place(Book.CREATOR_AVAILABLE, creator_id)


def _release(receipt: Receipt) -> Posting:
    leg = Leg(*_places(receipt), receipt.creator_cents)
    return Posting(f"release:{receipt.id}", "release", (leg,), receipt.subject_id)
