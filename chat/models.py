"""Conversations and their messages. Hot tables: no foreign keys, ids made by the server, and
every query carries a conversation or an account, so that they can be split by conversation."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7


class ConversationState(models.TextChoices):
    OPEN = "open"
    PAUSED = "paused"
    ENDED = "ended"


def _has_unread(side: str) -> models.GeneratedField:
    is_any = models.ExpressionWrapper(Q(**{f"{side}_unread__gt": 0}), models.BooleanField())
    return models.GeneratedField(
        expression=is_any, output_field=models.BooleanField(), db_persist=True
    )


def _lists_of(side: str) -> list[models.Index]:
    """One index for each filter of this side's list of conversations, in the order of its pages."""
    newest = [f"{side}_id", "-listed_at", "-id"]
    unread, waits = Q(**{f"{side}_has_unread": True}), Q(due_at__isnull=False)
    return [
        models.Index(fields=newest, name=f"conversations_of_a_{side}"),
        models.Index(fields=newest, condition=unread, name=f"unread_by_a_{side}"),
        models.Index(
            fields=[f"{side}_id", "due_at", "id"], condition=waits, name=f"waiting_of_a_{side}"
        ),
    ]


class Conversation(models.Model):
    """One fan and one creator; numbers its messages and keeps both sides' counters."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    fan_id = models.UUIDField()
    creator_id = models.UUIDField()
    state = models.CharField(
        max_length=8, choices=ConversationState.choices, default=ConversationState.OPEN
    )
    paused_until = models.DateTimeField(null=True)
    fenced_at = models.DateTimeField(null=True)  # last pause: what arrived before is refused
    seq = models.BigIntegerField(default=0)  # the last number given
    fan_read_seq = models.BigIntegerField(default=0)
    creator_read_seq = models.BigIntegerField(default=0)
    fan_unread = models.IntegerField(default=0)
    creator_unread = models.IntegerField(default=0)
    # The last thing each side wrote, whatever became of it: what screening remembers is checked
    # against it.
    fan_tail_id = models.UUIDField(null=True)
    creator_tail_id = models.UUIDField(null=True)
    fan_wrote = models.BooleanField(default=False)
    creator_wrote_at = models.DateTimeField(null=True)  # last answer in person, delivered
    last_body = models.CharField(max_length=120, default="", blank=True)
    # `last_at` moves with every message, so no index has it. The lists are paged by `listed_at`,
    # which follows it at most once a minute: most sends leave every index of this table alone.
    last_at = models.DateTimeField()
    listed_at = models.DateTimeField()
    # The nearest deadline of what waits for an answer; it stands still while the clock does.
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    # For the indexes alone: unlike the counters they change only when something, or nothing, waits.
    fan_has_unread = _has_unread("fan")
    creator_has_unread = _has_unread("creator")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_fan_and_a_creator_have_one_conversation", fields=["fan_id", "creator_id"]
            ),
            models.CheckConstraint(
                name="a_conversation_is_open_paused_or_ended",
                condition=Q(state__in=ConversationState.values),
            ),
        ]
        indexes = [*_lists_of("fan"), *_lists_of("creator")]


class MessageState(models.TextChoices):
    DELIVERED = "delivered"
    HELD = "held"
    WITHHELD = "withheld"
    EXPIRED = "expired"
    UNSENT = "unsent"


class AuthorKind(models.TextChoices):
    IN_PERSON = "in_person"
    ASSISTANT = "assistant"
    AUTOMATIC = "automatic"
    AI_ASSISTED = "ai_assisted"


class Money(models.TextChoices):
    NONE = "none"
    RESERVED = "reserved"
    CAPTURED = "captured"
    REFUNDED = "refunded"


class Message(models.Model):
    """What one side wrote. `seq` is given at delivery; price and split rate are frozen at send."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation_id = models.UUIDField()
    sender_id = models.UUIDField()
    client_id = models.UUIDField()
    sent_sha256 = models.CharField(max_length=64)  # of what was sent, to tell a replay
    seq = models.BigIntegerField(null=True)
    after_seq = models.BigIntegerField()  # the last number when it was written
    state = models.CharField(max_length=9, choices=MessageState.choices)
    author_kind = models.CharField(max_length=11, choices=AuthorKind.choices)
    body = models.TextField(blank=True)
    offer_id = models.UUIDField(null=True)
    reply_to_id = models.UUIDField(null=True)
    verdict = models.CharField(max_length=4)
    rule_book = models.CharField(max_length=64)  # version that judged it
    body_sha256 = models.CharField(max_length=64)  # what the verdict is bound to
    case_id = models.UUIDField(null=True)
    decide_before = models.DateTimeField(null=True)
    price_cents = models.IntegerField(default=0)
    price_reason = models.CharField(max_length=20, default="", blank=True)
    vat_rate_percent = models.IntegerField(default=0)
    answer_seconds = models.IntegerField(default=0)  # how long the creator has, once delivered
    money = models.CharField(max_length=8, choices=Money.choices, default=Money.NONE)
    refund_reason = models.CharField(max_length=12, default="", blank=True)
    hold_id = models.UUIDField(null=True)
    earned_cents = models.IntegerField(default=0)  # the creator's share, once captured
    receipt_id = models.BigIntegerField(null=True)
    answer_due_at = models.DateTimeField(null=True)
    answer_left_seconds = models.IntegerField(null=True)  # while the clock is stopped
    answered_by_id = models.UUIDField(null=True)
    sent_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_sender_uses_a_client_id_once", fields=["sender_id", "client_id"]
            ),
            models.UniqueConstraint(
                name="a_number_is_given_once", fields=["conversation_id", "seq"]
            ),
            models.CheckConstraint(
                name="a_message_says_who_wrote_it", condition=Q(author_kind__in=AuthorKind.values)
            ),
            models.CheckConstraint(
                name="a_message_is_in_a_known_state", condition=Q(state__in=MessageState.values)
            ),
            models.CheckConstraint(
                name="a_machine_passes_flags_or_holds",
                condition=Q(verdict__in=["pass", "flag", "hold"]),
            ),
            models.CheckConstraint(
                name="a_held_message_has_a_case_and_a_deadline",
                condition=~Q(state="held")
                | Q(case_id__isnull=False, decide_before__isnull=False, seq=None),
            ),
            models.CheckConstraint(
                name="a_delivered_message_has_a_number",
                condition=~Q(state="delivered") | Q(seq__isnull=False, delivered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="captured_means_delivered_and_answered",
                condition=~Q(money="captured")
                | Q(delivered_at__isnull=False, answered_by_id__isnull=False),
            ),
            models.CheckConstraint(
                name="reserved_money_has_a_hold",
                condition=Q(money="none") | Q(hold_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due_at"], condition=Q(money="reserved"), name="answers_due"
            ),
            models.Index(
                fields=["conversation_id"], condition=Q(money="reserved"), name="paid_and_waiting"
            ),
            models.Index(fields=["decide_before"], condition=Q(state="held"), name="held_until"),
            models.Index(
                fields=["conversation_id", "sender_id", "id"],
                condition=Q(seq=None),
                name="own_messages_without_number",
            ),
            models.Index(
                fields=["conversation_id", "sender_id", "id"], name="messages_of_a_sender"
            ),
            # What a fan spent is read from this index alone.
            models.Index(
                fields=["conversation_id", "sent_at", "price_cents"],
                condition=Q(money="captured"),
                name="spent_in_a_conversation",
            ),
        ]


class RevisionState(models.TextChoices):
    HELD = "held"
    SHOWN = "shown"
    WITHHELD = "withheld"
    EXPIRED = "expired"


class Revision(models.Model):
    """A text that was to replace, or replaced, the one before it; all are kept as evidence."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message_id = models.UUIDField(db_index=True)
    conversation_id = models.UUIDField()
    body = models.TextField()
    previous_body = models.TextField()
    state = models.CharField(max_length=8, choices=RevisionState.choices)
    verdict = models.CharField(max_length=4)
    rule_book = models.CharField(max_length=64)
    case_id = models.UUIDField(null=True)
    decide_before = models.DateTimeField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_message_has_one_held_revision",
                fields=["message_id"],
                condition=Q(state="held"),
            ),
            models.CheckConstraint(
                name="a_held_revision_has_a_case_and_a_deadline",
                condition=~Q(state="held") | Q(case_id__isnull=False, decide_before__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["decide_before"], condition=Q(state="held"), name="revisions_held_until"
            )
        ]


class Line(models.Model):
    """A system line: it stands after message `after_seq` and takes no number of its own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation_id = models.UUIDField()
    after_seq = models.BigIntegerField()
    kind = models.CharField(max_length=24)
    price_cents = models.IntegerField(null=True)
    moderator = models.CharField(max_length=64, default="", blank=True)
    reason = models.CharField(max_length=500, default="", blank=True)
    until = models.DateTimeField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["conversation_id", "after_seq"], name="lines_by_place")]


class Watcher(models.Model):
    """A moderator who reads along (`watch`) or has stepped in (`joined`), under a case."""

    conversation_id = models.UUIDField()
    moderator_id = models.UUIDField()
    case_id = models.UUIDField()
    joined = models.BooleanField(default=False)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_moderator_watches_a_conversation_once",
                fields=["conversation_id", "moderator_id"],
            )
        ]
