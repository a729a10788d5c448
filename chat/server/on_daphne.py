"""Hides Daphne: it adopts an open socket, and stops when everything has been said."""

import asyncio
import time
from socket import socket
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server, twisted_loop
from twisted.internet import reactor as twisted_reactor
from twisted.logger import STDLibLogObserver, globalLogPublisher

from chat import daphne_limits
from chat.daphne_frames import FrameProtocol
from chat.server.life import LAST_WORDS_SECONDS, Life
from chat.sockets import PROMPT_SENDING

reactor: Any = twisted_reactor  # a module that becomes the running reactor: untyped by nature


def serve(application: Any, listening: socket, life: Life) -> None:
    """Serve until `life` ends."""
    daphne_limits.install()
    server = _Server(
        application=application,
        endpoints=["an open socket"],  # it wants one, and is given it below
        websocket_max_message_size=daphne_limits.FRAME_MAX_BYTES,
        websocket_max_frame_size=daphne_limits.FRAME_MAX_BYTES,
        signal_handlers=False,
        server_name="aparte",
        verbosity=0,
    )
    server.endpoints = []

    def begin() -> None:
        _log_like_the_others()
        server.listen(listening)
        life.begin(server, twisted_loop)

    reactor.callWhenRunning(begin)
    server.run()


def _log_like_the_others() -> None:
    """Daphne silences Twisted: an error that nobody caught would be lost."""
    observer: Any = STDLibLogObserver()  # mypy does not see the interfaces of zope
    globalLogPublisher.addObserver(observer)


class _Server(Server):
    """Daphne on a socket of somebody else's, which it leaves open for the others."""

    connections: dict[Any, dict[str, Any]]
    _port: Any = None

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if isinstance(protocol, FrameProtocol):
            scope["extensions"] = {PROMPT_SENDING: protocol.serverSend}
        return super().create_application(protocol, scope)

    def listen(self, listening: socket) -> None:
        self._port = reactor.adoptStreamPort(
            listening.fileno(), listening.family, self.http_factory
        )
        listening.close()  # the port has a copy

    def stop_accepting(self) -> None:
        self._port.stopListening()

    def answering(self) -> bool:
        return any(
            isinstance(protocol, WebRequest) and _runs(details)
            for protocol, details in self.connections.items()
        )

    def stop(self) -> None:
        twisted_loop.create_task(self._stop_when_said())

    async def _stop_when_said(self) -> None:
        """Frames and answers are in Twisted's buffers: let them leave."""
        until = time.monotonic() + LAST_WORDS_SECONDS
        while self._unsaid() and time.monotonic() < until:  # noqa: ASYNC110  Twisted tells nobody
            await asyncio.sleep(0.02)
        reactor.stop()

    def _unsaid(self) -> bool:
        return any("disconnected" not in details for details in self.connections.values())

    def kill_all_applications(self) -> Any:
        for protocol in [p for p, d in self.connections.items() if "application_instance" not in d]:
            del self.connections[protocol]  # Daphne's own loop trips over one that has just ended
        return super().kill_all_applications()


def _runs(details: dict[str, Any]) -> bool:
    running = details.get("application_instance")
    return running is not None and not running.done() and "disconnected" not in details
