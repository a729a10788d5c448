"""Steps that the media tests share: upload a picture, offer it, fill a wallet."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.models import Account
from paywall import ledger
from paywall.commands.media import process_media
from paywall.commands.media_sales import attach_offers, create_offer
from paywall.commands.uploads import receive_part, start_upload
from paywall.ledger import Book, Place
from paywall.models import Media
from paywall.queries.offers import OfferFacts
from tests.factories import START
from tests.paywall import books, pictures

PART_BYTES = 1024 * 1024


def upload(creator: Account, data: bytes | None = None, *, now: datetime = START) -> Media:
    """A media of this creator as far as its bytes carry it: `ready` unless they are refused."""
    data = pictures.jpeg() if data is None else data
    media = start_upload(creator_id=creator.id, client_id=uuid7(), size_bytes=len(data), now=now)
    for offset in range(0, len(data), PART_BYTES):
        part = data[offset : offset + PART_BYTES]
        receive_part(creator_id=creator.id, media_id=media.id, offset=offset, part=part, now=now)
    return process_media(media_id=media.id, now=now)


def offer(
    creator: Account,
    fan: Account,
    media: list[Media],
    *,
    price_cents: int = 800,
    sent: bool = True,
    now: datetime = START,
) -> OfferFacts:
    """An offer, carried by a message unless `sent` is false."""
    facts = create_offer(
        creator_id=creator.id,
        fan_id=fan.id,
        conversation_id=uuid7(),
        media_ids=[one.id for one in media],
        price_cents=price_cents,
        preview="",
        now=now,
    )
    if sent:
        send(facts.offer_id, uuid7(), now=now)
    return facts


def top_up(fan: Account, cents: int) -> None:
    with transaction.atomic():
        books.top_up(fan.id, cents)


def balances(fan: Account, creator: Account) -> dict[str, int]:
    """The five accounts a sale touches."""
    places = {
        "fan": Place(Book.FAN_WALLET, fan.id),
        "creator": Place(Book.CREATOR_PENDING, creator.id),
        "vat": Place(Book.VAT_PAYABLE),
        "reserve": Place(Book.CHARGEBACK_RESERVE),
        "platform": Place(Book.PLATFORM_FEE),
    }
    found = ledger.balances(list(places.values()))
    return {name: found[place] for name, place in places.items()}


def send(offer_id: UUID, message_id: UUID, *, now: datetime = START) -> None:
    """What a message that carries the offer does."""
    with transaction.atomic():
        attach_offers([(offer_id, message_id)], now=now)
