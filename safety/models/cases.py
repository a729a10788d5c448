"""What safety remembers: cases, what happened to them, what humans decided, what people were told.

Nothing here knows what a subject is worth or how many people look at it: a case holds a kind, an
id and a snapshot of the text. `CaseEvent`, `Decision` and `Statement` are append-only: a trigger
refuses every update and delete on both engines.
"""

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from accounts.models import Account

MACHINE_VERDICTS = ("pass", "flag", "hold")  # there is no fourth: a machine refuses nothing
TWO_HUMANS_SEVERITY = 4


def _person() -> "models.ForeignKey[Account, Account]":
    return models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")


def _person_or_none() -> "models.ForeignKey[Account | None, Account | None]":
    return models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")


class CaseState(models.TextChoices):
    OPEN = "open"
    RESOLVED = "resolved"  # a human decided
    EXPIRED = "expired"  # the clock ended the hold; not a sanction
    WITHDRAWN = "withdrawn"  # the sender took the message back
    CLEARED = "cleared"  # a technical cause, gone when it was screened again; not a decision


class Source(models.TextChoices):
    MACHINE = "machine"
    REPORT = "report"


class Outcome(models.TextChoices):
    RELEASE = "release"
    WITHHOLD = "withhold"


class Happening(models.TextChoices):
    """What a `CaseEvent` may tell."""

    OPENED = "opened"
    JOINED = "joined"  # a later finding about the same subject
    REPORTED = "reported"
    CLAIMED = "claimed"
    GIVEN_BACK = "given_back"
    LAPSED = "lapsed"
    EVIDENCE_OPENED = "evidence_opened"
    PROPOSED = "proposed"  # a first human judgement where two are needed
    DECIDED = "decided"
    HOLD_EXPIRED = "hold_expired"
    UNSENT = "unsent"
    RESCREENED = "rescreened"  # what had a technical cause was judged after all
    ESCALATED = "escalated"
    STEP = "step"  # a moderator's hand on the live conversation


class Case(models.Model):
    """A suspect subject waiting for a human. One is open per subject; later findings join it.

    The lease (`holder`, `lease_until`, `claimed_at`) says who works on it; `lease_token` is a
    fence that grows with every lease, so that a decision on a lost one is noticed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=16)
    subject_id = models.UUIDField()
    author = _person()
    conversation_id = models.UUIDField(db_index=True)
    body = models.TextField()
    language = models.CharField(max_length=2)
    policy = models.CharField(max_length=48)
    queue = models.CharField(max_length=16)  # the desk's shelf of this policy
    severity = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=4)
    source = models.CharField(max_length=7, choices=Source.choices)
    cause = models.CharField(max_length=32, blank=True)
    policy_version = models.CharField(max_length=96)
    findings = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=CaseState.choices, default=CaseState.OPEN)
    flood = models.ForeignKey("ShadowedRule", null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    evidence_changed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decide_before = models.DateTimeField(null=True)
    screen_again_at = models.DateTimeField(null=True)  # of a technical cause, until it is settled
    escalated_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    holder = _person_or_none()
    claimed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_subject_has_one_open_case",
                fields=["kind", "subject_id"],
                condition=Q(state=CaseState.OPEN),
            ),
            models.CheckConstraint(
                name="a_machine_only_passes_flags_or_holds",
                condition=Q(verdict__in=MACHINE_VERDICTS),
            ),
            models.CheckConstraint(
                name="held_case_has_deadline",
                condition=~Q(verdict="hold") | Q(decide_before__isnull=False),
            ),
            models.CheckConstraint(
                name="case_severity_is_0_to_4", condition=Q(severity__range=(0, 4))
            ),
            models.CheckConstraint(
                name="case_state_is_known", condition=Q(state__in=CaseState.values)
            ),
            models.CheckConstraint(
                name="a_lease_has_holder_and_times",
                condition=Q(holder=None, lease_until=None, claimed_at=None)
                | Q(holder__isnull=False, lease_until__isnull=False, claimed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_closed_case_is_held_by_nobody",
                condition=Q(state=CaseState.OPEN, closed_at=None)
                | Q(holder=None, closed_at__isnull=False) & ~Q(state=CaseState.OPEN),
            ),
        ]
        indexes = [
            models.Index(
                F("severity").desc(),
                "due_at",
                "id",
                name="safety_case_open",
                condition=Q(state=CaseState.OPEN),
            ),
            models.Index(
                "state", "queue", F("severity").desc(), "due_at", "id", name="safety_case_queue"
            ),
            models.Index(
                fields=["lease_until"],
                name="safety_case_lease",
                condition=Q(holder__isnull=False),
            ),
            models.Index(fields=["author", "policy"], name="safety_case_author_rule"),
            models.Index(
                fields=["screen_again_at"],
                name="safety_case_screen_again",
                condition=Q(state=CaseState.OPEN, screen_again_at__isnull=False),
            ),
        ]


class CaseEvent(models.Model):
    """One thing that happened to a case. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=16, choices=Happening.choices)
    actor = _person_or_none()  # none: the machine or the clock
    at = models.DateTimeField()
    data = models.JSONField(default=dict)


class Report(models.Model):
    """A person's report. It joins the case of its subject; the desk never reads who reported."""

    class State(models.TextChoices):
        RECEIVED = "received"
        DECIDED = "decided"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reports")
    reporter = _person()
    reason = models.CharField(max_length=48)
    note = models.CharField(max_length=1_000, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_reports_a_case_once", fields=["case", "reporter"]
            )
        ]


class Decision(models.Model):
    """What a human decided, with the rule, its version and the reason. Append-only.

    `proposed_by` is the first of two humans, where the severity asks for two.
    `payee_at_fault` says whether what was already earned with the subject goes back.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    severity = models.PositiveSmallIntegerField()
    rule = models.CharField(max_length=48, blank=True)
    reason = models.CharField(max_length=2_000, blank=True)
    note = models.CharField(max_length=2_000, blank=True)
    policy_version = models.CharField(max_length=96)
    payee_at_fault = models.BooleanField(default=False)
    decided_by = _person_or_none()
    proposed_by = _person_or_none()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_case_is_decided_once", fields=["case"]),
            models.CheckConstraint(
                name="decision_outcome_is_known", condition=Q(outcome__in=Outcome.values)
            ),
            models.CheckConstraint(
                name="adverse_decision_has_human",
                condition=Q(outcome=Outcome.RELEASE) | Q(decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="adverse_decision_has_rule_and_reason",
                condition=Q(outcome=Outcome.RELEASE) | ~Q(rule="") & ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="severe_adverse_decision_has_two_humans",
                condition=Q(outcome=Outcome.RELEASE)
                | Q(severity__lt=TWO_HUMANS_SEVERITY)
                | Q(proposed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="the_second_human_is_another",
                condition=Q(proposed_by=None) | ~Q(proposed_by=F("decided_by")),
            ),
        ]


class Statement(models.Model):
    """What the restricted person is told and why, frozen as it was on that day. Append-only.

    Without a decision it is the notice of an expiry, which is not a sanction.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    addressee = _person()
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="statements")
    decision = models.OneToOneField(
        Decision, null=True, on_delete=models.PROTECT, related_name="statement"
    )
    language = models.CharField(max_length=2)
    facts = models.JSONField()
    at = models.DateTimeField()


class Duty(models.Model):
    """A moderator on duty: the one who hears about cases."""

    moderator = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    since = models.DateTimeField()
