"""REST of media: uploads, the creator's vault, offers, links and the library."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from accounts.db import in_db
from accounts.errors import Malformed
from accounts.models import Account, Role
from accounts.web import RefusalOut, SignedIn
from paywall.api.media_files import protected
from paywall.commands import media as media_commands
from paywall.commands import uploads
from paywall.models.media import Media, MediaState
from paywall.queries import media as media_queries
from paywall.queries.media import LibraryEntry, Link
from paywall.queries.offers import OfferFacts, visible_offer
from paywall.vault.store import STORE_POOL
from paywall.vault.stream import read_whole
from paywall.vault.workshop import SANDBOX_POOL

router = Router(tags=["media"])
in_store = partial(database_sync_to_async, thread_sensitive=False, executor=STORE_POOL)
in_sandbox = partial(database_sync_to_async, thread_sensitive=False, executor=SANDBOX_POOL)
creator_only, fan_only, anyone = SignedIn(Role.CREATOR), SignedIn(Role.FAN), SignedIn()


class UploadIn(Schema):
    client_id: UUID
    size_bytes: int
    file_name: str = ""


class MediaOut(Schema):
    """A media of its creator. `offset` is where an upload goes on; `failure` a technical reason."""

    media_id: UUID
    state: str
    offset: int
    declared_bytes: int
    file_name: str
    failure: str
    width: int
    height: int
    size_bytes: int
    created_at: datetime
    thumbnail_url: str | None = None


class MediaPageOut(Schema):
    media: list[MediaOut]
    next_before: UUID | None = None


class OfferOut(Schema):
    """What may be known before paying; `lure` is a WebP in base64, 16 px on its long side."""

    offer_id: UUID
    creator_id: UUID
    conversation_id: UUID
    message_id: UUID | None
    price_cents: int
    media_count: int
    owned_count: int
    lure: str
    width: int
    height: int
    preview: str
    withdrawn: bool


class LinkOut(Schema):
    item: int
    url: str
    expires_at: datetime
    width: int
    height: int
    type: str
    size_bytes: int


class LibraryEntryOut(Schema):
    entitlement_id: UUID
    unlocked_at: datetime
    charged_cents: int
    creator: str
    offer: OfferOut


class LibraryOut(Schema):
    entries: list[LibraryEntryOut]
    next_before: UUID | None = None


def _media_out(media: Media) -> MediaOut:
    made = media.state in (MediaState.READY, MediaState.RETIRED)
    return MediaOut(
        media_id=media.id,
        state=media.state,
        offset=media.received_bytes,
        declared_bytes=media.declared_bytes,
        file_name=media.file_name,
        failure=media.failure,
        width=media.width,
        height=media.height,
        size_bytes=media.size_bytes,
        created_at=media.created_at,
        thumbnail_url=f"/api/studio/media/{media.id}/thumbnail" if made else None,
    )


def offer_out(facts: OfferFacts) -> OfferOut:
    """The facts of an offer as JSON carries them."""
    return OfferOut(
        offer_id=facts.offer_id,
        creator_id=facts.creator_id,
        conversation_id=facts.conversation_id,
        message_id=facts.message_id,
        price_cents=facts.price_cents,
        media_count=facts.media_count,
        owned_count=facts.owned_count,
        lure=b64encode(facts.lure).decode(),
        width=facts.width,
        height=facts.height,
        preview=facts.preview,
        withdrawn=facts.withdrawn,
    )


def _link_out(link: Link) -> LinkOut:
    return LinkOut(
        item=link.item,
        url=link.url,
        expires_at=datetime.fromtimestamp(link.expires, UTC),
        width=link.width,
        height=link.height,
        type=link.type,
        size_bytes=link.size_bytes,
    )


def _entry_out(entry: LibraryEntry) -> LibraryEntryOut:
    return LibraryEntryOut(
        entitlement_id=entry.entitlement_id,
        unlocked_at=entry.unlocked_at,
        charged_cents=entry.charged_cents,
        creator=entry.creator,
        offer=offer_out(entry.offer),
    )


def _account(request: HttpRequest) -> Account:
    account: Account = request.auth  # type: ignore[attr-defined]
    return account


def _part(request: HttpRequest) -> tuple[int, bytes]:
    """The offset and the bytes of a part. Raises `Malformed`."""
    text = request.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Malformed("Say where the part starts.", field="Upload-Offset", accepted="bytes")
    length = request.headers.get("Content-Length", "0")
    if not length.isdigit() or int(length) > uploads.PART_MAX_BYTES:
        accepted = f"at most {uploads.PART_MAX_BYTES} bytes"
        raise Malformed("The part is too long.", field="body", accepted=accepted)
    return int(text), request.body


@router.post(
    "/studio/media",
    auth=creator_only,
    response={200: MediaOut, frozenset({403, 409, 413, 422, 429}): RefusalOut},
    operation_id="start_upload",
)
async def start_upload(request: HttpRequest, upload: UploadIn) -> Any:
    """Announce a file; a known client_id answers the upload it started."""
    media = await in_db(uploads.start_upload)(
        creator_id=_account(request).id,
        client_id=upload.client_id,
        size_bytes=upload.size_bytes,
        file_name=upload.file_name,
        now=timezone.now(),
    )
    return _media_out(media)


@router.patch(
    "/studio/media/{uuid:media_id}",
    auth=creator_only,
    response={200: MediaOut, frozenset({403, 404, 409, 413, 415, 422, 503}): RefusalOut},
    operation_id="send_part",
)
async def send_part(request: HttpRequest, media_id: UUID) -> Any:
    """The next bytes, raw, at `Upload-Offset`; the last part answers with the finished media, or,
    while the store is away, with one that is still `processing`."""
    offset, part = _part(request)
    media = await in_store(uploads.receive_part)(
        creator_id=_account(request).id,
        media_id=media_id,
        offset=offset,
        part=part,
        now=timezone.now(),
    )
    if media.state == MediaState.PROCESSING:
        process = in_sandbox(media_commands.process_media)
        media = await process(media_id=media_id, now=timezone.now())
    return _media_out(media)


@router.get("/studio/media", auth=creator_only, response=MediaPageOut, operation_id="vault")
async def vault(request: HttpRequest, before: UUID | None = None, limit: int = 50) -> Any:
    """The creator's own media, newest first."""
    page = await in_db(media_queries.studio_media_page)(
        creator_id=_account(request).id, before=before, limit=limit
    )
    full = len(page) == max(1, min(limit, media_queries.PAGE_MAX))
    return MediaPageOut(
        media=[_media_out(media) for media in page], next_before=page[-1].id if full else None
    )


