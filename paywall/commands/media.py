"""What becomes of uploaded media: made clean and sealed, taken out of sale, erased."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.errors import NotFound, Refusal
from paywall.models.media import KeyKind, Media, MediaObject, MediaState, ObjectRole, Ownership
from paywall.vault import gate, safe, store, stream, workshop
from paywall.vault.keys import Unreadable, new_data_key
from paywall.vault.sandbox import Pictures

UPLOAD_LIFETIME = timedelta(hours=24)
PROCESSING_STALLED = timedelta(minutes=2)  # longer than a sandbox may live
RESUMED_AT_ONCE = 1  # the clock waits for it
BATCH = 200


class FileType(Refusal):
    """No picture of ours, or a damaged one; `accepted` names the formats."""

    code = "file_type"
    status = 415


class FileTooBig(Refusal):
    """More bytes, pixels or pixels a side than `max_*` say."""

    code = "file_too_big"
    status = 413


def process_media(*, media_id: UUID, now: datetime) -> Media:
    """Make an uploaded file into clean, sealed pictures, and destroy the upload with its key.

    Runs the sandbox: call it where blocking for a second is harmless. Harmless when repeated or
    run twice at once. Raises `FileType` or `FileTooBig` after the media was marked `failed`. While
    the store is away the media stays `processing`, and `resume_processing` takes it up.
    """
    media = Media.objects.get(id=media_id)
    if media.state != MediaState.PROCESSING:
        return media
    try:
        pictures = workshop.develop(_uploaded_bytes(media))
        return _keep(media_id, pictures, now)
    except store.StoreAway:
        return media
    except (gate.Rejected, Unreadable, FileNotFoundError) as error:
        rejected = error if isinstance(error, gate.Rejected) else gate.Rejected("file_type", "lost")
        media = _fail(media_id, rejected.reason, now, only=MediaState.PROCESSING)
        if media.state != MediaState.FAILED:  # someone else was quicker, and let the upload go
            return media
        raise refusal_of(rejected) from None


def delete_media(*, creator_id: UUID, media_id: UUID, now: datetime) -> Media:
    """The creator's wish: sold media only leave the shop, unsold ones are erased. Repeatable."""
    with transaction.atomic():
        media = own_media(creator_id=creator_id, media_id=media_id, lock=True)
        if Ownership.objects.filter(media_id=media_id).exists():
            media.state, media.changed_at = MediaState.RETIRED, now
            media.save(update_fields=["state", "changed_at"])
            return media
        return erase_media(media_id=media_id, now=now)


def erase_media(*, media_id: UUID, now: datetime) -> Media:
    """Destroy the keys of a media: from the commit nobody, not even we, can read any copy of it."""
    with transaction.atomic():
        media = Media.objects.select_for_update().get(id=media_id)
        names = safe.shred(media_id=media_id, kinds=KeyKind)
        media.state, media.file_name, media.changed_at = MediaState.ERASED, "", now
        media.save(update_fields=["state", "file_name", "changed_at"])
        transaction.on_commit(lambda: store.remove(names))
    return media


def abandon_uploads(*, now: datetime) -> int:
    """Fail and shred uploads that got no byte for 24 h; returns how many."""
    stale = Media.objects.filter(
        state=MediaState.UPLOADING, changed_at__lte=now - UPLOAD_LIFETIME
    ).order_by("id")
    media_ids = list(stale.values_list("id", flat=True)[:BATCH])
    for media_id in media_ids:
        _fail(media_id, "abandoned", now, only=MediaState.UPLOADING)
    return len(media_ids)


def resume_processing(*, now: datetime) -> int:
    """Process what a crash left behind; returns how many media were taken up."""
    stalled = Media.objects.filter(
        state=MediaState.PROCESSING, changed_at__lte=now - PROCESSING_STALLED
    ).order_by("id")
    media_ids = list(stalled.values_list("id", flat=True)[:RESUMED_AT_ONCE])
    for media_id in media_ids:
        try:
            process_media(media_id=media_id, now=now)
        except (FileType, FileTooBig):
            continue  # recorded on the media
    return len(media_ids)


