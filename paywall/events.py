"""What paywall tells people."""

from uuid import UUID

from accounts.events import Event


class WalletChanged(Event):
    """To the wallet's owner: what can be spent now, and what waits in escrow."""

    balance_cents: int
    reserved_cents: int


class PriceChanged(Event):
    """To both sides of a conversation: what the fan's next message costs."""

    conversation_id: UUID
    price_cents: int


class MediaUnlocked(Event):
    """To the fan and the creator: the offer is open."""

    offer_id: UUID
    message_id: UUID
    entitlement_id: UUID
