"""The only WebSocket consumer: fans, creators and moderators speak through it.

It keeps Channels' routing and replaces its dispatch: no channel layer, no thread hop per event.
Frames of one socket are handled in order; a handler only enqueues or calls `in_db`, and a send
answers when its batch has committed, so that many may be under way.
"""

import asyncio
import logging
import secrets
import traceback
from collections import deque
from typing import Any
from uuid import UUID

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError

from accounts import inbox, logs, metrics
from accounts.db import drop_broken, in_db
from accounts.errors import Busy, Refusal
from accounts.events import Event
from accounts.models import Account
from accounts.sessions import Standing, account_of_session, standing
from chat import answers, drain, handlers, presence, protocol
from chat.pace import Pace, pace_of
from chat.session_watch import start_watching_sessions
from chat.sockets import PROMPT_SENDING

logger = logging.getLogger(__name__)

OUTBOUND_MAX_BYTES = 4 * 1024 * 1024
SESSION_CHECK_SECONDS = 60.0


class Gateway(AsyncConsumer):
    """One socket of one account."""

    account: Account
    session_key: str
    binary: bool
    pace: Pace

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.loop = asyncio.get_running_loop()
        self._transmit = send
        self._hand_over = scope.get("extensions", {}).get(PROMPT_SENDING)
        self._outbound: deque[bytes] = deque()
        self._outbound_bytes = 0
        self._flushing: asyncio.Task[None] | None = None
        self._malformed_at: deque[float] = deque(maxlen=protocol.MALFORMED_PER_MINUTE)
        self._closed = self._deaf = self._obeying = False
        await receive()  # websocket.connect
        if await self._accept(scope):
            try:
                await self._converse(receive)
            finally:
                self._closed = True
                await self._leave()

    async def _accept(self, scope: Any) -> bool:
        """Open the socket for the account of the session cookie, or refuse it (HTTP 403)."""
        self.session_key = scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        account = await in_db(account_of_session)(self.session_key)
        if account is None:
            await self._transmit({"type": "websocket.close"})
            return False
        self.account = account
        logs.bind(connection=secrets.token_hex(4), account=str(account.id))
        offered = scope.get("subprotocols", [])
        chosen = next((name for name in offered if name in protocol.SUBPROTOCOLS), None)
        self.binary = chosen == protocol.SUBPROTOCOL_MSGPACK
        await self._transmit({"type": "websocket.accept", "subprotocol": chosen})
        if drain.leaving():
            await self._send_away()
            return False
        if await inbox.connect(account.id, self) > protocol.SOCKETS_PER_ACCOUNT:
            await inbox.disconnect(account.id, self)
            await self.close(protocol.CLOSE_ABUSE)
            return False
        self.pace = pace_of(account.id)
        start_watching_sessions()
        self.resync()
        self._background(presence.arrived(account.id, self))
        return True

    async def _converse(self, receive: Any) -> None:
        self._checked_at = self.loop.time()
        while not self._closed:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if not self._deaf:
                self._obeying = True
                await self._receive(message.get("bytes"), message.get("text"))
                self._obeying = False

    async def _leave(self) -> None:
        await inbox.disconnect(self.account.id, self)
        if not inbox.connections_of(self.account.id) and not drain.leaving():
            await presence.left(self.account.id)  # who is sent elsewhere is moving, not leaving

    async def _receive(self, data: bytes | None, text: str | None) -> None:
        frame = data if self.binary and data is not None else text
        if frame is None or self.binary != (data is not None):
            return await self._reject("malformed", "This socket speaks the other encoding.", "")
        if len(frame) > protocol.FRAME_MAX_BYTES:
            return await self.close(protocol.CLOSE_ABUSE)
        if not self.pace.take() and (wait := await self.pace.ask()):
            request_id = protocol.request_id_of(frame)
            return self.answer(
                protocol.Refused(
                    r=request_id, code="too_fast", detail="Too many commands.", retry_after_ms=wait
                )
            )
        try:
            command = protocol.decode(frame)
        except protocol.BadFrame as bad:
            return await self._reject(bad.code, bad.detail, bad.request_id)
        await self._obey(command)

    async def _obey(self, command: protocol.Command) -> None:
        try:
            await handlers.handle(command, self)
        except Refusal as refusal:
            self.refuse(command.r, refusal)
        except (OperationalError, InterfaceError):  # the database is away: nothing was stored
            self.refuse(command.r, Busy())
            await in_db(drop_broken)()
        except Exception as error:  # a bug: logged without the words of anybody, and answered
            trace = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s failed: %s\n%s", type(command).__name__, type(error).__name__, trace)
            detail = "An error on our side. Nothing was charged."
            self.answer(protocol.Refused(r=command.r, code="internal_error", detail=detail))

    async def _reject(self, code: str, detail: str, request_id: str) -> None:
        """Answer a frame that is not one of ours; too many in a minute close the socket."""
        self.answer(protocol.Refused(r=request_id, code=code, detail=detail))
        now = self.loop.time()
        self._malformed_at.append(now)
        full = len(self._malformed_at) == protocol.MALFORMED_PER_MINUTE
        if full and now - self._malformed_at[0] < 60:
            await self.close(protocol.CLOSE_ABUSE)

    def answer(self, event: Event) -> None:
        """Send one frame to this socket alone."""
        self._enqueue(inbox.encode(event, binary=self.binary))

    def refuse(self, request_id: str, refusal: Refusal) -> None:
        """Say no to one request."""
        self.answer(protocol.refused(request_id, refusal))

    def push(self, msgpack: bytes, json: bytes) -> None:
        """What the inbox has for this account; called on this socket's loop."""
        self._enqueue(msgpack if self.binary else json)

    def resync(self) -> None:
        """Welcome the client, again if need be: it asks for what it missed (`resume`)."""
        self.answer(answers.welcome(account_id=self.account.id, role=self.account.role))

    def _enqueue(self, frame: bytes) -> None:
        if self._closed:
            return
        if self._hand_over is not None:
            self._hand_over(frame if self.binary else frame.decode(), self.binary)
            return
        self._outbound.append(frame)
        self._outbound_bytes += len(frame)
        if self._outbound_bytes > OUTBOUND_MAX_BYTES:
            self._outbound.clear()
            metrics.SOCKETS_CUT.inc()
            self._background(self.close(protocol.CLOSE_ABUSE))
        elif self._flushing is None or self._flushing.done():
            self._flushing = self.loop.create_task(self._flush())

    async def _flush(self) -> None:
        """Write all that waits, as far as the server lets us."""
        while self._outbound and not self._closed:
            frame = self._outbound.popleft()
            self._outbound_bytes -= len(frame)
            payload = {"bytes": frame} if self.binary else {"text": frame.decode()}
            await self._transmit({"type": "websocket.send", **payload})

    async def close(self, code: int) -> None:
        """Close the socket, once."""
        if not self._closed:
            self._closed = True
            await self._transmit({"type": "websocket.close", "code": code})

    @property
    def quiet(self) -> bool:
        """Whether no command is being carried out, and everything said has been handed over."""
        flushed = self._flushing is None or self._flushing.done()
        return not self._obeying and flushed and not self._outbound

    def stop_listening(self, last_word: Event) -> None:
        """Say this, and carry out no command that arrives from now on."""
        self.answer(last_word)
        self._deaf = True

    async def _send_away(self) -> None:
        self.answer(drain.goodbye())
        if self._flushing:
            await self._flushing
        await self.close(protocol.CLOSE_RESTART)

    async def check_session(self) -> None:
        """Close with 4401 or 4403 when the session this socket was opened with has ended."""
        self._checked_at = self.loop.time()
        found = await in_db(standing)(self.session_key, self.account.id)
        if found is Standing.OVER:
            await self.close(protocol.CLOSE_SESSION_OVER)
        elif found is Standing.SUSPENDED:
            await self.close(protocol.CLOSE_SUSPENDED)

    async def heartbeat(self) -> None:
        """A client's ping: now and then, see whether the session expired without a word."""
        if self.loop.time() - self._checked_at > SESSION_CHECK_SECONDS:
            await self.check_session()

    def _background(self, work: Any) -> None:
        task = self.loop.create_task(work)
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    @property
    def account_id(self) -> UUID:
        return self.account.id


_tasks: set[asyncio.Task[Any]] = set()  # the loop itself keeps only weak references
