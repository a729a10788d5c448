"""What a sender wrote last in a conversation: what screening joins a split number over."""

from datetime import datetime, timedelta
from uuid import UUID

from chat.models import Message

TAIL_LENGTH = 5
TAIL_AGE = timedelta(hours=24)

Tail = tuple[tuple[UUID, str], ...]  # (message id, text), oldest first


def true_tail(
    conversation_id: UUID, sender_id: UUID, *, now: datetime, before: UUID | None = None
) -> Tail:
    """The sender's last texts there, held ones included, none older than a day.

    With `before`, those that were written before that message.
    """
    rows = Message.objects.filter(conversation_id=conversation_id, sender_id=sender_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    last = list(rows.order_by("-id").values_list("id", "body", "sent_at")[:TAIL_LENGTH])
    # Not the database's to leave out: it would look for younger ones through all that was written.
    return tuple((id, body) for id, body, sent_at in reversed(last) if sent_at > now - TAIL_AGE)
