"""Opening a conversation, reading in it, declining in it, and prices as both sides learn them."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import inbox
from accounts.errors import NotAllowed, NotFound
from accounts.models import Account, Role
from accounts.policies import require_certified
from chat.commands import fate
from chat.commands.edit import lock_conversation_of_member
from chat.commands.fate import Changes
from chat.errors import TooLate
from chat.events import Read
from chat.models import Conversation, Line, Message, MessageState, Money
from chat.queries.access import other_side, sides
from chat.queries.prices import current_prices
from paywall.events import PriceChanged


@transaction.atomic
def open_conversation(*, fan_id: UUID, creator_id: UUID, now: datetime) -> Conversation:
    """The conversation of this fan with this creator, made at the first call. Fans open it."""
    if not Account.objects.filter(id=fan_id, role=Role.FAN).exists():
        raise NotAllowed("A fan opens a conversation.")
    if not Account.objects.filter(id=creator_id, role=Role.CREATOR, is_active=True).exists():
        raise NotFound("This creator is not available.")
    require_certified(creator_id)
    conversation, _ = Conversation.objects.get_or_create(
        fan_id=fan_id,
        creator_id=creator_id,
        defaults={"created_at": now, "last_at": now, "listed_at": now},
    )
    return conversation


@transaction.atomic
def mark_read(*, account_id: UUID, conversation_id: UUID, seq: int) -> None:
    """This side has read up to `seq`; a mark never goes back, and both sides learn of it."""
    conversation = lock_conversation_of_member(account_id, conversation_id)
    mine = "fan" if account_id == conversation.fan_id else "creator"
    seq = min(seq, conversation.seq)
    if seq <= getattr(conversation, f"{mine}_read_seq"):
        return
    unread = Message.objects.filter(
        conversation_id=conversation_id,
        seq__gt=seq,
        sender_id=other_side(conversation, account_id),
        state=MessageState.DELIVERED,
    ).count()
    setattr(conversation, f"{mine}_read_seq", seq)
    setattr(conversation, f"{mine}_unread", unread)
    conversation.save(update_fields=[f"{mine}_read_seq", f"{mine}_unread"])
    event = Read(conversation_id=conversation_id, account_id=account_id, seq=seq)
    inbox.publish(sides(conversation), event)


@transaction.atomic
def decline_message(
    *, creator_id: UUID, conversation_id: UUID, message_id: UUID, now: datetime
) -> Message:
    """The creator will not answer: the fan has the reserved price back. Twice changes nothing."""
    conversation = lock_conversation_of_member(creator_id, conversation_id)
    if creator_id != conversation.creator_id:
        raise NotFound("This message is not available.")
    rows = Message.objects.select_for_update().filter(
        id=message_id, conversation_id=conversation_id, state=MessageState.DELIVERED
    )
    message = rows.first()
    if message is None:
        raise NotFound("This message is not available.")
    if message.money == Money.REFUNDED:
        return message
    if message.money != Money.RESERVED:
        raise TooLate("No money waits on this message.")
    changes = Changes(now=now, conversations={conversation.id: conversation})
    fate.refund(message, changes, reason="declined")
    changes.save()
    return message


@transaction.atomic
def change_prices(
    *, creator_id: UUID, change: Callable[[], Any], fan_ids: Collection[UUID] | None, now: datetime
) -> None:
    """Run a change of price rules, then tell every conversation whose price it moved.

    `fan_ids` names the fans it can concern; None stands for all. Each change leaves a line.
    """
    concerned = Conversation.objects.filter(creator_id=creator_id)
    if fan_ids is not None:
        concerned = concerned.filter(fan_id__in=fan_ids)
    conversations = list(concerned.order_by("id"))
    before = current_prices(conversations, now)
    change()
    after = current_prices(conversations, now)
    moved = [c for c in conversations if before[c.id].cents != after[c.id].cents]
    Line.objects.bulk_create(_price_line(c, after[c.id].cents, now) for c in moved)
    inbox.publish_all(
        [
            (sides(c), PriceChanged(conversation_id=c.id, price_cents=after[c.id].cents))
            for c in moved
        ]
    )


def _price_line(conversation: Conversation, price_cents: int, now: datetime) -> Line:
    return Line(
        conversation_id=conversation.id,
        after_seq=conversation.seq,
        kind="price_changed",
        price_cents=price_cents,
        at=now,
    )
