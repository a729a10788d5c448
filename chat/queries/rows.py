"""Messages as a batch of sends holds them: their columns alone, cheap to make and to keep.

An instance of the ORM costs as much as all else that is decided about a message.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from accounts.db import Question, answer, rows_of
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


MESSAGE_COLUMNS = MessageRow.__struct_fields__


def message_rows(rows: Iterable[tuple[Any, ...]]) -> list[MessageRow]:
    """What was read of `Message` by `MESSAGE_COLUMNS`."""
    return [MessageRow(**dict(zip(MESSAGE_COLUMNS, row, strict=True))) for row in rows]


type AnyMessage = Message | MessageRow
type Paid = Message | WaitingRow


type Waiting = defaultdict[UUID, list[Paid]]
type HeldPaid = defaultdict[UUID, int]


def paid_and_waiting(conversation_ids: Collection[UUID]) -> tuple[Waiting, HeldPaid]:
    """The paid messages without an answer, oldest first: delivered ones, and how many are held."""
    return answer(which_wait(conversation_ids))


def which_wait(conversation_ids: Collection[UUID]) -> Question[tuple[Waiting, HeldPaid]]:
    """As `paid_and_waiting`, to be asked together with others."""
    reserved = rows_of(
        Message,
        _WAITING,
        where=("conversation_id",),
        among=[(conversation_id,) for conversation_id in conversation_ids],
        matching="money = 'reserved'",
    )
    return Question([reserved], _waiting_and_held)


def _waiting_and_held(rows: Iterable[tuple[Any, ...]]) -> tuple[Waiting, HeldPaid]:
    waiting: Waiting = defaultdict(list)
    held: HeldPaid = defaultdict(int)
    for message_id, place, state, price, vat, hold_id, due_at, left, delivered_at in rows:
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
