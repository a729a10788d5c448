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
    """Reads one span of a sealed file, chunk by chunk. Use as a context manager.

    Making one asks the store, and raises what it does; nothing can be wrong with the store later,
    but for a folder whose disk fails. Raises `Unreadable` for another header than expected.
    """

    def __init__(self, file: SealedFile, span: Span) -> None:
        self._span = span
        raw, self._bytes = _opened(file, span)
        try:
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
        """Give the bytes back; harmless when repeated."""
        self._bytes.close()

    def chunks(self) -> Iterator[bytes]:
        """What each chunk holds of the span, in order. Raises `Unreadable` before a wrong byte."""
        for index in _chunks(self._span):
            stored = self._bytes.read(sealed.SEALED_CHUNK_BYTES)
            plain = sealed.open_chunk(stored, index, header=self._header, cipher=self._cipher)
            base = index * sealed.CHUNK_BYTES
            yield plain[max(0, self._span.start - base) : self._span.end + 1 - base]


def read(file: SealedFile, span: Span) -> Iterator[bytes]:
    """The plain bytes of the span, chunk by chunk. Raises what a `RangeReader` does."""
    with RangeReader(file, span) as reader:
        yield from reader.chunks()


def read_whole(file: SealedFile) -> bytes:
    """All plain bytes, in memory. Raises what a `RangeReader` does."""
    return b"".join(read(file, Span(0, file.plain_bytes - 1)))


async def stream(reader: RangeReader) -> AsyncGenerator[bytes]:
    """As `chunks`, for an event loop: each is read and opened in a thread. Closes the reader."""
    chunks = reader.chunks()
    try:
        while piece := await asyncio.to_thread(next, chunks, b""):
            yield piece
    finally:
        reader.close()


def _opened(file: SealedFile, span: Span) -> tuple[bytes, BinaryIO]:
    """The header, and the chunks of the span; the store is asked once where they adjoin."""
    indices = _chunks(span)
    start = sealed.chunk_offset(indices.start)
    end = min(sealed.chunk_offset(indices.stop), sealed.sealed_bytes(file.plain_bytes))
    if indices.start == 0:
        stored = store.open_object(file.name, 0, end)
        return stored.read(sealed.HEADER_BYTES), stored
    with store.open_object(file.name, 0, sealed.HEADER_BYTES) as header:
        return header.read(sealed.HEADER_BYTES), store.open_object(file.name, start, end)


def _chunks(span: Span) -> range:
    return range(span.start // sealed.CHUNK_BYTES, span.end // sealed.CHUNK_BYTES + 1)
