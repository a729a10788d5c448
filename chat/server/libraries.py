"""Hides which library speaks HTTP and WebSocket: Daphne by default, uvicorn where it is asked for.

Both run the same application under the same limits, and leave in the same way (`life`).
"""

import gc
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from socket import socket

from channels.routing import get_default_application
from django.urls import get_resolver

from accounts import metrics
from chat.server.life import Life


class Library(StrEnum):
    """A server library."""

    DAPHNE = "daphne"
    UVICORN = "uvicorn"


class Missing(Exception):
    """The library that was asked for is not installed."""


def require_installed(library: Library) -> None:
    """Raise `Missing`, which says what to install."""
    if find_spec(library) is None:
        raise Missing(f"{library} is not installed: pip install 'aparte[{library}]'")


def run(library: Library, *, listening: socket, life: Life) -> None:
    """Serve on an open socket until SIGINT or SIGTERM, then leave as `life` says.

    Every route is imported before the first request is accepted.
    """
    application = get_default_application()
    _ = get_resolver().url_patterns
    metrics.serve(role="server")
    chosen = import_module(f"chat.server.on_{library}")  # the other one need not be installed
    # What is loaded stays. A sweep over it for garbage takes 165 ms: every socket waits, and a
    # message that is being screened may be held for having been judged late.
    gc.collect()
    gc.freeze()
    chosen.serve(application, listening, life)
