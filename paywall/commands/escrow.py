"""Money of paid messages: reserved when sent, captured by an answer in person, else given back.

Batch-first, and inside the transaction that changes the messages: both happen or neither.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.db import Question
from paywall import ledger
from paywall.commands import receipts
from paywall.commands.receipts import Sale
from paywall.ledger import Book, Held, HoldRequest, Outcome, Place, Settlement, Wallet
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


class Unopened(Exception):
    """A till needs accounts that nobody has opened: `open_accounts` first, then begin again."""

    def __init__(self, places: Collection[Place]) -> None:
        super().__init__()
        self.places = places


class Till:
    """The money of one batch of sends and answers: decided item by item in memory, written once.

    Holds the locks of all accounts concerned from the start. Whoever uses it has the messages
    locked, and so vouches that a reservation is new and a captured hold open.
    """

    def __init__(self, sheet: ledger.Sheet) -> None:
        """Raises `Unopened`."""
        if sheet.unopened:
            raise Unopened(sheet.unopened)
        self._sheet = sheet
        self._sales: list[Sale] = []

    def reserve(self, wanted: Reservation) -> Outcome:
        """Set a price aside; `Outcome.id` is the hold. Or `insufficient_funds`, without effect."""
        return self._sheet.hold(_request(wanted))

    def capture(self, item: Capture) -> int:
        """Pay what was reserved to creator, tax office, reserve and platform: the creator's cents.

        `gross_cents` is all that is held.
        """
        key, sale = _key(item.message_id), _sale(item)
        held = Held(item.hold_id, key, item.fan_id, item.gross_cents, item.message_id)
        self._sheet.end(held, held.ending(receipts.parts(sale)))
        self._sales.append(sale)
        return sale.split.creator_cents

    def wallet(self, fan_id: UUID) -> Wallet:
        """A wallet after all that was decided so far."""
        return self._sheet.wallet(fan_id)

    def write(self, *, now: datetime) -> dict[UUID, int]:
        """Write it all down; the receipt's number of each captured message."""
        self._sheet.write(now=now)
        numbers = receipts.write(self._sales, now=now)
        return {sale.subject_id: numbers[sale.posting_key] for sale in self._sales}


def locked_till(*, fan_ids: Collection[UUID], creator_ids: Collection[UUID]) -> Question[Till]:
    """A till over these wallets, which are locked in id order. Assumes an open transaction;
    whoever asks it sees `Unopened`."""
    return ledger.locked_sheet(_places(fan_ids, creator_ids)).then(Till)


def open_accounts(places: Collection[Place]) -> None:
    """Open what a till missed, in a transaction of its own that locks nothing else."""
    with transaction.atomic():
        ledger.open_accounts(places)


def lock_accounts(*, fan_ids: Collection[UUID], creator_ids: Collection[UUID] = ()) -> None:
    """Lock at once every account a batch of sends and answers will touch.

    Call it before `capture` and `give_back` when a transaction calls both: two such transactions
    can then never wait for each other.
    """
    ledger.lock(_places(fan_ids, creator_ids))


def capture(captures: Sequence[Capture], *, now: datetime) -> list[Captured]:
    """Pay what was reserved to creator, tax office, reserve and platform, with a receipt each.

    In order; a hold that had ended otherwise is left out, nothing was captured for it. Again the
    same: the same receipts. `gross_cents` below the hold returns the difference to the fan.
    """
    sales = [_sale(item) for item in captures]
    settlements = [
        Settlement(item.hold_id, receipts.parts(sale))
        for item, sale in zip(captures, sales, strict=True)
    ]
    outcomes = ledger.settle(settlements, now=now)
    paid = [sale for sale, outcome in zip(sales, outcomes, strict=True) if outcome.ok]
    fresh = [s for s, outcome in zip(sales, outcomes, strict=True) if outcome.status == "done"]
    numbers = receipts.write(fresh, now=now)
    if len(fresh) < len(paid):
        numbers = receipts.numbers([sale.posting_key for sale in paid])
    return [Captured(s.subject_id, s.split.creator_cents, numbers[s.posting_key]) for s in paid]


def give_back(hold_ids: Sequence[UUID], *, now: datetime) -> list[Outcome]:
    """Return what was reserved, whole.

    `not_open` when it was captured, `replayed` when it is back already.
    """
    return ledger.void(hold_ids, now=now)


def _places(fan_ids: Collection[UUID], creator_ids: Collection[UUID]) -> list[Place]:
    return [
        *(Place(Book.FAN_WALLET, fan_id) for fan_id in fan_ids),
        *(Place(Book.CREATOR_PENDING, creator_id) for creator_id in creator_ids),
    ]


def _key(message_id: UUID) -> str:
    """Under which the price of a message is held."""
    return f"message:{message_id}"


def _request(wanted: Reservation) -> HoldRequest:
    message_id, fan_id, amount_cents = wanted
    return HoldRequest(_key(message_id), fan_id, amount_cents, message_id)


def _sale(item: Capture) -> Sale:
    return Sale(
        posting_key=ledger.end_key(_key(item.message_id)),
        subject_kind=SubjectKind.MESSAGE,
        subject_id=item.message_id,
        fan_id=item.fan_id,
        creator_id=item.creator_id,
        gross_cents=item.gross_cents,
        vat_rate_percent=item.vat_rate_percent,
    )
