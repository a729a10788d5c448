"""Offers as their two sides may know them: facts, lures, and what was opened."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.errors import NotFound
from paywall.models.media import (
    KeyKind,
    Media,
    MediaObject,
    MediaState,
    ObjectRole,
    Offer,
    OfferItem,
    Ownership,
    Unlock,
)
from paywall.vault import safe


@dataclass(frozen=True)
class OfferFacts:
    """All that may be known before paying, frozen from the server's own measures.

    `price_cents` is what this offer costs its fan now: media already owned are deducted in
    proportion, rounded in the fan's favour. `width` and `height` are those of the first media.
    """

    offer_id: UUID
    creator_id: UUID
    fan_id: UUID
    conversation_id: UUID
    price_cents: int
    media_count: int
    lure: bytes
    width: int
    height: int
    preview: str
    sendable: bool
    message_id: UUID | None
    owned_count: int
    withdrawn: bool


def offer_facts(*, offer_ids: Collection[UUID]) -> dict[UUID, OfferFacts]:
    """The facts of those offers that exist; five statements whatever their number."""
    if not offer_ids:
        return {}
    offers = list(Offer.objects.filter(id__in=offer_ids))
    items = items_of(offer_ids=[offer.id for offer in offers])
    media_ids = {item.media_id for group in items.values() for item in group}
    ready = set(
        Media.objects.filter(id__in=media_ids, state=MediaState.READY).values_list("id", flat=True)
    )
    owned = _owned({offer.fan_id for offer in offers}, media_ids)
    lures = lures_of(media_ids={group[0].media_id for group in items.values()})
    return {
        offer.id: _facts(offer, items[offer.id], ready=ready, owned=owned, lures=lures)
        for offer in offers
    }


def visible_offer(*, account_id: UUID, offer_id: UUID) -> OfferFacts:
    """The facts for the offer's creator or, once a message carries it, its fan; else `NotFound`."""
    facts = offer_facts(offer_ids=[offer_id]).get(offer_id)
    if facts is not None:
        if account_id == facts.creator_id:
            return facts
        if account_id == facts.fan_id and facts.message_id is not None:
            return facts
    raise NotFound("There is no such offer.")


def entitlements(*, account_id: UUID, offer_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The standing unlock of this account, by offer."""
    rows = Unlock.objects.filter(fan_id=account_id, offer_id__in=offer_ids, ended_at=None)
    return dict(rows.values_list("offer_id", "id"))


def preview_of(*, offer_id: UUID) -> str:
    """The line shown under the lure of this offer; empty when there is none."""
    rows = Offer.objects.filter(id=offer_id)
    return rows.values_list("preview", flat=True).first() or ""


def sold_offers(*, offer_ids: Collection[UUID]) -> set[UUID]:
    """Those of these offers that somebody opened, and still has open."""
    opened = Unlock.objects.filter(offer_id__in=offer_ids, ended_at=None)
    return set(opened.values_list("offer_id", flat=True))


def items_of(*, offer_ids: Collection[UUID]) -> dict[UUID, list[OfferItem]]:
    """The items of each offer, in order."""
    grouped: dict[UUID, list[OfferItem]] = defaultdict(list)
    for item in OfferItem.objects.filter(offer_id__in=offer_ids).order_by("offer_id", "position"):
        grouped[item.offer_id].append(item)
    return grouped


def owned_media(*, fan_id: UUID, media_ids: Collection[UUID]) -> set[UUID]:
    """Those among these media that the fan owns."""
    return {media_id for _, media_id in _owned({fan_id}, media_ids)}


def price_due(*, price_cents: int, media_count: int, owned_count: int) -> int:
    """What is left to pay: the share of the media not yet owned, rounded down to the cent."""
    return price_cents * (media_count - owned_count) // media_count


def lures_of(*, media_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """The 16 px previews of those media whose keys exist."""
    data_keys = safe.keys_of(media_ids=media_ids, kind=KeyKind.MEDIA)
    rows = MediaObject.objects.filter(media_id__in=data_keys, role=ObjectRole.LURE)
    return {row.media_id: safe.read_inline(row, data_keys[row.media_id]) for row in rows}


def _owned(fan_ids: Collection[UUID], media_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    rows = Ownership.objects.filter(fan_id__in=fan_ids, media_id__in=media_ids)
    return set(rows.values_list("fan_id", "media_id"))


def _facts(
    offer: Offer,
    items: Sequence[OfferItem],
    *,
    ready: set[UUID],
    owned: set[tuple[UUID, UUID]],
    lures: dict[UUID, bytes],
) -> OfferFacts:
    first = items[0]
    owned_count = sum((offer.fan_id, item.media_id) in owned for item in items)
    unspoilt = offer.message_id is None and offer.withdrawn_at is None
    return OfferFacts(
        offer_id=offer.id,
        creator_id=offer.creator_id,
        fan_id=offer.fan_id,
        conversation_id=offer.conversation_id,
        price_cents=price_due(
            price_cents=offer.price_cents, media_count=len(items), owned_count=owned_count
        ),
        media_count=len(items),
        lure=lures.get(first.media_id, b""),
        width=first.width,
        height=first.height,
        preview=offer.preview,
        sendable=unspoilt and all(item.media_id in ready for item in items),
        message_id=offer.message_id,
        owned_count=owned_count,
        withdrawn=offer.withdrawn_at is not None,
    )
