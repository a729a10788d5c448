"""A creator's own media, a fan's library, and the files that an entitlement opens."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts.errors import NotFound, Refusal
from accounts.queries import people
from paywall.models.media import (
    Media,
    MediaObject,
    MediaState,
    ObjectRole,
    OfferItem,
    Unlock,
)
from paywall.queries.offers import OfferFacts, offer_facts
from paywall.vault import links, safe
from paywall.vault.keys import Unreadable
from paywall.vault.links import Subject
from paywall.vault.stream import SealedFile

PAGE_MAX = 50
SERVED_TYPE, THUMBNAIL_TYPE = "image/jpeg", "image/webp"


class NotAvailable(NotFound):
    """Not bought, not yours, ended, expired, not there: one answer, which tells nothing."""

    status = 403


class MediaNotMade(Refusal):
    """Its pictures are not made yet, or could not be."""

    code = "media_not_ready"


@dataclass(frozen=True)
class Link:
    """One item of an unlock, openable with this session until `expires` (seconds since 1970)."""

    item: int
    url: str
    expires: int
    width: int
    height: int
    type: str
    size_bytes: int


@dataclass(frozen=True)
class LibraryEntry:
    """Something a fan opened, with its facts."""

    entitlement_id: UUID
    unlocked_at: datetime
    charged_cents: int
    offer: OfferFacts
    creator: str  # their name


def studio_media(*, creator_id: UUID, media_id: UUID) -> Media:
    """The creator's own media. Raises `NotFound`."""
    media = _visible(creator_id).filter(id=media_id).first()
    if media is None:
        raise NotFound("There is no such media.")
    return media


def studio_media_page(*, creator_id: UUID, before: UUID | None, limit: int) -> list[Media]:
    """The creator's own media, newest first, those made before the media `before`."""
    rows = _visible(creator_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[: _page(limit)])


def thumbnail(*, creator_id: UUID, media_id: UUID) -> SealedFile:
    """The file of the owner's 320 px WebP. Raises `NotFound`, `MediaNotMade`."""
    studio_media(creator_id=creator_id, media_id=media_id)
    row = MediaObject.objects.filter(media_id=media_id, role=ObjectRole.THUMBNAIL).first()
    if row is None:
        raise MediaNotMade("Still being checked.")
    return safe.file_of(row)


def unlock_links(
    *, account_id: UUID, session_key: str, entitlement_id: UUID, now: datetime
) -> list[Link]:
    """A link for each item of a standing unlock of this account. Raises `NotAvailable`."""
    items = (
        OfferItem.objects.filter(
            offer__unlocks__id=entitlement_id,
            offer__unlocks__fan_id=account_id,
            offer__unlocks__ended_at=None,
            media__owners__fan_id=account_id,
        )
        .order_by("position")
        .distinct()
    )
    found = [
        _link(Subject(entitlement_id, item.position, account_id, session_key), item, now)
        for item in items
    ]
    if not found:
        raise NotAvailable("Content not available.")
    return found


def linked_file(*, subject: Subject, expires: str, signature: str, now: datetime) -> SealedFile:
    """The file a link opens, if link, session and entitlement all hold now.

    Raises `NotAvailable` in every other case, the same for all of them.
    """
    if not links.holds(subject, expires=expires, signature=signature, now=now):
        raise NotAvailable("Content not available.")
    row = MediaObject.objects.filter(
        role=ObjectRole.SERVED,
        media__offered__position=subject.item,
        media__offered__offer__unlocks__id=subject.unlock_id,
        media__offered__offer__unlocks__fan_id=subject.account_id,
        media__offered__offer__unlocks__ended_at=None,
        media__owners__fan_id=subject.account_id,
    ).first()
    if row is None:
        raise NotAvailable("Content not available.")
    try:
        return safe.file_of(row)
    except Unreadable:
        raise NotAvailable("Content not available.") from None


def library(*, fan_id: UUID, before: UUID | None, limit: int) -> list[LibraryEntry]:
    """What the fan opened and still owns, newest first, those opened before `before`."""
    rows = Unlock.objects.filter(fan_id=fan_id, ended_at=None)
    if before is not None:
        rows = rows.filter(id__lt=before)
    unlocks = list(rows.order_by("-id")[: _page(limit)])
    facts = offer_facts(offer_ids=[unlock.offer_id for unlock in unlocks])
    creators = people({one.creator_id for one in facts.values()})
    return [
        LibraryEntry(
            unlock.id,
            unlock.unlocked_at,
            unlock.charged_cents,
            facts[unlock.offer_id],
            creators[facts[unlock.offer_id].creator_id].name,
        )
        for unlock in unlocks
    ]


def _visible(creator_id: UUID) -> QuerySet[Media]:
    return Media.objects.filter(creator_id=creator_id).exclude(state=MediaState.ERASED)


def _page(limit: int) -> int:
    return max(1, min(limit, PAGE_MAX))


def _link(subject: Subject, item: OfferItem, now: datetime) -> Link:
    url, expires = links.sign(subject, now=now)
    return Link(item.position, url, expires, item.width, item.height, SERVED_TYPE, item.size_bytes)
