"""Media inside a conversation: offered by its creator, unlocked by its fan."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.errors import NotFound
from chat.models import Message, MessageState
from chat.queries.access import conversation_for
from paywall.commands import media_sales
from paywall.commands.media_sales import Unlocked
from paywall.queries.offers import OfferFacts, offer_facts


def create_offer(
    *,
    creator_id: UUID,
    conversation_id: UUID,
    media_ids: Sequence[UUID],
    price_cents: int,
    preview: str,
    now: datetime,
) -> OfferFacts:
    """Media for sale to the fan of this conversation, to be sent with a message."""
    conversation = conversation_for(member_id=creator_id, conversation_id=conversation_id)
    if conversation.creator_id != creator_id:
        raise NotFound("This conversation is not available.")
    return media_sales.create_offer(
        creator_id=creator_id,
        fan_id=conversation.fan_id,
        conversation_id=conversation_id,
        media_ids=media_ids,
        price_cents=price_cents,
        preview=preview,
        now=now,
    )


def unlock(
    *, fan_id: UUID, offer_id: UUID, client_id: UUID, max_price_cents: int, now: datetime
) -> Unlocked:
    """Buy an offer that was delivered to this fan, once however often this is asked.

    An offer in a message that waits for a human, or was taken back, is not there.
    """
    facts = offer_facts(offer_ids=[offer_id]).get(offer_id)
    if facts is None or facts.fan_id != fan_id or facts.message_id is None:
        raise NotFound("This offer is not available.")
    message = Message.objects.filter(id=facts.message_id).first()
    if message is None or message.delivered_at is None or message.state == MessageState.HELD:
        raise NotFound("This offer is not available.")
    return media_sales.unlock(
        fan_id=fan_id,
        offer_id=offer_id,
        client_id=client_id,
        max_price_cents=max_price_cents,
        now=now,
    )
