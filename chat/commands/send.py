"""Sending: a batch of drafts in one transaction, each with an outcome of its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.db import insert_rows, written_together
from accounts.errors import Malformed, NotFound, Refusal
from accounts.inbox import publish_gap
from chat import policies
from chat.commands import clocks, fate, money, told
from chat.commands.batch import Batch, Entry, Room, load_batch
from chat.commands.drafts import Draft, Outcome, Sent
from chat.commands.fate import Changes
from chat.errors import ClientIdReused, PriceRose, TooManyWaiting
from chat.models import Conversation, Message, MessageState, Money
from chat.queries.access import sides
from chat.queries.rows import MESSAGE_COLUMNS, MessageRow
from chat.queries.views import held_view
from paywall import pricing
from paywall.commands import escrow
from paywall.commands.media_sales import attach_offers
from paywall.commands.sales import InsufficientFunds
from safety.commands import CaseDraft, open_cases, record
from safety.screening import Action

_message_row = attrgetter(*MESSAGE_COLUMNS)


def send_messages(*, drafts: Sequence[Draft], now: datetime) -> list[Outcome]:
    """Accept or refuse each draft, in order, as if each had been sent alone; write once.

    A known `client_id` replays its first outcome, and who should have heard of it is told to ask.
    One refusal never spoils the batch. Locks are taken in id order: conversations first, then
    wallets.
    """
    try:
        return _send(drafts, now)
    except escrow.Unopened as missed:  # somebody's first money; nothing was decided yet
        escrow.open_accounts(missed.places)
        return _send(drafts, now)


@transaction.atomic
def _send(drafts: Sequence[Draft], now: datetime) -> list[Outcome]:
    batch = load_batch(drafts, now)
    changes = Changes(now=now, till=batch.till)
    if batch.replays:
        publish_gap(_unsure(batch))
    outcomes = [_decide(entry, batch, changes) for entry in batch.entries]
    if batch.new_messages:
        with written_together():
            _write(batch, changes)
        numbered = [message.id for message in batch.new_messages if message.seq is not None]
        transaction.on_commit(partial(told.remember, numbered))  # after the news of this batch
    return outcomes


def _unsure(batch: Batch) -> set[UUID]:
    """Who may not have heard of messages that are sent again: a server that dies between commit
    and news tells nobody, and if it was the last message, no later number shows the gap. What this
    very process told them, they have heard or will ask for."""
    found = set()
    for draft, _, room, _ in batch.entries:
        known = batch.replays.get((draft.sender_id, draft.client_id))
        if not room or not known or told.known(known.message.id):
            continue
        if known.message.seq is not None:  # else nobody but its sender knows of it
            found |= {*sides(room.conversation), *room.watchers} - {draft.sender_id}
    return found


def _decide(entry: Entry, batch: Batch, changes: Changes) -> Outcome:
    """One draft's outcome, knowing what became of every draft before it."""
    draft = entry.draft
    key = draft.sender_id, draft.client_id
    if known := batch.replays.get(key):
        if known.message.sent_sha256 == draft.sha256:
            return replace(known, replay=True, balance_cents=None)  # it may have moved since
        return ClientIdReused("This client_id was used for another message.")
    if (room := entry.room) is None:
        return NotFound("This conversation is not available.")
    try:
        message = _new_message(entry, room, batch, changes.now)
    except Refusal as refusal:
        return refusal
    balance_cents = None
    if message.money == Money.RESERVED:
        reserved = money.reserve(batch.till, message)
        if reserved.id is None:
            detail = "Top up your wallet to send this."
            return InsufficientFunds(detail, missing_cents=reserved.missing_cents)
        message.hold_id, balance_cents = reserved.id, reserved.balance_cents
        changes.payers.add(message.sender_id)
    _accept(entry, message, room, batch, changes)
    sent = Sent(message=message, balance_cents=balance_cents)
    batch.replays[key] = sent
    return sent


def _new_message(entry: Entry, room: Room, batch: Batch, now: datetime) -> MessageRow:
    """Raises the `Refusal` that keeps this draft from being sent."""
    draft, conversation = entry.draft, room.conversation
    policies.require_open(conversation, arrived_at=draft.sent_at, now=now)
    policies.require_may_send(conversation, from_fan=entry.from_fan, certified=room.certified)
    body = policies.clean_body(draft.body, may_be_empty=draft.offer_id is not None)
    _require_attachments(entry, conversation, batch)
    price = room.price(now) if entry.from_fan else None
    if price is not None:
        _require_price(draft, room, price)
    paid = price is not None and price.cents > 0
    return MessageRow(
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
        vat_rate_percent=settings.VAT_RATE_PERCENT if paid else 0,
        answer_seconds=int(room.rules.answer_deadline.total_seconds()) if paid else 0,
        money=Money.RESERVED if paid else Money.NONE,
        hold_id=None,
        state=MessageState.DELIVERED,
        sent_at=draft.sent_at,
    )


def _require_attachments(entry: Entry, conversation: Conversation, batch: Batch) -> None:
    draft = entry.draft
    if draft.reply_to and batch.reply_targets.get(draft.reply_to) != conversation.id:
        raise NotFound("The message you answer is not available.")
    if draft.offer_id is None:
        return
    offer = batch.offers.get(draft.offer_id)
    if entry.from_fan or offer is None or offer.conversation_id != conversation.id:
        raise NotFound("This offer is not available.")
    if not offer.sendable:
        raise Malformed("This offer was sent already.", field="offer_id")


def _require_price(draft: Draft, room: Room, price: pricing.Price) -> None:
    if price.cents > draft.max_price_cents:
        raise PriceRose("The price is higher than you agreed to.", price_cents=price.cents)
    if price.cents and room.waiting_count >= (limit := settings.PAID_MESSAGES_WAITING_MAX):
        raise TooManyWaiting(f"{limit} paid messages wait for an answer.", limit=limit)


def _accept(entry: Entry, message: MessageRow, room: Room, batch: Batch, changes: Changes) -> None:
    """The message will be stored: deliver it now, or leave it to a human.

    Judged here and not on admission: only now is it known which drafts before it were stored.
    """
    conversation = room.conversation
    verdict = batch.verdict(entry, message, conversation)
    message.verdict, message.rule_book = verdict.action.value, verdict.version
    message.body_sha256 = verdict.content_sha256
    batch.new_messages.append(message)
    changes.conversations[conversation.id] = conversation
    if entry.from_fan:
        conversation.fan_tail_id = message.id
    else:
        conversation.creator_tail_id = message.id
    if verdict.action is not Action.PASS:
        batch.suspects.append((message, entry.draft, verdict))
    if verdict.action is Action.HOLD:
        message.state = MessageState.HELD
        room.held_paid += message.money == Money.RESERVED
        if fate.is_answer(message, conversation):
            clocks.stop(room.waiting, changes)
        return
    offer, watchers = batch.offer_view(message), room.watchers
    fate.deliver(message, conversation, room.waiting, changes, offer=offer, watchers=watchers)


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
            language=draft.context.language or "",
        )
        for message, draft, verdict in batch.suspects
    ]
    opened = open_cases(drafts, now=changes.now)
    for (message, *_), case in zip(batch.suspects, opened, strict=True):
        message.case_id = case.case_id
        if message.state == MessageState.HELD:
            message.decide_before = case.decide_before
            changes.tell([message.sender_id], held_view(message))
