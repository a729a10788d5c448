"""Hides what Daphne lacks: bounds on what one client can make us keep.

Daphne never pauses an application that sends faster than the client reads: a stalled client cost
200 MiB of memory where it now costs 4. The client that is cut reconnects and resumes by `seq`. Nor
does it pause a client that sends faster than the application listens: here it stops reading.
"""

from contextlib import suppress
from typing import Any

import daphne.ws_protocol
from autobahn.exception import Disconnected

from accounts import metrics
from chat.daphne_frames import FrameProtocol

# Of Daphne, whose default is 1 MiB: above it the connection is dropped without a word. Twice the
# protocol's own limit, so that whoever passes that one a little still hears its close code.
FRAME_MAX_BYTES = 131_072
UNSENT_MAX_BYTES = 4 * 1024 * 1024
UNHEARD_MAX_FRAMES = 32
LISTEN_AGAIN_SECONDS = 0.05


class BoundedWebSocketProtocol(FrameProtocol):
    """Daphne's protocol as a push producer: it counts what it sends while the transport is full."""

    paused = False
    unsent_bytes = 0
    deaf = False

    def connectionMade(self) -> None:  # noqa: N802
        super().connectionMade()
        self.client_addr = getattr(self, "client_addr", None)  # Daphne's repr needs both
        self.path = getattr(self, "path", b"")
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is going; Daphne hears of it by `connectionLost`."""

    def pauseProducing(self) -> None:  # noqa: N802
        self.paused = True

    def resumeProducing(self) -> None:  # noqa: N802
        self.paused, self.unsent_bytes = False, 0

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        """Hand the frame on, and read no more while too many wait for the application."""
        super().onMessage(payload, isBinary)
        if not self.deaf and self.application_queue.qsize() >= UNHEARD_MAX_FRAMES:
            self.deaf = True
            self.transport.pauseProducing()
            self._listen_again()

    def _listen_again(self) -> None:
        if self.application_queue.qsize() < UNHEARD_MAX_FRAMES:
            self.deaf = False
            self.transport.resumeProducing()
        elif self.transport.connected:
            self.factory.reactor.callLater(LISTEN_AGAIN_SECONDS, self._listen_again)

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802
        """Send, or cut the connection of a client too far behind."""
        if self.paused:
            self.unsent_bytes += len(content)
            if self.unsent_bytes > UNSENT_MAX_BYTES:
                metrics.SOCKETS_CUT.inc()
                self.transport.abortConnection()
                return
        with suppress(Disconnected):  # it left while we wrote: `disconnect` is on its way
            super().serverSend(content, binary)


def install() -> None:
    """Make every socket of this process bounded; call it before Daphne starts."""
    daphne.ws_protocol.WebSocketFactory.protocol = BoundedWebSocketProtocol
