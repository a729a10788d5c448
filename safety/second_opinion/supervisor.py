"""Keeps a worker of the second stage running for this machine, whoever started it.

Several servers may share one machine and one worker: the lock beside its socket says whether it is
there, and whichever finds it free starts the next one. A worker that stays silent is killed.
"""

import contextlib
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

from safety.second_opinion.questions import ask_now, probe
from safety.second_opinion.worker import PATH_MAX_BYTES, locked

logger = logging.getLogger(__name__)

TURN_SECONDS = 0.5
START_SECONDS = 10.0  # how long a server waits for it before it serves without
SILENT_SECONDS = 10.0  # after which a worker that was started here is taken for hung
PROBE_SECONDS = 1.0
AGAIN_SECONDS = 2.0  # between two starts
SOURCE = Path(__file__).parents[2]


def require_short(path: Path) -> None:
    """Raise `ValueError` when a Unix socket cannot have this name."""
    if len(str(path).encode()) > PATH_MAX_BYTES:
        raise ValueError(f"{path} is too long for a socket: shorten APARTE_HOME")


class Supervisor:
    """Starts the worker behind `path` when nobody else does, and again when it ended or hangs."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.child: subprocess.Popen[bytes] | None = None
        self._path, self._clock = path, clock
        self._start_at = self._heard_at = clock()

    def turn(self) -> bool:
        """One look; whether a worker answers."""
        if self.child is not None and self.child.poll() is not None:
            logger.warning("the worker of the second stage ended: %s", self.child.returncode)
            self._forget()
        if self.child is None and self._clock() >= self._start_at and self._free():
            self._start()
        if ask_now(self._path, probe(), seconds=PROBE_SECONDS) is not None:
            self._heard_at = self._clock()
            return True
        if self.child is not None and self._clock() - self._heard_at > SILENT_SECONDS:
            logger.warning("the worker of the second stage hangs: it is killed")
            self.child.kill()
        return False

    def run_until(self, stop: Event) -> None:
        """Look again and again."""
        while not stop.wait(TURN_SECONDS):
            self.turn()

    def end(self) -> None:
        """Stop the worker that was started here, if one was."""
        if self.child is not None:
            self.child.kill()  # it holds nothing that could be lost
            self._forget()

    def _free(self) -> bool:
        with self._path.with_suffix(".lock").open("a+") as lock:
            return locked(lock)

    def _start(self) -> None:
        self._heard_at = self._clock()
        self._start_at = self._heard_at + AGAIN_SECONDS
        self.child = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "safety.second_opinion.worker", str(self._path)],
            cwd=SOURCE,
            stdin=subprocess.PIPE,  # its end is how the worker learns that we are gone
            stdout=subprocess.DEVNULL,
        )

    def _forget(self) -> None:
        if self.child is not None:
            self.child.wait()
            if self.child.stdin:
                self.child.stdin.close()
            self.child = None


@contextlib.contextmanager
def kept(path: Path) -> Iterator[Supervisor]:
    """A worker behind `path` for as long as the block runs, ready at its beginning if it can be."""
    supervisor, stop = Supervisor(path), Event()
    deadline = time.monotonic() + START_SECONDS
    while not supervisor.turn() and time.monotonic() < deadline:
        stop.wait(TURN_SECONDS / 5)
    watching = Thread(target=supervisor.run_until, args=(stop,), name="second opinion", daemon=True)
    watching.start()
    try:
        yield supervisor
    finally:
        stop.set()
        watching.join()
        supervisor.end()
