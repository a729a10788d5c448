"""What a batch of sends needs to know, read in a constant number of statements."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from accounts.db import Question, answer, ask, rows_of
from accounts.models import Account
from accounts.queries import who_is_certified
from chat.commands.drafts import Draft, Sent, attachments_of, words_of
from chat.events import OfferView
from chat.models import Conversation, Message, Watcher
from chat.queries.access import lock_conversations
from chat.queries.rows import MESSAGE_COLUMNS, MessageRow, Paid, message_rows, which_wait
from chat.queries.tails import TAIL_LENGTH, true_tail
from chat.queries.views import Reader, offer_view
from paywall import pricing
from paywall.commands import escrow
from paywall.queries.offers import OfferFacts, offer_facts
from paywall.queries.prices import which_rules
from safety.commands import Screened, softened
from safety.screening import Verdict, content_sha256
from safety.second_opinion.stage import screen_with


class Author(NamedTuple):
    """What screening knows of a sender."""

    language: str
    country: str


@dataclass(slots=True)
class Room:
    """A conversation that a batch touches, and all that the next message in it hangs on."""

    conversation: Conversation
    rules: pricing.Rules
    certified: bool
    watchers: Sequence[UUID]
    waiting: list[Paid]  # delivered, paid, without an answer
    held_paid: int  # paid and still held
    _price: pricing.Price | None = None
    _priced_for: datetime | None = None  # when the creator had last written

    @property
    def waiting_count(self) -> int:
        """Paid messages that have no answer, held ones included."""
        return len(self.waiting) + self.held_paid

    def price(self, now: datetime) -> pricing.Price:
        """What the fan's next message costs. Ask with one `now`: it changes with an answer only."""
        wrote_at = self.conversation.creator_wrote_at
        if self._price is None or self._priced_for is not wrote_at:
            self._price, self._priced_for = self._price_after(wrote_at, now), wrote_at
        return self._price

    def _price_after(self, wrote_at: datetime | None, now: datetime) -> pricing.Price:
        return pricing.price(
            self.rules,
            creator_wrote_at=wrote_at,
            now=now,
            platform_default_cents=settings.MESSAGE_PRICE_DEFAULT_CENTS,
        )


class Entry(NamedTuple):
    """A draft with what was found for it. Who writes is told once: to compare two ids is a call
    in Python. Without a room, its sender is none of the two sides of any conversation."""

    draft: Draft
    verdict: Verdict  # as it brought it, softened
    room: Room | None
    from_fan: bool


@dataclass(slots=True)
class Batch:
    """The rows a batch touches, and what it decided so far."""

    entries: list[Entry]
    till: escrow.Till
    offers: dict[UUID, OfferFacts]
    reply_targets: dict[UUID, UUID]  # message -> its conversation
    replays: dict[tuple[UUID, UUID], Sent]
    new_messages: list[MessageRow] = field(default_factory=list)
    screened: list[Screened] = field(default_factory=list)
    suspects: list[tuple[MessageRow, Draft, Verdict]] = field(default_factory=list)

    def verdict(self, entry: Entry, message: MessageRow, conversation: Conversation) -> Verdict:
        """The verdict on what will be read: the draft's own, if it was said of exactly that.

        Screened once more if the words are others than were screened, or if the sender wrote
        elsewhere meanwhile. Ask once every draft that is accepted: the answer is recorded.
        """
        draft, verdict = entry.draft, entry.verdict
        words, context = self._words(message), draft.context
        tail_id = conversation.fan_tail_id if entry.from_fan else conversation.creator_tail_id
        content = content_sha256(words, attachments_of(draft.offer_id))
        if draft.tail_id != tail_id or verdict.content_sha256 != content:
            if draft.tail_id != tail_id:
                context = replace(context, recent=self._true_recent(draft))
            heard = draft.chances if verdict.content_sha256 == content else None
            verdict = softened([screen_with(words, context, heard)])[0]
        self.screened.append(
            Screened(
                kind="message",
                subject_id=message.id,
                message_id=message.id,
                text=words,
                context=context,
                verdict=verdict,
            )
        )
        return verdict

    def _words(self, message: MessageRow) -> str:
        """The text and the line shown under the lure of the offer, as they are stored now."""
        offer = self.offers.get(message.offer_id) if message.offer_id else None
        return words_of(message.body, offer.preview if offer else "")

    def _true_recent(self, draft: Draft) -> tuple[str, ...]:
        new = [m.body for m in self.new_messages if _same_hand(m, draft)]
        stored = true_tail(draft.conversation_id, draft.sender_id, now=draft.sent_at)
        return (*(text for _, text in stored), *new)[-TAIL_LENGTH:]

    def offer_view(self, message: MessageRow) -> OfferView | None:
        """The message's offer as both sides see it while nobody bought it."""
        facts = self.offers.get(message.offer_id) if message.offer_id else None
        return offer_view(facts, reader=Reader.FAN) if facts else None


def _same_hand(message: MessageRow, draft: Draft) -> bool:
    return (message.conversation_id, message.sender_id) == (draft.conversation_id, draft.sender_id)