@router.get(
    "/studio/media/{uuid:media_id}",
    auth=creator_only,
    response={200: MediaOut, 404: RefusalOut},
    operation_id="studio_media",
)
async def studio_media(request: HttpRequest, media_id: UUID) -> Any:
    """One own media: its state, and where its upload goes on."""
    media = await in_db(media_queries.studio_media)(
        creator_id=_account(request).id, media_id=media_id
    )
    return _media_out(media)


@router.delete(
    "/studio/media/{uuid:media_id}",
    auth=creator_only,
    response={200: MediaOut, 404: RefusalOut},
    operation_id="delete_media",
)
async def delete_media(request: HttpRequest, media_id: UUID) -> Any:
    """Erase it, or, once sold, take it out of sale: buyers keep what they paid for."""
    media = await in_store(media_commands.delete_media)(
        creator_id=_account(request).id, media_id=media_id, now=timezone.now()
    )
    return _media_out(media)


@router.get(
    "/studio/media/{uuid:media_id}/thumbnail",
    auth=creator_only,
    operation_id="thumbnail",
    response={200: None, frozenset({404, 409, 503}): RefusalOut},
)
async def thumbnail(request: HttpRequest, media_id: UUID) -> HttpResponse:
    """The owner's small picture for the grid of the vault."""
    file = await in_db(media_queries.thumbnail)(creator_id=_account(request).id, media_id=media_id)
    picture = await asyncio.to_thread(read_whole, file)
    return protected(HttpResponse(picture, content_type=media_queries.THUMBNAIL_TYPE))


@router.get(
    "/offers/{uuid:offer_id}",
    auth=anyone,
    response={200: OfferOut, 404: RefusalOut},
    operation_id="offer",
)
async def offer(request: HttpRequest, offer_id: UUID) -> Any:
    """The facts of an offer, for its creator and for the fan who received it."""
    facts = await in_db(visible_offer)(account_id=_account(request).id, offer_id=offer_id)
    return offer_out(facts)


@router.post(
    "/unlocks/{uuid:entitlement_id}/links",
    auth=fan_only,
    response={200: list[LinkOut], 403: RefusalOut},
    operation_id="unlock_links",
)
async def unlock_links(request: HttpRequest, entitlement_id: UUID) -> Any:
    """A link for each item, for this session alone and for five minutes."""
    links = await in_db(media_queries.unlock_links)(
        account_id=_account(request).id,
        session_key=request.session.session_key or "",
        entitlement_id=entitlement_id,
        now=timezone.now(),
    )
    return [_link_out(link) for link in links]


@router.get("/library", auth=fan_only, response=LibraryOut, operation_id="library")
async def library(request: HttpRequest, before: UUID | None = None, limit: int = 50) -> Any:
    """What this fan opened, newest first."""
    entries = await in_db(media_queries.library)(
        fan_id=_account(request).id, before=before, limit=limit
    )
    full = len(entries) == max(1, min(limit, media_queries.PAGE_MAX))
    return LibraryOut(
        entries=[_entry_out(entry) for entry in entries],
        next_before=entries[-1].entitlement_id if full else None,
    )
