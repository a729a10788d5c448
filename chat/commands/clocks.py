"""Answer deadlines stand still while an answer is held, or a moderator paused the conversation."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings

from chat.commands.fate import Changes, is_answer, nearest
from chat.models import Conversation, Message, MessageState
from chat.policies import is_paused
from chat.queries.rows import Paid, paid_and_waiting


def stop(waiting: Iterable[Paid], changes: Changes) -> None:
    """Stop the answer deadlines, keeping the time that was left."""
    for message in waiting:
        if message.answer_due_at is not None:
            left = (message.answer_due_at - changes.now).total_seconds()
            message.answer_left_seconds, message.answer_due_at = max(int(left), 0), None
            changes.changed[message.id] = message


def _resume(waiting: Iterable[Paid], changes: Changes) -> None:
    """Start the stopped deadlines again with the time left, but never less than the minimum."""
    for message in waiting:
        if message.answer_left_seconds is not None:
            left = max(
                timedelta(seconds=message.answer_left_seconds), settings.RESUMED_DEADLINE_MIN
            )
            message.answer_due_at, message.answer_left_seconds = changes.now + left, None
            changes.changed[message.id] = message


def resume_if_free(
    conversation: Conversation, changes: Changes, *, ended: Message | None = None
) -> None:
    """Let the deadlines go on once no pause runs and no answer is held any more.

    `ended` is an answer that is being decided in this transaction, hence not held any more.
    """
    held = Message.objects.filter(
        conversation_id=conversation.id,
        sender_id=conversation.creator_id,
        state=MessageState.HELD,
    ).exclude(body="")
    if ended is not None:
        held = held.exclude(id=ended.id)
    if not is_paused(conversation, changes.now) and not held.exists():
        stored = paid_and_waiting([conversation.id])[0][conversation.id]
        waiting = [changes.changed.get(m.id, m) for m in stored]
        _resume(waiting, changes)
        conversation.due_at = nearest(waiting)


def answer_ended(message: Message, conversation: Conversation, changes: Changes) -> None:
    """A held answer will never be delivered: the deadlines it stopped go on."""
    if is_answer(message, conversation):
        resume_if_free(conversation, changes, ended=message)
