"""Noticing that something does not work as it should, counting it, and calling the people on duty.

The clock counts the messages, from the records of their verdicts; each server notes the minutes,
and watches the clock itself, which cannot report its own death.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import TruncMinute

from accounts.db import insert_rows
from accounts.events import wire_time
from safety import events
from safety.commands import _log
from safety.models import DegradedMinute, Heartbeat, Screening, VerdictRecord
from safety.queries.health import CLOCK, RULES_ONLY, SCREENING
from safety.screening import TECHNICAL

CLOCK_SILENT_MAX = timedelta(seconds=60)
LATE_COMMIT = timedelta(minutes=1)  # a record may be seen this long after its `at`
COUNTED = "counted"  # the heartbeat whose time is how far the records were counted


def beat(*, now: datetime) -> int:
    """The clock runs."""
    Heartbeat.objects.update_or_create(part=CLOCK, defaults={"at": now, "alarmed_at": None})
    return 1


def note_health(*, causes: Collection[str], now: datetime) -> None:
    """What a server knows to be wrong now, and whether the clock has stood still for a minute.

    The first server to notice the clock calls the people on duty, once until it runs again.
    """
    silent_since = _clock_silent_since(now)
    if silent_since is not None:
        _alarm(silent_since, now)
        causes = {*causes, CLOCK}
    minute = now.replace(second=0, microsecond=0)
    rows = [(cause, minute, 0) for cause in sorted(causes)]
    insert_rows(DegradedMinute, ("cause", "minute", "messages"), rows, ignore_conflicts=True)


def _clock_silent_since(now: datetime) -> datetime | None:
    """Since when, once that is too long; a clock never seen counts from the first look."""
    heart, _ = Heartbeat.objects.get_or_create(part=CLOCK, defaults={"at": now})
    return heart.at if now - heart.at > CLOCK_SILENT_MAX else None


@transaction.atomic
def _alarm(since: datetime, now: datetime) -> None:
    unheard = Heartbeat.objects.filter(part=CLOCK, at=since, alarmed_at=None)
    if unheard.update(alarmed_at=now):
        alarm = events.ServiceDegraded(cause=CLOCK, since=wire_time(since))
        _log.announce([alarm], even_off_duty=True)


@transaction.atomic
def count_degraded(*, now: datetime) -> int:
    """Count the messages of every full minute not counted yet; answers with how many there were.

    Counting again changes nothing: two clocks, and one that was down, come to the same figures.
    """
    until = (now - LATE_COMMIT).replace(second=0, microsecond=0)
    cursor, _ = Heartbeat.objects.select_for_update().get_or_create(
        part=COUNTED, defaults={"at": until - LATE_COMMIT}
    )
    if cursor.at >= until:
        return 0
    counts = _messages(cursor.at, until)
    DegradedMinute.objects.bulk_create(
        [DegradedMinute(cause=c, minute=m, messages=n) for (c, m), n in counts.items()],
        update_conflicts=True,
        unique_fields=["cause", "minute"],
        update_fields=["messages"],
    )
    Heartbeat.objects.filter(part=COUNTED).update(at=until)
    return sum(counts.values())


def _messages(since: datetime, until: datetime) -> Counter[tuple[str, datetime]]:
    """By cause and minute."""
    records = VerdictRecord.objects.filter(at__gte=since, at__lt=until).order_by()
    without_model = list(Screening.objects.filter(model="").values_list("id", flat=True))
    met = {SCREENING: records.exclude(action="pass").filter(cause=TECHNICAL)}
    if without_model:
        met[RULES_ONLY] = records.filter(cause="", under__in=without_model)
    counts: Counter[tuple[str, datetime]] = Counter()
    for cause, rows in met.items():
        by_minute = rows.annotate(minute=TruncMinute("at")).values_list("minute")
        for minute, times in by_minute.annotate(times=Count("*")):
            counts[cause, minute] = times
    return counts
