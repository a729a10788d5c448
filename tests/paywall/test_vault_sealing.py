"""Sealed objects open whole and in part, and not at all once a bit, a place or a key is wrong."""

import secrets
from pathlib import Path
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from uuid_utils.compat import uuid7

from paywall.vault import keys, sealed, store
from paywall.vault.keys import Unreadable, Wrapped
from paywall.vault.sealed import CHUNK_BYTES, HEADER_BYTES, SEALED_CHUNK_BYTES
from paywall.vault.stream import RangeReader, SealedFile, Span, read, stream

KEY = keys.new_data_key()
LENGTHS = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 17]


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path: Path) -> Path:
    settings.MEDIA_STORE_DIR = tmp_path
    return tmp_path


def seal(plain: bytes, *, object_id: UUID, key: bytes = KEY) -> bytes:
    return b"".join(sealed.seal(plain, data_key=key, object_id=object_id))


def opened(blob: bytes, *, object_id: UUID, plain_bytes: int, key: bytes = KEY) -> bytes:
    return sealed.open_whole(blob, data_key=key, object_id=object_id, plain_bytes=plain_bytes)


@pytest.mark.parametrize("length", LENGTHS)
def test_an_object_opens_to_what_was_sealed_and_has_the_length_foretold(length: int) -> None:
    plain, object_id = secrets.token_bytes(length), uuid7()
    blob = seal(plain, object_id=object_id)
    assert opened(blob, object_id=object_id, plain_bytes=length) == plain
    assert len(blob) == sealed.sealed_bytes(length)
    assert length < 16 or plain[:16] not in blob


def test_the_header_is_laid_out_as_documented() -> None:
    object_id = uuid7()
    header = seal(b"abc", object_id=object_id)[:HEADER_BYTES]
    assert header[:8] == b"APM1\x01\x10\0\0"
    assert header[8:24] == object_id.bytes
    assert header[24:32] == (3).to_bytes(8, "big")
    assert header[39] == 0
    assert sealed.chunk_offset(2) == 40 + 2 * 65_552


@pytest.mark.parametrize("length", [5, CHUNK_BYTES + 5])
def test_any_flipped_bit_is_refused(length: int) -> None:
    plain, object_id = bytes(length), uuid7()
    blob = seal(plain, object_id=object_id)
    places = [*range(HEADER_BYTES), HEADER_BYTES, len(blob) // 2, len(blob) - 1]
    for place in places:
        changed = bytearray(blob)
        changed[place] ^= 0x01
        with pytest.raises(Unreadable):
            opened(bytes(changed), object_id=object_id, plain_bytes=length)


def test_a_cut_a_longer_and_a_reordered_object_are_refused() -> None:
    length, object_id = 3 * CHUNK_BYTES, uuid7()
    blob = seal(secrets.token_bytes(length), object_id=object_id)
    first, second = HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK_BYTES
    swapped = (
        blob[:first]
        + blob[second : second + SEALED_CHUNK_BYTES]
        + blob[first:second]
        + blob[second + SEALED_CHUNK_BYTES :]
    )
    for wrong in (blob[:-1], blob[:-SEALED_CHUNK_BYTES], blob + b"\0", blob[:20], b"", swapped):
        with pytest.raises(Unreadable):
            opened(wrong, object_id=object_id, plain_bytes=length)


def test_a_shorter_object_of_a_forged_length_is_refused() -> None:
    """Two whole chunks of three, header rewritten to say so: the last flag does not fit."""
    object_id = uuid7()
    blob = bytearray(seal(bytes(3 * CHUNK_BYTES), object_id=object_id))
    blob[24:32] = (2 * CHUNK_BYTES).to_bytes(8, "big")
    cut = bytes(blob[: HEADER_BYTES + 2 * SEALED_CHUNK_BYTES])
    with pytest.raises(Unreadable):
        opened(cut, object_id=object_id, plain_bytes=2 * CHUNK_BYTES)


def test_another_object_another_length_and_another_key_are_refused() -> None:
    object_id, other_id = uuid7(), uuid7()
    blob = seal(b"picture", object_id=object_id)
    with pytest.raises(Unreadable):
        opened(blob, object_id=other_id, plain_bytes=7)
    with pytest.raises(Unreadable):
        opened(blob, object_id=object_id, plain_bytes=8)
    with pytest.raises(Unreadable):
        opened(blob, object_id=object_id, plain_bytes=7, key=keys.new_data_key())
    renamed = blob[:8] + other_id.bytes + blob[24:]
    with pytest.raises(Unreadable):
        opened(renamed, object_id=other_id, plain_bytes=7)


def stored(plain: bytes) -> SealedFile:
    object_id = uuid7()
    name = store.put(sealed.seal(plain, data_key=KEY, object_id=object_id))
    return SealedFile(name, object_id, len(plain), KEY)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 0),
        (0, CHUNK_BYTES - 1),
        (CHUNK_BYTES - 1, CHUNK_BYTES),
        (CHUNK_BYTES, CHUNK_BYTES),
        (10, 3 * CHUNK_BYTES + 4),
        (3 * CHUNK_BYTES + 4, 3 * CHUNK_BYTES + 4),
    ],
)
async def test_a_range_reads_exactly_its_bytes_across_chunks(start: int, end: int) -> None:
    plain = secrets.token_bytes(3 * CHUNK_BYTES + 5)
    file = stored(plain)
    span = Span(start, end)
    assert b"".join(read(file, span)) == plain[start : end + 1]
    pieces = [piece async for piece in stream(RangeReader(file, span))]
    assert b"".join(pieces) == plain[start : end + 1]


