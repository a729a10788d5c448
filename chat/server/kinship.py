"""Hides when a process must go: with the one above it, be it killed, and in time in any case."""

import ctypes
import logging
import os
import signal
import sys
from threading import Timer

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Be told to stop (SIGTERM) when the process `parent` dies; on Linux, which alone can do it.

    Exits at once when it died before the kernel was told. SIGHUP is for the parent alone, though a
    terminal that closes sends it to all.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def give_up_after(seconds: float) -> None:
    """Whatever hangs, be it the event loop or a thread at its end: this process does not stay."""

    def give_up() -> None:
        logger.error("not gone %d s after it was told to stop: abandoned", seconds)
        os._exit(1)

    last_resort = Timer(seconds, give_up)
    last_resort.daemon = True
    last_resort.start()
