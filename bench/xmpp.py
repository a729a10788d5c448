"""Hides RFC 6120: as much XMPP as two people need to write to each other over loopback.

Registration in band, SASL PLAIN, a bound resource, and messages with a body; no TLS.
"""

import asyncio
import base64
import re
from collections.abc import Callable

from bench.load import BODY_BYTES, OneWay

HOST, PASSWORD = "localhost", "bench"
STEP_SECONDS = 60.0
HEADER = (
    f"<stream:stream to='{HOST}' xmlns='jabber:client' version='1.0' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)
FEATURES = re.compile(rb"</stream:features>|<stream:features/>")
AUTHENTICATED = re.compile(rb"<success\b|<failure\b[^>]*>.*?</failure>", re.DOTALL)
PRESENT = re.compile(rb"<presence\b[^>]*>")
BODY = re.compile(rb"<body>(\d+)")
MESSAGE_END = b"</message>"


class Stream(asyncio.Protocol):
    """One person's connection; `on_message` hears the number each message begins with."""

    def __init__(self, on_message: Callable[[int], None]) -> None:
        self._on_message = on_message
        self._buffer = bytearray()
        self._awaited: tuple[re.Pattern[bytes], asyncio.Future[bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._awaited is not None and not self._awaited[1].done():
            self._awaited[1].set_exception(ConnectionError("the stream was closed"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._awaited is not None:
            self._look_for(*self._awaited)
            return
        end = self._buffer.rfind(MESSAGE_END)
        if end >= 0:
            stanzas = bytes(self._buffer[:end])
            del self._buffer[: end + len(MESSAGE_END)]
            for number in BODY.findall(stanzas):
                self._on_message(int(number))

    async def sign_in(self, name: str) -> None:
        """Register, authenticate and be there. Raises `ConnectionError` when refused."""
        await self._ask(HEADER, FEATURES)
        await self._iq(
            "register",
            f"<query xmlns='jabber:iq:register'><username>{name}</username>"
            f"<password>{PASSWORD}</password></query>",
        )
        token = base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
        answer = await self._ask(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + token + "</auth>",
            AUTHENTICATED,
        )
        if not answer.startswith(b"<success"):
            raise ConnectionError(f"not authenticated: {answer.decode(errors='replace')}")
        await self._ask(HEADER, FEATURES)
        await self._iq("bind", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
        await self._ask("<presence/>", PRESENT)
        self._awaited = None

    def say(self, number: int, *, to: str) -> None:
        """Send a message of the usual size that begins with this number."""
        body = f"{number} ".ljust(BODY_BYTES, ".")
        self._write(
            f"<message to='{to}@{HOST}' type='chat' id='{number}'><body>{body}</body></message>"
        )

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _iq(self, name: str, content: str) -> None:
        answered = re.compile(rb"<iq\b[^>]*\bid=['\"]" + name.encode() + rb"['\"][^>]*>")
        answer = await self._ask(f"<iq type='set' id='{name}'>{content}</iq>", answered)
        if b"error" in answer:
            raise ConnectionError(f"{name} was refused: {answer.decode(errors='replace')}")

    async def _ask(self, text: str, pattern: re.Pattern[bytes]) -> bytes:
        """Send, and wait for what matches; what came before it is of no interest."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._awaited = pattern, future
        self._write(text)
        return await asyncio.wait_for(future, STEP_SECONDS)

    def _look_for(self, pattern: re.Pattern[bytes], future: "asyncio.Future[bytes]") -> None:
        found = pattern.search(self._buffer)
        if found and not future.done():
            answer = bytes(found.group())
            del self._buffer[: found.end()]
            future.set_result(answer)

    def _write(self, text: str) -> None:
        assert self._transport
        self._transport.write(text.encode())


class XmppTalk(OneWay):
    """Two accounts of a server: one writes to the other."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._names = (f"fan{number}", f"creator{number}")
        self._streams: list[Stream] = []

    async def connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        for name in self._names:
            _, stream = await loop.create_connection(
                lambda: Stream(self.arrived), "127.0.0.1", port
            )
            await stream.sign_in(name)
            self._streams.append(stream)

    def close(self) -> None:
        for stream in self._streams:
            stream.close()

    def transmit(self, number: int) -> None:
        self._streams[0].say(number, to=self._names[1])
