"""Hides how a captured price becomes parts, legs and a numbered receipt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.conf import settings

from accounts.db import insert_rows, rows_of
from paywall.ledger import Book, Place
from paywall.models import Receipt, SubjectKind
from paywall.pricing import Shares, Split, split

_COLUMNS = (
    "posting_key",
    "subject_kind",
    "subject_id",
    "fan_id",
    "creator_id",
    "gross_cents",
    "vat_rate_percent",
)
_PARTS = Split._fields
_sold = attrgetter(*_COLUMNS)
_VAT, _RESERVE, _FEE = map(Place, (Book.VAT_PAYABLE, Book.CHARGEBACK_RESERVE, Book.PLATFORM_FEE))


@dataclass(frozen=True, slots=True)
class Sale:
    """A price being captured: who pays whom for what, and the transfers that do it."""

    posting_key: str
    subject_kind: SubjectKind
    subject_id: UUID
    fan_id: UUID
    creator_id: UUID
    gross_cents: int
    vat_rate_percent: int
    split: Split = field(init=False)

    def __post_init__(self) -> None:
        shares = Shares(
            settings.CREATOR_SHARE_PERCENT,
            settings.RESERVE_SHARE_PERCENT,
            settings.BANK_SHARE_PERCENT,
        )
        parts = split(self.gross_cents, vat_rate_percent=self.vat_rate_percent, shares=shares)
        object.__setattr__(self, "split", parts)


def parts(sale: Sale) -> tuple[tuple[Place, int], ...]:
    """Where the parts of a price go; parts of nothing are left out. Bank and platform are one leg,
    since the bank's charge is paid out of `platform_fee`."""
    shares = sale.split
    all_parts = (
        (_VAT, shares.vat_cents),
        (Place(Book.CREATOR_PENDING, sale.creator_id), shares.creator_cents),
        (_RESERVE, shares.reserve_cents),
        (_FEE, shares.bank_cents + shares.platform_cents),
    )
    return tuple([part for part in all_parts if part[1]])


def write(sales: Sequence[Sale], *, now: datetime) -> dict[str, int]:
    """One receipt each, in one statement; the number that the database gave each posting."""
    rows = insert_rows(
        Receipt,
        (*_COLUMNS, *_PARTS, "at"),
        [(*_sold(sale), *sale.split, now) for sale in sales],
        returning=("posting_key", "id"),
    )
    return dict(rows)


def numbers(posting_keys: Collection[str]) -> dict[str, int]:
    """The number of the receipt of each of these postings."""
    rows = rows_of(
        Receipt,
        ("posting_key", "id"),
        where=("posting_key",),
        among=[(key,) for key in posting_keys],
    ).run()
    return dict(rows)
