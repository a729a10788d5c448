"""How a message looks to the one who reads it: price and share differ, watchers see no money."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from accounts.events import wire_time
from chat import events
from chat.events import MessageDelivered, MessageHeld, OfferView
from chat.models import Conversation, Line, MessageState, Money
from chat.queries.rows import AnyMessage
from paywall import pricing
from paywall.queries.offers import OfferFacts


class Reader(StrEnum):
    FAN = "fan"
    CREATOR = "creator"
    WATCHER = "watcher"


def reader_of(conversation: Conversation, account_id: UUID) -> Reader:
    """As what this account reads the conversation."""
    if account_id == conversation.fan_id:
        return Reader.FAN
    return Reader.CREATOR if account_id == conversation.creator_id else Reader.WATCHER


def creator_share_cents(message: AnyMessage) -> int:
    """What the creator earns, or would, if this message is answered in person."""
    if message.money == Money.CAPTURED:
        return message.earned_cents
    split = pricing.split(message.price_cents, vat_rate_percent=message.vat_rate_percent)
    return split.creator_cents


def offer_view(
    facts: OfferFacts, *, reader: Reader, entitlement_id: UUID | None = None
) -> OfferView:
    """Media for sale as this reader sees them: a watcher sees no price."""
    return OfferView(
        offer_id=facts.offer_id,
        media_count=facts.media_count,
        lure=facts.lure,
        width=facts.width,
        height=facts.height,
        preview=facts.preview,
        price_cents=None if reader is Reader.WATCHER else facts.price_cents,
        owned=entitlement_id is not None,
        entitlement_id=entitlement_id,
    )


def delivered_view(
    message: AnyMessage,
    *,
    reader: Reader,
    is_sender: bool,
    offer: OfferView | None = None,
) -> MessageDelivered:
    """A numbered message, for its event, for history and for resume alike."""
    assert message.seq is not None
    assert message.delivered_at is not None
    gone = message.state in (MessageState.UNSENT, MessageState.WITHHELD)
    return MessageDelivered(
        conversation_id=message.conversation_id,
        seq=message.seq,
        message_id=message.id,
        sender_id=message.sender_id,
        author_kind=message.author_kind,
        body=""
        if gone and not (is_sender and message.state == MessageState.WITHHELD)
        else message.body,
        sent_at=wire_time(message.sent_at),
        delivered_at=wire_time(message.delivered_at),
        state=message.state,
        client_id=message.client_id if is_sender else None,
        offer=None if gone else offer,
        reply_to=message.reply_to_id,
        edited_at=_time(message.edited_at),
        **_money(message, reader),
    )


def held_view(message: AnyMessage) -> MessageHeld:
    """A held message, for its sender's other devices."""
    assert message.decide_before is not None
    return MessageHeld(
        conversation_id=message.conversation_id,
        message_id=message.id,
        client_id=message.client_id,
        decide_before=wire_time(message.decide_before),
        body=message.body,
        sent_at=wire_time(message.sent_at),
        price_cents=message.price_cents,
    )


def pending_view(message: AnyMessage, statement_url: str | None) -> events.PendingMessage:
    """An own message that has no number, with what became of it."""
    return events.PendingMessage(
        message_id=message.id,
        client_id=message.client_id,
        state=message.state,
        body="" if message.state == MessageState.UNSENT else message.body,
        sent_at=wire_time(message.sent_at),
        after_seq=message.after_seq,
        decide_before=_time(message.decide_before),
        price_cents=message.price_cents,
        statement_url=statement_url,
    )


def line_view(line: Line) -> events.Line:
    """A system line."""
    return events.Line(
        line_id=line.id,
        after_seq=line.after_seq,
        kind=line.kind,
        at=wire_time(line.at),
        price_cents=line.price_cents,
        moderator=line.moderator or None,
        reason=line.reason or None,
        until=_time(line.until),
    )


def _money(message: AnyMessage, reader: Reader) -> dict[str, Any]:
    if reader is Reader.WATCHER or message.money == Money.NONE:
        return {} if reader is Reader.WATCHER else {"price_cents": message.price_cents}
    share = message.price_cents if reader is Reader.FAN else creator_share_cents(message)
    return {
        "price_cents": message.price_cents,
        "money": message.money,
        "amount_cents": share,
        "answer_due_at": _time(message.answer_due_at),
        "receipt_id": message.receipt_id,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else wire_time(moment)