def load_batch(drafts: Sequence[Draft], now: datetime) -> Batch:
    """Lock the conversations of these drafts and then their wallets, and read all that their
    decisions hang on. Raises `escrow.Unopened`.

    The locks of the conversations have a statement of their own: what is read beside the wallets
    may be older than their locks, but no older than those.
    """
    conversations = lock_conversations({draft.conversation_id for draft in drafts})
    till, replays = _till(drafts, conversations), _which_replay(drafts)
    rooms = _rooms(conversations, now, beside=(till, replays))
    offers = {draft.offer_id for draft in drafts if draft.offer_id}
    replies = {draft.reply_to for draft in drafts if draft.reply_to}
    verdicts = softened([draft.verdict for draft in drafts])
    return Batch(
        entries=[_entry(draft, one, rooms) for draft, one in zip(drafts, verdicts, strict=True)],
        till=till.answer,
        offers=offer_facts(offer_ids=offers) if offers else {},
        reply_targets=_reply_targets(replies, conversations) if replies else {},
        replays=_replayed(replays.answer),
    )


def _entry(draft: Draft, verdict: Verdict, rooms: Mapping[UUID, Room]) -> Entry:
    if (room := rooms.get(draft.conversation_id)) is None:
        return Entry(draft, verdict, None, from_fan=False)
    from_fan = draft.sender_id == room.conversation.fan_id
    is_side = from_fan or draft.sender_id == room.conversation.creator_id
    return Entry(draft, verdict, room if is_side else None, from_fan)


def _rooms(
    conversations: Mapping[UUID, Conversation], now: datetime, *, beside: Sequence[Question[Any]]
) -> dict[UUID, Room]:
    """The rooms of these; what is `beside` is asked with what is asked for them."""
    places = conversations.values()
    rules = which_rules({(c.creator_id, c.fan_id) for c in places})
    may_sell = who_is_certified({c.creator_id for c in places})
    watchers, wait = who_watches(conversations, now), which_wait(conversations)
    ask(*beside, rules, may_sell, watchers, wait)
    waiting, held = wait.answer
    return {
        place: Room(
            conversation=c,
            rules=rules.answer[(c.creator_id, c.fan_id)],
            certified=c.creator_id in may_sell.answer,
            watchers=watchers.answer.get(place, ()),
            waiting=waiting[place],
            held_paid=held[place],
        )
        for place, c in conversations.items()
    }


def _till(
    drafts: Sequence[Draft], conversations: Mapping[UUID, Conversation]
) -> Question[escrow.Till]:
    """Over the wallets of the fans, and over both sides' where an answer may capture."""
    senders = {draft.sender_id for draft in drafts}
    creators = {c.creator_id for c in conversations.values()}
    fans = {c.fan_id for c in conversations.values()}
    return escrow.locked_till(fan_ids=fans, creator_ids=creators & senders)


def watchers_of(conversation_ids: Collection[UUID], now: datetime) -> dict[UUID, list[UUID]]:
    """The moderators who read along in each of these conversations."""
    return answer(who_watches(conversation_ids, now))


def who_watches(
    conversation_ids: Collection[UUID], now: datetime
) -> Question[dict[UUID, list[UUID]]]:
    """As `watchers_of`, to be asked together with others."""
    columns = ("conversation_id", "moderator_id", "until")
    among = [(conversation_id,) for conversation_id in conversation_ids]

    def by_place(rows: Iterable[tuple[UUID, UUID, datetime]]) -> dict[UUID, list[UUID]]:
        watchers: dict[UUID, list[UUID]] = {}
        for place, moderator_id, until in rows:
            if until > now:
                watchers.setdefault(place, []).append(moderator_id)
        return watchers

    return Question([rows_of(Watcher, columns, where=columns[:1], among=among)], by_place)


def authors(account_ids: Collection[UUID]) -> dict[UUID, Author]:
    """Language and country of these accounts."""
    rows = Account.objects.filter(id__in=account_ids).values_list("id", "language", "country")
    return {row[0]: Author(row[1], row[2]) for row in rows}


def _reply_targets(message_ids: set[UUID], conversation_ids: Collection[UUID]) -> dict[UUID, UUID]:
    rows = Message.objects.filter(
        id__in=message_ids, conversation_id__in=conversation_ids, seq__isnull=False
    )
    return dict(rows.values_list("id", "conversation_id"))


def _which_replay(drafts: Sequence[Draft]) -> Question[list[tuple[UUID, UUID]]]:
    """The messages that these drafts have become before, each with its conversation."""
    keys = [(draft.sender_id, draft.client_id) for draft in drafts]
    columns = ("id", "conversation_id")
    return Question([rows_of(Message, columns, where=("sender_id", "client_id"), among=keys)], list)


def _replayed(known: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Sent]:
    if not known:
        return {}
    rows = rows_of(Message, MESSAGE_COLUMNS, where=("id", "conversation_id"), among=known)
    messages = answer(Question([rows], message_rows))
    return {(m.sender_id, m.client_id): Sent(message=m) for m in messages}
