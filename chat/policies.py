"""Who may write in a conversation, and what a message must look like. Nothing here writes."""

from datetime import datetime

from django.conf import settings

from accounts.errors import Malformed, NotAllowed
from accounts.policies import NotCertified
from chat.errors import (
    ConversationIsEnded,
    ConversationIsPaused,
    TooLate,
    TooLong,
)
from chat.models import Conversation, ConversationState, Message, MessageState, Money


def clean_body(body: str, *, may_be_empty: bool) -> str:
    """The text as it is stored: trimmed, and within the limits. Raises `Malformed`, `TooLong`."""
    text = body.strip()
    if "\x00" in text:
        raise Malformed("A text holds no NUL character.", field="body")
    if len(text) > settings.BODY_MAX_CHARACTERS:
        extra = len(text) - settings.BODY_MAX_CHARACTERS
        raise TooLong(f"{extra} characters too many.", limit=settings.BODY_MAX_CHARACTERS)
    if not text and not may_be_empty:
        raise Malformed("Write at least one character.", field="body")
    return text


def require_open(conversation: Conversation, *, arrived_at: datetime, now: datetime) -> None:
    """Raise unless the conversation takes messages, and did ever since this one arrived: a draft
    that waited through a pause never slips out after it."""
    if conversation.state == ConversationState.ENDED:
        raise ConversationIsEnded("A moderator ended this conversation.")
    fenced = conversation.fenced_at is not None and arrived_at <= conversation.fenced_at
    if fenced or is_paused(conversation, now):
        until = conversation.paused_until
        data = {"until": until.isoformat()} if until else {}
        raise ConversationIsPaused("A moderator paused this conversation.", **data)


def is_paused(conversation: Conversation, now: datetime) -> bool:
    """A pause ends by itself at its time."""
    if conversation.state != ConversationState.PAUSED:
        return False
    return conversation.paused_until is None or now < conversation.paused_until


def require_may_send(conversation: Conversation, *, from_fan: bool, certified: bool) -> None:
    """Raise unless this side may write: nothing is sold by, or to, an uncertified creator, and
    a creator writes first to nobody."""
    if not certified:
        raise NotCertified("This creator is not certified yet.")
    if not from_fan and not conversation.fan_wrote:
        raise NotAllowed("Wait until this fan has written.")


def require_may_unsend(message: Message, now: datetime) -> None:
    """Within the window, and never once money was captured by or for this message."""
    if message.state not in (MessageState.DELIVERED, MessageState.HELD):
        raise TooLate("This message has already ended.")
    if now - message.sent_at > settings.UNSEND_WINDOW or message.money == Money.CAPTURED:
        raise TooLate("This message can no longer be unsent.")


def require_may_edit(message: Message, now: datetime) -> None:
    """Text of a delivered message, within the window, and not once it was answered."""
    answered = message.money in (Money.CAPTURED, Money.REFUNDED)
    if message.state != MessageState.DELIVERED or answered:
        raise TooLate("This message can no longer be edited.")
    if now - message.sent_at > settings.EDIT_WINDOW:
        raise TooLate("This message can no longer be edited.")
