"""What waits for another screening: the open cases whose only cause is a fault of ours."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from safety.models import Case, CaseState, VerdictRecord


class TechnicalCase(NamedTuple):
    """A subject that was held or flagged because it could not be judged."""

    case_id: UUID
    kind: str
    subject_id: UUID


def technical_cases(*, now: datetime, limit: int) -> list[TechnicalCase]:
    """Those that are due for another screening, the longest due first."""
    due = Case.objects.filter(state=CaseState.OPEN, screen_again_at__lte=now)
    rows = due.order_by("screen_again_at").values_list("id", "kind", "subject_id")
    return [TechnicalCase(*row) for row in rows[:limit]]


def judged_content(subject_id: UUID) -> str | None:
    """The fingerprint of what the first verdict on this subject was said of, while it is kept."""
    rows = VerdictRecord.objects.filter(subject_id=subject_id)
    return rows.values_list("content_sha256", flat=True).first()
