"""What safety tells the moderators on duty: never an amount, never a follower count."""

from uuid import UUID

from accounts.events import Event


class CaseOpened(Event):
    case_id: UUID
    kind: str
    severity: int
    category: str
    due_at: str


class CaseClaimed(Event):
    case_id: UUID
    kind: str
    severity: int
    category: str
    due_at: str
    moderator: str  # pseudonym of the holder


class CaseReleased(Event):
    """The lease ended without a decision: the case is free again."""

    case_id: UUID
    kind: str
    severity: int
    category: str
    due_at: str


class RuleFlooded(Event):
    """A rule spoke far more than usual: it lost its effect, or at severity 4 only its cases were
    grouped."""

    flood_id: int
    rule: str
    category: str
    severity: int
    without_effect: bool


class RulePutBack(Event):
    """A moderator gave the rule its effect again."""

    flood_id: int
    rule: str
    category: str
    severity: int
    without_effect: bool


class RuleBookAlarm(Event):
    """A server could not use a version of the rule book (`refused`), or it `failed` there and the
    last good one took over. `reason` is one sentence, in English, for the operator."""

    version: str
    kind: str
    reason: str


class ServiceDegraded(Event):
    """A part of the service stopped: `clock`, which ends holds and returns money."""

    cause: str
    since: str


class CaseResolved(Event):
    case_id: UUID
    kind: str
    severity: int
    category: str
    due_at: str
