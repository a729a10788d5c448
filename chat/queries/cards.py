"""The list of conversations, and the head of one, as one side sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from uuid import UUID

from django.db.models import Sum

from accounts.db import ask, instances
from accounts.errors import Malformed
from accounts.queries import certified_since, who_is_certified, who_they_are
from chat.models import Conversation, Message, Money
from chat.queries.access import other_side, side_of
from chat.queries.keysets import BY_DEADLINE, NEWEST_FIRST
from chat.queries.prices import which_prices
from chat.queries.waiting import NOTHING, what_waits

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


def card_page(
    *, account_id: UUID, role: str, which: str, before: str | None, now: datetime
) -> CardPage:
    """Fifty conversations of an account of this role, newest first, or with `waiting` the nearest
    deadline first.

    `before` is the `next` of the page before. Pages follow each other by `listed_at`, which is a
    minute coarse; within a page the order is exact. Raises `Malformed`.
    """
    if which not in FILTERS:
        raise Malformed("Unknown filter.", field="filter", accepted=", ".join(FILTERS))
    side = side_of(role)
    matching = {"unread": f"{side}_has_unread", "waiting": "due_at IS NOT NULL"}.get(which, "true")
    order, finer = NEWEST_FIRST, _newest_first
    if which == "waiting":
        order, finer = BY_DEADLINE, _nearest_first
    rows = order.read(
        {f"{side}_id": account_id}, after=before, most=PAGE + 1, matching=matching
    ).run()
    page = instances(Conversation, rows)
    cards = sorted(cards_of(page[:PAGE], account_id=account_id, now=now), key=finer)
    return CardPage(items=cards, next=order.mark(page[PAGE - 1]) if len(page) > PAGE else None)


def _newest_first(card: Card) -> tuple[float, int]:
    return -card.last_at.timestamp(), -card.id.int


def _nearest_first(card: Card) -> tuple[float, int]:
    """Where the clock stands still there is no deadline: last."""
    due = card.answer_due_at.timestamp() if card.answer_due_at else inf
    return due, card.id.int


def cards_of(
    conversations: Sequence[Conversation], *, account_id: UUID, now: datetime
) -> list[Card]:
    """The rows of these conversations for one of their sides."""
    others = {c.id: other_side(c, account_id) for c in conversations}
    people, badges = who_they_are(others.values()), who_is_certified(others.values())
    prices, waits = which_prices(conversations, now), what_waits([c.id for c in conversations])
    ask(people, badges, prices, waits)
    return [
        Card(
            id=c.id,
            other_id=others[c.id],
            other_name=people.answer[others[c.id]].name,
            other_certified=others[c.id] in badges.answer,
            state=c.state,
            last_body=c.last_body,
            last_at=c.last_at,
            last_seq=c.seq,
            unread=c.fan_unread if account_id == c.fan_id else c.creator_unread,
            price_cents=prices.answer[c.id].cents,
            waiting=waits.answer.get(c.id, NOTHING).waiting,
            waiting_since=waits.answer.get(c.id, NOTHING).waiting_since,
            answer_due_at=waits.answer.get(c.id, NOTHING).answer_due,
            reserved_cents=waits.answer.get(c.id, NOTHING).reserved(for_fan=account_id == c.fan_id),
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


def _spent(conversation_id: UUID, *, since: datetime | None) -> int:
    rows = Message.objects.filter(conversation_id=conversation_id, money=Money.CAPTURED)
    if since is not None:
        rows = rows.filter(sent_at__gte=since)
    return int(rows.aggregate(total=Sum("price_cents"))["total"] or 0)


def _author_kinds(conversation: Conversation) -> list[str]:
    rows = Message.objects.filter(
        conversation_id=conversation.id, sender_id=conversation.creator_id, seq__isnull=False
    ).order_by("-id")
    kinds = set(rows.values_list("author_kind", flat=True)[:SEALS_LOOKED_AT])
    return sorted(kinds)
