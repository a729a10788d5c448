"""What the clock does about cases that nobody decided in time: it calls for help, no more."""

from datetime import datetime

from django.db import transaction

from safety.commands import _log
from safety.models import TWO_HUMANS_SEVERITY, Case, CaseEvent, CaseState, Happening

ESCALATION_BATCH = 500


def escalate_breached(*, now: datetime) -> int:
    """Log once that a case passed its `due_at`, and announce it again; answers with how many."""
    with transaction.atomic():
        rows = Case.objects.select_for_update(skip_locked=True).filter(
            state=CaseState.OPEN, due_at__lte=now, escalated_at=None
        )
        cases = list(rows.order_by("due_at")[:ESCALATION_BATCH])
        Case.objects.filter(id__in=[case.id for case in cases]).update(escalated_at=now)
        CaseEvent.objects.bulk_create([_log.note(case, Happening.ESCALATED, now) for case in cases])
        grave = any(case.severity >= TWO_HUMANS_SEVERITY for case in cases)
        _log.announce([_log.opened(case) for case in cases], even_off_duty=grave)
    return len(cases)
