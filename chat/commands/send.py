"""Sending: a batch of drafts in one transaction, each with an outcome of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.db import insert_rows
from accounts.errors import Malformed, NotFound, Refusal
from chat import policies
from chat.commands import clocks, fate, money
from chat.commands.batch import Batch, load_batch
from chat.commands.drafts import Draft, Outcome, Sent
from chat.commands.fate import Changes
from chat.errors import ClientIdReused, PriceRose, TooManyWaiting
from chat.models import Conversation, Message, MessageState, Money
from chat.queries.views import held_view
from paywall import pricing
from paywall.commands import escrow
from paywall.commands.media_sales import attach_offers
from paywall.commands.sales import InsufficientFunds
from safety.commands import CaseDraft, open_cases, record
from safety.screening import Action

MESSAGE_COLUMNS = tuple(str(f.column) for f in Message._meta.concrete_fields)
_message_row = attrgetter(*(f.attname for f in Message._meta.concrete_fields))


@transaction.atomic
def send_messages(*, drafts: Sequence[Draft], now: datetime) -> list[Outcome]:
    """Accept or refuse each draft, in order, as if each had been sent alone; write once.

    A known `client_id` replays its first outcome. One refusal never spoils the batch. Locks are
    taken in id order: conversations first, then wallets.
    """
    batch = load_batch(drafts, now)
    changes = Changes(now=now, conversations=batch.conversations)
    _lock_wallets(drafts, batch)
    outcomes: dict[int, Outcome] = {}
    for level in _levels(drafts, batch):
        sent = _send_level([drafts[index] for index in level], batch, changes)
        outcomes.update(zip(level, sent, strict=True))
    _write(batch, changes)
    return [outcomes[index] for index in range(len(drafts))]


def _lock_wallets(drafts: Sequence[Draft], batch: Batch) -> None:
    """Those of the fans who pay, and of both sides where an answer may capture."""
    fans, creators = set(), set()
    for draft in drafts:
        if conversation := batch.conversations.get(draft.conversation_id):
            fans.add(conversation.fan_id)
            if draft.sender_id == conversation.creator_id:
                creators.add(conversation.creator_id)
    if fans:
        escrow.lock_accounts(fan_ids=fans, creator_ids=creators)


@dataclass(slots=True)
class _Place:
    """What the drafts of one conversation at its current level may leave undecided."""

    level: int = 0
    fan_total: int = 0  # of the layers before it too
    fan_drafts: int = 0
    creator_drafts: int = 0


@dataclass(slots=True)
class _Sender:
    level: int = 0
    client_ids: set[UUID] = field(default_factory=set)


def _levels(drafts: Sequence[Draft], batch: Batch) -> list[list[int]]:
    """The drafts' positions, layer by layer: no draft needs to know the fate of one in its layer.

    Whether a paid draft is accepted is known only once its price is reserved; a layer reserves
    all its prices in one call. Layers rise within a conversation and within a wallet, so the
    outcome is that of sending one by one.
    """
    places: dict[UUID, _Place] = {}
    senders: dict[UUID, _Sender] = {}
    layers: list[list[int]] = []
    for index, draft in enumerate(drafts):
        place = places.setdefault(draft.conversation_id, _Place())
        sender = senders.setdefault(draft.sender_id, _Sender())
        level = max(place.level, sender.level)
        if _hangs_on_earlier(draft, batch, place, sender):
            level += 1
        if level > place.level:
            places[draft.conversation_id] = place = _Place(level, place.fan_total)
        if level > sender.level:
            senders[draft.sender_id] = sender = _Sender(level)
        place.fan_drafts += batch.is_fan(draft)
        place.fan_total += batch.is_fan(draft)
        place.creator_drafts += not batch.is_fan(draft)
        sender.client_ids.add(draft.client_id)
        layers.extend([] for _ in range(level + 1 - len(layers)))
        layers[level].append(index)
    return layers


def _hangs_on_earlier(draft: Draft, batch: Batch, place: _Place, sender: _Sender) -> bool:
    """A replay hangs on the first; a fan's draft on the answer before it, which frees its price
    and the queue, or on how many paid ones wait; a creator's on the fan's first words."""
    if draft.client_id in sender.client_ids:
        return True
    if not batch.is_fan(draft):
        return place.fan_drafts > 0 and not batch.fan_wrote(draft.conversation_id)
    waiting = batch.waiting_count(draft.conversation_id) + place.fan_total
    full = place.fan_drafts > 0 and waiting >= settings.PAID_MESSAGES_WAITING_MAX
    return place.creator_drafts > 0 or full


def _send_level(part: list[Draft], batch: Batch, changes: Changes) -> list[Outcome]:
    admitted = [_admit(draft, batch, changes.now) for draft in part]
    paid = [m for m in admitted if isinstance(m, Message) and m.money == Money.RESERVED]
    reserved = {m.id: o for m, o in zip(paid, money.reserve(paid, now=changes.now), strict=True)}
    outcomes: list[Outcome] = []
    for draft, result in zip(part, admitted, strict=True):
        if not isinstance(result, Message):
            outcomes.append(result)
            continue
        outcome = reserved.get(result.id)
        if outcome is not None and outcome.id is None:
            detail = "Top up your wallet to send this."
            outcomes.append(InsufficientFunds(detail, missing_cents=outcome.missing_cents))
            continue
        result.hold_id = outcome.id if outcome else None
        _accept(draft, result, batch, changes)
        balance = outcome.balance_cents if outcome else None
        sent = Sent(message=result, balance_cents=balance)
        batch.replays[(draft.sender_id, draft.client_id)] = sent
        outcomes.append(sent)
    return outcomes


def _admit(draft: Draft, batch: Batch, now: datetime) -> Message | Outcome:
    """The row this draft would become, or its outcome where that is known already."""
    if known := batch.replays.get((draft.sender_id, draft.client_id)):
        if known.message.sent_sha256 == draft.sha256:
            return replace(known, replay=True)
        return ClientIdReused("This client_id was used for another message.")
    try:
        conversation = batch.conversation_of(draft)
        return _new_message(draft, conversation, batch, now)
    except Refusal as refusal:
        return refusal


def _new_message(draft: Draft, conversation: Conversation, batch: Batch, now: datetime) -> Message:
    """Raises the `Refusal` that keeps this draft from being sent."""
    policies.require_open(conversation, arrived_at=draft.sent_at, now=now)
    creator_id, from_fan = conversation.creator_id, draft.sender_id == conversation.fan_id
    certified = creator_id in batch.certified
    policies.require_may_send(conversation, sender_id=draft.sender_id, certified=certified)
    body = policies.clean_body(draft.body, may_be_empty=draft.offer_id is not None)
    _require_attachments(draft, conversation, batch, from_fan)
    price = batch.price(conversation, now) if from_fan else None
    if price is not None:
        _require_price(draft, conversation, price, batch)
    rules = batch.rules[(creator_id, conversation.fan_id)]
    return Message(
        id=draft.message_id,
        conversation_id=conversation.id,
        sender_id=draft.sender_id,
        client_id=draft.client_id,
        sent_sha256=draft.sha256,
        after_seq=conversation.seq,
        author_kind=draft.author_kind,
        body=body,
        offer_id=draft.offer_id,
        reply_to_id=draft.reply_to,
        price_cents=price.cents if price else 0,
        price_reason=price.reason if price else "",
        vat_rate_percent=settings.VAT_RATE_PERCENT if price and price.cents else 0,
        answer_seconds=int(rules.answer_deadline.total_seconds()) if price and price.cents else 0,
        money=Money.RESERVED if price and price.cents else Money.NONE,
        sent_at=draft.sent_at,
    )


def _require_attachments(
    draft: Draft, conversation: Conversation, batch: Batch, from_fan: bool
) -> None:
    if draft.reply_to and batch.reply_targets.get(draft.reply_to) != conversation.id:
        raise NotFound("The message you answer is not available.")
    if draft.offer_id is None:
        return
    offer = batch.offers.get(draft.offer_id)
    if from_fan or offer is None or offer.conversation_id != conversation.id:
        raise NotFound("This offer is not available.")
    if not offer.sendable:
        raise Malformed("This offer was sent already.", field="offer_id")


def _require_price(
    draft: Draft, conversation: Conversation, price: pricing.Price, batch: Batch
) -> None:
    if price.cents > draft.max_price_cents:
        raise PriceRose("The price is higher than you agreed to.", price_cents=price.cents)
    limit = settings.PAID_MESSAGES_WAITING_MAX
    if price.cents and batch.waiting_count(conversation.id) >= limit:
        raise TooManyWaiting(f"{limit} paid messages wait for an answer.", limit=limit)


def _accept(draft: Draft, message: Message, batch: Batch, changes: Changes) -> None:
    """The message will be stored: deliver it now, or leave it to a human.

    Judged here and not on admission: only now is it known which drafts before it were stored.
    """
    conversation = batch.conversations[message.conversation_id]
    verdict = batch.verdict(draft, message, conversation)
    message.verdict, message.rule_book = str(verdict.action), verdict.version
    message.body_sha256 = verdict.content_sha256
    held = verdict.action is Action.HOLD
    message.state = MessageState.HELD if held else MessageState.DELIVERED
    batch.new_messages.append(message)
    batch.remember(draft, conversation)
    if verdict.action is not Action.PASS:
        batch.suspects.append((message, verdict))
    if message.money == Money.RESERVED:
        changes.payers.add(message.sender_id)
    waiting = batch.waiting[conversation.id]
    if message.state == MessageState.HELD:
        batch.held_paid[conversation.id] += message.money == Money.RESERVED
        if fate.is_answer(message, conversation):
            clocks.stop(waiting, changes)
        return
    offer = batch.offer_view(message)
    watchers = batch.watchers.get(conversation.id, ())
    fate.deliver(message, conversation, waiting, changes, offer=offer, watchers=watchers)


def _write(batch: Batch, changes: Changes) -> None:
    """Cases first, as a held row must name its own; then rows, money and news."""
    _open_cases(batch, changes)
    offers = [(m.offer_id, m.id) for m in batch.new_messages if m.offer_id is not None]
    if offers:
        attach_offers(offers, now=changes.now)
    changes.move_money()
    insert_rows(Message, MESSAGE_COLUMNS, map(_message_row, batch.new_messages))
    record(batch.screened, now=changes.now)
    for message in batch.new_messages:
        changes.changed.pop(message.id, None)
    changes.write()


def _open_cases(batch: Batch, changes: Changes) -> None:
    if not batch.suspects:
        return
    drafts = [
        CaseDraft(
            kind="message",
            subject_id=message.id,
            author_id=message.sender_id,
            conversation_id=message.conversation_id,
            body=message.body,
            verdict=verdict,
            language=batch.people[message.sender_id].language,
        )
        for message, verdict in batch.suspects
    ]
    opened = open_cases(drafts, now=changes.now)
    for (message, _), case in zip(batch.suspects, opened, strict=True):
        message.case_id = case.case_id
        if message.state == MessageState.HELD:
            message.decide_before = case.decide_before
            changes.tell([message.sender_id], held_view(message))
