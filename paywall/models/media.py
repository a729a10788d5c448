"""What creators sell: media, offers of media, and what a fan opened. Files are only named here."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from accounts.models import Account

PREVIEW_MAX_CHARACTERS = 120


class MediaState(models.TextChoices):
    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"  # technical only, never a judgement
    RETIRED = "retired"  # deleted by its creator after a sale: its buyers keep it
    ERASED = "erased"  # its keys are gone: nobody can read it any more


class Media(models.Model):
    """A picture of a creator, from its first uploaded byte to the loss of its keys."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    creator = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="media")
    client_id = models.UUIDField()
    file_name = models.CharField(max_length=255, blank=True)
    declared_bytes = models.PositiveIntegerField()
    received_bytes = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=12, choices=MediaState.choices, default=MediaState.UPLOADING
    )
    failure = models.CharField(max_length=40, blank=True)  # the precise technical reason
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    size_bytes = models.PositiveIntegerField(default=0)  # of the file that buyers receive
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # of the state or of the last byte received

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_client_id_starts_one_upload", fields=["creator", "client_id"]
            ),
            models.CheckConstraint(
                name="a_media_state_is_known", condition=Q(state__in=MediaState.values)
            ),
            models.CheckConstraint(
                name="an_upload_never_exceeds_what_was_declared",
                condition=Q(received_bytes__lte=F("declared_bytes")),
            ),
            models.CheckConstraint(
                name="a_ready_media_was_measured",
                condition=~Q(state="ready") | Q(width__gt=0, height__gt=0, size_bytes__gt=0),
            ),
        ]
        indexes = [models.Index(fields=["state", "changed_at"], name="media_by_state_and_age")]

    def __str__(self) -> str:
        return str(self.id)


class KeyKind(models.TextChoices):
    UPLOAD = "upload"  # of the quarantined bytes; destroyed once they were processed
    MEDIA = "media"


class MediaKey(models.Model):
    """A data key, wrapped by a version of the root key. Deleting the row shreds what it sealed."""

    media = models.ForeignKey(Media, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=8, choices=KeyKind.choices)
    root_version = models.PositiveSmallIntegerField()
    wrapped = models.BinaryField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_media_has_one_key_of_each_kind", fields=["media", "kind"]
            )
        ]
        indexes = [models.Index(fields=["root_version"], name="media_key_by_root_version")]


class ObjectRole(models.TextChoices):
    PART = "part"  # an uploaded slice, under the upload key
    SERVED = "served"
    THUMBNAIL = "thumbnail"
    LURE = "lure"


class MediaObject(models.Model):
    """One sealed file of the store, or, for the lure, sealed bytes kept here in `inline`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    media = models.ForeignKey(Media, on_delete=models.CASCADE, related_name="objects_of")
    role = models.CharField(max_length=10, choices=ObjectRole.choices)
    position = models.PositiveIntegerField(default=0)  # the offset of a part
    name = models.CharField(max_length=64, blank=True)  # in the store
    inline = models.BinaryField(default=bytes)
    plain_bytes = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_media_has_one_object_at_each_place", fields=["media", "role", "position"]
            )
        ]


class Offer(models.Model):
    """Media proposed at a price to one fan, in one conversation, bound once to one message.

    Facts are frozen when it is made: what the buyer is shown is what the server measured.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    creator = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="offers_made")
    fan = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="offers_received")
    conversation_id = models.UUIDField(db_index=True)
    message_id = models.UUIDField(null=True, unique=True)
    price_cents = models.PositiveIntegerField()
    preview = models.CharField(max_length=PREVIEW_MAX_CHARACTERS, blank=True)
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_offer_is_free_or_priced_within_bounds",
                condition=Q(price_cents=0)
                | Q(
                    price_cents__gte=settings.UNLOCK_PRICE_MIN_CENTS,
                    price_cents__lte=settings.UNLOCK_PRICE_MAX_CENTS,
                ),
            )
        ]


class OfferItem(models.Model):
    """A media of an offer with its frozen measures."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="items")
    media = models.ForeignKey(Media, on_delete=models.PROTECT, related_name="offered")
    position = models.PositiveSmallIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_offer_has_one_item_at_each_position", fields=["offer", "position"]
            ),
            models.UniqueConstraint(name="an_offer_names_a_media_once", fields=["offer", "media"]),
        ]


class Unlock(models.Model):
    """The entitlement: this fan opened this offer, once, for what was charged then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="unlocks")
    fan = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="unlocks")
    client_id = models.UUIDField()
    charged_cents = models.PositiveIntegerField()
    receipt_id = models.BigIntegerField(null=True, unique=True)  # none when nothing was charged
    unlocked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # withdrawn by a human, and refunded

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_offer_is_unlocked_once_by_a_fan", fields=["offer", "fan"]
            ),
            models.UniqueConstraint(
                name="a_client_id_unlocks_one_offer", fields=["fan", "client_id"]
            ),
            models.CheckConstraint(
                name="a_charged_unlock_has_its_receipt",
                condition=Q(charged_cents=0, receipt_id=None)
                | Q(charged_cents__gt=0, receipt_id__isnull=False),
            ),
        ]


class Ownership(models.Model):
    """A fan owns a media through the unlock that first brought it; it goes when the unlock ends."""

    fan = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="owned_media")
    media = models.ForeignKey(Media, on_delete=models.PROTECT, related_name="owners")
    unlock = models.ForeignKey(Unlock, on_delete=models.PROTECT, related_name="brought")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_media_is_never_sold_twice_to_one_fan", fields=["fan", "media"]
            )
        ]
