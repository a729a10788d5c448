"""How a command writes to the log of a case and tells the moderators on duty."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.events import Event, wire_time
from accounts.inbox import publish_all
from accounts.models import Account, Role
from safety import events
from safety.models import Case, CaseEvent, Duty, Happening


def note(
    case: Case, kind: Happening, now: datetime, *, actor_id: UUID | None = None, **data: Any
) -> CaseEvent:
    """The unsaved line of the log; save it alone or with `CaseEvent.objects.bulk_create`."""
    return CaseEvent(case=case, kind=kind, at=now, actor_id=actor_id, data=data)


def announce(cases_events: Sequence[Event], *, even_off_duty: bool = False) -> None:
    """Publish to every moderator on duty, after commit.

    `even_off_duty`: when nobody is, to every moderator.
    """
    if not cases_events:
        return
    called = frozenset(Duty.objects.values_list("moderator_id", flat=True))
    if even_off_duty and not called:
        moderators = Account.objects.filter(role=Role.MODERATOR, is_active=True)
        called = frozenset(moderators.values_list("id", flat=True))
    publish_all([(called, event) for event in cases_events])


def opened(case: Case) -> events.CaseOpened:
    return events.CaseOpened(**_facts(case))


def claimed(case: Case, moderator: str) -> events.CaseClaimed:
    return events.CaseClaimed(**_facts(case), moderator=moderator)


def released(case: Case) -> events.CaseReleased:
    return events.CaseReleased(**_facts(case))


def resolved(case: Case) -> events.CaseResolved:
    return events.CaseResolved(**_facts(case))


def _facts(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "kind": case.kind,
        "severity": case.severity,
        "category": case.policy,
        "due_at": wire_time(case.due_at),
    }
