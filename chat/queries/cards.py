"""The list of conversations, and the head of one, as one side sees them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Min, Q, Sum

from accounts.errors import Malformed
from accounts.queries import certified, certified_since, people
from chat.models import Conversation, Message, MessageState, Money
from chat.queries.access import other_side
from chat.queries.prices import current_prices

PAGE = 50
SEALS_LOOKED_AT = 200
FILTERS = ("all", "unread", "waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One row of an inbox. Money is the reader's own: a price to a fan, shares to a creator."""

    id: UUID
    other_id: UUID
    other_name: str
    other_certified: bool
    state: str
    last_body: str
    last_at: datetime
    last_seq: int
    unread: int
    price_cents: int
    waiting: int  # paid messages without an answer
    waiting_since: datetime | None
    answer_due_at: datetime | None  # the nearest deadline
    reserved_cents: int  # gross; the fan's own held messages count too, unseen by the creator


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    items: list[Card]
    next: str | None


def card_page(*, account_id: UUID, which: str, before: str | None, now: datetime) -> CardPage:
    """Fifty conversations, newest first, or with `waiting` the nearest deadline first.

    `before` is the `next` of the page before. Raises `Malformed`.
    """
    if which not in FILTERS:
        raise Malformed("Unknown filter.", field="filter", accepted=", ".join(FILTERS))
    rows = Conversation.objects.filter(Q(fan_id=account_id) | Q(creator_id=account_id))
    if which == "unread":
        rows = rows.filter(
            Q(fan_id=account_id, fan_unread__gt=0) | Q(creator_id=account_id, creator_unread__gt=0)
        )
    if which == "waiting":
        rows = rows.filter(id__in=_waiting_places(account_id))
    if before is not None:
        at, conversation_id = _read_cursor(before)
        rows = rows.filter(Q(last_at__lt=at) | Q(last_at=at, id__lt=conversation_id))
    page = list(rows.order_by("-last_at", "-id")[: PAGE + 1])
    cards = cards_of(page[:PAGE], account_id=account_id, now=now)
    if which == "waiting":
        cards.sort(key=lambda card: (card.answer_due_at is None, card.answer_due_at or now))
    more = len(page) > PAGE
    return CardPage(items=cards, next=_write_cursor(page[PAGE - 1]) if more else None)


def cards_of(
    conversations: Sequence[Conversation], *, account_id: UUID, now: datetime
) -> list[Card]:
    """The rows of these conversations for one of their sides."""
    others = {c.id: other_side(c, account_id) for c in conversations}
    names = people(others.values())
    badges = certified(others.values())
    prices = current_prices(conversations, now)
    waits = _waiting(conversations)
    return [
        Card(
            id=c.id,
            other_id=others[c.id],
            other_name=names[others[c.id]].name,
            other_certified=others[c.id] in badges,
            state=c.state,
            last_body=c.last_body,
            last_at=c.last_at,
            last_seq=c.seq,
            unread=c.fan_unread if account_id == c.fan_id else c.creator_unread,
            price_cents=prices[c.id].cents,
            waiting=waits.get(c.id, _NOTHING).waiting,
            waiting_since=waits.get(c.id, _NOTHING).waiting_since,
            answer_due_at=waits.get(c.id, _NOTHING).answer_due,
            reserved_cents=waits.get(c.id, _NOTHING).reserved(for_fan=account_id == c.fan_id),
        )
        for c in conversations
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above a conversation. Amounts are for the fan alone: None for the creator."""

    card: Card
    creator_id: UUID
    fan_id: UUID
    certified_at: datetime | None
    spent_month_cents: int | None
    spent_ever_cents: int | None
    author_kinds: list[str]  # seals the creator used lately


def head(*, account_id: UUID, conversation: Conversation, now: datetime) -> Head:
    """The head of this conversation for one of its sides."""
    (card,) = cards_of([conversation], account_id=account_id, now=now)
    for_fan = account_id == conversation.fan_id
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Head(
        card=card,
        creator_id=conversation.creator_id,
        fan_id=conversation.fan_id,
        certified_at=certified_since(conversation.creator_id),
        spent_month_cents=_spent(conversation.id, since=month) if for_fan else None,
        spent_ever_cents=_spent(conversation.id, since=None) if for_fan else None,
        author_kinds=_author_kinds(conversation),
    )


class _Waiting(NamedTuple):
    waiting: int = 0
    waiting_since: datetime | None = None
    answer_due: datetime | None = None
    delivered_cents: int = 0
    held_cents: int = 0

    def reserved(self, *, for_fan: bool) -> int:
        return self.delivered_cents + (self.held_cents if for_fan else 0)


_NOTHING = _Waiting()


def _waiting_places(account_id: UUID) -> list[UUID]:
    mine = Conversation.objects.filter(Q(fan_id=account_id) | Q(creator_id=account_id))
    rows = Message.objects.filter(
        money=Money.RESERVED, state=MessageState.DELIVERED, conversation_id__in=mine.values("id")
    )
    return list(rows.values_list("conversation_id", flat=True).distinct())


def _waiting(conversations: Sequence[Conversation]) -> dict[UUID, _Waiting]:
    delivered = Q(state=MessageState.DELIVERED)
    rows = Message.objects.filter(
        conversation_id__in=[c.id for c in conversations], money=Money.RESERVED
    ).values("conversation_id")
    totals = rows.annotate(
        waiting=Count("id", filter=delivered),
        waiting_since=Min("delivered_at", filter=delivered),
        answer_due=Min("answer_due_at", filter=delivered),
        delivered_cents=Sum("price_cents", filter=delivered, default=0),
        held_cents=Sum("price_cents", filter=~delivered, default=0),
    )
    fields = ("conversation_id", *_Waiting._fields)
    return {place: _Waiting(*rest) for place, *rest in totals.values_list(*fields)}


def _spent(conversation_id: UUID, *, since: datetime | None) -> int:
    rows = Message.objects.filter(conversation_id=conversation_id, money=Money.CAPTURED)
    if since is not None:
        rows = rows.filter(sent_at__gte=since)
    return int(rows.aggregate(total=Sum("price_cents"))["total"] or 0)


def _author_kinds(conversation: Conversation) -> list[str]:
    rows = Message.objects.filter(
        conversation_id=conversation.id, sender_id=conversation.creator_id, seq__isnull=False
    ).order_by("-seq")
    kinds = set(rows.values_list("author_kind", flat=True)[:SEALS_LOOKED_AT])
    return sorted(kinds)


def _write_cursor(conversation: Conversation) -> str:
    text = f"{conversation.last_at.isoformat()}|{conversation.id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, _, conversation_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(at), UUID(conversation_id)
    except ValueError:
        raise Malformed("This page mark is not one of ours.", field="before") from None
