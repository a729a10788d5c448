"""Sockets of ended sessions are closed within two seconds, whichever process ended them.

Polling the database once a second, and nothing else: it holds for log-out, password change,
suspension from the command line and a lost bus alike.
"""

import asyncio
import logging
from contextvars import Context

from django.db import DatabaseError
from django.utils import timezone

from accounts import inbox
from accounts.db import in_db
from accounts.sessions import ended_lately

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0

_watch: asyncio.Task[None] | None = None


def start_watching_sessions() -> None:
    """Start the watch of this process, at its first socket."""
    global _watch
    if _watch is None or _watch.done():
        _watch = asyncio.get_running_loop().create_task(_run(), context=Context())


async def _run() -> None:
    while True:
        await asyncio.sleep(POLL_SECONDS)
        try:
            await _check_ended()
        except DatabaseError as error:
            logger.warning("sessions could not be checked: %s", type(error).__name__)


async def _check_ended() -> None:
    for account_id in await in_db(ended_lately)(timezone.now()):
        for connection in inbox.connections_of(account_id):
            await connection.check_session()
