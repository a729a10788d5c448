"""Hides what Daphne spends on frames: the usual one is read and written here, in few steps.

Of the CPU that a message cost a socket, most went into Autobahn's state machine, frame by frame,
and into asking the selector for each write. Here whole binary frames are taken out of what arrived,
and all that one turn of the loop says to a socket leaves in one write, at once where the kernel
takes it. Everything else (handshake, text, fragments, control frames, TLS) stays with Autobahn.
"""

import asyncio
from typing import Any

import daphne.ws_protocol
from twisted.internet.tcp import Connection

BURST_MAX_BYTES = 65_536  # what is said beyond leaves in the middle of a turn
_WHOLE_BINARY, _WHOLE_TEXT = 0x82, 0x81  # the last and only fragment of a message
_MASKED, _TWO_BYTES = 0x80, 126


class FrameProtocol(daphne.ws_protocol.WebSocketProtocol):
    """Daphne's protocol with a short way for the frames that make up the load."""

    def connectionMade(self) -> None:  # noqa: N802
        super().connectionMade()
        self._burst = bytearray()
        self._plain = isinstance(self.transport, Connection)  # else TLS stands in between

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take the whole frames at the front; what is left, if anything, is Autobahn's."""
        if self.state == self.STATE_OPEN and self._between_messages():
            data = self._take_whole(data)
        if data:
            super().dataReceived(data)

    def _between_messages(self) -> bool:
        return not self.data and self.current_frame is None and not self.inside_message

    def _take_whole(self, data: bytes) -> bytes:
        while len(data) >= 6 and data[0] == _WHOLE_BINARY and self.state == self.STATE_OPEN:
            size, start = data[1] - _MASKED, 2
            if size == _TWO_BYTES:
                size, start = int.from_bytes(data[2:4]), 4
            elif not 0 <= size < _TWO_BYTES:
                break  # without a mask, or longer than a frame may be
            end = start + 4 + size
            if len(data) < end:
                break
            self.onMessage(_unmasked(data[start : start + 4], data[start + 4 : end]), True)
            data = data[end:]
        return data

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802
        """Send it at the end of this turn of the loop, with all that is said until then."""
        if self.state != self.STATE_OPEN or self._perMessageCompress is not None:
            super().serverSend(content, binary)
            return
        payload = content if binary else content.encode()
        if not self._burst:
            asyncio.get_running_loop().call_soon(self._write_burst)
        self._burst += _header(_WHOLE_BINARY if binary else _WHOLE_TEXT, len(payload))
        self._burst += payload
        if len(self._burst) > BURST_MAX_BYTES:
            self._write_burst()

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        """Close after the last words."""
        self._write_burst()
        super().serverClose(code)

    def _write_burst(self) -> None:
        data = bytes(self._burst)
        self._burst.clear()
        if not data or self.state != self.STATE_OPEN:
            return
        if self._plain and _nothing_waits(self.transport):
            sent = self.transport.writeSomeData(data)  # or the error that `write` will meet again
            data = data[sent:] if isinstance(sent, int) else data
        if data:
            self.transport.write(data)


def _nothing_waits(transport: Any) -> bool:
    """Whether a write now goes out behind nothing that was to be sent before."""
    return not transport._tempDataBuffer and transport.offset == len(transport.dataBuffer)


def _header(first: int, size: int) -> bytes:
    """Of a frame from a server, which is not masked."""
    if size < _TWO_BYTES:
        return bytes((first, size))
    if size < 1 << 16:
        return bytes((first, _TWO_BYTES)) + size.to_bytes(2)
    return bytes((first, 127)) + size.to_bytes(8)


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    """The payload with each four bytes combined with the mask: as one number, in C."""
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size])
    return (int.from_bytes(payload) ^ key).to_bytes(size)
