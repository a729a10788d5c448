"""The history of a wallet, newest first: one line per posting, with the balance it left."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Min, Q, QuerySet, Sum
from django.db.models.functions import Cast

from accounts.queries import people
from paywall.ledger import Book, archives
from paywall.models import Receipt, ReceiptKind, Transfer

LINES_MAX = 100

type Row = Any  # one posting: what `_postings` selects; django-stubs has no name for it


@dataclass(frozen=True, kw_only=True)
class WalletLine:
    """One movement. `what` names the other person where a receipt knows one.

    `archived_until` is for the one line that stands for all that was archived of a period.
    """

    id: UUID
    at: datetime
    kind: str
    what: str
    in_cents: int
    out_cents: int
    balance_cents: int
    receipt_id: int | None
    archived_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class WalletPage:
    """`next` is the `before` of the following page, None on the last."""

    items: list[WalletLine]
    next: UUID | None


def wallet_lines(*, owner_id: UUID, before: UUID | None = None, limit: int = 50) -> WalletPage:
    """At most `limit` (1 to `LINES_MAX`) lines of this wallet, older than line `before`."""
    limit = max(1, min(limit, LINES_MAX))
    rows = list(_older_than(_postings(owner_id), owner_id, before)[: limit + 1])
    page = rows[:limit]
    receipts = _receipts(owner_id, page)
    names = people({receipt.creator_id for receipt in receipts.values()})
    periods = archives.periods_of({r["posting_key"] for r in page if r["kind"] == archives.CLOSING})
    balance, items = _balance_after(owner_id, page), []
    for row in page:
        receipt = receipts.get(row["posting_key"]) or receipts.get(row["subject_id"])
        what = names[receipt.creator_id].name if receipt else ""
        period = periods.get(row["posting_key"])
        items.append(_line(row, balance, what, receipt, period.before if period else None))
        balance -= row["in_cents"] - row["out_cents"]
    return WalletPage(items=items, next=items[-1].id if len(rows) > limit else None)


def _line(
    row: Row,
    balance_cents: int,
    what: str,
    receipt: Receipt | None,
    archived_until: datetime | None,
) -> WalletLine:
    return WalletLine(
        id=UUID(row["first"]),
        at=row["at"],
        kind=row["kind"],
        what=what,
        in_cents=row["in_cents"],
        out_cents=row["out_cents"],
        balance_cents=balance_cents,
        receipt_id=receipt.id if receipt else None,
        archived_until=archived_until,
    )


def _postings(owner_id: UUID) -> "QuerySet[Transfer, Row]":
    """What each posting put in and took out; its transfers share `at`, so a page never cuts one."""
    out = Q(source_owner_id=owner_id, source_book=Book.FAN_WALLET)
    into = Q(target_owner_id=owner_id, target_book=Book.FAN_WALLET)
    return (
        Transfer.objects.filter(out | into)
        .values("at", "posting_key", "kind", "subject_id")
        .annotate(
            first=Min(Cast("id", CharField())),  # PostgreSQL has no min(uuid)
            in_cents=Sum("amount_cents", filter=into, default=0),
            out_cents=Sum("amount_cents", filter=out, default=0),
        )
        .order_by("-at", "-first")
    )


def _older_than(
    postings: "QuerySet[Transfer, Row]", owner_id: UUID, before: UUID | None
) -> "QuerySet[Transfer, Row]":
    if before is None:
        return postings
    mine = Q(source_owner_id=owner_id) | Q(target_owner_id=owner_id)
    marks = Transfer.objects.filter(mine, id=before).annotate(first=Cast("id", CharField()))
    mark = marks.values_list("at", "first").first()
    if mark is None:
        return postings.none()
    at, first = mark
    return postings.filter(Q(at__lt=at) | Q(at=at, first__lt=first))


def _balance_after(owner_id: UUID, page: list[Row]) -> int:
    """The balance the newest line of the page left: all that came before it, and itself."""
    if not page:
        return 0
    at, first = page[0]["at"], page[0]["first"]
    until = _postings(owner_id).filter(Q(at__lt=at) | Q(at=at, first__lte=first)).order_by()
    sums = until.aggregate(into=Sum("in_cents", default=0), out=Sum("out_cents", default=0))
    return int(sums["into"]) - int(sums["out"])


def _receipts(fan_id: UUID, page: Collection[Row]) -> dict[str | UUID, Receipt]:
    """Receipts by the posting they document, and sales by what was sold (a hold has none yet)."""
    keys, subjects = [r["posting_key"] for r in page], [r["subject_id"] for r in page]
    found = Receipt.objects.filter(
        Q(posting_key__in=keys) | Q(subject_id__in=subjects, kind=ReceiptKind.SALE), fan_id=fan_id
    )
    by: dict[str | UUID, Receipt] = {}
    for receipt in found:
        by[receipt.posting_key] = receipt
        if receipt.kind == ReceiptKind.SALE:
            by[receipt.subject_id] = receipt
    return by
