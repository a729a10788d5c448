"""Pages of a conversation, and what a reconnecting client missed. Every page costs O(page)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from accounts.db import Question, ask, columns_of, first_rows, instances, rows_of
from accounts.errors import NotFound
from accounts.replica import read_after, with_position
from chat import events
from chat.events import MessageDelivered, OfferView
from chat.models import Conversation, Line, Message, MessageState, Watcher
from chat.queries.access import sides
from chat.queries.rows import MESSAGE_COLUMNS, AnyMessage, MessageRow, message_rows
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
LINES_MAX = 200  # of one page
READ_AT_ONCE = (50, 100)  # messages: few statements to plan, whatever limits clients choose


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
    if before_seq is None:
        found, own = _which(conversation_id), _which_pending(conversation_id, reader_id)
        ask(found, own)
        conversation, pending = found.answer, own.answer
    else:
        rows = Conversation.objects.filter(id=conversation_id)
        conversation, pending = with_position(rows).first(), []
    conversation = _readable(conversation, reader_id, now)
    stretch = read_after(conversation, partial(_stretch, conversation_id, before_seq, limit))
    return Page(
        messages=message_views(stretch.messages, conversation, reader_id),
        lines=[line_view(line) for line in stretch.lines],
        pending=_pending_views(pending),
        last_seq=conversation.seq,
        has_more=stretch.has_more,
        **_read_marks(conversation, reader_id),
    )


class _Stretch(NamedTuple):
    """Rows of a page, oldest first, and whether there are older ones."""

    messages: list[MessageRow]
    lines: list[Line]
    has_more: bool


def _stretch(conversation_id: UUID, before: int | None, limit: int, using: str) -> _Stretch:
    most = next((size for size in READ_AT_ONCE if size >= limit), limit)
    newest = Question(
        [
            first_rows(
                Message,
                MESSAGE_COLUMNS,
                where={"conversation_id": conversation_id},
                by=("seq",),
                falling=True,
                beyond=() if before is None else (before,),
                matching="seq IS NOT NULL",
                most=most + 1,
            )
        ],
        message_rows,
    )
    lines = _which_lines(conversation_id, before)
    ask(newest, lines, using=using)
    messages, has_more = newest.answer[:limit][::-1], len(newest.answer) > limit
    first = (messages[0].seq or 0) if messages and has_more else 0
    shown = [line for line in lines.answer if line.after_seq >= first - 1]
    return _Stretch(messages, shown, has_more)


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


def _which(conversation_id: UUID) -> Question[Conversation | None]:
    among = [(conversation_id,)]
    read = rows_of(Conversation, columns_of(Conversation), where=("id",), among=among)
    return Question([read], lambda rows: next(iter(instances(Conversation, rows)), None))


def _readable(conversation: Conversation | None, reader_id: UUID, now: datetime) -> Conversation:
    """The conversation, for a side of it or a moderator who watches it under a case."""
    if conversation is None:
        raise NotFound("This conversation is not available.")
    if reader_id not in sides(conversation) and not _watches(reader_id, conversation.id, now):
        raise NotFound("This conversation is not available.")
    return conversation


def _watches(moderator_id: UUID, conversation_id: UUID, now: datetime) -> bool:
    rows = Watcher.objects.filter(conversation_id=conversation_id, moderator_id=moderator_id)
    return rows.filter(until__gt=now).exists()


def message_views(
    messages: Sequence[AnyMessage], conversation: Conversation, reader_id: UUID
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


def _which_lines(conversation_id: UUID, before: int | None) -> Question[list[Line]]:
    """The last lines that stand before message `before`, in their order."""
    newest = first_rows(
        Line,
        columns_of(Line),
        where={"conversation_id": conversation_id},
        by=("after_seq", "id"),
        falling=True,
        beyond=() if before is None else (before - 1,),
        most=LINES_MAX,
    )
    return Question([newest], lambda rows: instances(Line, rows)[::-1])


def _which_pending(conversation_id: UUID, reader_id: UUID) -> Question[list[MessageRow]]:
    """The last messages of this reader that have no number, oldest first."""
    newest = first_rows(
        Message,
        MESSAGE_COLUMNS,
        where={"conversation_id": conversation_id, "sender_id": reader_id},
        by=("id",),
        falling=True,
        matching="seq IS NULL",
        most=PENDING_MAX,
    )
    return Question([newest], lambda rows: message_rows(rows)[::-1])


def _pending_views(messages: Sequence[MessageRow]) -> list[events.PendingMessage]:
    withheld = [m.case_id for m in messages if m.state == MessageState.WITHHELD and m.case_id]
    urls = statement_urls(case_ids=withheld)
    return [pending_view(m, urls.get(m.case_id) if m.case_id else None) for m in messages]


def _read_marks(conversation: Conversation, reader_id: UUID) -> dict[str, int]:
    fan, creator = conversation.fan_read_seq, conversation.creator_read_seq
    own, other = (fan, creator) if reader_id == conversation.fan_id else (creator, fan)
    return {"own_read_seq": own, "other_read_seq": other}
