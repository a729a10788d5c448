"""What a creator decided about prices: for everyone, and for one fan."""

from django.db import models
from django.db.models import Q

from accounts.models import Account


class CreatorRule(models.Model):
    """A creator's choices for every fan; null means the platform's default, or switched off."""

    creator = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    default_cents = models.IntegerField(null=True)
    reply_window_hours = models.PositiveSmallIntegerField(null=True)
    answer_deadline_hours = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_default_price_is_never_negative",
                condition=Q(default_cents=None) | Q(default_cents__gte=0),
            ),
            models.CheckConstraint(
                name="a_reply_window_is_open_for_a_while",
                condition=Q(reply_window_hours=None) | Q(reply_window_hours__gt=0),
            ),
            models.CheckConstraint(
                name="an_answer_deadline_leaves_time_to_answer",
                condition=Q(answer_deadline_hours=None) | Q(answer_deadline_hours__gt=0),
            ),
        ]


class FanRule(models.Model):
    """A creator's choices for one fan: a price of their own, or a place on the free list."""

    creator = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    fan = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    price_cents = models.IntegerField(null=True)
    on_free_list = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_creator_has_one_rule_for_a_fan", fields=["creator", "fan"]
            ),
            models.CheckConstraint(
                name="a_fan_price_is_never_negative",
                condition=Q(price_cents=None) | Q(price_cents__gte=0),
            ),
        ]
