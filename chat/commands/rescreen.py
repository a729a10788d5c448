"""What was held because it could not be judged finds its way back, without a human decision.

Only a technical cause is undone here. A pass delivers and closes the case, a flag delivers and
leaves the case to people, a hold becomes an ordinary hold; an error again means to wait longer.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from chat.commands.batch import authors
from chat.commands.drafts import attachments_of
from chat.commands.edit import drop_revision, revised_words, show_revision
from chat.commands.fate import Changes
from chat.commands.ruling import load_for_change, release, require_judged
from chat.errors import ConversationIsPaused
from chat.models import Conversation, Message, MessageState, Revision, RevisionState
from chat.queries.tails import true_tail
from chat.queries.views import held_view
from safety.commands import Screened, Settled, leave_to_people, postpone, settle, softened
from safety.queries import TechnicalCase, judged_content, technical_cases
from safety.screening import Action, Context, Verdict, screen

logger = logging.getLogger(__name__)

AT_ONCE = 256

type Judge = Callable[[str, Context], Verdict]


def screen_again(*, now: datetime, judge: Judge = screen) -> int:
    """Screen again what a technical cause held or flagged and is due; how many were settled.

    What cannot be settled yet waits longer, and keeps nobody else waiting.
    """
    return sum(_again(case, judge, now) for case in technical_cases(now=now, limit=AT_ONCE))


def _again(case: TechnicalCase, judge: Judge, now: datetime) -> bool:
    """Screened before any lock; whether it was settled."""
    try:
        content = _screened(case, judge)
        if content is None:
            leave_to_people(case_id=case.case_id)
            return False
        if not (content.verdict.cause and content.verdict.action is Action.HOLD):
            return _settle(case, content, now)
    except ConversationIsPaused:
        pass  # nothing is delivered meanwhile
    except Exception as fault:
        logger.error("a case was not screened again: %s", type(fault).__name__)
    postpone(case_id=case.case_id, now=now)
    return False


def _screened(case: TechnicalCase, judge: Judge) -> Screened | None:
    """The subject as it is stored, judged in what surrounded it when it was sent; None when it is
    not what was screened first, or not there."""
    revision = _revision(case)
    message_id = revision.message_id if revision else case.subject_id
    message = Message.objects.filter(id=message_id).first()
    if message is None:
        return None
    text = revised_words(revision.body if revision else message.body, message)
    context = _context(message, is_edit=revision is not None)
    verdict = softened([judge(text, context)])[0]
    if verdict.content_sha256 != judged_content(case.subject_id):
        return None
    return Screened(
        kind=case.kind,
        subject_id=case.subject_id,
        message_id=message.id,
        text=text,
        context=context,
        verdict=verdict,
    )


def _revision(case: TechnicalCase) -> Revision | None:
    return Revision.objects.filter(id=case.subject_id).first() if case.kind == "revision" else None


def _context(message: Message, *, is_edit: bool) -> Context:
    place = Conversation.objects.get(id=message.conversation_id)
    author = authors({message.sender_id})[message.sender_id]
    sent_at, sender_id = message.sent_at, message.sender_id
    tail = true_tail(place.id, sender_id, now=sent_at, before=message.id) if not is_edit else ()
    return Context(
        sender_role="fan" if message.sender_id == place.fan_id else "creator",
        country=author.country,
        language=author.language,
        recent=tuple(text for _, text in tail),
        attachments=attachments_of(message.offer_id),
    )


@transaction.atomic
def _settle(case: TechnicalCase, content: Screened, now: datetime) -> bool:
    message, conversation, changes = load_for_change(content.message_id, now)
    revision = _revision(case)
    held = (revision or message).state == MessageState.HELD  # the same word for both
    settled = settle(case_id=case.case_id, content=content, held=held, now=now)
    if settled is None:
        return False
    if held and revision:
        _carry_out_on_revision(settled, content.verdict, revision, message, changes)
    elif held:
        _carry_out(settled, content.verdict, message, conversation, changes)
    changes.save()
    return True


def _carry_out(
    settled: Settled,
    verdict: Verdict,
    message: Message,
    conversation: Conversation,
    changes: Changes,
) -> None:
    """From here the message names what judged it; the first verdict stays in its record."""
    judged = {"verdict": verdict.action.value, "rule_book": verdict.version}
    Message.objects.filter(id=message.id).update(**judged)
    if settled.decide_before is None:
        release(message, conversation, changes)
        return
    message.decide_before = settled.decide_before
    changes.changed[message.id] = message
    changes.tell([message.sender_id], held_view(message))


def _carry_out_on_revision(
    settled: Settled, verdict: Verdict, revision: Revision, message: Message, changes: Changes
) -> None:
    judged = {"verdict": verdict.action.value, "rule_book": verdict.version}
    rows = Revision.objects.filter(id=revision.id)
    rows.update(**judged)
    if settled.decide_before is not None:
        rows.update(decide_before=settled.decide_before)
    elif message.state == MessageState.DELIVERED:
        require_judged(revision, message)
        show_revision(revision, message, changes.conversations[message.conversation_id], changes)
    else:
        drop_revision(revision, RevisionState.EXPIRED)
