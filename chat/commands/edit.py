"""What a sender may still do to a message: change its text, or take it back."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.errors import NotFound
from accounts.events import wire_time
from chat import policies
from chat.commands import clocks, fate
from chat.commands.batch import authors
from chat.commands.drafts import attachments_of, words_of
from chat.commands.fate import Changes
from chat.errors import TooLate
from chat.events import MessageEdited, MessageUnsent
from chat.models import Conversation, Message, MessageState, Money, Revision, RevisionState
from chat.queries.access import lock_conversation, sides
from paywall.commands.media_sales import withdraw_offers
from paywall.queries.offers import preview_of, sold_offers
from safety.commands import (
    CaseDraft,
    Screened,
    open_cases,
    record,
    softened,
    unsend_cases,
)
from safety.screening import Action, Context, Verdict, content_sha256
from safety.second_opinion.stage import screen_with


def _own_message(
    account_id: UUID, conversation_id: UUID, message_id: UUID, now: datetime
) -> tuple[Message, Conversation, Changes]:
    conversations = lock_conversation_of_member(account_id, conversation_id)
    rows = Message.objects.select_for_update().filter(
        id=message_id, conversation_id=conversation_id, sender_id=account_id
    )
    message = rows.first()
    if message is None:
        raise NotFound("This message is not available.")
    return message, conversations, Changes(now=now, conversations={conversation_id: conversations})


def lock_conversation_of_member(account_id: UUID, conversation_id: UUID) -> Conversation:
    """The conversation, locked, if this account is one of its sides. Raises `NotFound`."""
    try:
        conversation = lock_conversation(conversation_id)
    except KeyError:
        raise NotFound("This conversation is not available.") from None
    if account_id not in sides(conversation):
        raise NotFound("This conversation is not available.")
    return conversation


@transaction.atomic
def edit_message(
    *,
    account_id: UUID,
    conversation_id: UUID,
    message_id: UUID,
    body: str,
    verdict: Verdict,
    language: str,
    now: datetime,
    chances: Mapping[str, float] | None = None,
) -> Message:
    """Replace the text of an own delivered message; price and deadline never change.

    A suspect text waits for a human while the old one stays visible. `chances` are what the second
    stage said of `body`, if it did. Raises `TooLate`.
    """
    message, conversation, changes = _own_message(account_id, conversation_id, message_id, now)
    policies.require_open(conversation, arrived_at=now, now=now)
    policies.require_may_edit(message, now)
    if Revision.objects.filter(message_id=message.id, state=RevisionState.HELD).exists():
        raise TooLate("An earlier change of this message still waits for a decision.")
    text = policies.clean_body(body, may_be_empty=message.offer_id is not None)
    if text == message.body:
        return message
    verdict, context = _verdict_on(text, verdict, chances, message, conversation)
    revision = _revision(message, text, verdict, now)
    if verdict.action is not Action.PASS:
        _open_case(revision, message, verdict, language, now)
    revision.save(force_insert=True)
    screened = Screened(
        kind="revision",
        subject_id=revision.id,
        message_id=message.id,
        text=revised_words(text, message),
        context=context,
        verdict=verdict,
    )
    record([screened], now=now)
    if revision.state == RevisionState.SHOWN:
        show_revision(revision, message, conversation, changes)
    changes.save()
    return message


def _revision(message: Message, text: str, verdict: Verdict, now: datetime) -> Revision:
    held = verdict.action is Action.HOLD
    return Revision(
        message_id=message.id,
        conversation_id=message.conversation_id,
        body=text,
        previous_body=message.body,
        state=RevisionState.HELD if held else RevisionState.SHOWN,
        verdict=str(verdict.action),
        rule_book=verdict.version,
        at=now,
    )


def _verdict_on(
    text: str,
    verdict: Verdict,
    chances: Mapping[str, float] | None,
    message: Message,
    conversation: Conversation,
) -> tuple[Verdict, Context]:
    """The verdict, or a new one if it was said of another content; and what it was said in."""
    author = authors({message.sender_id})[message.sender_id]
    context = Context(
        sender_role="fan" if message.sender_id == conversation.fan_id else "creator",
        country=author.country,
        language=author.language,
        attachments=attachments_of(message.offer_id),
    )
    words = revised_words(text, message)
    if verdict.content_sha256 != content_sha256(words, context.attachments):
        verdict = screen_with(words, context, chances if words == text else None)
    return softened([verdict])[0], context


def revised_words(text: str, message: Message) -> str:
    """All that the other side would read with the new text: what screening judges."""
    preview = preview_of(offer_id=message.offer_id) if message.offer_id else ""
    return words_of(text, preview)


def show_revision(
    revision: Revision, message: Message, conversation: Conversation, changes: Changes
) -> None:
    """Put the new text in the message's place, for both sides."""
    message.body, message.edited_at = revision.body, changes.now
    fate.show_last(message, conversation, message.body)
    shown = Message.objects.filter(id=message.id, conversation_id=conversation.id)
    shown.update(body=message.body, edited_at=message.edited_at)
    Revision.objects.filter(id=revision.id).update(
        state=RevisionState.SHOWN, decide_before=None, previous_body=revision.previous_body
    )
    assert message.seq is not None
    event = MessageEdited(
        conversation_id=conversation.id,
        message_id=message.id,
        seq=message.seq,
        body=message.body,
        edited_at=wire_time(changes.now),
    )
    changes.tell(sides(conversation), event)


def drop_revision(revision: Revision, state: RevisionState) -> None:
    """The new text is never shown; it stays as evidence."""
    Revision.objects.filter(id=revision.id).update(state=state, decide_before=None)


@transaction.atomic
def unsend_message(
    *, account_id: UUID, conversation_id: UUID, message_id: UUID, now: datetime
) -> Message:
    """Take an own message back from both sides; its reserved money returns at once.

    Unsending twice changes nothing. Raises `TooLate` after the window, or once money was captured
    by it or for it.
    """
    message, conversation, changes = _own_message(account_id, conversation_id, message_id, now)
    if message.state == MessageState.UNSENT:
        return message
    policies.require_may_unsend(message, now)
    here = Message.objects.filter(conversation_id=conversation_id)
    if here.filter(answered_by_id=message.id).exists():
        raise TooLate("This answer was paid: it stays.")
    if message.offer_id is not None and sold_offers(offer_ids=[message.offer_id]):
        raise TooLate("What this message offers was bought: it stays.")
    was_held = message.state == MessageState.HELD
    if message.money == Money.RESERVED:
        fate.refund(message, changes, reason="unsent")
    message.state, message.ended_at, message.decide_before = MessageState.UNSENT, now, None
    fate.vanish(message, conversation)
    changes.changed[message.id] = message
    if was_held and message.case_id:
        unsend_cases([message.case_id], now=now)
        clocks.answer_ended(message, conversation, changes)
    if message.offer_id is not None:
        withdraw_offers(message_ids=[message.id], now=now)  # nobody bought it: it leaves the sale
    event = MessageUnsent(conversation_id=conversation_id, message_id=message.id, seq=message.seq)
    changes.tell([account_id] if was_held else sides(conversation), event)
    changes.save()
    return message


def _open_case(
    revision: Revision, message: Message, verdict: Verdict, language: str, now: datetime
) -> None:
    draft = CaseDraft(
        kind="revision",
        subject_id=revision.id,
        author_id=message.sender_id,
        conversation_id=message.conversation_id,
        body=revision.body,
        verdict=verdict,
        language=language,
    )
    (case,) = open_cases([draft], now=now)
    revision.case_id = case.case_id
    if revision.state == RevisionState.HELD:
        revision.decide_before = case.decide_before
