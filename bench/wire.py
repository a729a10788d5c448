"""Hides RFC 6455: a WebSocket client thin enough not to be what a load generator measures."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping

ACCEPT_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
FINAL, MASKED = 0x80, 0x80
OPEN_SECONDS = 30.0


class Wire(asyncio.Protocol):
    """One client connection: `on_message` gets each message.

    `on_lost` is what hears, once the connection is open, that it is over.
    """

    def __init__(self, on_message: Callable[[bytes], None]) -> None:
        self._on_message = on_message
        self.on_lost: Callable[[], None] = lambda: None
        self.lost = False
        self._buffer = bytearray()
        self._mask = secrets.token_bytes(4)
        self._opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(ConnectionError("closed during the handshake"))
        self.lost = True
        self.on_lost()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded and not self._read_upgrade():
            return
        while (frame := self._take_frame()) is not None:
            self._handle(*frame)

    async def handshake(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        """Ask for the upgrade; raises `ConnectionError` when the server answers otherwise."""
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        fields = {
            "Host": f"127.0.0.1:{port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
            **headers,
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items()), "", ""]
        self._write("\r\n".join(lines).encode())
        head = await asyncio.wait_for(self._opened, OPEN_SECONDS)
        digest = hashlib.sha1((key + ACCEPT_KEY).encode(), usedforsecurity=False).digest()
        if " 101 " not in head.split("\r\n")[0] or base64.b64encode(digest).decode() not in head:
            raise ConnectionError(head.split("\r\n")[0])

    def send(self, payload: bytes) -> None:
        """Send one binary message."""
        self._send_frame(BINARY, payload)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = bytes((FINAL | opcode, MASKED | size))
        else:
            head = bytes((FINAL | opcode, MASKED | 126)) + size.to_bytes(2)
        key = self._mask * (size // 4 + 1)
        mixed = int.from_bytes(payload) ^ int.from_bytes(key[:size])
        self._write(head + self._mask + mixed.to_bytes(size))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _read_upgrade(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._upgraded = True
        if not self._opened.done():
            self._opened.set_result(self._buffer[:end].decode("latin1"))
        del self._buffer[: end + 4]
        return True

    def _take_frame(self) -> tuple[int, bytes] | None:
        """The next whole frame; servers do not mask theirs, and ours do not fragment."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start])
        if len(buffer) < start + size:
            return None
        frame = buffer[0] & 0x0F, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return frame

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._send_frame(PONG, payload)
        elif opcode == CLOSE:
            self.close()
        elif opcode != PONG:
            self._on_message(payload)


async def open_wire(
    *,
    port: int,
    path: str,
    headers: Mapping[str, str],
    on_message: Callable[[bytes], None],
    on_lost: Callable[[], None],
    source: str = "127.0.0.1",
) -> Wire:
    """An open connection to this machine; raises `OSError` when there is none to be had.

    `source` is our own address: each of 127.0.0.0/8 has ports of its own.
    """
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(
        lambda: Wire(on_message), "127.0.0.1", port, local_addr=(source, 0)
    )
    try:
        await wire.handshake(port, path, headers)
        if wire.lost:
            raise ConnectionError("closed after the handshake")
    except BaseException:
        wire.close()
        raise
    wire.on_lost = on_lost
    return wire
