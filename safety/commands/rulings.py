"""How a human looks at a case and decides it: one transaction from the log to the subject."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from accounts.errors import Malformed, NotFound
from accounts.models import Account
from safety import decisions, policies
from safety.commands import _log, harmless
from safety.commands.leases import free, leased
from safety.commands.statements import state_reasons
from safety.models import Case, CaseEvent, CaseState, Decision, Happening, Outcome, Report
from safety.queries import rulebook
from safety.queries.desk import CaseView, case_view
from safety.queries.statements import url_of
from safety.screening import rule_book_version

REASON_MAX_CHARACTERS = 2_000

OutcomeName = Literal["release", "withhold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a moderator says about a case. `reason` is plain text for the person concerned."""

    outcome: OutcomeName
    rule: str = ""
    reason: str = ""
    note: str = ""
    payee_at_fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`decision` is none while a second human is needed; the case is then free for that person."""

    decision: Decision | None
    statement_url: str | None = None


def open_evidence(*, case_id: UUID, moderator_id: UUID, now: datetime) -> None:
    """Log that this moderator looked at the case; nobody decides before."""
    policies.require_moderator(moderator_id)
    case = Case.objects.filter(id=case_id).first()
    if case is None:
        raise NotFound("There is no such case.")
    _log.note(case, Happening.EVIDENCE_OPENED, now, actor_id=moderator_id).save(force_insert=True)


def read_case(*, case_id: UUID, moderator_id: UUID, now: datetime) -> CaseView:
    """Open the evidence, on the record, and answer with the page of the case."""
    open_evidence(case_id=case_id, moderator_id=moderator_id, now=now)
    return case_view(case_id=case_id, moderator_id=moderator_id, now=now)


def log_step(*, case_id: UUID, moderator_id: UUID, step: str, reason: str, now: datetime) -> None:
    """Log what a moderator did in the live conversation of this case, and why.

    Assumes a transaction and an open case (`queries.open_case`).
    """
    CaseEvent.objects.create(
        case_id=case_id,
        kind=Happening.STEP,
        actor_id=moderator_id,
        at=now,
        data={"step": step, "reason": reason},
    )


@transaction.atomic
def decide(
    *,
    case_id: UUID,
    moderator_id: UUID,
    lease_token: int,
    outcome: OutcomeName,
    rule: str = "",
    reason: str = "",
    note: str = "",
    payee_at_fault: bool = False,
    now: datetime,
) -> Judged:
    """Decide a case one holds: log, decision, statement and subject change together or not at all.

    To withhold takes a rule and a reason. At severity 4 (and to release what touches a minor) the
    first judgement is only a proposal. Raises `LeaseLost`, `NotYours`, `EvidenceUnopened`,
    `Malformed`, and whatever refusal the subject's own app raises.
    """
    judgement = Judgement(
        outcome=outcome, rule=rule, reason=reason.strip(), note=note, payee_at_fault=payee_at_fault
    )
    moderator = policies.require_moderator(moderator_id)
    _require_complete(judgement)
    _lock_subject(case_id)
    case = _judgeable(case_id, moderator_id, lease_token, now)
    severity = _severity(case, judgement)
    proposer = _agreeing_proposer(case, judgement)
    if proposer is None and policies.needs_two_humans(
        outcome=outcome, policy=judgement.rule or case.policy, severity=severity
    ):
        return _propose(case, moderator, judgement, now)
    decision = _record(case, moderator, judgement, severity, proposer, now)
    return _carry_out(case, decision, moderator, now)


def _require_complete(judgement: Judgement) -> None:
    if judgement.outcome not in Outcome.values:
        raise Malformed("Release or withhold.", field="outcome", accepted=list(Outcome.values))
    if len(judgement.reason) > REASON_MAX_CHARACTERS or len(judgement.note) > REASON_MAX_CHARACTERS:
        raise Malformed(
            "Too long.", field="reason", accepted=f"at most {REASON_MAX_CHARACTERS} characters"
        )
    if judgement.rule or judgement.outcome == "withhold":
        rulebook.rule(judgement.rule)
    if judgement.outcome == "withhold" and not judgement.reason:
        raise Malformed(
            "Say why, for the person concerned.", field="reason", accepted="plain words"
        )


def _lock_subject(case_id: UUID) -> None:
    """The subject first, then the case: the order in which a sender's transaction locks them."""
    subject = Case.objects.filter(id=case_id).values_list("kind", "subject_id").first()
    if subject is None:
        raise NotFound("There is no such case.")
    decisions.lock(*subject)


