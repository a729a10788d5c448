"""A human decision comes back: the same `deliver` and `withhold` as everywhere."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.errors import NotAllowed, NotFound
from chat.commands import clocks, fate, money
from chat.commands.batch import watchers_of
from chat.commands.drafts import attachments_of, words_of
from chat.commands.edit import drop_revision, revised_words, show_revision
from chat.commands.fate import Changes
from chat.errors import ConversationIsPaused
from chat.models import Conversation, Message, MessageState, Money, Revision, RevisionState
from chat.policies import is_paused
from chat.queries.access import lock_conversation
from chat.queries.rows import paid_and_waiting
from chat.queries.views import Reader, offer_view
from paywall.commands.media_sales import withdraw_offers
from paywall.queries.offers import offer_facts
from safety.decisions import Ruling
from safety.queries import judged_content
from safety.screening import content_sha256


def load_for_change(message_id: UUID, now: datetime) -> tuple[Message, Conversation, Changes]:
    """A message with its conversation locked, and an empty set of changes. Raises `NotFound`."""
    place = Message.objects.filter(id=message_id).values_list("conversation_id", flat=True).first()
    if place is None:
        raise NotFound("This message is not available.")
    conversation = lock_conversation(place)
    message = Message.objects.select_for_update().get(id=message_id)
    return message, conversation, Changes(now=now, conversations={conversation.id: conversation})


@transaction.atomic
def apply_decision(ruling: Ruling, now: datetime) -> None:
    """Release or withhold a message. Deciding what has ended already changes nothing."""
    message, conversation, changes = load_for_change(ruling.subject_id, now)
    if ruling.outcome == "release":
        release(message, conversation, changes)
    else:
        _withhold(message, conversation, changes, ruling)
    changes.save()


@transaction.atomic
def apply_revision_decision(ruling: Ruling, now: datetime) -> None:
    """Show the new text, or keep the one before it."""
    revision = Revision.objects.filter(id=ruling.subject_id).first()
    if revision is None:
        raise NotFound("This revision is not available.")
    message, conversation, changes = load_for_change(revision.message_id, now)
    if revision.state != RevisionState.HELD:
        return
    if ruling.outcome == "release" and message.state == MessageState.DELIVERED:
        require_judged(revision, message)
        show_revision(revision, message, conversation, changes)
    else:
        drop_revision(revision, RevisionState.WITHHELD)
    changes.save()


def release(message: Message, conversation: Conversation, changes: Changes) -> None:
    """Deliver a held message, exactly as it was screened; one that ended already stays as it is.

    Raises `ConversationIsPaused`, and `NotAllowed` when it is not what was screened.
    """
    if message.state != MessageState.HELD:
        return  # flagged and delivered long ago, or ended: nothing to do
    if is_paused(conversation, changes.now):
        raise ConversationIsPaused("Resume the conversation first: nothing is delivered meanwhile.")
    waiting = paid_and_waiting([conversation.id])[0][conversation.id]
    facts = offer_facts(offer_ids=[message.offer_id]) if message.offer_id else {}
    _require_unchanged(message, facts[message.offer_id].preview if message.offer_id else "")
    offer = offer_view(facts[message.offer_id], reader=Reader.FAN) if message.offer_id else None
    watchers = watchers_of([conversation.id], changes.now).get(conversation.id, [])
    changes.changed[message.id] = message
    fate.deliver(message, conversation, waiting, changes, offer=offer, watchers=watchers)
    if fate.is_answer(message, conversation):
        clocks.resume_if_free(conversation, changes, ended=message)


def _require_unchanged(message: Message, preview: str) -> None:
    """Raise `NotAllowed` unless this is, byte for byte, what was screened and shown to the desk."""
    words, attachments = words_of(message.body, preview), attachments_of(message.offer_id)
    if content_sha256(words, attachments) != message.body_sha256:
        raise NotAllowed("What this message holds is not what was screened: withhold it.")


def require_judged(revision: Revision, message: Message) -> None:
    """Raise `NotAllowed` unless the new text is, byte for byte, what was screened."""
    content = content_sha256(
        revised_words(revision.body, message), attachments_of(message.offer_id)
    )
    if content != judged_content(revision.id):
        raise NotAllowed("This text is not what was screened: withhold it.")


def _withhold(
    message: Message, conversation: Conversation, changes: Changes, ruling: Ruling
) -> None:
    if message.state not in (MessageState.HELD, MessageState.DELIVERED):
        return
    money.lock_for_refund(conversation)
    was_answer = message.state == MessageState.HELD and fate.is_answer(message, conversation)
    captured_returned = ruling.payee_at_fault and message.money == Money.CAPTURED
    if captured_returned:
        money.return_captured(message, now=changes.now)
        message.money, message.refund_reason = Money.REFUNDED, "withheld"
        changes.payers.add(conversation.fan_id)
    fate.withhold(
        message,
        conversation,
        changes,
        statement_url=ruling.statement_url,
        captured_returned=captured_returned,
    )
    if message.offer_id is not None:
        withdraw_offers(message_ids=[message.id], now=changes.now)
    if was_answer:
        clocks.resume_if_free(conversation, changes, ended=message)
