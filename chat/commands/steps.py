"""A moderator in a live conversation: reads along, steps in, pauses, ends; always under a case."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.errors import NotAllowed, NotFound
from accounts.events import wire_name, wire_time
from accounts.models import Account, Role
from chat.commands import clocks, fate
from chat.commands.deadlines import expire_one
from chat.commands.fate import Changes
from chat.errors import ConversationIsEnded
from chat.events import (
    ConversationEnded,
    ConversationPaused,
    ConversationResumed,
    ModeratorJoined,
    ModeratorLeft,
    StepEvent,
)
from chat.models import (
    Conversation,
    ConversationState,
    Line,
    Message,
    MessageState,
    Watcher,
)
from chat.queries.access import lock_conversation, sides
from chat.queries.rows import paid_and_waiting
from safety.commands import log_step
from safety.queries import open_case

WATCH_FOR = timedelta(minutes=30)
PAUSE_FOR = timedelta(minutes=10)


class Step:
    """One moderator's hand on one conversation, inside a transaction."""

    def __init__(
        self,
        *,
        moderator_id: UUID,
        conversation_id: UUID,
        case_id: UUID,
        reason: str,
        now: datetime,
    ) -> None:
        """Raises `no_open_case`, `not_found`, `not_allowed` or `conversation_ended`."""
        moderators = Account.objects.filter(id=moderator_id, role=Role.MODERATOR, is_active=True)
        moderator = moderators.first()
        if moderator is None:
            raise NotAllowed("Only a moderator steps in.")
        open_case(case_id=case_id, conversation_id=conversation_id)
        try:
            self.conversation = lock_conversation(conversation_id)
        except KeyError:
            raise NotFound("This conversation is not available.") from None
        if self.conversation.state == ConversationState.ENDED:
            raise ConversationIsEnded("A moderator ended this conversation.")
        self.moderator, self.case_id, self.reason, self.now = moderator, case_id, reason, now
        self.changes = Changes(now=now, conversations={conversation_id: self.conversation})

    def watchers(self) -> list[UUID]:
        """Who reads along right now."""
        rows = Watcher.objects.filter(conversation_id=self.conversation.id, until__gt=self.now)
        return list(rows.values_list("moderator_id", flat=True))

    def record(self, kind: type[StepEvent], *, until: datetime | None = None) -> None:
        """Leave a line, log the step on the case, tell both sides and the watchers."""
        event = kind(
            conversation_id=self.conversation.id,
            moderator=self.moderator.name,
            reason=self.reason,
            until=None if until is None else wire_time(until),
        )
        Line.objects.create(
            conversation_id=self.conversation.id,
            after_seq=self.conversation.seq,
            kind=wire_name(kind.__name__),
            moderator=self.moderator.name,
            reason=self.reason,
            until=until,
            at=self.now,
        )
        self.log(wire_name(kind.__name__))
        self.changes.tell({*sides(self.conversation), *self.watchers()}, event)

    def log(self, step: str) -> None:
        """Note on the case what was done and why."""
        log_step(
            case_id=self.case_id,
            moderator_id=self.moderator.id,
            step=step,
            reason=self.reason,
            now=self.now,
        )

    def set_state(self, state: ConversationState, paused_until: datetime | None = None) -> None:
        """Write the conversation's state; a pause fences off the drafts that arrived before it."""
        conversation = self.conversation
        conversation.state, conversation.paused_until = state, paused_until
        if state == ConversationState.PAUSED:
            conversation.fenced_at = self.now
        conversation.save(update_fields=["state", "paused_until", "fenced_at"])


@transaction.atomic
def watch(
    *, moderator_id: UUID, conversation_id: UUID, case_id: UUID, reason: str, now: datetime
) -> Conversation:
    """Read along, unseen, for thirty minutes; it is logged on the case."""
    step = _step(moderator_id, conversation_id, case_id, reason, now)
    _watch(step, joined=False)
    step.log("watched")
    return step.conversation


@transaction.atomic
def step_in(
    *, moderator_id: UUID, conversation_id: UUID, case_id: UUID, reason: str, now: datetime
) -> Conversation:
    """Join under a pseudonym that both sides see."""
    step = _step(moderator_id, conversation_id, case_id, reason, now)
    _watch(step, joined=True)
    step.record(ModeratorJoined)
    step.changes.save()
    return step.conversation


