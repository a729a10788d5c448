"""Rules that speak too often, and contents that humans found harmless again and again."""

from django.db import models
from django.db.models import Q

from accounts.models import Account

RULE_MAX_CHARACTERS = 96


class RuleHour(models.Model):
    """How often a rule spoke in a full hour; an hour in which it was silent has no row."""

    rule = models.CharField(max_length=RULE_MAX_CHARACTERS)
    hour = models.DateTimeField()
    hits = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_rule_has_one_count_an_hour", fields=["rule", "hour"])
        ]


class ShadowedRule(models.Model):
    """A rule whose hits left their baseline. One is open per rule, until a human puts it back.

    While it is open the rule has no effect (`without_effect`), except at severity 4, where it
    keeps holding and its cases are only grouped.
    """

    rule = models.CharField(max_length=RULE_MAX_CHARACTERS)
    policy = models.CharField(max_length=48)
    severity = models.PositiveSmallIntegerField()
    without_effect = models.BooleanField()
    hits = models.PositiveIntegerField()  # in the hour that was noticed
    hourly_median = models.PositiveIntegerField()
    since = models.DateTimeField()
    put_back_at = models.DateTimeField(null=True)
    put_back_by = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_rule_floods_once_at_a_time",
                fields=["rule"],
                condition=Q(put_back_at=None),
            ),
            models.CheckConstraint(
                name="severity_4_never_falls_to_shadow",
                condition=Q(without_effect=False) | Q(severity__lt=4),
            ),
            models.CheckConstraint(
                name="a_human_puts_a_rule_back",
                condition=Q(put_back_at=None, put_back_by=None)
                | Q(put_back_at__isnull=False, put_back_by__isnull=False),
            ),
        ]


class HarmlessHit(models.Model):
    """A rule met a content and humans found it harmless, so many times in a row."""

    rule = models.CharField(max_length=RULE_MAX_CHARACTERS)
    content_sha256 = models.CharField(max_length=64)
    times = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_rule_and_a_content_are_counted_once", fields=["rule", "content_sha256"]
            )
        ]
