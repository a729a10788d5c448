"""What the conversation tells its two sides, and its watchers. Times are RFC 3339 strings."""

from uuid import UUID

import msgspec

from accounts.events import Event


class OfferView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Media for sale inside a message: all that a person without entitlement may know of it."""

    offer_id: UUID
    media_count: int
    lure: bytes  # WebP, 16 px on its long side
    width: int
    height: int
    preview: str = ""
    price_cents: int | None = None  # absent in the copy for watchers
    owned: bool = False
    entitlement_id: UUID | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A system line of a conversation: it sits after message `after_seq`."""

    line_id: UUID
    after_seq: int
    kind: str  # price_changed, answer_refunded, moderator_joined, moderator_left, ...
    at: str
    price_cents: int | None = None
    amount_cents: int | None = None
    moderator: str | None = None
    reason: str | None = None
    until: str | None = None


class PendingMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An own message without a number, seen by its sender alone: held, or never delivered."""

    message_id: UUID
    client_id: UUID
    state: str  # held, withheld, expired or unsent
    body: str
    sent_at: str
    after_seq: int
    decide_before: str | None = None
    price_cents: int = 0
    statement_url: str | None = None


class MessageDelivered(Event):
    conversation_id: UUID
    seq: int
    message_id: UUID
    sender_id: UUID
    author_kind: str
    body: str
    sent_at: str
    delivered_at: str
    state: str = "delivered"  # history also shows unsent and withheld ones, without their body
    client_id: UUID | None = None  # for the sender's own devices
    offer: OfferView | None = None
    reply_to: UUID | None = None
    price_cents: int | None = None  # absent in the copy for watchers
    answer_due_at: str | None = None
    money: str | None = None  # reserved, captured or refunded; absent when free
    amount_cents: int | None = None  # what `money` is worth to the reader: price, or own share
    receipt_id: int | None = None
    edited_at: str | None = None


class MessageHeld(Event):
    conversation_id: UUID
    message_id: UUID
    client_id: UUID
    decide_before: str
    body: str
    sent_at: str
    price_cents: int = 0


class MessageWithheld(Event):
    conversation_id: UUID
    message_id: UUID
    refunded_cents: int
    statement_url: str | None = None


class MessageExpired(Event):
    conversation_id: UUID
    message_id: UUID
    refunded_cents: int
    statement_url: str | None = None


class MessageEdited(Event):
    conversation_id: UUID
    message_id: UUID
    seq: int
    body: str
    edited_at: str


class MessageUnsent(Event):
    conversation_id: UUID
    message_id: UUID
    seq: int | None = None  # none when it was unsent while held


class AnswerCaptured(Event):
    """To both sides: the price to the fan, the own share to the creator."""

    conversation_id: UUID
    message_id: UUID
    amount_cents: int
    receipt_id: int


class AnswerRefunded(Event):
    conversation_id: UUID
    message_id: UUID
    amount_cents: int
    reason: str  # unanswered, declined, unsent, withheld, expired, ended


class Read(Event):
    conversation_id: UUID
    account_id: UUID
    seq: int


class Typing(Event):
    conversation_id: UUID
    account_id: UUID
    at: str


class Presence(Event):
    conversation_id: UUID
    account_id: UUID
    online: bool
    at: str


class StepEvent(Event):
    """A moderator's step in a live conversation; `moderator` is a pseudonym."""

    conversation_id: UUID
    moderator: str
    reason: str
    until: str | None = None


class ModeratorJoined(StepEvent):
    pass


class ModeratorLeft(StepEvent):
    pass


class ConversationPaused(StepEvent):
    pass


class ConversationResumed(StepEvent):
    pass


class ConversationEnded(StepEvent):
    pass
