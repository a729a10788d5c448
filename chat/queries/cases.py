"""What safety may ask about subjects: the window of a case, never an amount; locks; a count."""

from collections.abc import Collection
from itertools import batched
from uuid import UUID

from django.db.models import Q

from accounts.errors import NotFound
from chat.models import Conversation, Message, Revision
from chat.queries.access import lock_conversations, sides
from safety.decisions import ContextLine, SubjectContext

WINDOW = 50
IDS_AT_ONCE = 10_000


def message_context(subject_id: UUID) -> SubjectContext:
    """The message with fifty before and fifty after it, in the order they were written."""
    message = Message.objects.filter(id=subject_id).first()
    if message is None:
        raise NotFound("This message is not available.")
    return _context(message, message.body)


def revision_context(subject_id: UUID) -> SubjectContext:
    """The message whose new text waits, shown with that text."""
    revision = Revision.objects.filter(id=subject_id).first()
    if revision is None:
        raise NotFound("This revision is not available.")
    return _context(Message.objects.get(id=revision.message_id), revision.body)


def _context(message: Message, body: str) -> SubjectContext:
    conversation = Conversation.objects.get(id=message.conversation_id)
    before = _written(conversation, Q(id__lt=message.id), newest_first=True)[::-1]
    after = _written(conversation, Q(id__gt=message.id), newest_first=False)
    return SubjectContext(
        lines=tuple(
            ContextLine(
                message_id=m.id,
                author="fan" if m.sender_id == conversation.fan_id else "creator",
                author_kind=m.author_kind,
                body=body if m.id == message.id else m.body,
                sent_at=m.sent_at,
                state=m.state,
                is_subject=m.id == message.id,
            )
            for m in [*before, message, *after]
        )
    )


def _written(conversation: Conversation, where: Q, *, newest_first: bool) -> list[Message]:
    """The first of these messages, held ones included: those of each side stand in an index."""
    found: list[Message] = []
    for sender_id in sides(conversation):
        rows = Message.objects.filter(where, conversation_id=conversation.id, sender_id=sender_id)
        found += rows.order_by("-id" if newest_first else "id")[:WINDOW]
    return sorted(found, key=lambda message: message.id, reverse=newest_first)[:WINDOW]


def lock_message_subject(subject_id: UUID) -> None:
    """Lock the message's conversation, as every sender does before any case."""
    place = Message.objects.filter(id=subject_id).values_list("conversation_id", flat=True).first()
    if place is not None:
        lock_conversations([place])


def lock_revision_subject(subject_id: UUID) -> None:
    """As `lock_message_subject`, for the new text of a message."""
    row = Revision.objects.filter(id=subject_id).values_list("conversation_id", flat=True).first()
    if row is not None:
        lock_conversations([row])


def count_paid_messages(message_ids: Collection[UUID]) -> int:
    """How many of these messages have a price."""
    return sum(
        Message.objects.filter(id__in=ids, price_cents__gt=0).count()
        for ids in batched(message_ids, IDS_AT_ONCE)
    )


def count_paid_revisions(revision_ids: Collection[UUID]) -> int:
    """How many of these revisions change a message that has a price."""
    return sum(
        count_paid_messages(
            Revision.objects.filter(id__in=ids).values_list("message_id", flat=True)
        )
        for ids in batched(revision_ids, IDS_AT_ONCE)
    )
