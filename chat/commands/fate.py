"""The only three places where a message changes fate: `deliver`, `withhold` and `expire`.

They change rows in memory and say in `Changes` what to write, move and tell, so that a batch of
sends and a single human decision walk the same road. Locks are the caller's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from accounts import inbox
from accounts.db import update_rows
from accounts.events import Event
from chat.commands import money
from chat.events import (
    AnswerCaptured,
    AnswerRefunded,
    MessageExpired,
    MessageWithheld,
    OfferView,
)
from chat.models import AuthorKind, Conversation, Message, MessageState, Money
from chat.queries.access import sides
from chat.queries.rows import AnyMessage, Paid
from chat.queries.views import Reader, delivered_view
from chat.queries.waiting import waiting_in
from paywall.commands import escrow

MESSAGE_FATE = (
    "seq", "state", "money", "refund_reason", "earned_cents", "receipt_id", "answer_due_at",
    "answer_left_seconds", "answered_by_id", "case_id", "decide_before", "delivered_at", "ended_at",
)  # fmt: skip
MONEY_FATE = (  # of a paid message that waited for an answer
    "money", "refund_reason", "earned_cents", "receipt_id", "answer_due_at",
    "answer_left_seconds", "answered_by_id",
)  # fmt: skip
CONVERSATION_COUNTERS = (
    "seq", "fan_unread", "creator_unread", "fan_tail_id", "creator_tail_id", "fan_wrote",
    "creator_wrote_at", "last_body", "last_at", "listed_at", "due_at",
)  # fmt: skip
PLACE = ("conversation_id",)  # what messages may be split by: every change of one names it
LISTED_EVERY = timedelta(minutes=1)  # how often a conversation may move in the indexed lists
LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Changes:
    """What one transaction does to messages, conversations and money, and whom it tells."""

    now: datetime
    till: escrow.Till | None = None  # a batch's, which decides on money before anything is written
    changed: dict[UUID, Paid] = field(default_factory=dict)  # rows that exist already
    conversations: dict[UUID, Conversation] = field(default_factory=dict)  # whose rows are written
    captures: list[Paid] = field(default_factory=list)
    refunds: list[Paid] = field(default_factory=list)
    payers: set[UUID] = field(default_factory=set)  # fans whose wallet moved
    deliveries: list[inbox.Delivery] = field(default_factory=list)

    def tell(self, account_ids: Iterable[UUID], event: Event) -> None:
        """Tell these accounts once everything is committed."""
        self.deliveries.append((tuple(account_ids), event))

    def save(self) -> None:
        """Move the money, write the rows, publish. Call it once, last."""
        self.move_money()
        self.write()

    def move_money(self) -> None:
        """Capture and give back; a captured message then knows what its creator earned."""
        if self.till is not None:
            money.settle(self.till, self.captures, self.conversations, now=self.now)
        else:
            money.lock_wallets(self.captures + self.refunds, self.conversations)
            money.capture(self.captures, self.conversations, now=self.now)
            money.give_back(self.refunds, now=self.now)
        for message in self.captures + self.refunds:
            self.payers.add(self.conversations[message.conversation_id].fan_id)

    def write(self) -> None:
        """Write what changed and publish it, once the transaction has committed."""
        for message in self.captures:
            self._tell_captured(message)
        for message in self.refunds:
            self._tell_refunded(message)
        conversations = self.conversations.values()
        whole = [row for row in self.changed.values() if isinstance(row, Message)]
        paid = [row for row in self.changed.values() if not isinstance(row, Message)]
        for rows, columns in ((whole, MESSAGE_FATE), (paid, MONEY_FATE)):
            named = _rows(rows, (*PLACE, *columns))
            update_rows(Message, columns, named, beside=PLACE, apart=True)
        self._find_deadlines()
        update_rows(
            Conversation, CONVERSATION_COUNTERS, _rows(conversations, CONVERSATION_COUNTERS)
        )
        self.deliveries.extend(money.wallet_events(self.till, self.payers))
        inbox.publish_all(self.deliveries)

    def _find_deadlines(self) -> None:
        """Where a delivered price went back, the list needs the deadline of what still waits."""
        returned = {m.conversation_id for m in self.refunds if m.delivered_at is not None}
        left = waiting_in(returned) if returned else {}
        for conversation_id in returned:
            conversation, rest = self.conversations[conversation_id], left.get(conversation_id)
            if rest is None or not rest.waiting:
                conversation.due_at = None
            elif rest.answer_due is not None:  # else it stands still, as its clock does
                conversation.due_at = rest.answer_due

    def _tell_captured(self, message: Paid) -> None:
        fan_id, creator_id = sides(self.conversations[message.conversation_id])
        assert message.receipt_id is not None
        amounts = ((fan_id, message.price_cents), (creator_id, message.earned_cents))
        for account_id, cents in amounts:
            self.tell(
                [account_id],
                AnswerCaptured(
                    conversation_id=message.conversation_id,
                    message_id=message.id,
                    amount_cents=cents,
                    receipt_id=message.receipt_id,
                ),
            )

    def _tell_refunded(self, message: Paid) -> None:
        if message.delivered_at is None:
            return  # the other side never knew of it
        self.tell(
            sides(self.conversations[message.conversation_id]),
            AnswerRefunded(
                conversation_id=message.conversation_id,
                message_id=message.id,
                amount_cents=message.price_cents,
                reason=message.refund_reason,
            ),
        )


def deliver(
    message: AnyMessage,
    conversation: Conversation,
    waiting: list[Paid],
    changes: Changes,
    *,
    offer: OfferView | None = None,
    watchers: Iterable[UUID] = (),
) -> None:
    """Give the message its number, start the clock of its price, and let an answer in person
    capture what waits. `waiting` are the conversation's paid messages without an answer."""
    now, (fan_id, creator_id) = changes.now, sides(conversation)
    from_fan = message.sender_id == fan_id
    conversation.seq += 1
    message.seq, message.delivered_at, message.state = conversation.seq, now, MessageState.DELIVERED
    message.decide_before = None
    _count(message, conversation, now, from_fan=from_fan)
    if message.money == Money.RESERVED:
        message.answer_due_at = now + timedelta(seconds=message.answer_seconds)
        conversation.due_at = min(conversation.due_at or LATEST, message.answer_due_at)
        waiting.append(message)
    elif not from_fan and is_answer(message, conversation):
        conversation.creator_wrote_at = now
        _capture_waiting(message, waiting, changes)
        conversation.due_at = nearest(waiting)
    for account_id, reader, is_sender in (
        (fan_id, Reader.FAN, from_fan),
        (creator_id, Reader.CREATOR, not from_fan),
    ):
        view = delivered_view(message, reader=reader, is_sender=is_sender, offer=offer)
        changes.tell([account_id], view)
    if watchers:
        view = delivered_view(message, reader=Reader.WATCHER, is_sender=False, offer=offer)
        changes.tell(watchers, view)


