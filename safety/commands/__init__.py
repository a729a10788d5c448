"""What changes a case: opened, reported, claimed, decided, ended by the clock or by its sender."""

from safety.commands.contents import Screened
from safety.commands.floods import put_back, watch_rules
from safety.commands.harmless import softened
from safety.commands.health import beat, count_degraded, note_health
from safety.commands.intake import (
    CaseDraft,
    ClosedHold,
    OpenedCase,
    expire_cases,
    open_cases,
    report,
    unsend_cases,
)
from safety.commands.leases import (
    Lease,
    announce_lapsed,
    claim,
    give_back,
    heartbeat,
    set_duty,
)
from safety.commands.oversight import escalate_breached
from safety.commands.records import purge, record
from safety.commands.rescreening import Settled, leave_to_people, postpone, settle
from safety.commands.rulings import Judged, decide, log_step, open_evidence, read_case

__all__ = [
    "CaseDraft",
    "ClosedHold",
    "Judged",
    "Lease",
    "OpenedCase",
    "Screened",
    "Settled",
    "announce_lapsed",
    "beat",
    "claim",
    "count_degraded",
    "decide",
    "escalate_breached",
    "expire_cases",
    "give_back",
    "heartbeat",
    "leave_to_people",
    "log_step",
    "note_health",
    "open_cases",
    "open_evidence",
    "postpone",
    "purge",
    "put_back",
    "read_case",
    "record",
    "report",
    "set_duty",
    "settle",
    "softened",
    "unsend_cases",
    "watch_rules",
]
