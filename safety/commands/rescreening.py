"""The way back from a technical cause: a case that the machine opened by its own fault.

A content that could not be judged waits, and is screened again at once and then less and less
often. Nothing here touches a case with another cause, or one on which a person has judged.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.db import insert_rows
from safety.commands import _log, suspicion
from safety.commands.contents import JUDGED_COLUMNS, Screened, judged_row, keep_screenings
from safety.models import (
    Case,
    CaseEvent,
    CaseState,
    Happening,
    Rescreening,
    Source,
)
from safety.screening import TECHNICAL, Action, Verdict

AGAIN_MIN, AGAIN_MAX = timedelta(seconds=1), timedelta(minutes=5)


class Settled(NamedTuple):
    """What the second screening said. `decide_before` is the deadline of a hold that goes on."""

    action: Action
    decide_before: datetime | None


def postpone(*, case_id: UUID, now: datetime) -> None:
    """It could not be judged this time either: wait as long again as it has waited so far."""
    case = Case.objects.filter(id=case_id).first()
    if case is not None:
        _set_again(case_id, now + _pause(case, now))


def leave_to_people(*, case_id: UUID) -> None:
    """The machine does not screen this one again."""
    _set_again(case_id, None)


@transaction.atomic
def settle(*, case_id: UUID, content: Screened, held: bool, now: datetime) -> Settled | None:
    """Replace the technical cause of an open case by what screening says now.

    A pass closes the case, which is no decision; a flag leaves it to people without a hold; a hold
    makes it an ordinary one of its policy. None, and nothing changed, when the cause is gone or a
    person has judged already. `held`: whether the subject is still undelivered; what was delivered
    is never taken back here. Assumes that the caller holds the locks of the subject, and carries
    the answer out on it in the same transaction.
    """
    rows = Case.objects.select_for_update().filter(id=case_id, state=CaseState.OPEN)
    case = rows.filter(cause=TECHNICAL).first()
    if case is None:
        return None
    if case.events.filter(kind=Happening.PROPOSED).exists():
        leave_to_people(case_id=case_id)
        return None
    verdict = content.verdict
    _keep(case, content, now)
    if verdict.action is Action.PASS and not case.reports.exists():
        _clear(case, now)
        return Settled(Action.PASS, None)
    _take_over(case, verdict, held=held, now=now)
    return Settled(verdict.action, case.decide_before)


def _set_again(case_id: UUID, at: datetime | None) -> None:
    Case.objects.filter(id=case_id).update(screen_again_at=at)


def _pause(case: Case, now: datetime) -> timedelta:
    return min(max(now - case.opened_at, AGAIN_MIN), AGAIN_MAX)


def _keep(case: Case, content: Screened, now: datetime) -> None:
    verdict, context = content.verdict, content.context
    keep_screenings([(verdict, context)])
    row = (case.subject_id, case.id, *judged_row(verdict, context, now))
    insert_rows(Rescreening, ("subject_id", "case_id", *JUDGED_COLUMNS), [row])
    facts = suspicion.verdict_facts(verdict)
    CaseEvent.objects.bulk_create([_log.note(case, Happening.RESCREENED, now, **facts)])


def _clear(case: Case, now: datetime) -> None:
    case.state, case.closed_at, case.screen_again_at = CaseState.CLEARED, now, None
    case.holder = case.lease_until = case.claimed_at = None
    case.save()
    _log.announce([_log.resolved(case)])


def _take_over(case: Case, verdict: Verdict, *, held: bool, now: datetime) -> None:
    """The case is from now on about what was found, for people as any other."""
    finding = suspicion.gravest(verdict)
    if finding and finding.severity >= _reported(case):
        facts = suspicion.policy_facts(finding.policy, now)
        case.policy, case.queue, case.severity = facts["policy"], facts["queue"], finding.severity
        case.due_at = facts["due_at"]
    elif not finding and not verdict.cause:
        case.source = Source.REPORT  # nothing of the machine's is left in it
    stays_held = held and verdict.action is Action.HOLD
    capped = Action.FLAG if verdict.action is Action.HOLD and not held else verdict.action
    case.verdict, case.findings = capped.value, suspicion.findings_of(verdict)
    case.decide_before = _deadline(case, now) if stays_held else None
    case.cause, case.policy_version = verdict.cause, verdict.version
    case.screen_again_at = now + _pause(case, now) if verdict.cause else None
    case.evidence_changed_at = now
    case.save()
    _log.announce([_log.opened(case)])


def _reported(case: Case) -> int:
    """The severity that the reports of people gave it: no finding lowers that."""
    return case.severity if case.reports.exists() else 0


def _deadline(case: Case, now: datetime) -> datetime:
    """As for a new hold of the policy, but never more than a day after the sender was told."""
    last = case.opened_at + settings.DECIDE_BEFORE_MAX
    return min(suspicion.decide_before(case.policy, now), last)
