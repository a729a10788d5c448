"""Holds by their keys: who cannot vouch for what happened before asks it here."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from accounts.db import rows_of
from paywall.ledger._accounts import lock_accounts
from paywall.ledger._post import known_postings
from paywall.ledger._sheet import Held, Sheet, wallet_of
from paywall.ledger.books import (
    ESCROW,
    HoldRequest,
    Leg,
    Outcome,
    Place,
    Posting,
    Remembered,
    Settlement,
    Status,
    check_leg,
    end_key,
    is_same,
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
        check_leg(Leg(wallet_of(request.owner_id), ESCROW, request.amount_cents))
    # A wallet that was never opened holds nothing: there is nothing to open in order to refuse.
    sheet = Sheet(lock_accounts([wallet_of(r.owner_id) for r in requests], opening=False))
    known = _known_holds([request.key for request in requests])
    outcomes = [_hold_once(sheet, known, request) for request in requests]
    sheet.write(now=now)
    return outcomes


def settle(settlements: Sequence[Settlement], *, now: datetime) -> list[Outcome]:
    """Pay out of open holds, the rest of each back to its wallet; one outcome each, in order.

    `replayed`: this hold was settled by these very legs before. `not_open`: it is unknown, or it
    ended otherwise. Legs that pay nothing, or more than was held, raise `ValueError`. Assumes an
    open transaction; the number of statements does not depend on the batch.
    """
    if not all(item.legs for item in settlements):
        raise ValueError("a settlement pays somebody; to return a hold whole, void it")
    return _end([(item.hold_id, item.legs) for item in settlements], now=now)


def void(hold_ids: Sequence[UUID], *, now: datetime) -> list[Outcome]:
    """Return open holds whole to their wallets; one outcome each, in the same order.

    `replayed`: it was voided before. `not_open`: it is unknown, or it was settled. Assumes an open
    transaction; the number of statements does not depend on the batch.
    """
    return _end([(hold_id, ()) for hold_id in hold_ids], now=now)


def _known_holds(keys: Collection[str]) -> dict[str, tuple[UUID, HoldRequest]]:
    rows = rows_of(Hold, ("id", *_REQUEST), where=("key",), among=[(key,) for key in keys]).run()
    return {row[1]: (row[0], HoldRequest(*row[1:])) for row in rows}


def _hold_once(
    sheet: Sheet, known: dict[str, tuple[UUID, HoldRequest]], request: HoldRequest
) -> Outcome:
    if (found := known.get(request.key)) is not None:
        balance = sheet.balance(wallet_of(request.owner_id))
        same = found[1] == request
        return Outcome("replayed" if same else "key_reused", found[0] if same else None, balance)
    outcome = sheet.hold(request)
    if outcome.id is not None:
        known[request.key] = outcome.id, request
    return outcome


def _end(
    endings: Sequence[tuple[UUID, Sequence[tuple[Place, int]]]], *, now: datetime
) -> list[Outcome]:
    """Lock the accounts concerned, then read the holds: the wallet's lock guards its holds."""
    keys = [(hold_id,) for hold_id, _ in endings]
    owners = rows_of(Hold, ("owner_id",), where=("id",), among=keys).run()
    payees = [place for _, legs in endings for place, _ in legs]
    places = [*(wallet_of(row[0]) for row in owners), *payees]
    sheet = Sheet(lock_accounts(places, opening=bool(payees)))
    columns = ("id", *_REQUEST, "state")
    rows = rows_of(Hold, columns, where=("id",), among=keys).run()
    held = {row[0]: Held(*row[:-1]) for row in rows}
    ended = known_postings(end_key(row[1]) for row in rows if row[-1] != HoldState.OPEN)
    outcomes = [_end_once(sheet, held.get(hold_id), ended, legs) for hold_id, legs in endings]
    sheet.write(now=now)
    return outcomes


def _end_once(
    sheet: Sheet,
    held: Held | None,
    ended: dict[str, Posting | Remembered],
    legs: Sequence[tuple[Place, int]],
) -> Outcome:
    if held is None:
        return _NOT_FOUND
    ending, wallet = held.ending(legs), wallet_of(held.owner_id)
    if (known := ended.get(ending.key)) is not None:
        status: Status = "replayed" if is_same(known, ending) else "not_open"
        return Outcome(status, held.id, sheet.balance(wallet))
    sheet.end(held, ending)
    ended[ending.key] = ending
    return Outcome("done", held.id, sheet.balance(wallet))
