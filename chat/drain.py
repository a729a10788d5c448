"""How a process leaves without losing a word.

Every socket is told to come back elsewhere (`session_closing`). Commands that arrive after that are
not carried out and not answered: the client repeats them on its next socket, under the same ids.
What was accepted before is committed and answered; then the sockets close with 4503.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable

from accounts import inbox
from chat import handlers, protocol

logger = logging.getLogger(__name__)

COME_BACK_MS, COME_BACK_SPREAD_MS = 500, 1_500  # not all at the same moment
LOOK_SECONDS = 0.02
CLOSE_SECONDS = 1.0  # for the close frames, some of them to clients that do not read

_leaving = False


def leaving() -> bool:
    """Whether this process was told to stop: a new socket is sent away at once."""
    return _leaving


def begin() -> None:
    """Tell every socket, and take no new command. Call it on the event loop."""
    global _leaving
    _leaving = True
    for connection in inbox.everyone_here():
        connection.stop_listening(goodbye())


def goodbye() -> protocol.SessionClosing:
    """What a socket is told that should come back elsewhere."""
    pause = COME_BACK_MS + secrets.randbelow(COME_BACK_SPREAD_MS)
    return protocol.SessionClosing(reason="restart", retry_after_ms=pause)


async def finish(*, until: float, answering: Callable[[], bool]) -> None:
    """Return when all that was accepted is answered and every socket is closed.

    `until` is the latest moment for the answers, by the clock of the event loop; `answering` says
    whether a request beside the sockets is under way.
    """
    loop = asyncio.get_running_loop()
    calm = 0
    while calm < 2:  # a batch is done one turn of the loop before its answers are given
        calm = 0 if _owing() or answering() else calm + 1
        if loop.time() > until:
            logger.warning("leaving with answers under way")
            break
        await asyncio.sleep(LOOK_SECONDS)
    await inbox.close_doors()
    closing = [loop.create_task(c.close(protocol.CLOSE_RESTART)) for c in inbox.everyone_here()]
    if closing:
        await asyncio.wait(closing, timeout=CLOSE_SECONDS)


def _owing() -> bool:
    return handlers.owing() or not all(connection.quiet for connection in inbox.everyone_here())
