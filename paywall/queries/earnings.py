"""What a creator earned, and the receipts that say how each cent was shared."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Case, F, Q, Sum, When

from accounts.errors import NotFound
from accounts.queries import people
from paywall import ledger
from paywall.ledger import Book, Place
from paywall.models import Receipt, ReceiptKind

LINES_MAX = 100
MONTH = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class ReceiptLine:
    """One captured price, or the credit note that reverses one, with its parts.

    `available_at` is when the creator's part leaves, or left, pending; a credit note: at once.
    """

    receipt: Receipt
    fan_name: str
    creator_name: str
    available_at: datetime


@dataclass(frozen=True, kw_only=True)
class Earnings:
    """The creator's own part, in cents; days are days of UTC. `next` continues the lines."""

    today_cents: int
    last_30_days_cents: int
    pending_cents: int
    available_cents: int
    lines: list[ReceiptLine]
    next: int | None


class _Earned(NamedTuple):
    today_cents: int
    month_cents: int


def earnings(
    *, creator_id: UUID, now: datetime, before: int | None = None, limit: int = 50
) -> Earnings:
    """The creator's figures and at most `limit` (1 to `LINES_MAX`) receipts older than `before`."""
    limit = max(1, min(limit, LINES_MAX))
    earned = _earned(creator_id, now)
    pending = Place(Book.CREATOR_PENDING, creator_id)
    available = Place(Book.CREATOR_AVAILABLE, creator_id)
    balances = ledger.balances([pending, available])
    older = Q() if before is None else Q(id__lt=before)
    rows = list(Receipt.objects.filter(older, creator_id=creator_id).order_by("-id")[: limit + 1])
    lines = _lines(rows[:limit])
    return Earnings(
        today_cents=earned.today_cents,
        last_30_days_cents=earned.month_cents,
        pending_cents=balances[pending],
        available_cents=balances[available],
        lines=lines,
        next=lines[-1].receipt.id if len(rows) > limit else None,
    )


def receipt_for(*, account_id: UUID, receipt_id: int) -> ReceiptLine:
    """A receipt, for its fan or its creator. Raises `NotFound` for anybody else."""
    mine = Q(fan_id=account_id) | Q(creator_id=account_id)
    receipt = Receipt.objects.filter(mine, id=receipt_id).first()
    if receipt is None:
        raise NotFound("There is no such receipt.")
    return _lines([receipt])[0]


def _lines(receipts: list[Receipt]) -> list[ReceiptLine]:
    names = people({person for r in receipts for person in (r.fan_id, r.creator_id)})
    return [
        ReceiptLine(
            receipt=receipt,
            fan_name=names[receipt.fan_id].name,
            creator_name=names[receipt.creator_id].name,
            available_at=_available_at(receipt),
        )
        for receipt in receipts
    ]


def _available_at(receipt: Receipt) -> datetime:
    if receipt.kind == ReceiptKind.CREDIT_NOTE:
        return receipt.at
    return receipt.released_at or receipt.at + settings.EARNINGS_PENDING


def _earned(creator_id: UUID, now: datetime) -> _Earned:
    """Sales less credit notes."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    signed = Case(When(kind=ReceiptKind.SALE, then=F("creator_cents")), default=-F("creator_cents"))
    month = Receipt.objects.filter(creator_id=creator_id, at__gt=now - MONTH, at__lte=now)
    sums = month.aggregate(
        today=Sum(signed, filter=Q(at__gte=midnight), default=0), month=Sum(signed, default=0)
    )
    return _Earned(sums["today"], sums["month"])
