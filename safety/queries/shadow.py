"""How far a version has come in shadow."""

from datetime import datetime
from typing import NamedTuple

from safety.models import ShadowRun


class Progress(NamedTuple):
    """Messages judged in shadow and since when; none when it never ran."""

    messages: int
    since: datetime | None


def shadow_progress(version: str) -> Progress:
    """How many messages a version has judged in shadow, in all processes, and since when."""
    run = ShadowRun.objects.filter(version=version).values_list("messages", "since").first()
    return Progress(*run) if run else Progress(0, None)


def shadow_dropped(version: str) -> int:
    """How many messages the trial of a version had no time for."""
    rows = ShadowRun.objects.filter(version=version)
    return rows.values_list("dropped", flat=True).first() or 0
