"""Hides how the money of one transaction is decided item by item, and written once for all."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.db import Question, insert_rows, update_rows
from paywall.ledger._accounts import Accounts, locked_accounts
from paywall.ledger._post import write_transfers
from paywall.ledger.books import (
    ESCROW,
    Book,
    HoldRequest,
    Leg,
    Outcome,
    Place,
    Posting,
    Wallet,
    check_leg,
    end_key,
    hold_key,
)
from paywall.ledger.models import Hold, HoldState

_COLUMNS = (
    "id", "key", "owner_id", "amount_cents", "subject_id", "created_at",
    "state", "settled_cents", "returned_cents", "ended_at",
)  # fmt: skip
_ENDING = _COLUMNS[-4:]
_OPEN, _SETTLED, _VOIDED = (
    state.value for state in (HoldState.OPEN, HoldState.SETTLED, HoldState.VOIDED)
)


class Held(NamedTuple):
    """An open hold, as whoever ends it knows it."""

    id: UUID
    key: str
    owner_id: UUID
    amount_cents: int
    subject_id: UUID

    def ending(self, legs: Sequence[tuple[Place, int]]) -> Posting:
        """The posting that ends this hold by these legs, the rest returned.

        Raises `ValueError` for legs that pay nothing, more than is held, or the wallet itself.
        """
        wallet = wallet_of(self.owner_id)
        paid = [Leg(ESCROW, place, cents) for place, cents in legs]
        rest = self.amount_cents
        for leg in paid:
            check_leg(leg)
            rest -= leg.amount_cents
        if rest < 0 or wallet in [leg.target for leg in paid]:
            raise ValueError(f"hold {self.id} of {self.amount_cents} cannot pay {legs}")
        kind = "settle" if paid else "void"
        if rest:
            paid.append(Leg(ESCROW, wallet, rest))
        return Posting(end_key(self.key), kind, tuple(paid), self.subject_id)


class Sheet:
    """What one transaction does to wallets and escrow: each item is decided at once, in memory.

    Whoever hands an item in vouches that its key is new, or its hold open: where that is wrong,
    constraints undo the whole transaction at `write`.
    """

    def __init__(self, accounts: Accounts) -> None:
        """Over these locked accounts."""
        self._accounts = accounts
        self._fresh: dict[UUID, Held] = {}
        self._ended: dict[UUID, tuple[Held, int]] = {}  # with what was paid out of it
        self._postings: list[Posting] = []

    @property
    def unopened(self) -> frozenset[Place]:
        """The accounts among these that nobody has opened: nothing can be booked on them."""
        return self._accounts.unopened

    def wallet(self, owner_id: UUID) -> Wallet:
        """This person's wallet after all that was decided so far."""
        return self._accounts.wallet(owner_id)

    def balance(self, place: Place) -> int:
        """Cents on this account after all that was decided so far."""
        return self._accounts.balance(place)

    def hold(self, request: HoldRequest) -> Outcome:
        """Set these cents aside, or answer `insufficient_funds` without effect."""
        wallet = wallet_of(request.owner_id)
        balance = self._accounts.balance(wallet)
        if balance < request.amount_cents:
            return Outcome("insufficient_funds", None, balance, request.amount_cents - balance)
        held = Held(uuid7(), *request)
        self._accounts.add(wallet, -held.amount_cents, reserving=held.amount_cents)
        self._fresh[held.id] = held
        leg = Leg(wallet, ESCROW, held.amount_cents)
        self._postings.append(Posting(hold_key(held.key), "hold", (leg,), held.subject_id))
        return Outcome("done", held.id, balance - held.amount_cents)

    def end(self, held: Held, ending: Posting) -> None:
        """End this hold, made on this sheet or before, by its `ending`."""
        wallet = wallet_of(held.owner_id)
        paid = 0
        for leg in ending.legs:
            if leg.target != wallet:
                paid += leg.amount_cents
            self._accounts.add(leg.target, leg.amount_cents)
        self._accounts.add(wallet, 0, reserving=-held.amount_cents)
        self._ended[held.id] = held, paid
        self._postings.append(ending)

    def write(self, *, now: datetime) -> None:
        """One statement each for new holds, for ended ones, for transfers and for accounts."""
        insert_rows(Hold, _COLUMNS, [(*h, now, *self._state(h, now)) for h in self._fresh.values()])
        update_rows(
            Hold,
            _ENDING,
            [
                (hold_id, *self._state(held, now))
                for hold_id, (held, _) in self._ended.items()
                if hold_id not in self._fresh
            ],
            apart=True,
        )
        write_transfers(self._postings, now=now)
        self._accounts.write()

    def _state(self, held: Held, now: datetime) -> tuple[str, int, int, datetime | None]:
        if (ended := self._ended.get(held.id)) is None:
            return _OPEN, 0, 0, None
        paid = ended[1]
        return _SETTLED if paid else _VOIDED, paid, held.amount_cents - paid, now


def locked_sheet(places: Iterable[Place]) -> Question[Sheet]:
    """Lock these accounts, and open a sheet over those of them that exist."""
    return locked_accounts(places).then(Sheet)


def wallet_of(owner_id: UUID) -> Place:
    """Where this person's spendable money stands."""
    return Place(Book.FAN_WALLET, owner_id)
