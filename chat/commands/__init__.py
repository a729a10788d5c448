"""What changes a conversation. Every public command opens its own transaction and publishes."""

from chat.commands.conversations import (
    change_prices,
    decline_message,
    mark_read,
    open_conversation,
)
from chat.commands.deadlines import expire_held, expire_held_revisions, refund_unanswered
from chat.commands.drafts import Draft, Outcome, Sent
from chat.commands.edit import edit_message, unsend_message
from chat.commands.media import create_offer, unlock
from chat.commands.rescreen import screen_again
from chat.commands.ruling import apply_decision, apply_revision_decision
from chat.commands.send import send_messages

__all__ = [
    "Draft",
    "Outcome",
    "Sent",
    "apply_decision",
    "apply_revision_decision",
    "change_prices",
    "create_offer",
    "decline_message",
    "edit_message",
    "expire_held",
    "expire_held_revisions",
    "mark_read",
    "open_conversation",
    "refund_unanswered",
    "screen_again",
    "send_messages",
    "unlock",
    "unsend_message",
]
