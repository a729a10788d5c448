"""May this person work on this case, how many humans does a decision need, may a name be shown."""

from datetime import datetime
from uuid import UUID

from accounts.errors import NotAllowed, Refusal
from accounts.models import Account, Role
from safety.models import (
    TWO_HUMANS_SEVERITY,
    Case,
    CaseEvent,
    CaseState,
    Happening,
    Outcome,
    Report,
)
from safety.screening import Action, Context, screen

CHILD_PROTECTION = "csae."


class LeaseLost(Refusal):
    """The case is no longer this moderator's: the lease ended, or somebody decided."""

    code = "lease_lost"


class NotYours(Refusal):
    """This moderator is part of the case, or judged it already: another one must decide."""

    code = "not_yours"
    status = 403


class ClaimedByAnother(NotAllowed):
    """A colleague works on it: `holder` (pseudonym) and `until` say who and how long."""


class EvidenceUnopened(NotAllowed):
    """Nobody decides on what they have not looked at."""


def may_moderate(account_id: UUID) -> bool:
    """Whether this account is an active moderator."""
    return Account.objects.filter(id=account_id, role=Role.MODERATOR, is_active=True).exists()


def require_moderator(account_id: UUID) -> Account:
    """The active moderator with this id; raises `NotAllowed` for anybody else."""
    moderator = Account.objects.filter(id=account_id, role=Role.MODERATOR, is_active=True).first()
    if moderator is None:
        raise NotAllowed("Only an active moderator does this.")
    return moderator


def require_impartial(case: Case, moderator_id: UUID) -> None:
    """Raise `NotYours` for the author, a reporter, or who already gave a judgement on the case."""
    if case.author_id == moderator_id:
        raise NotYours("You wrote what this case is about.")
    if Report.objects.filter(case=case, reporter_id=moderator_id).exists():
        raise NotYours("You reported this case.")
    judged = CaseEvent.objects.filter(
        case=case,
        actor_id=moderator_id,
        kind=Happening.PROPOSED,
        at__gte=case.evidence_changed_at,
    )
    if judged.exists():
        raise NotYours("You judged this case already: another person must confirm.")


def is_impartial(case: Case, moderator_id: UUID) -> bool:
    """Whether `require_impartial` lets this moderator judge the case."""
    try:
        require_impartial(case, moderator_id)
    except NotYours:
        return False
    return True


def require_seen(case: Case, moderator_id: UUID) -> None:
    """Raise unless this moderator opened the evidence since it last changed."""
    seen = CaseEvent.objects.filter(
        case=case,
        actor_id=moderator_id,
        kind=Happening.EVIDENCE_OPENED,
        at__gte=case.evidence_changed_at,
    )
    if not seen.exists():
        raise EvidenceUnopened("Open the case and look at it before you decide.")


def require_lease(case: Case, moderator_id: UUID, lease_token: int, now: datetime) -> None:
    """Raise `LeaseLost` unless this very lease is alive. The case must be locked by the caller."""
    if case.state != CaseState.OPEN:
        raise LeaseLost("This case is decided or closed already.")
    alive = case.lease_until is not None and case.lease_until > now
    if not alive or case.holder_id != moderator_id or case.lease_token != lease_token:
        raise LeaseLost("Your lease on this case has ended.")


def needs_two_humans(*, outcome: str, policy: str, severity: int) -> bool:
    """Four eyes: against a person at severity 4, and to release what touches a minor."""
    if outcome == Outcome.WITHHOLD:
        return severity >= TWO_HUMANS_SEVERITY
    return policy.startswith(CHILD_PROTECTION)


def name_may_be_shown(name: str) -> bool:
    """Whether others may see an account under this name: only what screening lets pass. A name
    waits for nobody, so a suspect one, or one that could not be judged, is not taken."""
    return (
        screen(name, Context(sender_role="fan", country="", channel="name")).action is Action.PASS
    )
