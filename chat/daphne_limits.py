"""Hides what Daphne lacks: a bound on what a client that does not read can make us keep.

Daphne never pauses an application that sends faster than the client reads: a stalled client cost
200 MiB of memory where it now costs 4. The client that is cut reconnects and resumes by `seq`.
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


class BoundedWebSocketProtocol(FrameProtocol):
    """Daphne's protocol as a push producer: it counts what it sends while the transport is full."""

    paused = False
    unsent_bytes = 0

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
