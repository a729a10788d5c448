"""Keeping what the machine said of each content, in the transaction that stores the content."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.db import insert_rows
from safety import screening
from safety.commands.contents import JUDGED_COLUMNS, Screened, judged_row, keep_screenings
from safety.commands.shadow import observe
from safety.models import Rescreening, RuleHour, ShadowRecord, VerdictRecord
from safety.models.records import Judged

PURGE_BATCH = 5_000
_COLUMNS = ("subject_id", "kind", "message_id", *JUDGED_COLUMNS)


def record(contents: Sequence[Screened], *, now: datetime) -> None:
    """Keep the verdict on each content, in one statement; a rule book in shadow judges them later.

    Another statement names the rule book the first time that this process meets it.

    Assumes the transaction that stores the contents. A content recorded already is an
    `IntegrityError`: its verdict is not replaced.
    """
    keep_screenings((one.verdict, one.context) for one in contents)
    rows = [
        (one.subject_id, one.kind, one.message_id, *judged_row(one.verdict, one.context, now))
        for one in contents
    ]
    insert_rows(VerdictRecord, _COLUMNS, rows)
    if screening.candidate() is not None:
        transaction.on_commit(partial(observe, contents))


def purge(*, now: datetime) -> int:
    """Delete a batch of the records whose time has come; answers with how many.

    Passes and shadow records go after `VERDICT_RECORD_KEPT`, flags and holds after
    `SUSPECT_RECORD_KEPT`.
    """
    passed = now - settings.VERDICT_RECORD_KEPT
    suspect = now - settings.SUSPECT_RECORD_KEPT
    RuleHour.objects.filter(hour__lt=passed).delete()
    return (
        _purge(VerdictRecord.objects.filter(action="pass", at__lt=passed))
        + _purge(VerdictRecord.objects.exclude(action="pass").filter(at__lt=suspect))
        + _purge(Rescreening.objects.filter(at__lt=suspect))
        + _purge(ShadowRecord.objects.filter(at__lt=passed))
    )


def _purge[Row: Judged](rows: "QuerySet[Row]") -> int:
    ids = list(rows.order_by("at").values_list("pk", flat=True)[:PURGE_BATCH])
    return rows.model._default_manager.filter(pk__in=ids).delete()[0]
