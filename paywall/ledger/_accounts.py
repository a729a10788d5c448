"""Hides how the accounts a batch touches are locked, changed in memory, and written once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from accounts.db import Question, Read, answer, insert_rows, rows_of, update_rows
from paywall.ledger.books import USER_BOOKS, Book, Leg, Place, Wallet, check_place
from paywall.ledger.models import LedgerAccount

type _Row = tuple[UUID, str, UUID, int, int]

_KEY = ("owner_id", "book")
_BOOKS = {str(book): book for book in Book}  # to call the class takes six steps


class NoTransaction(RuntimeError):
    """Money was about to move outside a transaction: the caller's bug."""


def require_transaction() -> None:
    """Raise `NoTransaction` unless the caller opened one: money and its reason commit together."""
    if not connection.in_atomic_block:
        raise NoTransaction("open transaction.atomic() around every call that moves money")


@dataclass(slots=True)
class _Stored:
    id: UUID
    balance_cents: int
    reserved_cents: int
    changed: bool = False


class Accounts:
    """The user accounts a batch touches. Change them here, in the batch's order; `write` once."""

    def __init__(self, stored: dict[Place, _Stored], unopened: Collection[Place] = ()) -> None:
        self._stored = stored
        self.unopened = frozenset(unopened)  # asked for, and nobody has opened them

    def balance(self, place: Place) -> int:
        """Cents on this user account now; an account nobody has opened holds nothing."""
        account = self._stored.get(place)
        return account.balance_cents if account else 0

    def wallet(self, owner_id: UUID) -> Wallet:
        """What this person can spend, and what waits in escrow."""
        account = self._stored.get(Place(Book.FAN_WALLET, owner_id))
        return Wallet(account.balance_cents, account.reserved_cents) if account else Wallet(0, 0)

    def move(self, legs: Iterable[Leg]) -> None:
        """Book the legs; system books are sums of transfers and have nothing to change."""
        for leg in legs:
            self.add(leg.source, -leg.amount_cents)
            self.add(leg.target, leg.amount_cents)

    def add(self, place: Place, cents: int, *, reserving: int = 0) -> None:
        """Book these cents on a user account, and count `reserving` more (negative: fewer) among
        what it has in escrow. A system book has nothing to change."""
        if place.book in USER_BOOKS:
            account = self._stored[place]
            account.balance_cents += cents
            account.reserved_cents += reserving
            account.changed = True

    def write(self) -> None:
        """One statement for all that changed."""
        changed = [account for account in self._stored.values() if account.changed]
        update_rows(
            LedgerAccount,
            ("balance_cents", "reserved_cents"),
            [(a.id, a.balance_cents, a.reserved_cents) for a in changed],
        )


def lock_accounts(places: Iterable[Place], *, opening: bool = True) -> Accounts:
    """Lock the user accounts among these places, in id order, in a statement of its own.

    With `opening`, those that do not exist are opened first, while nothing is locked yet: two
    batches that open the same accounts then wait for each other only in one direction.
    """
    require_transaction()
    wanted = {place for place in places if place.book in USER_BOOKS}
    if opening:
        open_accounts(wanted)
    return answer(locked_accounts(wanted))


def locked_accounts(places: Iterable[Place]) -> Question[Accounts]:
    """As `lock_accounts` without opening any, to be asked together with others."""
    require_transaction()
    wanted = {place for place in places if place.book in USER_BOOKS}

    def found(rows: Iterable[_Row]) -> Accounts:
        stored = {_place_of(row): _Stored(*row[2:]) for row in rows}
        return Accounts(stored, wanted - stored.keys())

    return Question([_rows(wanted, lock=True)], found)


def _rows(wanted: Collection[Place], *, lock: bool) -> Read:
    return rows_of(
        LedgerAccount,
        (*_KEY, "id", "balance_cents", "reserved_cents"),
        where=_KEY,
        among=[(place.owner_id, place.book) for place in wanted],
        lock=lock,
    )


def _place_of(row: _Row) -> Place:
    return Place(_BOOKS[row[1]], row[0])


def open_accounts(wanted: Collection[Place]) -> None:
    """Open those of these user accounts that do not exist. Lock nothing before, in a transaction
    that does: two of them could wait for each other."""
    for place in wanted:
        check_place(place)
    missing = set(wanted) - set(map(_place_of, _rows(wanted, lock=False).run()))
    insert_rows(
        LedgerAccount,
        ("id", *_KEY),
        [(uuid7(), place.owner_id, place.book) for place in sorted(missing, key=_order)],
        ignore_conflicts=True,
    )


def _order(place: Place) -> tuple[str, str]:
    return place.book, str(place.owner_id)
