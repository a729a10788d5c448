"""Builders for tests about money: a funded wallet, and short names for places."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.db import answer
from paywall import ledger
from paywall.commands import escrow
from paywall.ledger import Book, HoldRequest, Leg, Place, Posting
from tests.factories import START

ESCROW = Place(Book.ESCROW)
CLEARING = Place(Book.PROCESSOR_CLEARING)
PLATFORM = Place(Book.PLATFORM_FEE)


def wallet_of(owner_id: UUID) -> Place:
    return Place(Book.FAN_WALLET, owner_id)


def top_up(owner_id: UUID, cents: int, *, key: str | None = None) -> ledger.Outcome:
    """Money from outside into a wallet; assumes an open transaction."""
    legs = (Leg(CLEARING, wallet_of(owner_id), cents),)
    posting = Posting(key or f"topup:{uuid7()}", "topup", legs, owner_id)
    return ledger.post([posting], now=START)[0]


def funded(cents: int) -> UUID:
    """A new wallet that holds so much."""
    owner_id = uuid7()
    assert top_up(owner_id, cents).ok
    return owner_id


def request_of(owner_id: UUID, cents: int, *, key: str | None = None) -> HoldRequest:
    return HoldRequest(key or f"test:{uuid7()}", owner_id, cents, uuid7())


def held(owner_id: UUID, cents: int) -> UUID:
    """A new hold on this wallet."""
    [outcome] = ledger.hold([request_of(owner_id, cents)], now=START)
    assert outcome.status == "done"
    assert outcome.id is not None
    return outcome.id


def set_aside(wanted: Sequence[escrow.Reservation], *, now: datetime = START) -> list[UUID]:
    """The prices of sent messages, in escrow as a batch of sends puts them there: their holds."""
    fan_ids = {one.fan_id for one in wanted}
    escrow.open_accounts([wallet_of(fan_id) for fan_id in fan_ids])
    with transaction.atomic():
        till = answer(escrow.locked_till(fan_ids=fan_ids, creator_ids=()))
        holds = [outcome.id for outcome in map(till.reserve, wanted) if outcome.id is not None]
        till.write(now=now)
    assert len(holds) == len(wanted)
    return holds
