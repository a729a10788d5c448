"""How a case starts, and how it ends undecided: findings, reports, the clock, the sender."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.models import Account
from safety.commands import _log, suspicion
from safety.commands.statements import expiry_notices
from safety.models import (
    TWO_HUMANS_SEVERITY,
    Case,
    CaseEvent,
    CaseState,
    Happening,
    Report,
    Source,
)
from safety.queries import rulebook
from safety.screening import TECHNICAL, Action, Verdict, rule_book_version

STAYS_OPEN_SEVERITY = 3  # from here a human looks even when nothing is held any more
NOTE_MAX_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDraft:
    """A subject that the machine flagged or held, with the text as it was screened."""

    kind: str
    subject_id: UUID
    author_id: UUID
    conversation_id: UUID
    body: str
    verdict: Verdict
    language: str


class OpenedCase(NamedTuple):
    """The case of a draft. `decide_before` is when a hold ends if nobody decides."""

    case_id: UUID
    due_at: datetime
    decide_before: datetime


class ClosedHold(NamedTuple):
    """A hold that ended without a decision, and the notice its author may read."""

    case_id: UUID
    statement_url: str | None


def open_cases(drafts: Sequence[CaseDraft], *, now: datetime) -> list[OpenedCase]:
    """Open a case per draft, or join the open case of its subject; one answer per draft, in order.

    Assumes a transaction. Tells the moderators on duty about new cases, after commit.
    """
    if not drafts:
        return []
    by_id = {case.id: case for case in (_new_case(draft, now) for draft in drafts)}
    stored = _insert_or_find(list(by_id.values()))
    log: list[CaseEvent] = []
    answers = []
    for fresh, draft in zip(list(by_id.values()), drafts, strict=True):
        case = stored[fresh.kind, fresh.subject_id]
        if case.id == fresh.id:
            log.append(
                _log.note(case, Happening.OPENED, now, **suspicion.verdict_facts(draft.verdict))
            )
        else:
            log.append(_join(case, fresh, draft.verdict, now))
        decide_before = case.decide_before or suspicion.decide_before(case.policy, now)
        answers.append(OpenedCase(case.id, case.due_at, decide_before))
    CaseEvent.objects.bulk_create(log)
    opened = [case for case in stored.values() if case.id in by_id]
    _log.announce(
        [_log.opened(case) for case in opened],
        even_off_duty=any(case.severity >= TWO_HUMANS_SEVERITY for case in opened),
    )
    return answers


def report(
    *,
    reporter_id: UUID,
    kind: str,
    subject_id: UUID,
    author_id: UUID,
    conversation_id: UUID,
    body: str,
    reason: str,
    note: str = "",
    now: datetime,
) -> UUID:
    """A person reports a subject: it opens a case or joins the open one. Returns the report's id.

    Reporting the same open case again returns the first report. Raises `Malformed` when the
    reason is neither one of `rulebook.REPORT_REASONS` nor a policy.
    """
    policy = rulebook.policy_of_reason(reason)
    with transaction.atomic():
        fresh = _reported_case(kind, subject_id, author_id, conversation_id, body, policy, now)
        case = _insert_or_find([fresh])[kind, subject_id]
        reported, is_new = Report.objects.get_or_create(
            case=case,
            reporter_id=reporter_id,
            defaults={"reason": reason, "note": note[:NOTE_MAX_CHARACTERS], "at": now},
        )
        if is_new:
            _note_report(case, fresh, reported, now)
    return reported.id


def expire_cases(case_ids: Collection[UUID], *, now: datetime) -> list[ClosedHold]:
    """The clock ended these holds. Below severity 3 the case closes; above, a human still looks.

    Assumes a transaction. Not a sanction: the author gets a notice that says so. Cases that are
    not open any more are left alone.
    """
    cases = _close_holds(case_ids, CaseState.EXPIRED, Happening.HOLD_EXPIRED, now)
    notices = expiry_notices(cases, now=now)
    return [ClosedHold(case.id, notices.get(case.id)) for case in cases]


def unsend_cases(case_ids: Collection[UUID], *, now: datetime) -> None:
    """The sender took these held subjects back; same rule as `expire_cases`, without a notice."""
    _close_holds(case_ids, CaseState.WITHDRAWN, Happening.UNSENT, now)


def _close_holds(
    case_ids: Collection[UUID], state: CaseState, happening: Happening, now: datetime
) -> list[Case]:
    rows = Case.objects.select_for_update().filter(id__in=case_ids, state=CaseState.OPEN)
    cases = list(rows.order_by("id"))
    closing = [case for case in cases if case.severity < STAYS_OPEN_SEVERITY]
    Case.objects.filter(id__in=[case.id for case in closing]).update(
        state=state, closed_at=now, holder=None, lease_until=None, claimed_at=None
    )
    Report.objects.filter(case__in=closing).update(state=Report.State.DECIDED)
    CaseEvent.objects.bulk_create([_log.note(case, happening, now) for case in cases])
    _log.announce([_log.resolved(case) for case in closing])
    return cases


def _insert_or_find(cases: list[Case]) -> dict[tuple[str, UUID], Case]:
    """Store those whose subject has no open case; answer with the open case of every subject.

    The unique constraint decides between two writers, so there is no moment to slip in between.
    """
    Case.objects.bulk_create(cases, ignore_conflicts=True)
    rows = Case.objects.select_for_update().filter(
        state=CaseState.OPEN, subject_id__in={case.subject_id for case in cases}
    )
    return {(case.kind, case.subject_id): case for case in rows.order_by("id")}


def _new_case(draft: CaseDraft, now: datetime) -> Case:
    strongest = suspicion.gravest(draft.verdict)
    policy = strongest.policy if strongest else rulebook.UNSPECIFIED
    held = draft.verdict.action is Action.HOLD
    return Case(
        **_subject(
            draft.kind, draft.subject_id, draft.author_id, draft.conversation_id, draft.body
        ),
        **suspicion.policy_facts(policy, now),
        language=draft.language[:2],
        severity=strongest.severity if strongest else rulebook.rule(policy).severity,
        verdict=draft.verdict.action.value,
        source=Source.MACHINE,
        cause=draft.verdict.cause,
        policy_version=draft.verdict.version,
        findings=suspicion.findings_of(draft.verdict),
        decide_before=suspicion.decide_before(policy, now) if held else None,
        screen_again_at=now if draft.verdict.cause == TECHNICAL else None,
    )


def _reported_case(
    kind: str,
    subject_id: UUID,
    author_id: UUID,
    conversation_id: UUID,
    body: str,
    policy: str,
    now: datetime,
) -> Case:
    author = Account.objects.get(id=author_id)
    return Case(
        **_subject(kind, subject_id, author_id, conversation_id, body),
        **suspicion.policy_facts(policy, now),
        language=author.language,
        severity=rulebook.rule(policy).severity,
        verdict="pass",
        source=Source.REPORT,
        policy_version=rule_book_version(),
    )


def _subject(
    kind: str, subject_id: UUID, author_id: UUID, conversation_id: UUID, body: str
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "kind": kind,
        "subject_id": subject_id,
        "author_id": author_id,
        "conversation_id": conversation_id,
        "body": body,
    }


def _join(case: Case, fresh: Case, verdict: Verdict, now: datetime) -> CaseEvent:
    """Let a later finding about the same subject strengthen the open case, never weaken it."""
    if (fresh.severity, Action(fresh.verdict).rank) > (case.severity, Action(case.verdict).rank):
        case.policy, case.queue, case.severity = fresh.policy, fresh.queue, fresh.severity
    if Action(fresh.verdict).rank > Action(case.verdict).rank:
        case.verdict = fresh.verdict
    case.findings = [*case.findings, *fresh.findings] if case.body == fresh.body else fresh.findings
    case.body = fresh.body
    case.due_at = min(case.due_at, fresh.due_at)
    case.decide_before = fresh.decide_before or case.decide_before
    case.cause = fresh.cause or case.cause
    case.screen_again_at = fresh.screen_again_at or case.screen_again_at
    case.flood = None  # it is more than one of many now
    case.policy_version, case.evidence_changed_at = fresh.policy_version, now
    case.save()
    return _log.note(case, Happening.JOINED, now, **suspicion.verdict_facts(verdict))


def _note_report(case: Case, fresh: Case, reported: Report, now: datetime) -> None:
    is_new = case.id == fresh.id
    if not is_new and fresh.severity > case.severity:
        case.policy, case.queue, case.severity = fresh.policy, fresh.queue, fresh.severity
    case.due_at = min(case.due_at, fresh.due_at)
    case.evidence_changed_at = now
    case.flood = None  # a person asks for a look at this one
    case.save()
    log = [_log.note(case, Happening.OPENED, now, action="pass")] if is_new else []
    log.append(_log.note(case, Happening.REPORTED, now, reason=reported.reason))
    _log.announce([_log.opened(case)] if is_new else [])
    CaseEvent.objects.bulk_create(log)
