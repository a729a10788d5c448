"""Money of paid messages: reserved when sent, captured by an answer in person, else given back.

Batch-first, and inside the transaction that changes the messages: both happen or neither.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from paywall import ledger
from paywall.commands import receipts
from paywall.commands.receipts import Sale
from paywall.ledger import Book, HoldRequest, Outcome, Place, Settlement
from paywall.models import SubjectKind


class Reservation(NamedTuple):
    """The price of one paid message, to be set aside."""

    message_id: UUID
    fan_id: UUID
    amount_cents: int


class Capture(NamedTuple):
    """A waiting message that an answer in person has earned, with the terms frozen on it."""

    message_id: UUID
    hold_id: UUID
    fan_id: UUID
    creator_id: UUID
    gross_cents: int
    vat_rate_percent: int


class Captured(NamedTuple):
    """What the creator earned by one message, and the number of its receipt."""

    message_id: UUID
    creator_cents: int
    receipt_id: int


def lock_accounts(*, fan_ids: Collection[UUID], creator_ids: Collection[UUID] = ()) -> None:
    """Lock at once every account a batch of sends and answers will touch.

    Call it before `reserve`, `capture` and `give_back` when a transaction calls more than one of
    them: two such transactions can then never wait for each other.
    """
    ledger.lock(
        [Place(Book.FAN_WALLET, fan_id) for fan_id in fan_ids]
        + [Place(Book.CREATOR_PENDING, creator_id) for creator_id in creator_ids]
    )


def reserve(reservations: Sequence[Reservation], *, now: datetime) -> list[Outcome]:
    """Set each price aside; `Outcome.id` is the hold.

    Refused: `insufficient_funds` with `missing_cents`, and `key_reused`.
    """
    return ledger.hold(
        [
            HoldRequest(f"message:{r.message_id}", r.fan_id, r.amount_cents, r.message_id)
            for r in reservations
        ],
        now=now,
    )


def capture(captures: Sequence[Capture], *, now: datetime) -> list[Captured]:
    """Pay what was reserved to creator, tax office, reserve and platform, with a receipt each.

    In order; a hold that had ended otherwise is left out, nothing was captured for it. Again the
    same: the same receipts. `gross_cents` below the hold returns the difference to the fan.
    """
    sales = [_sale(item) for item in captures]
    settlements = [
        Settlement(item.hold_id, tuple(receipts.parts(sale)))
        for item, sale in zip(captures, sales, strict=True)
    ]
    outcomes = ledger.settle(settlements, now=now)
    paid = [sale for sale, outcome in zip(sales, outcomes, strict=True) if outcome.ok]
    fresh = [s for s, outcome in zip(sales, outcomes, strict=True) if outcome.status == "done"]
    receipts.write(fresh, now=now)
    numbers = receipts.numbers([sale.posting_key for sale in paid])
    return [Captured(s.subject_id, s.split.creator_cents, numbers[s.posting_key]) for s in paid]


def give_back(hold_ids: Sequence[UUID], *, now: datetime) -> list[Outcome]:
    """Return what was reserved, whole.

    `not_open` when it was captured, `replayed` when it is back already.
    """
    return ledger.void(hold_ids, now=now)


def _sale(item: Capture) -> Sale:
    return Sale(
        posting_key=ledger.end_key(f"message:{item.message_id}"),
        subject_kind=SubjectKind.MESSAGE,
        subject_id=item.message_id,
        fan_id=item.fan_id,
        creator_id=item.creator_id,
        gross_cents=item.gross_cents,
        vat_rate_percent=item.vat_rate_percent,
    )