@transaction.atomic
def pause_conversation(
    *, moderator_id: UUID, conversation_id: UUID, case_id: UUID, reason: str, now: datetime
) -> Conversation:
    """Stop sending for ten minutes; answer deadlines stand still meanwhile."""
    step = _step(moderator_id, conversation_id, case_id, reason, now)
    until = now + PAUSE_FOR
    step.set_state(ConversationState.PAUSED, until)
    clocks.stop(paid_and_waiting([conversation_id])[0][conversation_id], step.changes)
    step.record(ConversationPaused, until=until)
    step.changes.save()
    return step.conversation


@transaction.atomic
def resume_conversation(
    *, moderator_id: UUID, conversation_id: UUID, case_id: UUID, reason: str, now: datetime
) -> Conversation:
    """Let both sides write again; the deadlines go on. Resuming an open one changes nothing."""
    step = _step(moderator_id, conversation_id, case_id, reason, now)
    if step.conversation.state == ConversationState.PAUSED:
        step.set_state(ConversationState.OPEN)
        clocks.resume_if_free(step.conversation, step.changes)
        step.record(ConversationResumed)
        step.changes.save()
    return step.conversation


@transaction.atomic
def end_conversation(
    *, moderator_id: UUID, conversation_id: UUID, case_id: UUID, reason: str, now: datetime
) -> Conversation:
    """Close the conversation for good: what is held expires, and every reserved price returns."""
    step = _step(moderator_id, conversation_id, case_id, reason, now)
    step.set_state(ConversationState.ENDED)
    for message in paid_and_waiting([conversation_id])[0][conversation_id]:
        fate.refund(message, step.changes, reason="ended")
    held = Message.objects.filter(conversation_id=conversation_id, state=MessageState.HELD)
    for message in held.order_by("id"):
        expire_one(message, step.conversation, step.changes)
    step.record(ConversationEnded)
    step.changes.save()
    return step.conversation


@transaction.atomic
def step_out(
    *, moderator_id: UUID, conversation_id: UUID, case_id: UUID, reason: str, now: datetime
) -> Conversation:
    """Leave: nothing is read any more, and both sides learn of it if they saw the moderator."""
    step = _step(moderator_id, conversation_id, case_id, reason, now)
    mine = Watcher.objects.filter(conversation_id=conversation_id, moderator_id=moderator_id)
    joined = mine.filter(joined=True).exists()
    if joined:
        step.record(ModeratorLeft)
        step.changes.save()
    else:
        step.log("stopped_watching")
    mine.delete()
    return step.conversation


@transaction.atomic
def resume_lapsed_pauses(*, now: datetime) -> int:
    """Reopen the conversations whose pause ran out, and let their deadlines go on; how many."""
    lapsed = Conversation.objects.select_for_update().filter(
        state=ConversationState.PAUSED, paused_until__lte=now
    )
    rows = list(lapsed.order_by("id")[:256])
    for conversation in rows:
        conversation.state, conversation.paused_until = ConversationState.OPEN, None
        conversation.save(update_fields=["state", "paused_until"])
        changes = Changes(now=now, conversations={conversation.id: conversation})
        clocks.resume_if_free(conversation, changes)
        event = ConversationResumed(
            conversation_id=conversation.id, moderator="", reason="The pause has ended."
        )
        changes.tell(sides(conversation), event)
        changes.save()
    return len(rows)


def _step(
    moderator_id: UUID, conversation_id: UUID, case_id: UUID, reason: str, now: datetime
) -> Step:
    return Step(
        moderator_id=moderator_id,
        conversation_id=conversation_id,
        case_id=case_id,
        reason=reason,
        now=now,
    )


def _watch(step: Step, *, joined: bool) -> None:
    Watcher.objects.update_or_create(
        conversation_id=step.conversation.id,
        moderator_id=step.moderator.id,
        defaults={
            "case_id": step.case_id,
            "joined": joined,
            "since": step.now,
            "until": step.now + WATCH_FOR,
        },
    )
