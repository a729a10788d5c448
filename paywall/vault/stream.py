"""Hides how a part of a sealed object becomes plain bytes: only the chunks of the range are read.

Memory stays bounded by one chunk whatever the object, and one thread hop is made per chunk.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple
from uuid import UUID

from paywall.vault import sealed, store

SLICE_MAX_BYTES = 2 * 1024 * 1024  # the most one 206 answers: a legal shorter range
WHOLE_MAX_BYTES = 4 * 1024 * 1024  # above, an answer without Range is refused


class Span(NamedTuple):
    """Plain bytes `start` to `end`, both included, as HTTP counts them."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True)
class SealedFile:
    """An object of the store and the data key that opens it."""

    name: str
    object_id: UUID
    plain_bytes: int
    data_key: bytes


class RangeReader:
    """Reads spans of one sealed file, chunk by chunk. Use as a context manager."""

    def __init__(self, file: SealedFile) -> None:
        self._bytes: BinaryIO = store.open_object(file.name)
        try:
            raw = self._bytes.read(sealed.HEADER_BYTES)
            self._header = sealed.read_header(
                raw, object_id=file.object_id, plain_bytes=file.plain_bytes
            )
        except BaseException:
            self._bytes.close()
            raise
        self._cipher = sealed.cipher_of(file.data_key, file.object_id)

    def __enter__(self) -> "RangeReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._bytes.close()

    def chunk(self, index: int, span: Span) -> bytes:
        """What chunk `index` holds of `span`. Raises `Unreadable` when it was tampered with."""
        self._bytes.seek(sealed.chunk_offset(index))
        stored = self._bytes.read(sealed.SEALED_CHUNK_BYTES)
        plain = sealed.open_chunk(stored, index, header=self._header, cipher=self._cipher)
        base = index * sealed.CHUNK_BYTES
        return plain[max(0, span.start - base) : span.end + 1 - base]


def read(file: SealedFile, span: Span) -> Iterator[bytes]:
    """The plain bytes of the span, chunk by chunk. Raises `Unreadable` before any wrong byte."""
    with RangeReader(file) as reader:
        for index in _chunks(span):
            yield reader.chunk(index, span)


async def stream(file: SealedFile, span: Span) -> AsyncGenerator[bytes]:
    """As `read`, for an event loop: each chunk is read and opened in a thread."""
    reader = await asyncio.to_thread(RangeReader, file)
    try:
        for index in _chunks(span):
            yield await asyncio.to_thread(reader.chunk, index, span)
    finally:
        reader.close()


def _chunks(span: Span) -> range:
    return range(span.start // sealed.CHUNK_BYTES, span.end // sealed.CHUNK_BYTES + 1)
