"""The money of messages: reserved at send, captured by an answer in person, or given back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts import inbox
from chat.models import Conversation, Message
from paywall import ledger
from paywall.commands import escrow
from paywall.commands.sales import refund_sale
from paywall.events import WalletChanged
from paywall.ledger import Book, Place


def reserve(messages: Sequence[Message], *, now: datetime) -> list[ledger.Outcome]:
    """Move each price from its sender's wallet to escrow; the outcome names the hold."""
    reservations = [escrow.Reservation(m.id, m.sender_id, m.price_cents) for m in messages]
    return escrow.reserve(reservations, now=now) if reservations else []


def capture(
    messages: Sequence[Message], conversations: Mapping[UUID, Conversation], *, now: datetime
) -> None:
    """Split each escrow between creator, platform and VAT; note what was earned and the receipt."""
    captures = [
        escrow.Capture(
            message_id=m.id,
            hold_id=_hold(m),
            fan_id=conversations[m.conversation_id].fan_id,
            creator_id=conversations[m.conversation_id].creator_id,
            gross_cents=m.price_cents,
            vat_rate_percent=m.vat_rate_percent,
        )
        for m in messages
    ]
    if not captures:
        return
    for message, captured in zip(messages, escrow.capture(captures, now=now), strict=True):
        message.earned_cents, message.receipt_id = captured.creator_cents, captured.receipt_id


def give_back(messages: Sequence[Message], *, now: datetime) -> None:
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


def lock_wallets(messages: Iterable[Message], conversations: Mapping[UUID, Conversation]) -> None:
    """Lock every wallet these messages move, in one statement, before any of them is moved."""
    places = [conversations[m.conversation_id] for m in messages]
    if places:
        escrow.lock_accounts(
            fan_ids={c.fan_id for c in places}, creator_ids={c.creator_id for c in places}
        )


def wallet_events(fan_ids: Collection[UUID]) -> list[inbox.Delivery]:
    """One `wallet_changed` per fan, as the wallets stand in this transaction."""
    if not fan_ids:
        return []
    return [
        (
            (fan_id,),
            WalletChanged(balance_cents=wallet.balance_cents, reserved_cents=wallet.reserved_cents),
        )
        for fan_id, wallet in ledger.wallets(fan_ids).items()
    ]


def _hold(message: Message) -> UUID:
    assert message.hold_id is not None
    return message.hold_id