def rewrap_keys(*, now: datetime) -> int:
    """After a rotation, bring a batch of keys to the newest root key; returns how many."""
    with transaction.atomic():
        return safe.rewrap(limit=BATCH)


def sweep_store(*, now: datetime) -> int:
    """Remove files of the store that no row names and that are older than any upload; how many."""
    names = list(store.names_older_than(now - UPLOAD_LIFETIME))
    orphans = 0
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        known = set(MediaObject.objects.filter(name__in=batch).values_list("name", flat=True))
        lost = [name for name in batch if name not in known]
        store.remove(lost)
        orphans += len(lost)
    return orphans


def refusal_of(rejected: gate.Rejected) -> Refusal:
    """The gate's no as people read it, with every limit that a client shows."""
    kind = FileTooBig if rejected.code == FileTooBig.code else FileType
    return kind(
        f"Not accepted: {rejected.reason}.",
        reason=rejected.reason,
        accepted=list(gate.ACCEPTED),
        max_bytes=gate.MAX_BYTES,
        max_pixels=gate.MAX_PIXELS,
        max_side_px=gate.MAX_SIDE_PX,
    )


def own_media(*, creator_id: UUID, media_id: UUID, lock: bool = False) -> Media:
    """This creator's media, locked on demand. Raises `NotFound`, also for what was erased."""
    rows = Media.objects.exclude(state=MediaState.ERASED)
    if lock:
        rows = rows.select_for_update()
    media = rows.filter(creator_id=creator_id, id=media_id).first()
    if media is None:
        raise NotFound("There is no such media.")
    return media


def _uploaded_bytes(media: Media) -> bytes:
    """The whole upload in memory: at most `gate.MAX_BYTES`. Raises `Unreadable`."""
    rows = MediaObject.objects.filter(media_id=media.id, role=ObjectRole.PART).order_by("position")
    return b"".join(stream.read_whole(safe.file_of(row)) for row in rows)


def _keep(media_id: UUID, pictures: Pictures, now: datetime) -> Media:
    """Seal the pictures under the media's own key and let the upload go, all in one commit."""
    key = new_data_key()
    rows = _seal(media_id, pictures, key)
    names = [row.name for row in rows]
    with store.removed_on_failure(names), transaction.atomic():
        media = Media.objects.select_for_update().get(id=media_id)
        if media.state != MediaState.PROCESSING:  # someone else was quicker
            transaction.on_commit(lambda: store.remove(names))
            return media
        safe.add_key(key, media_id=media_id, kind=KeyKind.MEDIA)
        MediaObject.objects.bulk_create(rows)
        _let_upload_go(media_id)
        media.width, media.height = pictures.width, pictures.height
        media.size_bytes = len(pictures.served)
        media.state, media.changed_at = MediaState.READY, now
        media.save(update_fields=["width", "height", "size_bytes", "state", "changed_at"])
    return media


def _seal(media_id: UUID, pictures: Pictures, key: bytes) -> list[MediaObject]:
    files = ((ObjectRole.SERVED, pictures.served), (ObjectRole.THUMBNAIL, pictures.thumbnail))
    rows = [
        safe.seal_file(plain, media_id=media_id, role=role, data_key=key) for role, plain in files
    ]
    lure = pictures.lure
    return [
        *rows,
        safe.seal_inline(lure, media_id=media_id, role=ObjectRole.LURE, data_key=key),
    ]


def _fail(media_id: UUID, reason: str, now: datetime, *, only: MediaState) -> Media:
    """Record a technical failure and shred the upload; nothing when the media moved on."""
    with transaction.atomic():
        media = Media.objects.select_for_update().get(id=media_id)
        if media.state == only:
            _let_upload_go(media_id)
            media.state, media.failure, media.changed_at = MediaState.FAILED, reason, now
            media.save(update_fields=["state", "failure", "changed_at"])
    return media


def _let_upload_go(media_id: UUID) -> None:
    names = safe.shred(media_id=media_id, kinds=[KeyKind.UPLOAD])
    transaction.on_commit(lambda: store.remove(names))
