"""The versions of the rule book: which were proposed, tried, in force, by whom and since when.

Content never changes: triggers refuse it, and refuse to delete a version or an event.
"""

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from accounts.models import Account


def _person_or_none() -> "models.ForeignKey[Account | None, Account | None]":
    return models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")


class VersionState(models.TextChoices):
    """`active` is enforced; `shadow` runs beside it without effect."""

    PROPOSED = "proposed"
    SHADOW = "shadow"
    ACTIVE = "active"
    RETIRED = "retired"


class VersionHappening(models.TextChoices):
    """What a `PolicyEvent` may tell."""

    SHIPPED = "shipped"  # came with a release
    PROPOSED = "proposed"
    TRIED = "tried"  # runs in shadow from here
    SET_ASIDE = "set_aside"  # another one is tried in its place
    APPROVED = "approved"  # by the first of two people
    ACTIVATED = "activated"
    RETIRED = "retired"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"  # by a process: its bytes, seal or model were not those it names
    FAILED = "failed"  # in a process, where the last good one took over


class PolicyVersion(models.Model):
    """One rule book: its files (`bundle`), its seal, and how far it came.

    `shipped`: it came with the release, hence by nobody's proposal. `approved_by` is the first
    person, `activated_by` the second; a rollback leaves both as they were.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64, unique=True)
    bundle = models.BinaryField()
    seal = models.TextField()
    key_id = models.CharField(max_length=16)
    state = models.CharField(max_length=8, choices=VersionState.choices)
    shipped = models.BooleanField(default=False)
    urgent = models.CharField(max_length=500, blank=True)  # why its trial was cut short
    proposed_by = _person_or_none()
    proposed_at = models.DateTimeField()
    tried_since = models.DateTimeField(null=True)
    approved_by = _person_or_none()
    approved_at = models.DateTimeField(null=True)
    activated_by = _person_or_none()
    active_since = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    rolled_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_rule_book_is_active",
                fields=["state"],
                condition=Q(state=VersionState.ACTIVE),
            ),
            models.UniqueConstraint(
                name="one_rule_book_is_tried",
                fields=["state"],
                condition=Q(state=VersionState.SHADOW),
            ),
            models.CheckConstraint(
                name="rule_book_state_is_known", condition=Q(state__in=VersionState.values)
            ),
            models.CheckConstraint(
                name="two_people_activate_a_rule_book",
                condition=Q(shipped=True)
                | ~Q(state__in=[VersionState.ACTIVE, VersionState.RETIRED])
                | Q(approved_by__isnull=False, activated_by__isnull=False),
            ),
            models.CheckConstraint(
                name="the_second_person_of_a_rule_book_is_another",
                condition=Q(approved_by=None)
                | Q(activated_by=None)
                | ~Q(approved_by=F("activated_by")),
            ),
            models.CheckConstraint(
                name="a_rule_book_has_an_author",
                condition=Q(shipped=True) | Q(proposed_by__isnull=False),
            ),
        ]


class PolicyEvent(models.Model):
    """One thing that happened to a version, with who did it; none: a release or a process."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=VersionHappening.choices)
    actor = _person_or_none()
    at = models.DateTimeField()
    data = models.JSONField(default=dict)
