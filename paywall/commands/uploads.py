"""An upload: announced, then sent in sealed parts that survive a broken line."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import Malformed, Refusal
from accounts.policies import require_certified
from paywall.commands.media import own_media, refusal_of
from paywall.models.media import KeyKind, Media, MediaState, ObjectRole
from paywall.vault import gate, safe, store
from paywall.vault.keys import new_data_key

PART_MAX_BYTES = 2 * 1024 * 1024
PART_MIN_BYTES = 64 * 1024  # but the last: nobody stores a file byte by byte
UPLOADS_OPEN_MAX = 20  # of one creator
FILE_NAME_MAX_CHARACTERS = 255


class OffsetMismatch(Malformed):
    """The part does not start where the upload stands: `offset` says where to go on."""

    status = 409


class UploadIdReused(Refusal):
    """This client_id already stands for another upload."""

    code = "client_id_reused"


class TooManyUploads(Refusal):
    """Finish or leave some of the running uploads first."""

    code = "too_fast"
    status = 429


def start_upload(
    *, creator_id: UUID, client_id: UUID, size_bytes: int, file_name: str = "", now: datetime
) -> Media:
    """A media waiting for its bytes, with its own quarantine key; a replay returns the first one.

    Raises `NotCertified`, `FileTooBig`, `Malformed`, `UploadIdReused`, `TooManyUploads`.
    """
    require_certified(creator_id)
    _check_declaration(size_bytes, file_name)
    try:
        with transaction.atomic():
            return _start(creator_id, client_id, size_bytes, file_name, now)
    except IntegrityError:  # another device was quicker with the same client_id
        return _same_upload(creator_id, client_id, size_bytes)


def receive_part(
    *, creator_id: UUID, media_id: UUID, offset: int, part: bytes, now: datetime
) -> Media:
    """Seal the next bytes of an upload; with the last one the media is `processing`.

    Raises `NotFound`, `NotCertified`, `Malformed` for a wrong length, `OffsetMismatch`,
    `StoreAway`. Waits for the store outside of any transaction.
    """
    require_certified(creator_id)
    media = own_media(creator_id=creator_id, media_id=media_id)
    _check_part(media, offset, len(part))
    key = safe.key_of(media_id=media_id, kind=KeyKind.UPLOAD)
    row = safe.seal_file(
        part, media_id=media_id, role=ObjectRole.PART, data_key=key, position=offset
    )
    with store.removed_on_failure([row.name]), transaction.atomic():
        media = Media.objects.select_for_update().get(id=media_id)
        _check_part(media, offset, len(part))
        row.save(force_insert=True)
        media.received_bytes += len(part)
        if media.received_bytes == media.declared_bytes:
            media.state = MediaState.PROCESSING
        media.changed_at = now
        media.save(update_fields=["received_bytes", "state", "changed_at"])
    return media


def _check_declaration(size_bytes: int, file_name: str) -> None:
    if size_bytes < 1:
        raise Malformed("An upload has at least one byte.", field="size_bytes", accepted=">= 1")
    if size_bytes > gate.MAX_BYTES:
        raise refusal_of(gate.Rejected("file_too_big", "bytes"))
    if len(file_name) > FILE_NAME_MAX_CHARACTERS:
        accepted = f"at most {FILE_NAME_MAX_CHARACTERS} characters"
        raise Malformed("The file name is too long.", field="file_name", accepted=accepted)


def _start(
    creator_id: UUID, client_id: UUID, size_bytes: int, file_name: str, now: datetime
) -> Media:
    if Media.objects.filter(creator_id=creator_id, client_id=client_id).exists():
        return _same_upload(creator_id, client_id, size_bytes)
    running = Media.objects.filter(creator_id=creator_id, state=MediaState.UPLOADING)
    if running.count() >= UPLOADS_OPEN_MAX:
        raise TooManyUploads("Too many unfinished uploads.", limit=UPLOADS_OPEN_MAX)
    media = Media.objects.create(
        creator_id=creator_id,
        client_id=client_id,
        declared_bytes=size_bytes,
        file_name=file_name,
        created_at=now,
        changed_at=now,
    )
    safe.add_key(new_data_key(), media_id=media.id, kind=KeyKind.UPLOAD)
    return media


def _same_upload(creator_id: UUID, client_id: UUID, size_bytes: int) -> Media:
    media = Media.objects.get(creator_id=creator_id, client_id=client_id)
    if media.declared_bytes != size_bytes:
        raise UploadIdReused("This client_id started an upload of another size.")
    return media


def _check_part(media: Media, offset: int, length: int) -> None:
    if media.state != MediaState.UPLOADING or offset != media.received_bytes:
        raise OffsetMismatch(
            "The upload stands elsewhere.",
            field="Upload-Offset",
            accepted=str(media.received_bytes),
            offset=media.received_bytes,
            state=media.state,
        )
    left = media.declared_bytes - offset
    least = min(PART_MIN_BYTES, left)
    most = min(PART_MAX_BYTES, left)
    if not least <= length <= most:
        accepted = f"{least} to {most} bytes"
        raise Malformed("The part has a wrong length.", field="body", accepted=accepted)
