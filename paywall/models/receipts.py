"""Receipts of captured prices, and the credit notes that reverse them."""

from django.db import models
from django.db.models import F, Q


class SubjectKind(models.TextChoices):
    """What was paid for."""

    MESSAGE = "message"
    UNLOCK = "unlock"


class ReceiptKind(models.TextChoices):
    SALE = "sale"
    CREDIT_NOTE = "credit_note"


class Receipt(models.Model):
    """One captured price and its parts, numbered by `id`; a credit note has its sale's lines.

    `posting_key` names the transfers. `released_at` is when the creator's part left
    `creator_pending`: it became available, or was reversed before that.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(
        max_length=12, choices=ReceiptKind, default=ReceiptKind.SALE, db_default=ReceiptKind.SALE
    )
    posting_key = models.CharField(max_length=120)
    subject_kind = models.CharField(max_length=8, choices=SubjectKind)
    subject_id = models.UUIDField(db_index=True)
    fan_id = models.UUIDField()
    creator_id = models.UUIDField()
    gross_cents = models.BigIntegerField()
    vat_rate_percent = models.SmallIntegerField()
    vat_cents = models.BigIntegerField()
    creator_cents = models.BigIntegerField()
    reserve_cents = models.BigIntegerField()
    bank_cents = models.BigIntegerField()
    platform_cents = models.BigIntegerField()
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_capture_has_one_receipt", fields=["posting_key"]),
            models.CheckConstraint(
                name="a_receipt_has_a_price_and_parts_that_sum_to_it",
                condition=Q(
                    gross_cents__gt=0,
                    gross_cents=F("vat_cents")
                    + F("creator_cents")
                    + F("reserve_cents")
                    + F("bank_cents")
                    + F("platform_cents"),
                ),
            ),
            models.CheckConstraint(
                name="no_part_of_a_receipt_is_negative",
                condition=Q(
                    vat_cents__gte=0,
                    creator_cents__gte=0,
                    reserve_cents__gte=0,
                    bank_cents__gte=0,
                    platform_cents__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="a_credit_note_names_the_sale_it_reverses",
                condition=Q(kind=ReceiptKind.SALE, reverses=None)
                | Q(kind=ReceiptKind.CREDIT_NOTE, reverses__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="receipts_of_a_creator", fields=["creator_id", "id"]),
            models.Index(name="receipts_of_a_fan", fields=["fan_id", "id"]),
            models.Index(
                name="receipts_still_pending",
                fields=["at"],
                condition=Q(released_at=None, kind=ReceiptKind.SALE),
            ),
        ]
