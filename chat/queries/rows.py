"""Messages as a batch of sends holds them: their columns alone, cheap to make and to keep.

An instance of the ORM costs as much as all else that is decided about a message.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from accounts.db import read_rows
from chat.models import Message, MessageState, Money

_WAITING = (
    "id", "conversation_id", "state", "price_cents", "vat_rate_percent", "hold_id",
    "answer_due_at", "answer_left_seconds", "delivered_at",
)  # fmt: skip


class WaitingRow(msgspec.Struct, kw_only=True):
    """A paid message that has no answer yet; what became of its money is not known before."""

    id: UUID
    conversation_id: UUID
    state: str
    price_cents: int
    vat_rate_percent: int
    hold_id: UUID | None
    answer_due_at: datetime | None = None
    answer_left_seconds: int | None = None
    delivered_at: datetime | None = None
    money: str = Money.RESERVED
    refund_reason: str = ""
    earned_cents: int = 0
    receipt_id: int | None = None
    answered_by_id: UUID | None = None


class MessageRow(WaitingRow, kw_only=True):
    """A message that is about to be stored: every column of `Message`, by the same names."""

    sender_id: UUID
    client_id: UUID
    sent_sha256: str
    after_seq: int
    author_kind: str
    body: str
    offer_id: UUID | None
    reply_to_id: UUID | None
    price_reason: str
    answer_seconds: int
    sent_at: datetime
    seq: int | None = None
    verdict: str = ""
    rule_book: str = ""
    body_sha256: str = ""
    case_id: UUID | None = None
    decide_before: datetime | None = None
    edited_at: datetime | None = None
    ended_at: datetime | None = None


type AnyMessage = Message | MessageRow
type Paid = Message | WaitingRow


def paid_and_waiting(
    conversation_ids: Collection[UUID],
) -> tuple[defaultdict[UUID, list[Paid]], defaultdict[UUID, int]]:
    """The paid messages without an answer, oldest first: delivered ones, and how many are held."""
    waiting: defaultdict[UUID, list[Paid]] = defaultdict(list)
    held: defaultdict[UUID, int] = defaultdict(int)
    for row in read_rows(
        Message,
        _WAITING,
        where=("conversation_id",),
        among=[(conversation_id,) for conversation_id in conversation_ids],
        matching="money = 'reserved'",
    ):
        message_id, place, state, price, vat, hold_id, due_at, left, delivered_at = row
        if state == MessageState.HELD:
            held[place] += 1
            continue
        waiting[place].append(
            WaitingRow(
                id=message_id,
                conversation_id=place,
                state=state,
                price_cents=price,
                vat_rate_percent=vat,
                hold_id=hold_id,
                answer_due_at=due_at,
                answer_left_seconds=left,
                delivered_at=delivered_at,
            )
        )
    return waiting, held