def test_a_range_touches_only_its_own_chunks(own_store: Path) -> None:
    plain = secrets.token_bytes(3 * CHUNK_BYTES)
    file = stored(plain)
    path = own_store / file.name[:2] / file.name
    damaged = bytearray(path.read_bytes())
    damaged[HEADER_BYTES + 5] ^= 1  # in chunk 0
    path.write_bytes(damaged)
    whole = Span(0, len(plain) - 1)
    later = Span(CHUNK_BYTES, len(plain) - 1)
    assert b"".join(read(file, later)) == plain[CHUNK_BYTES:]
    with pytest.raises(Unreadable):
        list(read(file, whole))


def test_a_data_key_unwraps_only_for_its_kind_its_media_and_its_version() -> None:
    media_id, data_key = uuid7(), keys.new_data_key()
    wrapped = keys.wrap(data_key, kind="media", media_id=media_id)
    assert data_key not in wrapped.blob
    assert keys.unwrap(wrapped, kind="media", media_id=media_id) == data_key
    for kind, owner, candidate in (
        ("upload", media_id, wrapped),
        ("media", uuid7(), wrapped),
        ("media", media_id, Wrapped(2, wrapped.blob)),
        ("media", media_id, Wrapped(1, wrapped.blob[:-1] + bytes([wrapped.blob[-1] ^ 1]))),
    ):
        with pytest.raises(Unreadable):
            keys.unwrap(candidate, kind=kind, media_id=owner)


def test_after_a_rotation_new_keys_take_the_new_root_and_old_ones_still_open(settings) -> None:
    old, new = "aa" * 32, "bb" * 32
    media_id, data_key = uuid7(), keys.new_data_key()
    settings.MEDIA_KEK = old
    before = keys.wrap(data_key, kind="media", media_id=media_id)
    settings.MEDIA_KEK = f"2:{new},1:{old}"
    after = keys.wrap(data_key, kind="media", media_id=media_id)
    assert (before.root_version, after.root_version) == (1, 2)
    for wrapped in (before, after):
        assert keys.unwrap(wrapped, kind="media", media_id=media_id) == data_key
    settings.MEDIA_KEK = f"2:{new}"
    with pytest.raises(Unreadable):
        keys.unwrap(before, kind="media", media_id=media_id)
    assert keys.unwrap(after, kind="media", media_id=media_id) == data_key


@pytest.mark.parametrize("configured", ["", "abc", "zz" * 32, "1:" + "aa" * 16, "x:" + "aa" * 32])
def test_a_misspelt_root_key_stops_everything(settings, configured: str) -> None:
    settings.MEDIA_KEK = configured
    with pytest.raises(ImproperlyConfigured):
        keys.wrap(KEY, kind="media", media_id=uuid7())
