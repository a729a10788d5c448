"""Hides where a balance comes from: stored for a person's account, a sum of transfers otherwise."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Sum

from accounts.db import rows_of
from paywall.ledger.books import USER_BOOKS, Book, Place, Wallet
from paywall.ledger.models import LedgerAccount, Transfer

_KEY = ("owner_id", "book")


def wallets(owner_ids: Collection[UUID]) -> dict[UUID, Wallet]:
    """The wallet of each of these people; one never opened is empty."""
    rows = rows_of(
        LedgerAccount,
        ("owner_id", "balance_cents", "reserved_cents"),
        where=_KEY,
        among=[(owner_id, Book.FAN_WALLET) for owner_id in owner_ids],
    ).run()
    return dict.fromkeys(owner_ids, Wallet(0, 0)) | {row[0]: Wallet(*row[1:]) for row in rows}


def wallet(owner_id: UUID) -> Wallet:
    """What this person can spend, and what waits in escrow."""
    return wallets([owner_id])[owner_id]


def balances(places: Collection[Place]) -> dict[Place, int]:
    """Cents on each of these accounts. System books are summed: two passes over the transfers."""
    user = [place for place in places if place.book in USER_BOOKS]
    rows = rows_of(
        LedgerAccount,
        ("book", "owner_id", "balance_cents"),
        where=_KEY,
        among=[(place.owner_id, place.book) for place in user],
    ).run()
    found = {Place(Book(book), owner_id): cents for book, owner_id, cents in rows}
    if system := {place.book for place in places if place.book not in USER_BOOKS}:
        found |= {Place(book): cents for book, cents in _sums(system).items()}
    return {place: found.get(place, 0) for place in places}


def _sums(books: Collection[Book]) -> dict[Book, int]:
    sums = dict.fromkeys(books, 0)
    for side, sign in (("target_book", 1), ("source_book", -1)):
        totals = Transfer.objects.filter(**{f"{side}__in": books}).values_list(side)
        for book, cents in totals.annotate(Sum("amount_cents")):
            sums[Book(book)] += sign * cents
    return sums
