"""Hides what surrounds the requests of a server process: its clock, rule book and last words.

Whoever is told to stop (SIGTERM, SIGINT; twice is once) says so to its sockets, takes no new work,
answers what it has accepted, and is gone `DRAIN_SECONDS` later at most.
"""

import asyncio
import signal
from collections.abc import Callable
from threading import Event, Thread
from typing import Protocol

from django.conf import settings

from accounts import inbox
from chat import drain, worker
from chat.server.kinship import give_up_after
from safety import book_watch

CLOCK_SECONDS = 5  # how long a stop waits for a task that is running
LAST_WORDS_SECONDS = 2  # after the drain, for frames and answers to leave
HARD_LIMIT_SECONDS = 3  # after that, whatever still runs is abandoned
STOP_SECONDS = settings.DRAIN_SECONDS + LAST_WORDS_SECONDS + HARD_LIMIT_SECONDS


class Engine(Protocol):
    """A server library, as the life of a process needs it. Called on its event loop."""

    def stop_accepting(self) -> None:
        """Leave new connections to the other processes that listen."""

    def answering(self) -> bool:
        """Whether an HTTP request is under way."""

    def stop(self) -> None:
        """Close what is still open, and return from `serve`."""


class Life:
    """From the first request accepted to the last word said."""

    def __init__(
        self, *, with_worker: bool, watch: book_watch.BookWatch, on_ready: Callable[[], None]
    ) -> None:
        """`watch`, already started, follows the active rule book meanwhile. `on_ready` is called
        once, when connections are accepted and the other processes are heard."""
        self._stop = Event()
        self._watch, self._on_ready = watch, on_ready
        clock = Thread(target=worker.run_until, args=(self._stop,), name="clock", daemon=True)
        self._clock = clock if with_worker else None
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        """Connections are accepted from now on; `loop` is about to run, or runs."""
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told_to_stop, engine, loop)
        watching = (self._stop, self._watch)
        Thread(target=book_watch.run_until, args=watching, name="rule book", daemon=True).start()
        self._tasks.append(loop.create_task(self._get_ready()))

    async def _get_ready(self) -> None:
        await inbox.open_doors()
        if self._clock and not self._stop.is_set():
            self._clock.start()  # not before: some tasks speak to this very server
        self._on_ready()

    def _told_to_stop(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._tasks.append(loop.create_task(self._leave(engine)))

    async def _leave(self, engine: Engine) -> None:
        give_up_after(STOP_SECONDS)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + settings.DRAIN_SECONDS
        try:
            drain.begin()
            if self._clock and self._clock.is_alive():  # a task may still speak to this server
                await asyncio.to_thread(self._clock.join, CLOCK_SECONDS)
            engine.stop_accepting()
            await drain.finish(until=deadline, answering=engine.answering)
        finally:
            engine.stop()
