"""What safety remembers, by topic: rule books, cases and decisions, verdicts, floods."""

from safety.models.book import PolicyEvent, PolicyVersion, VersionHappening, VersionState
from safety.models.cases import (
    MACHINE_VERDICTS,
    TWO_HUMANS_SEVERITY,
    Case,
    CaseEvent,
    CaseState,
    Decision,
    Duty,
    Happening,
    Outcome,
    Report,
    Source,
    Statement,
)
from safety.models.floods import HarmlessHit, RuleHour, ShadowedRule
from safety.models.records import (
    DegradedMinute,
    Heartbeat,
    Rescreening,
    Screening,
    ShadowRecord,
    ShadowRun,
    VerdictRecord,
)

__all__ = [
    "MACHINE_VERDICTS",
    "TWO_HUMANS_SEVERITY",
    "Case",
    "CaseEvent",
    "CaseState",
    "Decision",
    "DegradedMinute",
    "Duty",
    "Happening",
    "HarmlessHit",
    "Heartbeat",
    "Outcome",
    "PolicyEvent",
    "PolicyVersion",
    "Report",
    "Rescreening",
    "RuleHour",
    "Screening",
    "ShadowRecord",
    "ShadowRun",
    "ShadowedRule",
    "Source",
    "Statement",
    "VerdictRecord",
    "VersionHappening",
    "VersionState",
]