def withhold(
    message: Message,
    conversation: Conversation,
    changes: Changes,
    *,
    statement_url: str | None,
    captured_returned: bool,
) -> None:
    """End a held message, or take back a delivered one; its reserved money returns at once."""
    was_seen = message.state == MessageState.DELIVERED
    refunded = message.price_cents if message.money == Money.RESERVED or captured_returned else 0
    _end(message, MessageState.WITHHELD, changes)
    vanish(message, conversation)
    for account_id in sides(conversation) if was_seen else (message.sender_id,):
        is_sender = account_id == message.sender_id
        changes.tell(
            [account_id],
            MessageWithheld(
                conversation_id=conversation.id,
                message_id=message.id,
                refunded_cents=refunded if is_sender else 0,
                statement_url=statement_url if is_sender else None,
            ),
        )


def expire(
    message: Message, conversation: Conversation, changes: Changes, *, statement_url: str | None
) -> None:
    """Nobody decided in time: never delivered, never charged, and not a sanction."""
    refunded = message.price_cents if message.money == Money.RESERVED else 0
    _end(message, MessageState.EXPIRED, changes)
    event = MessageExpired(
        conversation_id=conversation.id,
        message_id=message.id,
        refunded_cents=refunded,
        statement_url=statement_url,
    )
    changes.tell([message.sender_id], event)


def refund(message: Paid, changes: Changes, *, reason: str) -> None:
    """Return the reserved money of a message that keeps its state."""
    message.money, message.refund_reason = Money.REFUNDED, reason
    message.answer_due_at = message.answer_left_seconds = None
    changes.changed[message.id] = message
    changes.refunds.append(message)


def show_last(message: Message, conversation: Conversation, body: str) -> None:
    """What the list of conversations shows of this message from now on, if it is the last one."""
    if message.seq is not None and message.seq == conversation.seq:
        conversation.last_body = body[:120]


def vanish(message: Message, conversation: Conversation) -> None:
    """Nobody will read this message any more: it leaves the list, and counts as unread no longer.

    Call it once, when a message that may have been delivered is taken back.
    """
    show_last(message, conversation, "")
    if message.seq is None:
        return
    if message.sender_id == conversation.fan_id:
        conversation.creator_unread -= message.seq > conversation.creator_read_seq
    else:
        conversation.fan_unread -= message.seq > conversation.fan_read_seq


def nearest(waiting: Iterable[Paid]) -> datetime | None:
    """The first deadline among these paid messages; None when no clock runs for any."""
    return min((m.answer_due_at for m in waiting if m.answer_due_at is not None), default=None)


def is_answer(message: AnyMessage, conversation: Conversation) -> bool:
    """Text by the creator in person; priced media alone answer nothing."""
    in_person = message.author_kind == AuthorKind.IN_PERSON
    return in_person and message.sender_id == conversation.creator_id and bool(message.body)


def _count(
    message: AnyMessage, conversation: Conversation, now: datetime, *, from_fan: bool
) -> None:
    conversation.last_body = message.body[:120]
    conversation.last_at = max(conversation.last_at, now)  # the clocks of two processes differ
    if now - conversation.listed_at >= LISTED_EVERY:
        conversation.listed_at = now
    if from_fan:
        conversation.creator_unread += 1
        conversation.fan_wrote = True
    else:
        conversation.fan_unread += 1


def _capture_waiting(answer: AnyMessage, waiting: list[Paid], changes: Changes) -> None:
    for paid in waiting:
        in_time = paid.answer_due_at is None or changes.now < paid.answer_due_at
        if in_time:
            paid.money, paid.answered_by_id = Money.CAPTURED, answer.id
            paid.answer_due_at = paid.answer_left_seconds = None
            changes.changed[paid.id] = paid
            changes.captures.append(paid)
    waiting[:] = [paid for paid in waiting if paid.money == Money.RESERVED]


def _end(message: Message, state: MessageState, changes: Changes) -> None:
    if message.money == Money.RESERVED:
        refund(message, changes, reason=str(state))
    message.state, message.ended_at, message.decide_before = state, changes.now, None
    changes.changed[message.id] = message


def _rows(objects: Iterable[object], columns: tuple[str, ...]) -> list[tuple[object, ...]]:
    pick = attrgetter("id", *columns)
    return [pick(row) for row in objects]
