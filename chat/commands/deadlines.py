"""What the clock does: unanswered money returns, and what nobody decided in time expires."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from chat.commands import clocks, fate
from chat.commands.edit import drop_revision
from chat.commands.fate import Changes
from chat.commands.ruling import load_for_change
from chat.models import Conversation, Message, MessageState, Money, Revision, RevisionState
from chat.queries.access import lock_conversations
from safety.commands import expire_cases

DUE_AT_ONCE = 256


def refund_unanswered(*, now: datetime) -> int:
    """Return the price of every paid message whose answer deadline has passed; how many."""
    due = Message.objects.filter(
        money=Money.RESERVED, state=MessageState.DELIVERED, answer_due_at__lte=now
    )
    oldest = due.order_by("answer_due_at").values_list("id", flat=True)[:DUE_AT_ONCE]
    return _refund(list(oldest), now)


@transaction.atomic
def _refund(message_ids: Sequence[UUID], now: datetime) -> int:
    if not message_ids:
        return 0
    places = Message.objects.filter(id__in=message_ids).values_list("conversation_id", flat=True)
    changes = Changes(now=now, conversations=lock_conversations(set(places)))
    due = Message.objects.select_for_update().filter(
        id__in=message_ids, money=Money.RESERVED, answer_due_at__lte=now
    )
    for message in due.order_by("id"):
        fate.refund(message, changes, reason="unanswered")
    changes.save()
    return len(changes.refunds)


def expire_held(*, now: datetime) -> int:
    """End every held message that nobody decided on in time; how many ended."""
    late = Message.objects.filter(state=MessageState.HELD, decide_before__lte=now)
    message_ids = list(late.order_by("decide_before").values_list("id", flat=True)[:DUE_AT_ONCE])
    return sum(_expire(message_id, now) for message_id in message_ids)


@transaction.atomic
def _expire(message_id: UUID, now: datetime) -> int:
    message, conversation, changes = load_for_change(message_id, now)
    if message.state != MessageState.HELD:
        return 0  # decided while we looked
    expire_one(message, conversation, changes)
    clocks.answer_ended(message, conversation, changes)
    changes.save()
    return 1


def expire_one(message: Message, conversation: Conversation, changes: Changes) -> None:
    """End a held message and its case, with the notice its sender may read."""
    assert message.case_id is not None
    closed = expire_cases([message.case_id], now=changes.now)
    url = closed[0].statement_url if closed else None
    fate.expire(message, conversation, changes, statement_url=url)


def expire_held_revisions(*, now: datetime) -> int:
    """Drop every held change of a text that nobody decided on in time; how many."""
    late = Revision.objects.filter(state=RevisionState.HELD, decide_before__lte=now)
    return sum(_expire_revision(each, now) for each in late.values_list("id", flat=True))


@transaction.atomic
def _expire_revision(revision_id: UUID, now: datetime) -> int:
    rows = Revision.objects.select_for_update().filter(id=revision_id, state=RevisionState.HELD)
    revision = rows.first()
    if revision is None:
        return 0
    drop_revision(revision, RevisionState.EXPIRED)
    if revision.case_id is not None:
        expire_cases([revision.case_id], now=now)
    return 1
