"""Hides the bond of rows, keys and files: media are sealed, read and shredded by their id."""

from collections.abc import Collection, Iterable
from uuid import UUID

from uuid_utils.compat import uuid7

from paywall.models.media import KeyKind, MediaKey, MediaObject, ObjectRole
from paywall.vault import keys, sealed, store
from paywall.vault.keys import Unreadable, Wrapped
from paywall.vault.stream import SealedFile

_KIND_OF_ROLE = {
    ObjectRole.PART: KeyKind.UPLOAD,
    ObjectRole.SERVED: KeyKind.MEDIA,
    ObjectRole.THUMBNAIL: KeyKind.MEDIA,
    ObjectRole.LURE: KeyKind.MEDIA,
}


def add_key(data_key: bytes, *, media_id: UUID, kind: KeyKind) -> None:
    """Store the media's key of this kind, wrapped."""
    wrapped = keys.wrap(data_key, kind=kind, media_id=media_id)
    MediaKey.objects.create(
        media_id=media_id, kind=kind, root_version=wrapped.root_version, wrapped=wrapped.blob
    )


def key_of(*, media_id: UUID, kind: KeyKind) -> bytes:
    """The media's plain key. Raises `Unreadable` once it was destroyed."""
    found = keys_of(media_ids=[media_id], kind=kind)
    if media_id not in found:
        raise Unreadable("The key of this media was destroyed.")
    return found[media_id]


def keys_of(*, media_ids: Collection[UUID], kind: KeyKind) -> dict[UUID, bytes]:
    """The plain keys that still exist, by media."""
    rows = MediaKey.objects.filter(media_id__in=media_ids, kind=kind)
    return {row.media_id: _open(row) for row in rows}


def seal_file(
    plain: bytes, *, media_id: UUID, role: ObjectRole, data_key: bytes, position: int = 0
) -> MediaObject:
    """Seal bytes into the store; the row that names the file is returned unsaved.

    The file is durable before any row speaks of it; a file that no row names is swept away.
    """
    object_id = uuid7()
    name = store.put(sealed.seal(plain, data_key=data_key, object_id=object_id))
    return MediaObject(
        id=object_id,
        media_id=media_id,
        role=role,
        position=position,
        name=name,
        plain_bytes=len(plain),
    )


def seal_inline(plain: bytes, *, media_id: UUID, role: ObjectRole, data_key: bytes) -> MediaObject:
    """Seal a few bytes into the row itself, returned unsaved."""
    object_id = uuid7()
    blob = b"".join(sealed.seal(plain, data_key=data_key, object_id=object_id))
    return MediaObject(
        id=object_id, media_id=media_id, role=role, inline=blob, plain_bytes=len(plain)
    )


def read_inline(row: MediaObject, data_key: bytes) -> bytes:
    """The plain bytes of a row made by `seal_inline`. Raises `Unreadable`."""
    return sealed.open_whole(
        bytes(row.inline), data_key=data_key, object_id=row.id, plain_bytes=row.plain_bytes
    )


def file_of(row: MediaObject) -> SealedFile:
    """The file of a row with the key that opens it. Raises `Unreadable` after shredding."""
    data_key = key_of(media_id=row.media_id, kind=_KIND_OF_ROLE[ObjectRole(row.role)])
    return SealedFile(row.name, row.id, row.plain_bytes, data_key)


def shred(*, media_id: UUID, kinds: Iterable[KeyKind]) -> list[str]:
    """Destroy these keys and the rows of what they sealed; assumes a transaction.

    From its commit nobody can read those bytes. Returns the files left to remove from the store.
    """
    kinds = set(kinds)
    roles = [role for role, kind in _KIND_OF_ROLE.items() if kind in kinds]
    objects = MediaObject.objects.filter(media_id=media_id, role__in=roles)
    names = [name for name in objects.values_list("name", flat=True) if name]
    objects.delete()
    MediaKey.objects.filter(media_id=media_id, kind__in=kinds).delete()
    return names


def rewrap(*, limit: int) -> int:
    """Bring up to `limit` keys to the current root version; no data is sealed again.

    Returns how many were changed: 0 means that older root versions can be retired.
    """
    current = keys.current_root_version()
    rows = list(MediaKey.objects.exclude(root_version=current).order_by("id")[:limit])
    for row in rows:
        wrapped = keys.wrap(_open(row), kind=row.kind, media_id=row.media_id)
        row.root_version, row.wrapped = wrapped.root_version, wrapped.blob
    MediaKey.objects.bulk_update(rows, ["root_version", "wrapped"])
    return len(rows)


def _open(row: MediaKey) -> bytes:
    wrapped = Wrapped(row.root_version, bytes(row.wrapped))
    return keys.unwrap(wrapped, kind=row.kind, media_id=row.media_id)
