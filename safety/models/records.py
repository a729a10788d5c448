"""What the machine said of each content, without the content: for proof, replay and floods.

No text, no person, no amount: a record holds ids, a fingerprint and compact features, and goes
after some months (`settings.VERDICT_RECORD_KEPT`). Hot table: one row a screened message, written
with it, without a foreign key.
"""

from django.db import models
from django.db.models import Q

from safety.models.cases import MACHINE_VERDICTS


class Screening(models.Model):
    """Under what contents were judged: book, model, and the profile of a country and channel.

    There are as many as versions times places, so a record names one by id. The id follows from
    the rest (`safety.commands.contents`): who writes a record need not ask for it.
    """

    id = models.BigIntegerField(primary_key=True)
    version = models.CharField(max_length=96)
    book_hash = models.CharField(max_length=64)
    model = models.CharField(max_length=64, blank=True)  # checksum; empty: rules only
    country = models.CharField(max_length=2, blank=True)
    channel = models.CharField(max_length=16)
    profile = models.CharField(max_length=24, blank=True)  # of the basis table


class Judged(models.Model):
    """What every record of a verdict holds. The coding of `rules` and `features` is in
    `safety.queries.features`."""

    content_sha256 = models.CharField(max_length=64)
    under = models.ForeignKey(
        Screening, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip
    action = models.CharField(max_length=4)
    cause = models.CharField(max_length=32, blank=True)
    language = models.CharField(max_length=2, blank=True)  # of the text; empty: unknown
    rules = models.TextField(blank=True)  # those with effect
    features = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True


class VerdictRecord(Judged):
    """The verdict on one content: a message as sent, or one revision of it. Exactly one each.

    `subject_id` is the message or the revision.
    """

    subject_id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=16)
    message_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_recorded_verdict_passes_flags_or_holds",
                condition=Q(action__in=MACHINE_VERDICTS),
            ),
        ]
        indexes = [
            models.Index(
                fields=["at"], condition=Q(action="pass"), name="verdict_records_of_passes"
            ),
            models.Index(
                fields=["at"], condition=~Q(action="pass"), name="verdict_records_of_suspects"
            ),
        ]


class Rescreening(Judged):
    """The later verdict on a content that was first held or flagged for a technical cause.

    The cause of its delivery where it was held: no decision, as nobody was accused of anything.
    """

    subject_id = models.UUIDField(db_index=True)
    case_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_second_screening_passes_flags_or_holds",
                condition=Q(action__in=MACHINE_VERDICTS),
            ),
        ]


class ShadowRecord(Judged):
    """What a version that is tried in shadow would have said of a recorded content."""

    subject_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_shadow_version_judges_a_content_once", fields=["subject_id", "under"]
            ),
        ]
        indexes = [models.Index(fields=["at"], name="shadow_records_by_time")]


class ShadowRun(models.Model):
    """How far a version has come in shadow. `dropped`: texts it had no time for."""

    version = models.CharField(max_length=96, primary_key=True)
    since = models.DateTimeField()
    messages = models.PositiveBigIntegerField(default=0)
    dropped = models.PositiveBigIntegerField(default=0)


class DegradedMinute(models.Model):
    """A minute in which something did not work as it should, and how many contents it met."""

    cause = models.CharField(max_length=16)  # `safety.queries.health.CAUSES`
    minute = models.DateTimeField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_minute_is_degraded_once_a_cause", fields=["cause", "minute"]
            )
        ]


class Heartbeat(models.Model):
    """When a part of the service last showed that it runs; `alarmed_at` since it stopped."""

    part = models.CharField(max_length=16, primary_key=True)
    at = models.DateTimeField()
    alarmed_at = models.DateTimeField(null=True)
