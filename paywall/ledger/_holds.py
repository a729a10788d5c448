"""Hides how money is set aside in escrow and how, once, it leaves it: paid out or returned."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.db import insert_rows, read_rows, update_rows
from paywall.ledger._accounts import Accounts, lock_accounts
from paywall.ledger._post import known_postings, write_transfers
from paywall.ledger.books import (
    ESCROW,
    Book,
    HoldRequest,
    Leg,
    Outcome,
    Place,
    Posting,
    Settlement,
    check_leg,
    end_key,
    hold_key,
)
from paywall.ledger.models import Hold, HoldState

_REQUEST = ("key", "owner_id", "amount_cents", "subject_id")
_NOT_FOUND = Outcome("not_open", None, 0)


def hold(requests: Sequence[HoldRequest], *, now: datetime) -> list[Outcome]:
    """Move each request's cents from its wallet to escrow; one outcome each, in the same order.

    `Outcome.id` is the hold. Refused without effect: `insufficient_funds` with `missing_cents`,
    and `key_reused`. A request refused never stands in the way of a cheaper one behind it.
    Assumes an open transaction; the number of statements does not depend on the batch.
    """
    if not requests:
        return []
    for request in requests:
        check_leg(_into_escrow(request))
    # A wallet that was never opened holds nothing: there is nothing to open in order to refuse.
    accounts = lock_accounts([_wallet(r.owner_id) for r in requests], opening=False)
    known = _known_holds([request.key for request in requests])
    fresh: list[tuple[UUID, HoldRequest]] = []
    outcomes = [_hold_one(accounts, known, fresh, request) for request in requests]
    insert_rows(Hold, ("id", *_REQUEST, "created_at"), [(hold_id, *r, now) for hold_id, r in fresh])
    write_transfers([_entry(request) for _, request in fresh], now=now)
    accounts.write()
    return outcomes


def settle(settlements: Sequence[Settlement], *, now: datetime) -> list[Outcome]:
    """Pay out of open holds, the rest of each back to its wallet; one outcome each, in order.

    `replayed`: this hold was settled by these very legs before. `not_open`: it is unknown, or it
    ended otherwise. Legs that pay nothing, or more than was held, raise `ValueError`. Assumes an
    open transaction; the number of statements does not depend on the batch.
    """
    payees = [place for item in settlements for place, _ in item.legs]
    if not all(item.legs for item in settlements):
        raise ValueError("a settlement pays somebody; to return a hold whole, void it")
    batch = _EndBatch.locked([item.hold_id for item in settlements], payees)
    outcomes = [batch.end(item.hold_id, item.legs) for item in settlements]
    batch.write(now=now)
    return outcomes


def void(hold_ids: Sequence[UUID], *, now: datetime) -> list[Outcome]:
    """Return open holds whole to their wallets; one outcome each, in the same order.

    `replayed`: it was voided before. `not_open`: it is unknown, or it was settled. Assumes an open
    transaction; the number of statements does not depend on the batch.
    """
    batch = _EndBatch.locked(hold_ids, ())
    outcomes = [batch.end(hold_id, ()) for hold_id in hold_ids]
    batch.write(now=now)
    return outcomes


def _wallet(owner_id: UUID) -> Place:
    return Place(Book.FAN_WALLET, owner_id)


def _into_escrow(request: HoldRequest) -> Leg:
    return Leg(_wallet(request.owner_id), ESCROW, request.amount_cents)


def _entry(request: HoldRequest) -> Posting:
    return Posting(hold_key(request.key), "hold", (_into_escrow(request),), request.subject_id)


def _known_holds(keys: Collection[str]) -> dict[str, tuple[UUID, HoldRequest]]:
    rows = read_rows(Hold, ("id", *_REQUEST), where=("key",), among=[(key,) for key in keys])
    return {row[1]: (row[0], HoldRequest(*row[1:])) for row in rows}


def _hold_one(
    accounts: Accounts,
    known: dict[str, tuple[UUID, HoldRequest]],
    fresh: list[tuple[UUID, HoldRequest]],
    request: HoldRequest,
) -> Outcome:
    wallet = _wallet(request.owner_id)
    balance = accounts.balance(wallet)
    if (found := known.get(request.key)) is not None:
        same = found[1] == request
        return Outcome("replayed" if same else "key_reused", found[0] if same else None, balance)
    if balance < request.amount_cents:
        return Outcome("insufficient_funds", None, balance, request.amount_cents - balance)
    accounts.move([_into_escrow(request)])
    accounts.reserve(wallet, request.amount_cents)
    hold_id = uuid7()
    known[request.key] = (hold_id, request)
    fresh.append((hold_id, request))
    return Outcome("done", hold_id, accounts.balance(wallet))


@dataclass(slots=True)
class _Open:
    """A hold as this batch sees it."""

    id: UUID
    key: str
    owner_id: UUID
    amount_cents: int
    state: str
    subject_id: UUID

    def end(self, legs: Sequence[tuple[Place, int]]) -> Posting:
        """The posting that ends this hold by these legs, the rest returned."""
        paid = tuple(Leg(ESCROW, place, cents) for place, cents in legs)
        rest = self.amount_cents - sum(leg.amount_cents for leg in paid)
        for leg in paid:
            check_leg(leg)
        if rest < 0 or _wallet(self.owner_id) in [leg.target for leg in paid]:
            raise ValueError(f"hold {self.id} of {self.amount_cents} cannot pay {legs}")
        back = (Leg(ESCROW, _wallet(self.owner_id), rest),) if rest else ()
        return Posting(
            end_key(self.key), "settle" if paid else "void", (*paid, *back), self.subject_id
        )


@dataclass(slots=True)
class _EndBatch:
    accounts: Accounts
    holds: dict[UUID, _Open]
    ended: dict[str, Posting]
    fresh: list[tuple[_Open, Posting, int]] = field(default_factory=list)

    @classmethod
    def locked(cls, hold_ids: Collection[UUID], payees: Collection[Place]) -> "_EndBatch":
        """Lock the accounts concerned, then read the holds: the wallet's lock guards its holds."""
        owners = read_rows(Hold, ("owner_id",), where=("id",), among=[(i,) for i in hold_ids])
        wallets = [_wallet(row[0]) for row in owners]
        accounts = lock_accounts([*wallets, *payees], opening=bool(payees))
        holds = _holds(hold_ids)
        ended = [end_key(h.key) for h in holds.values() if h.state != HoldState.OPEN]
        return cls(accounts, holds, known_postings(ended))

    def end(self, hold_id: UUID, legs: Sequence[tuple[Place, int]]) -> Outcome:
        """End one hold, or say why not."""
        held = self.holds.get(hold_id)
        if held is None:
            return _NOT_FOUND
        wallet, ending = _wallet(held.owner_id), held.end(legs)
        if (known := self.ended.get(ending.key)) is not None:
            balance = self.accounts.balance(wallet)
            return Outcome("replayed" if known == ending else "not_open", hold_id, balance)
        self.accounts.move(ending.legs)
        self.accounts.reserve(wallet, -held.amount_cents)
        self.ended[ending.key] = ending
        self.fresh.append((held, ending, sum(cents for _, cents in legs)))
        return Outcome("done", hold_id, self.accounts.balance(wallet))

    def write(self, *, now: datetime) -> None:
        """One statement for the holds, one for the transfers, one for the accounts."""
        update_rows(
            Hold,
            ("state", "settled_cents", "returned_cents", "ended_at"),
            [
                (held.id, _state(paid), paid, held.amount_cents - paid, now)
                for held, _, paid in self.fresh
            ],
        )
        write_transfers([ending for _, ending, _ in self.fresh], now=now)
        self.accounts.write()


def _state(paid_cents: int) -> str:
    return HoldState.SETTLED.value if paid_cents else HoldState.VOIDED.value


def _holds(hold_ids: Collection[UUID]) -> dict[UUID, _Open]:
    columns = ("id", "key", "owner_id", "amount_cents", "state", "subject_id")
    rows = read_rows(Hold, columns, where=("id",), among=[(i,) for i in hold_ids])
    return {row[0]: _Open(*row) for row in rows}
