"""Media change hands: offers are made, bound to a message, opened once, and taken back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.db import update_rows
from accounts.errors import Malformed, NotFound, Refusal
from accounts.inbox import publish, publish_all
from accounts.models import Account
from accounts.policies import require_certified
from paywall import ledger
from paywall.commands.sales import refund_sales, sell
from paywall.events import MediaUnlocked, WalletChanged
from paywall.models.media import (
    PREVIEW_MAX_CHARACTERS,
    Media,
    MediaState,
    Offer,
    OfferItem,
    Ownership,
    Unlock,
)
from paywall.queries.offers import (
    OfferFacts,
    items_of,
    offer_facts,
    owned_media,
    price_due,
)

SUBJECT_KIND = "unlock"


class PriceOutOfBounds(Refusal):
    """Free, or between `min_cents` and `max_cents`."""

    code = "price_out_of_bounds"
    status = 422


class MediaNotReady(Refusal):
    """Still being checked, failed, or taken out of sale."""

    code = "media_not_ready"


class AlreadyOwned(Refusal):
    """The fan owns every media of this offer."""

    code = "already_owned"


class OfferUnavailable(Refusal):
    """Not sent, withdrawn, or its media can no longer be delivered. Nothing was charged."""

    code = "offer_unavailable"


class OfferPriceChanged(Refusal):
    """The offer costs more than the buyer agreed to; `price_cents` is the price in force."""

    code = "price_changed"


class UnlockIdReused(Refusal):
    """This client_id already opened another offer."""

    code = "client_id_reused"


@dataclass(frozen=True)
class Unlocked:
    """An entitlement; `charged_cents` is what this very call took, 0 for a replay."""

    entitlement_id: UUID
    message_id: UUID
    creator_id: UUID
    charged_cents: int
    balance_cents: int
    replay: bool


@transaction.atomic
def create_offer(
    *,
    creator_id: UUID,
    fan_id: UUID,
    conversation_id: UUID,
    media_ids: Sequence[UUID],
    price_cents: int,
    preview: str,
    now: datetime,
) -> OfferFacts:
    """Propose media to one fan at 0 or a price within bounds; the facts are frozen here.

    Raises `NotCertified`, `Malformed`, `PriceOutOfBounds`, `NotFound` (not the creator's media),
    `MediaNotReady`, `AlreadyOwned`.
    """
    require_certified(creator_id)
    _check_terms(media_ids, price_cents, preview)
    media = _sellable(creator_id, media_ids)
    if len(owned_media(fan_id=fan_id, media_ids=media_ids)) == len(media):
        raise AlreadyOwned("This fan owns all of it.")
    offer = Offer.objects.create(
        creator_id=creator_id,
        fan_id=fan_id,
        conversation_id=conversation_id,
        price_cents=price_cents,
        preview=preview,
        created_at=now,
    )
    OfferItem.objects.bulk_create(
        OfferItem(
            offer=offer,
            media=one,
            position=position,
            width=one.width,
            height=one.height,
            size_bytes=one.size_bytes,
        )
        for position, one in enumerate(media)
    )
    return offer_facts(offer_ids=[offer.id])[offer.id]


def attach_offers(pairs: Iterable[tuple[UUID, UUID]], *, now: datetime) -> None:
    """Bind offers to the messages that carry them, each once; assumes a transaction.

    The caller refused what is not `sendable`: `OfferUnavailable` here means it raced.
    """
    message_of = dict(pairs)
    free = Offer.objects.select_for_update().filter(
        id__in=message_of, message_id=None, withdrawn_at=None
    )
    if len(free.order_by("id").values_list("id")) != len(message_of):
        raise OfferUnavailable("This offer was sent already.")
    update_rows(Offer, ["message_id"], message_of.items())


@transaction.atomic
def unlock(
    *, fan_id: UUID, offer_id: UUID, client_id: UUID, max_price_cents: int, now: datetime
) -> Unlocked:
    """Open an offer: one charge and one entitlement, however many presses, devices or retries.

    The same client_id replays its first outcome; another one, for what stands open, answers the
    first entitlement as a replay that charged nothing. Raises `NotFound`, `OfferUnavailable`,
    `OfferPriceChanged`, `InsufficientFunds`, `UnlockIdReused`.
    """
    _one_at_a_time(fan_id)
    offer = _offer_of(fan_id, offer_id)
    known = Unlock.objects.filter(fan_id=fan_id, client_id=client_id).first()
    if known is not None and known.offer_id != offer_id:
        raise UnlockIdReused("This client_id opened another offer.")
    message_id = offer.message_id
    if message_id is None or offer.withdrawn_at is not None:
        raise OfferUnavailable("This offer is not for sale.")
    opened = Unlock.objects.filter(fan_id=fan_id, offer_id=offer_id).first()
    if opened is not None:
        balance = ledger.wallet(fan_id).balance_cents
        charged = opened.charged_cents if opened.client_id == client_id else 0
        return Unlocked(opened.id, message_id, offer.creator_id, charged, balance, replay=True)
    return _open(offer, message_id, client_id, max_price_cents, now)


@transaction.atomic
def withdraw_offers(*, message_ids: Iterable[UUID], now: datetime) -> None:
    """Stop the sale of what these withheld messages offer and give every buyer the money back.

    A human decided it. Access ends with the commit; repeating it changes nothing.
    """
    offers = Offer.objects.select_for_update().filter(
        message_id__in=list(message_ids), withdrawn_at=None
    )
    offer_ids = list(offers.order_by("id").values_list("id", flat=True))
    Offer.objects.filter(id__in=offer_ids).update(withdrawn_at=now)
    ended = list(Unlock.objects.filter(offer_id__in=offer_ids, ended_at=None))
    Unlock.objects.filter(id__in=[unlock.id for unlock in ended]).update(ended_at=now)
    Ownership.objects.filter(unlock__in=ended).delete()
    refund_sales(
        receipt_ids=[one.receipt_id for one in ended if one.receipt_id is not None], now=now
    )
    _tell_wallets({one.fan_id for one in ended if one.charged_cents})


def _check_terms(media_ids: Sequence[UUID], price_cents: int, preview: str) -> None:
    least, most = settings.UNLOCK_PRICE_MIN_CENTS, settings.UNLOCK_PRICE_MAX_CENTS
    if price_cents != 0 and not least <= price_cents <= most:
        raise PriceOutOfBounds("The price is 0 or within bounds.", min_cents=least, max_cents=most)
    limit = settings.MEDIA_PER_MESSAGE_MAX
    if not 1 <= len(media_ids) <= limit or len(set(media_ids)) != len(media_ids):
        raise Malformed(
            "An offer has different media.", field="media_ids", accepted=f"1 to {limit}"
        )
    if len(preview) > PREVIEW_MAX_CHARACTERS:
        accepted = f"at most {PREVIEW_MAX_CHARACTERS} characters"
        raise Malformed("The preview line is too long.", field="preview", accepted=accepted)


def _sellable(creator_id: UUID, media_ids: Sequence[UUID]) -> list[Media]:
    """The creator's media in the order asked. Raises `NotFound`, `MediaNotReady`."""
    found = Media.objects.exclude(state=MediaState.ERASED).filter(creator_id=creator_id)
    media = found.in_bulk(list(media_ids))
    if len(media) != len(media_ids):
        raise NotFound("There is no such media.")
    if any(one.state != MediaState.READY for one in media.values()):
        raise MediaNotReady("Still being checked.")
    return [media[media_id] for media_id in media_ids]


def _one_at_a_time(fan_id: UUID) -> None:
    """Serialise the purchases of one fan: what is owned and what is due are read under this lock.

    `no_key` lets rows that merely refer to the account be written meanwhile.
    """
    fan = Account.objects.select_for_update(no_key=True).filter(id=fan_id)
    if not fan.values_list("id"):
        raise NotFound("There is no such account.")


def _offer_of(fan_id: UUID, offer_id: UUID) -> Offer:
    """The offer, locked against a withdrawal. Raises `NotFound`, also for another fan's."""
    offer = Offer.objects.select_for_update(no_key=True).filter(id=offer_id, fan_id=fan_id).first()
    if offer is None:
        raise NotFound("There is no such offer.")
    return offer


def _open(
    offer: Offer, message_id: UUID, client_id: UUID, max_price_cents: int, now: datetime
) -> Unlocked:
    media_ids = [item.media_id for item in items_of(offer_ids=[offer.id])[offer.id]]
    _check_deliverable(media_ids)
    new_ids = set(media_ids) - owned_media(fan_id=offer.fan_id, media_ids=media_ids)
    due_cents = price_due(
        price_cents=offer.price_cents,
        media_count=len(media_ids),
        owned_count=len(media_ids) - len(new_ids),
    )
    if due_cents > max_price_cents:
        raise OfferPriceChanged("The price is higher than you said.", price_cents=due_cents)
    unlock_id = _record(offer, client_id, due_cents, new_ids, now)
    opened = MediaUnlocked(offer_id=offer.id, message_id=message_id, entitlement_id=unlock_id)
    publish([offer.fan_id, offer.creator_id], opened)
    if due_cents:
        _tell_wallets([offer.fan_id])
    balance = ledger.wallet(offer.fan_id).balance_cents
    return Unlocked(unlock_id, message_id, offer.creator_id, due_cents, balance, replay=False)


def _record(
    offer: Offer, client_id: UUID, due_cents: int, media_ids: Iterable[UUID], now: datetime
) -> UUID:
    """Charge, and write the entitlement and what it brings; constraints forbid a second one."""
    unlock_id = uuid7()
    Unlock.objects.create(
        id=unlock_id,
        offer=offer,
        fan_id=offer.fan_id,
        client_id=client_id,
        charged_cents=due_cents,
        receipt_id=_charge(offer, unlock_id, due_cents, now),
        unlocked_at=now,
    )
    Ownership.objects.bulk_create(
        Ownership(fan_id=offer.fan_id, media_id=media_id, unlock_id=unlock_id)
        for media_id in media_ids
    )
    return unlock_id


def _check_deliverable(media_ids: Sequence[UUID]) -> None:
    """Locked against erasure until this sale is committed."""
    ready = Media.objects.select_for_update(no_key=True).filter(
        id__in=media_ids, state=MediaState.READY
    )
    if len(ready.order_by("id").values_list("id")) != len(media_ids):
        raise OfferUnavailable("This offer is not for sale any more.")


def _charge(offer: Offer, unlock_id: UUID, due_cents: int, now: datetime) -> int | None:
    """Take the price and return its receipt, None when nothing is due."""
    if due_cents == 0:
        return None
    sold = sell(
        key=f"unlock:{unlock_id}",
        fan_id=offer.fan_id,
        creator_id=offer.creator_id,
        gross_cents=due_cents,
        subject_kind=SUBJECT_KIND,
        subject_id=unlock_id,
        vat_rate_percent=settings.VAT_RATE_PERCENT,
        now=now,
    )
    return sold.receipt_id


def _tell_wallets(fan_ids: Collection[UUID]) -> None:
    publish_all(
        [
            (
                [fan_id],
                WalletChanged(
                    balance_cents=wallet.balance_cents, reserved_cents=wallet.reserved_cents
                ),
            )
            for fan_id, wallet in ledger.wallets(fan_ids).items()
        ]
    )
