"""Hides the APM1 object format: STREAM-chunked AES-256-GCM of which any range opens alone.

    object = header(40) | chunk_0 | ... | chunk_last      chunk = ciphertext (<= 64 KiB) + tag (16)
    header = "APM1" | suite u8 | log2(chunk) u8 | 0 u16 | object_id 16 | plain length u64
             | nonce prefix 7 | 0 u8
    nonce_i = prefix(7) | counter u32 big-endian | last flag u8, and AAD_i = header

The STREAM construction is that of Hoang, Reyhanitabar, Rogaway and Vizár (CRYPTO 2015): the
counter stops reordering, the last flag truncation, the header a swap or a changed length.
"""

import secrets
import struct
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from paywall.vault.keys import Unreadable, object_key

CHUNK_LOG2 = 16
CHUNK_BYTES = 1 << CHUNK_LOG2
TAG_BYTES = 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
PREFIX_BYTES = 7
MAGIC, SUITE_AES_256_GCM = b"APM1", 1
_HEADER = struct.Struct(">4sBBH16sQ7sB")
HEADER_BYTES = _HEADER.size


class Header(NamedTuple):
    """What the header of an object claims; true only once a chunk has been opened with it."""

    object_id: UUID
    plain_bytes: int
    prefix: bytes
    raw: bytes


def seal(plain: bytes, *, data_key: bytes, object_id: UUID) -> Iterator[bytes]:
    """The sealed object, piece by piece: its header, then its chunks."""
    prefix = secrets.token_bytes(PREFIX_BYTES)
    raw = _HEADER.pack(
        MAGIC, SUITE_AES_256_GCM, CHUNK_LOG2, 0, object_id.bytes, len(plain), prefix, 0
    )
    cipher = AESGCM(object_key(data_key, object_id))
    last = chunk_count(len(plain)) - 1
    yield raw
    for index in range(last + 1):
        chunk = plain[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
        yield cipher.encrypt(_nonce(prefix, index, index == last), chunk, raw)


def read_header(raw: bytes, *, object_id: UUID, plain_bytes: int) -> Header:
    """The header, checked against what the caller expects. Raises `Unreadable`."""
    try:
        magic, suite, log2, zero, identity, length, prefix, end = _HEADER.unpack(raw)
    except struct.error:
        raise Unreadable("The object is shorter than its header.") from None
    known = (magic, suite, log2, zero, end) == (MAGIC, SUITE_AES_256_GCM, CHUNK_LOG2, 0, 0)
    if not known or identity != object_id.bytes or length != plain_bytes:
        raise Unreadable("The header is not that of this object.")
    return Header(object_id, length, prefix, raw)


def open_chunk(sealed: bytes, index: int, *, header: Header, cipher: AESGCM) -> bytes:
    """The plain bytes of chunk `index`. Raises `Unreadable` for any change, move or cut."""
    last = index == chunk_count(header.plain_bytes) - 1
    try:
        return cipher.decrypt(_nonce(header.prefix, index, last), sealed, header.raw)
    except (InvalidTag, ValueError):
        raise Unreadable(f"Chunk {index} does not open.") from None


def open_whole(sealed: bytes, *, data_key: bytes, object_id: UUID, plain_bytes: int) -> bytes:
    """All plain bytes of an object held in memory. Raises `Unreadable`."""
    header = read_header(sealed[:HEADER_BYTES], object_id=object_id, plain_bytes=plain_bytes)
    if len(sealed) != sealed_bytes(plain_bytes):
        raise Unreadable("The object has another length than its header says.")
    cipher = cipher_of(data_key, object_id)
    return b"".join(
        open_chunk(sealed[at : at + SEALED_CHUNK_BYTES], index, header=header, cipher=cipher)
        for index, at in enumerate(range(HEADER_BYTES, len(sealed), SEALED_CHUNK_BYTES))
    )


def cipher_of(data_key: bytes, object_id: UUID) -> AESGCM:
    """The cipher of one object, to open several of its chunks."""
    return AESGCM(object_key(data_key, object_id))


def chunk_count(plain_bytes: int) -> int:
    """Number of chunks; an empty object has one empty chunk, so that it can be authenticated."""
    return max(1, -(-plain_bytes // CHUNK_BYTES))


def chunk_offset(index: int) -> int:
    """Where a chunk starts in the sealed object."""
    return HEADER_BYTES + index * SEALED_CHUNK_BYTES


def sealed_bytes(plain_bytes: int) -> int:
    """Length of the sealed object."""
    return HEADER_BYTES + plain_bytes + chunk_count(plain_bytes) * TAG_BYTES


def _nonce(prefix: bytes, index: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", index, last)
