"""Top-ups and what the payment provider told us; and, apart, the test provider's own tables."""

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Account


class TopUpState(models.TextChoices):
    """`declined` is not the end: a bank may still say yes late, and that is credited."""

    STARTED = "started"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"


OPEN_STATES = (TopUpState.STARTED, TopUpState.REQUIRES_ACTION)


class TopUp(models.Model):
    """One wish of a fan to put money in the wallet. Its id is the payment's reference."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    request_digest = models.CharField(max_length=64)  # keyed: a card number is never stored
    amount_cents = models.PositiveIntegerField()
    state = models.CharField(max_length=16, default=TopUpState.STARTED)
    payment_id = models.CharField(max_length=64, null=True, unique=True)  # unknown until answered
    challenge = models.CharField(max_length=255, default="")
    decline_code = models.CharField(max_length=32, default="")
    created_at = models.DateTimeField()
    credited_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_client_id_names_one_topup_of_an_account", fields=["account", "client_id"]
            ),
            models.CheckConstraint(
                name="a_topup_is_more_than_nothing", condition=models.Q(amount_cents__gt=0)
            ),
            models.CheckConstraint(
                name="a_topup_is_in_a_known_state",
                condition=models.Q(state__in=TopUpState.values),
            ),
            models.CheckConstraint(
                name="a_topup_succeeded_exactly_when_it_was_credited",
                condition=models.Q(
                    state=TopUpState.SUCCEEDED, credited_at__isnull=False, payment_id__isnull=False
                )
                | models.Q(~models.Q(state=TopUpState.SUCCEEDED), credited_at=None),
            ),
        ]
        indexes = [
            models.Index(
                name="open_topups",
                fields=["created_at"],
                condition=models.Q(state__in=OPEN_STATES),
            )
        ]


class PaymentEvent(models.Model):
    """What a provider told us, once per event id however often it was said."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=16)
    event_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    topup = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="events")
    amount_cents = models.PositiveIntegerField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_provider_event_is_stored_once", fields=["provider", "event_id"]
            )
        ]


class ProviderPayment(models.Model):
    """Test provider: a payment, as a bank would know it. Nothing of ours reads this table."""

    id = models.CharField(max_length=40, primary_key=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    request_digest = models.CharField(max_length=64)
    amount_cents = models.PositiveIntegerField()
    refunded_cents = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3)
    customer_ref = models.CharField(max_length=64)
    state = models.CharField(max_length=16)
    decline_code = models.CharField(max_length=32, default="")
    challenge = models.CharField(max_length=64, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_provider_refunds_no_more_than_was_paid",
                condition=models.Q(refunded_cents__lte=models.F("amount_cents")),
            )
        ]


class ProviderRefund(models.Model):
    """Test provider: money given back, once per idempotency key."""

    idempotency_key = models.CharField(max_length=64, primary_key=True)
    payment = models.ForeignKey(ProviderPayment, on_delete=models.PROTECT, related_name="refunds")
    amount_cents = models.PositiveIntegerField()
    at = models.DateTimeField()


class ProviderWebhook(models.Model):
    """Test provider: its outbox. Two rows may carry one event: providers do say things twice."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event_id = models.CharField(max_length=64)
    body = models.TextField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                name="webhooks_to_deliver",
                fields=["due_at"],
                condition=models.Q(delivered_at=None),
            )
        ]
