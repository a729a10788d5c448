"""The money of messages: reserved at send, captured by an answer in person, or given back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts import inbox
from chat.models import Conversation, Message
from chat.queries.rows import MessageRow, Paid
from paywall import ledger
from paywall.commands import escrow
from paywall.commands.sales import refund_sale
from paywall.events import WalletChanged
from paywall.ledger import Book, Place


def reserve(till: escrow.Till, message: MessageRow) -> ledger.Outcome:
    """Move the price from its sender's wallet to escrow; the outcome names the hold."""
    wanted = escrow.Reservation(message.id, message.sender_id, message.price_cents)
    return till.reserve(wanted)


def settle(
    till: escrow.Till,
    messages: Sequence[Paid],
    conversations: Mapping[UUID, Conversation],
    *,
    now: datetime,
) -> None:
    """Capture these on the till, and write down all that happened there."""
    for message in messages:
        message.earned_cents = till.capture(_capture(message, conversations))
    numbers = till.write(now=now)
    for message in messages:
        message.receipt_id = numbers[message.id]


def capture(
    messages: Sequence[Paid], conversations: Mapping[UUID, Conversation], *, now: datetime
) -> None:
    """Split each escrow between creator, platform and VAT; note what was earned and the receipt."""
    captures = [_capture(message, conversations) for message in messages]
    if not captures:
        return
    for message, captured in zip(messages, escrow.capture(captures, now=now), strict=True):
        message.earned_cents, message.receipt_id = captured.creator_cents, captured.receipt_id


def give_back(messages: Sequence[Paid], *, now: datetime) -> None:
    """Return each escrow to the wallet it came from."""
    if messages:
        escrow.give_back([_hold(m) for m in messages], now=now)


def return_captured(message: Message, *, now: datetime) -> None:
    """Take a captured price back from the creator who was at fault: a credit note."""
    assert message.receipt_id is not None
    refund_sale(receipt_id=message.receipt_id, now=now)


def lock_for_refund(conversation: Conversation) -> None:
    """Lock all that taking back a message and the sales it carried may move, before any is."""
    earned = (Book.CREATOR_PENDING, Book.CREATOR_AVAILABLE)
    ledger.lock(
        [
            Place(Book.FAN_WALLET, conversation.fan_id),
            *(Place(book, conversation.creator_id) for book in earned),
        ]
    )


def lock_wallets(messages: Iterable[Paid], conversations: Mapping[UUID, Conversation]) -> None:
    """Lock every wallet these messages move, in one statement, before any of them is moved."""
    places = [conversations[m.conversation_id] for m in messages]
    if places:
        escrow.lock_accounts(
            fan_ids={c.fan_id for c in places}, creator_ids={c.creator_id for c in places}
        )


def wallet_events(till: escrow.Till | None, fan_ids: Collection[UUID]) -> list[inbox.Delivery]:
    """One `wallet_changed` per fan, as the wallets stand in this transaction."""
    if till is not None:
        wallets = {fan_id: till.wallet(fan_id) for fan_id in fan_ids}
    else:
        wallets = ledger.wallets(fan_ids)
    return [
        (
            (fan_id,),
            WalletChanged(balance_cents=wallet.balance_cents, reserved_cents=wallet.reserved_cents),
        )
        for fan_id, wallet in wallets.items()
    ]


def _capture(message: Paid, conversations: Mapping[UUID, Conversation]) -> escrow.Capture:
    conversation = conversations[message.conversation_id]
    return escrow.Capture(
        message_id=message.id,
        hold_id=_hold(message),
        fan_id=conversation.fan_id,
        creator_id=conversation.creator_id,
        gross_cents=message.price_cents,
        vat_rate_percent=message.vat_rate_percent,
    )


def _hold(message: Paid) -> UUID:
    assert message.hold_id is not None
    return message.hold_id
