"""The history of a wallet, newest first: one line per posting, with the balance it left."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from accounts.queries import people
from paywall.ledger import Book, archives
from paywall.models import LedgerAccount, Receipt, ReceiptKind, Transfer

LINES_MAX = 100
SIDES = (("target", 1), ("source", -1))  # of a transfer, and what it does to the wallet there
REACH_GROWS = 4


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


@dataclass(slots=True)
class _Movement:
    """What one posting put in and took out."""

    at: datetime
    first: UUID  # of its transfers; it is the line's id
    posting_key: str
    kind: str
    subject_id: UUID
    in_cents: int = 0
    out_cents: int = 0

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in the history."""
        return self.at, self.first


def wallet_lines(*, owner_id: UUID, before: UUID | None = None, limit: int = 50) -> WalletPage:
    """At most `limit` (1 to `LINES_MAX`) lines of this wallet, older than line `before`.

    Costs what it shows, and a sum of what is newer; not what is older.
    """
    limit = max(1, min(limit, LINES_MAX))
    mark = None if before is None else _mark(owner_id, before)
    if before is not None and mark is None:
        return WalletPage(items=[], next=None)
    movements = _newest(owner_id, mark, limit + 1)
    older = [one for one in movements if mark is None or one.place < mark]
    page = older[:limit]
    receipts = _receipts(owner_id, page)
    names = people({receipt.creator_id for receipt in receipts.values()})
    periods = archives.periods_of({m.posting_key for m in page if m.kind == archives.CLOSING})
    balance, items = _balance_after(owner_id, page, movements), []
    for movement in page:
        receipt = receipts.get(movement.posting_key) or receipts.get(movement.subject_id)
        what = names[receipt.creator_id].name if receipt else ""
        period = periods.get(movement.posting_key)
        items.append(_line(movement, balance, what, receipt, period.before if period else None))
        balance -= movement.in_cents - movement.out_cents
    return WalletPage(items=items, next=items[-1].id if len(older) > limit else None)


def _line(
    movement: _Movement,
    balance_cents: int,
    what: str,
    receipt: Receipt | None,
    archived_until: datetime | None,
) -> WalletLine:
    return WalletLine(
        id=movement.first,
        at=movement.at,
        kind=movement.kind,
        what=what,
        in_cents=movement.in_cents,
        out_cents=movement.out_cents,
        balance_cents=balance_cents,
        receipt_id=receipt.id if receipt else None,
        archived_until=archived_until,
    )


def _mark(owner_id: UUID, line_id: UUID) -> tuple[datetime, UUID] | None:
    """Where this line stands in the history; None when it is not of this wallet."""
    mine = _of(owner_id, "source") | _of(owner_id, "target")
    at = Transfer.objects.filter(mine, id=line_id).values_list("at", flat=True).first()
    return None if at is None else (at, line_id)


def _of(owner_id: UUID, side: str) -> Q:
    return Q(**{f"{side}_owner_id": owner_id, f"{side}_book": Book.FAN_WALLET})


def _newest(owner_id: UUID, mark: tuple[datetime, UUID] | None, wanted: int) -> list[_Movement]:
    """The newest movements, newest first, whole ones alone: `wanted` of them at least if there are
    as many older than the mark. Those of the mark's very moment are all among them.

    The transfers of a posting share their moment. Of each side the newest transfers are read, and
    what stands at the moment of the last one, or before, may not be whole; then further ones are.
    """
    reach = 2 * wanted
    while True:
        legs, whole_after = [], None
        for side, sign in SIDES:
            rows = Transfer.objects.filter(_of(owner_id, side))
            if mark is not None:
                rows = rows.filter(at__lte=mark[0])
            found = list(rows.order_by("-at")[:reach])
            legs += [(transfer, sign) for transfer in found]
            if len(found) == reach:
                last = found[-1].at
                whole_after = last if whole_after is None else max(whole_after, last)
        movements = _grouped(legs)
        if whole_after is None:
            return movements
        whole = [one for one in movements if one.at > whole_after]
        if sum(mark is None or one.place < mark for one in whole) >= wanted:
            return whole
        reach *= REACH_GROWS


def _grouped(legs: Iterable[tuple[Transfer, int]]) -> list[_Movement]:
    found: dict[str, _Movement] = {}
    for leg, sign in legs:
        one = found.get(leg.posting_key)
        if one is None:
            one = _Movement(leg.at, leg.id, leg.posting_key, leg.kind, leg.subject_id)
            found[leg.posting_key] = one
        one.first = min(one.first, leg.id)
        if sign > 0:
            one.in_cents += leg.amount_cents
        else:
            one.out_cents += leg.amount_cents
    return sorted(found.values(), key=lambda one: one.place, reverse=True)


def _balance_after(owner_id: UUID, page: list[_Movement], movements: Iterable[_Movement]) -> int:
    """The balance the newest line of the page left: the wallet's own, without what is newer."""
    if not page:
        return 0
    top = page[0]
    wallet = LedgerAccount.objects.filter(owner_id=owner_id, book=Book.FAN_WALLET)
    # One statement: what is spent meanwhile is in the balance and among the newer, or in neither.
    newer = [_moved_since(side, top.at) * sign for side, sign in SIDES]
    cents = wallet.values_list(F("balance_cents") - newer[0] - newer[1], flat=True).get()
    beside = [one for one in movements if one.at == top.at and one.place > top.place]
    return int(cents) - sum(one.in_cents - one.out_cents for one in beside)


def _moved_since(side: str, at: datetime) -> Coalesce:
    """Cents on this side of the wallet of the outer query, after that moment."""
    rows = Transfer.objects.filter(
        **{f"{side}_owner_id": OuterRef("owner_id"), f"{side}_book": OuterRef("book")}, at__gt=at
    )
    sums = rows.values(f"{side}_owner_id").annotate(cents=Sum("amount_cents")).values("cents")
    return Coalesce(Subquery(sums), Value(0))


def _receipts(fan_id: UUID, page: Collection[_Movement]) -> dict[str | UUID, Receipt]:
    """Receipts by the posting they document, and sales by what was sold (a hold has none yet)."""
    keys, subjects = [one.posting_key for one in page], [one.subject_id for one in page]
    found = Receipt.objects.filter(
        Q(posting_key__in=keys) | Q(subject_id__in=subjects, kind=ReceiptKind.SALE), fan_id=fan_id
    )
    by: dict[str | UUID, Receipt] = {}
    for receipt in found:
        by[receipt.posting_key] = receipt
        if receipt.kind == ReceiptKind.SALE:
            by[receipt.subject_id] = receipt
    return by
