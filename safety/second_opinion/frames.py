"""What the server and the worker of the second stage say to each other, and how it lies in bytes.

A frame is four bytes of length, then MessagePack. Nothing else crosses the socket.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping

import msgspec

FRAME_MAX_BYTES = 64 * 1024  # a message of 5,200 characters takes 21 KB at most
_LENGTH = struct.Struct(">I")


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text, the language the first stage heard (empty: unknown), and its chances for the
    policies it is unsure of."""

    id: int
    text: str
    language: str
    chances: dict[str, float]


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New chances for those policies, and the checksum of the model that found them.

    `chances` is None when the worker has too much to do.
    """

    id: int
    model: str
    chances: dict[str, float] | None


class BadFrame(ValueError):
    """The other side does not speak this protocol."""


def ask(*, id: int, text: str, language: str, chances: Mapping[str, float]) -> Ask:
    """A question whose text can be sent: half a surrogate pair becomes a question mark."""
    sound = text.encode("utf-8", "replace").decode("utf-8")
    return Ask(id=id, text=sound, language=language, chances=dict(chances))


def packed(frame: Ask | Answer) -> bytes:
    """A frame with its length before it."""
    body = msgspec.msgpack.encode(frame)
    return _LENGTH.pack(len(body)) + body


async def read[Frame: (Ask, Answer)](reader: asyncio.StreamReader, kind: type[Frame]) -> Frame:
    """The next frame. Raises `BadFrame`, or `asyncio.IncompleteReadError` at the end."""
    size = _size(await reader.readexactly(_LENGTH.size))
    return _unpacked(await reader.readexactly(size), kind)


def receive[Frame: (Ask, Answer)](connection: socket.socket, kind: type[Frame]) -> Frame:
    """As `read`, for a thread that may wait. Raises `OSError` at the end or when time is up."""
    return _unpacked(_exactly(connection, _size(_exactly(connection, _LENGTH.size))), kind)


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise ConnectionError("the other side is gone")
        found += part
    return bytes(found)


def _size(head: bytes) -> int:
    (size,) = _LENGTH.unpack(head)
    if size > FRAME_MAX_BYTES:
        raise BadFrame("a frame is too long")
    return int(size)


def _unpacked[Frame: (Ask, Answer)](body: bytes, kind: type[Frame]) -> Frame:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except msgspec.MsgspecError:
        raise BadFrame(f"not one of our frames: {kind.__name__}") from None
