"""The words of the ledger: where money stands, how it moves, what became of an order to move it."""

import hashlib
import json
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID


class Book(StrEnum):
    """A kind of account. User books have one account per person, system books a single one."""

    FAN_WALLET = "fan_wallet"
    ESCROW = "escrow"
    CREATOR_PENDING = "creator_pending"
    CREATOR_AVAILABLE = "creator_available"
    PLATFORM_FEE = "platform_fee"
    VAT_PAYABLE = "vat_payable"
    PROCESSOR_CLEARING = "processor_clearing"
    CHARGEBACK_RESERVE = "chargeback_reserve"


USER_BOOKS = (Book.FAN_WALLET, Book.CREATOR_PENDING, Book.CREATOR_AVAILABLE)


class Place(NamedTuple):
    """One account: a book, and its owner when it is a user book."""

    book: Book
    owner_id: UUID | None = None


ESCROW = Place(Book.ESCROW)


class Leg(NamedTuple):
    """So many cents (> 0) from one account to another: it sums to zero by construction."""

    source: Place
    target: Place
    amount_cents: int


class Posting(NamedTuple):
    """Legs that happen together or not at all, and once, however often the `key` is retried."""

    key: str
    kind: str
    legs: tuple[Leg, ...]
    subject_id: UUID


class Remembered(NamedTuple):
    """A posting whose legs stand in an archive: what is left tells it from any other."""

    key: str
    fingerprint: str


def fingerprint(posting: Posting) -> str:
    """The same for two postings exactly when kind, subject and legs are: 128 bits in hex."""
    legs = [(*leg.source, *leg.target, leg.amount_cents) for leg in posting.legs]
    told = json.dumps([posting.kind, posting.subject_id, legs], default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def is_same(known: Posting | Remembered, posting: Posting) -> bool:
    """Whether what happened under this key is this very posting."""
    if isinstance(known, Remembered):
        return known.fingerprint == fingerprint(posting)
    return known == posting


class HoldRequest(NamedTuple):
    """Set so many cents (> 0) of this wallet aside in escrow. `key` as for a posting."""

    key: str
    owner_id: UUID
    amount_cents: int
    subject_id: UUID


class Settlement(NamedTuple):
    """Pay these accounts out of a hold; what the legs leave returns to the wallet."""

    hold_id: UUID
    legs: tuple[tuple[Place, int], ...]


Status = Literal["done", "replayed", "insufficient_funds", "not_open", "key_reused"]


class Outcome(NamedTuple):
    """What became of one item of a batch.

    `id` is the hold's (None for a posting and for what was not done). `balance_cents` is what the
    concerned user account holds after this item: the wallet of a hold, the first user account a
    posting names, 0 when it names none. `missing_cents` goes with `insufficient_funds`.
    """

    status: Status
    id: UUID | None
    balance_cents: int
    missing_cents: int = 0

    @property
    def ok(self) -> bool:
        """True when the money stands where the item wanted it, now or since an earlier try."""
        return self.status in ("done", "replayed")


class Wallet(NamedTuple):
    """What a fan can spend, and what waits in escrow."""

    balance_cents: int
    reserved_cents: int


def hold_key(key: str) -> str:
    """The posting key under which a hold entered escrow."""
    return f"hold:{key}"


def end_key(key: str) -> str:
    """The posting key under which a hold left escrow; settle and void share it, so it ends once."""
    return f"end:{key}"


def check_place(place: Place) -> None:
    """Raise `ValueError` unless a user book names its owner and a system book names none."""
    if (place.book in USER_BOOKS) != (place.owner_id is not None):
        raise ValueError(f"{place.book} with owner {place.owner_id}")


def check_leg(leg: Leg) -> None:
    """Raise `ValueError` for a leg no history may contain: a caller's bug, not a refusal."""
    check_place(leg.source)
    check_place(leg.target)
    if leg.amount_cents <= 0 or leg.source == leg.target:
        raise ValueError(f"a leg moves cents from one account to another: {leg}")
