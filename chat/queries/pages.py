"""Pages of a conversation, and what a reconnecting client missed. Every page costs O(page)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from accounts.errors import NotFound
from accounts.replica import read_after, with_position
from chat import events
from chat.events import MessageDelivered, OfferView
from chat.models import Conversation, Line, Message, MessageState, Watcher
from chat.queries.access import sides
from chat.queries.views import (
    Reader,
    delivered_view,
    line_view,
    offer_view,
    pending_view,
    reader_of,
)
from paywall.queries.offers import entitlements, offer_facts
from safety.queries import statement_urls

RESUME_MAX_MISSED = 200  # per conversation; a wider gap is filled by history pages
PENDING_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One stretch of a conversation as its reader sees it, oldest first."""

    messages: list[MessageDelivered]
    lines: list[events.Line]
    pending: list[events.PendingMessage]
    last_seq: int
    has_more: bool
    own_read_seq: int
    other_read_seq: int


def history_page(
    *, reader_id: UUID, conversation_id: UUID, before_seq: int | None, limit: int, now: datetime
) -> Page:
    """The last `limit` numbered messages before `before_seq`, or the newest. Raises `NotFound`.

    What stands before a number may be read from the replica: it is long, and seldom asked again.
    """
    deep = before_seq is not None
    conversation = readable_conversation(
        reader_id=reader_id, conversation_id=conversation_id, now=now, then_replica=deep
    )
    stretch = read_after(conversation, partial(_stretch, conversation_id, before_seq, limit))
    return Page(
        messages=message_views(stretch.messages, conversation, reader_id),
        lines=[line_view(line) for line in stretch.lines],
        pending=[] if deep else _pending(conversation_id, reader_id),
        last_seq=conversation.seq,
        has_more=stretch.has_more,
        **_read_marks(conversation, reader_id),
    )


class _Stretch(NamedTuple):
    """Rows of a page, oldest first, and whether there are older ones."""

    messages: list[Message]
    lines: list[Line]
    has_more: bool


def _stretch(conversation_id: UUID, before: int | None, limit: int, using: str) -> _Stretch:
    rows = Message.objects.using(using).filter(conversation_id=conversation_id, seq__isnull=False)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    newest_first = list(rows.order_by("-seq")[: limit + 1])
    messages, has_more = newest_first[:limit][::-1], len(newest_first) > limit
    first = messages[0].seq if messages and has_more else 0
    return _Stretch(messages, _lines(conversation_id, first or 0, before, using), has_more)


def missed(
    *, reader_id: UUID, conversation_id: UUID, seq: int
) -> tuple[list[MessageDelivered], bool]:
    """The numbered messages after `seq`, and whether these are all. Raises `NotFound`."""
    conversation = Conversation.objects.filter(id=conversation_id).first()
    if conversation is None or reader_id not in sides(conversation):
        raise NotFound("This conversation is not available.")
    rows = Message.objects.filter(conversation_id=conversation_id, seq__gt=seq).order_by("seq")
    messages = list(rows[: RESUME_MAX_MISSED + 1])
    views = message_views(messages[:RESUME_MAX_MISSED], conversation, reader_id)
    return views, len(messages) <= RESUME_MAX_MISSED


def readable_conversation(
    *, reader_id: UUID, conversation_id: UUID, now: datetime, then_replica: bool = False
) -> Conversation:
    """The conversation, for a side of it or a moderator who watches it under a case.

    Always as the primary has it; with `then_replica`, what follows may be `read_after` it.
    """
    rows = Conversation.objects.filter(id=conversation_id)
    conversation = (with_position(rows) if then_replica else rows).first()
    if conversation is None:
        raise NotFound("This conversation is not available.")
    watching = Watcher.objects.filter(
        conversation_id=conversation_id, moderator_id=reader_id, until__gt=now
    )
    if reader_id not in sides(conversation) and not watching.exists():
        raise NotFound("This conversation is not available.")
    return conversation


def message_views(
    messages: Sequence[Message], conversation: Conversation, reader_id: UUID
) -> list[MessageDelivered]:
    """These messages as this reader sees them, with what they own of the offers."""
    reader = reader_of(conversation, reader_id)
    offers = _offers([m.offer_id for m in messages if m.offer_id], conversation, reader)
    return [
        delivered_view(
            message,
            reader=reader,
            is_sender=message.sender_id == reader_id,
            offer=offers.get(message.offer_id) if message.offer_id else None,
        )
        for message in messages
    ]


def _offers(
    offer_ids: Iterable[UUID], conversation: Conversation, reader: Reader
) -> dict[UUID, OfferView]:
    wanted = list(offer_ids)
    if not wanted:
        return {}
    owned: dict[UUID, UUID] = {}
    if reader is not Reader.WATCHER:
        owned = entitlements(account_id=conversation.fan_id, offer_ids=wanted)
    return {
        offer_id: offer_view(facts, reader=reader, entitlement_id=owned.get(offer_id))
        for offer_id, facts in offer_facts(offer_ids=wanted).items()
    }


def _lines(conversation_id: UUID, first: int, before: int | None, using: str) -> list[Line]:
    after = max(first - 1, 0)
    rows = Line.objects.using(using).filter(conversation_id=conversation_id, after_seq__gte=after)
    if before is not None:
        rows = rows.filter(after_seq__lt=before - 1)
    return list(rows.order_by("after_seq", "id")[:200])


def _pending(conversation_id: UUID, reader_id: UUID) -> list[events.PendingMessage]:
    rows = Message.objects.filter(conversation_id=conversation_id, sender_id=reader_id, seq=None)
    newest = list(rows.order_by("-id")[:PENDING_MAX])[::-1]
    withheld = [m.case_id for m in newest if m.state == MessageState.WITHHELD and m.case_id]
    urls = statement_urls(case_ids=withheld)
    return [pending_view(m, urls.get(m.case_id) if m.case_id else None) for m in newest]


def _read_marks(conversation: Conversation, reader_id: UUID) -> dict[str, int]:
    fan, creator = conversation.fan_read_seq, conversation.creator_read_seq
    own, other = (fan, creator) if reader_id == conversation.fan_id else (creator, fan)
    return {"own_read_seq": own, "other_read_seq": other}