def _judgeable(case_id: UUID, moderator_id: UUID, lease_token: int, now: datetime) -> Case:
    case = Case.objects.get(id=case_id)
    policies.require_impartial(case, moderator_id)
    case = leased(case_id, moderator_id, lease_token, now)
    policies.require_seen(case, moderator_id)
    return case


def _severity(case: Case, judgement: Judgement) -> int:
    """The graver of the suspicion and of the rule applied, so that no rule lowers the bar."""
    if judgement.outcome == "release":
        return case.severity
    return max(case.severity, rulebook.rule(judgement.rule).severity)


def _agreeing_proposer(case: Case, judgement: Judgement) -> UUID | None:
    """Who proposed the same outcome before, on the evidence as it is now."""
    return (
        CaseEvent.objects.filter(
            case=case,
            kind=Happening.PROPOSED,
            data__outcome=judgement.outcome,
            at__gte=case.evidence_changed_at,
        )
        .order_by("at")
        .values_list("actor_id", flat=True)
        .first()
    )


def _propose(case: Case, moderator: Account, judgement: Judgement, now: datetime) -> Judged:
    _log.note(
        case,
        Happening.PROPOSED,
        now,
        actor_id=moderator.id,
        outcome=judgement.outcome,
        rule=judgement.rule,
        reason=judgement.reason,
        note=judgement.note,
        payee_at_fault=judgement.payee_at_fault,
    ).save(force_insert=True)
    free(case)
    _log.announce([_log.released(case)])
    return Judged(decision=None)


def _record(
    case: Case,
    moderator: Account,
    judgement: Judgement,
    severity: int,
    proposer: UUID | None,
    now: datetime,
) -> Decision:
    decision = Decision.objects.create(
        case=case,
        outcome=judgement.outcome,
        severity=severity,
        rule=judgement.rule,
        reason=judgement.reason,
        note=judgement.note,
        policy_version=rule_book_version(),
        payee_at_fault=judgement.payee_at_fault,
        decided_by=moderator,
        proposed_by_id=proposer,
        at=now,
    )
    _log.note(
        case,
        Happening.DECIDED,
        now,
        actor_id=moderator.id,
        outcome=judgement.outcome,
        rule=judgement.rule,
        decision_id=str(decision.id),
    ).save(force_insert=True)
    case.state, case.closed_at = CaseState.RESOLVED, now
    case.holder = case.lease_until = case.claimed_at = None
    case.save()
    Report.objects.filter(case=case).update(state=Report.State.DECIDED)
    harmless.learn(case, judgement.outcome)
    return decision


def _carry_out(case: Case, decision: Decision, moderator: Account, now: datetime) -> Judged:
    statement_url = None
    if decision.outcome == Outcome.WITHHOLD:
        statement_url = url_of(state_reasons(case, decision, moderator=moderator.name).id)
    ruling = decisions.Ruling(
        case_id=case.id,
        subject_id=case.subject_id,
        outcome="withhold" if decision.outcome == Outcome.WITHHOLD else "release",
        rule=decision.rule,
        reason=decision.reason,
        policy_version=decision.policy_version,
        moderator=moderator.name,
        statement_url=statement_url,
        payee_at_fault=decision.payee_at_fault,
    )
    decisions.apply(case.kind, ruling, now)
    _log.announce([_log.resolved(case)])
    return Judged(decision=decision, statement_url=statement_url)
