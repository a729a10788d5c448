"""Sales paid at once from the wallet, and the credit notes that give a captured price back."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.errors import NotFound, Refusal
from paywall import ledger
from paywall.commands import receipts
from paywall.commands.receipts import Sale
from paywall.ledger import Book, Leg, Outcome, Place, Posting
from paywall.models import Receipt, ReceiptKind, SubjectKind


class InsufficientFunds(Refusal):
    """The wallet lacks `missing_cents`. Nothing was charged."""

    code = "insufficient_funds"
    status = 402


class SaleKeyReused(Refusal):
    """This key already paid for something else."""

    code = "client_id_reused"


class Sold(NamedTuple):
    """The receipt of a sale, the creator's part, and what the wallet holds after it."""

    receipt_id: int
    creator_cents: int
    balance_cents: int


class Refunded(NamedTuple):
    """The credit note of a receipt, what came back, and what the wallet holds after it."""

    receipt_id: int
    credit_note_id: int
    fan_id: UUID
    gross_cents: int
    balance_cents: int


@transaction.atomic
def sell(
    *,
    key: str,
    fan_id: UUID,
    creator_id: UUID,
    gross_cents: int,
    subject_kind: str,
    subject_id: UUID,
    vat_rate_percent: int,
    now: datetime,
) -> Sold:
    """Capture a price (> 0) from the wallet at once, split as every price, with its receipt.

    The same sale under the same `key` again charges nothing and answers the first receipt. Raises
    `InsufficientFunds` with `missing_cents`, and `SaleKeyReused`.
    """
    sale = Sale(
        posting_key=f"sale:{key}",
        subject_kind=SubjectKind(subject_kind),
        subject_id=subject_id,
        fan_id=fan_id,
        creator_id=creator_id,
        gross_cents=gross_cents,
        vat_rate_percent=vat_rate_percent,
    )
    wallet = Place(Book.FAN_WALLET, fan_id)
    legs = tuple(Leg(wallet, place, cents) for place, cents in receipts.parts(sale))
    [outcome] = ledger.post([Posting(sale.posting_key, "sale", legs, subject_id)], now=now)
    _raise_unless_paid(outcome)
    fresh = outcome.status == "done"
    numbers = receipts.write([sale], now=now) if fresh else receipts.numbers([sale.posting_key])
    return Sold(numbers[sale.posting_key], sale.split.creator_cents, outcome.balance_cents)


def refund_sale(*, receipt_id: int, now: datetime) -> Refunded:
    """As `refund_sales`, for one receipt. Raises `NotFound` when there is no such sale."""
    return refund_sales(receipt_ids=[receipt_id], now=now)[0]


@transaction.atomic
def refund_sales(*, receipt_ids: Sequence[int], now: datetime) -> list[Refunded]:
    """Give captured prices back whole: a credit note with the lines reversed, once per receipt.

    The creator's part comes from what is pending, or available when it was released; what the
    creator no longer has, the platform pays: nobody goes below zero. Again the same answers the
    first credit notes. Raises `NotFound` for a receipt that is not a sale.
    """
    sales = _sales(receipt_ids)
    fans = {s.fan_id for s in sales.values()}
    ledger.lock(
        [Place(Book.FAN_WALLET, fan_id) for fan_id in fans]
        + [Place(book, s.creator_id) for s in sales.values() for book in _EARNED]
    )
    sales = _sales(receipt_ids)  # the creator's accounts, locked now, guard what is released
    known = _credit_notes(receipt_ids)
    for number in dict.fromkeys(receipt_ids):
        if number not in known:
            known[number] = _refund(sales[number], now)
    wallets = ledger.wallets(fans)
    return [
        Refunded(n, known[n], sales[n].fan_id, sales[n].gross_cents, wallets[sales[n].fan_id][0])
        for n in receipt_ids
    ]


_EARNED = (Book.CREATOR_PENDING, Book.CREATOR_AVAILABLE)


def _raise_unless_paid(outcome: Outcome) -> None:
    if outcome.status == "insufficient_funds":
        raise InsufficientFunds("The wallet is short.", missing_cents=outcome.missing_cents)
    if outcome.status == "key_reused":
        raise SaleKeyReused("This key paid for something else.")


def _sales(receipt_ids: Sequence[int]) -> dict[int, Receipt]:
    found = Receipt.objects.filter(kind=ReceiptKind.SALE).in_bulk(set(receipt_ids))
    if len(found) != len(set(receipt_ids)):
        raise NotFound("There is no such sale.")
    return found


def _credit_notes(receipt_ids: Sequence[int]) -> dict[int, int]:
    notes = Receipt.objects.filter(reverses_id__in=receipt_ids)
    return dict(notes.values_list("reverses_id", "id"))


def _refund(sale: Receipt, now: datetime) -> int:
    posting = Posting(f"refund:{sale.id}", "refund", tuple(_reversed(sale)), sale.subject_id)
    [outcome] = ledger.post([posting], now=now)
    if outcome.status != "done":
        raise RuntimeError(f"the ledger refused a refund: {outcome}")
    if sale.released_at is None:
        sale.released_at = now  # this part of pending is spoken for: nothing is left to release
        sale.save(update_fields=["released_at"])
    note = Receipt.objects.get(id=sale.id)
    note.pk, note._state.adding = None, True
    note.kind, note.reverses_id = ReceiptKind.CREDIT_NOTE, sale.id
    note.posting_key, note.at, note.released_at = posting.key, now, now
    note.save(force_insert=True)
    return note.id


def _reversed(sale: Receipt) -> Iterator[Leg]:
    """The legs of a refund: each part back from where it went, the creator's from what is there."""
    wallet = Place(Book.FAN_WALLET, sale.fan_id)
    book = Book.CREATOR_PENDING if sale.released_at is None else Book.CREATOR_AVAILABLE
    earned = Place(book, sale.creator_id)
    from_creator = min(sale.creator_cents, ledger.balances([earned])[earned])
    uncovered = sale.creator_cents - from_creator
    sources = (
        (Place(Book.VAT_PAYABLE), sale.vat_cents),
        (earned, from_creator),
        (Place(Book.CHARGEBACK_RESERVE), sale.reserve_cents),
        (Place(Book.PLATFORM_FEE), sale.bank_cents + sale.platform_cents + uncovered),
    )
    yield from (Leg(source, wallet, cents) for source, cents in sources if cents)
