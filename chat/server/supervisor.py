"""Starts, restarts, replaces and stops the processes that serve one address.

It listens, and hands the open socket to every server it starts: a connection that comes while one
of them leaves waits for another. It serves nothing itself and knows no database, so it can stay
while everything below it is replaced (SIGHUP), each process by a new one that runs the code and the
packages found on disk at that moment.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket

from django.conf import settings
from django.db import connection

from chat.server.libraries import Library
from chat.server.posts import Post, program

logger = logging.getLogger(__name__)


class Impossible(Exception):
    """What was asked for cannot work with this database or without a bus."""


class NeverStarted(Exception):
    """One of the first processes ended before it was ready."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many processes of each kind."""

    servers: int
    workers: int
    library: Library

    @property
    def may_overlap(self) -> bool:
        """Whether the old and the new process may work beside each other for a moment."""
        return connection.vendor == "postgresql" and bool(settings.REDIS_URL)

    def require_possible(self) -> None:
        """Raise `Impossible`, which says what to do."""
        if connection.vendor == "sqlite" and self.servers > 1:
            raise Impossible(
                "SQLite serves one process: use --processes 1, or set DATABASE_URL to PostgreSQL"
            )
        if connection.vendor == "sqlite" and self.workers > 1:
            raise Impossible(
                "SQLite has one clock: use --workers 1, or set DATABASE_URL to PostgreSQL"
            )
        if self.servers > 1 and not settings.REDIS_URL:
            raise Impossible(
                "several processes hear each other through Redis: set REDIS_URL, or use"
                " --processes 1"
            )


def run(plan: Plan, *, listening: socket, on_ready: Callable[[], None]) -> None:
    """Keep the processes of `plan` until SIGTERM or SIGINT; SIGHUP replaces them one by one.

    `on_ready` is called once, when all of them are ready. Raises `NeverStarted` when one of them
    ends before it was; later, whatever ends is started again.
    """
    asyncio.run(_Supervisor(plan, listening, on_ready).run())


class _Supervisor:
    def __init__(self, plan: Plan, listening: socket, on_ready: Callable[[], None]) -> None:
        self._on_ready = on_ready
        self._stop, self._renew = asyncio.Event(), asyncio.Event()
        descriptor = listening.fileno()
        serve = program("serve", "--listening", str(descriptor), "--server", plan.library)
        overlap = plan.may_overlap
        self._posts = [
            Post(f"server {n + 1}", serve, inherits=(descriptor,), overlap=overlap)
            for n in range(plan.servers)
        ]
        self._posts += [
            Post(f"worker {n + 1}", program("worker"), inherits=(), overlap=overlap)
            for n in range(plan.workers)
        ]

    async def run(self) -> None:
        """Until SIGINT or SIGTERM; SIGHUP replaces the processes one by one."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._renew.set)
        work = loop.create_task(self._work())
        told = loop.create_task(self._stop.wait())
        try:
            await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work  # it ends only by failing
        finally:
            work.cancel()
            told.cancel()
            await asyncio.wait((work, told))
            await asyncio.gather(*(post.stop() for post in self._posts))

    async def _work(self) -> None:
        """Start all of them, then keep and replace them for ever."""
        up = await asyncio.gather(*(post.start() for post in self._posts))
        if down := [post.name for post, ready in zip(self._posts, up, strict=True) if not ready]:
            raise NeverStarted(f"{', '.join(down)} did not start: its own words are above")
        self._on_ready()
        async with asyncio.TaskGroup() as group:
            for post in self._posts:
                group.create_task(post.keep())
            group.create_task(self._replace_when_told())

    async def _replace_when_told(self) -> None:
        while True:
            await self._renew.wait()
            self._renew.clear()
            logger.info("replacing %d processes, one by one", len(self._posts))
            for post in self._posts:
                if not await post.replace():
                    logger.error("%s: the new process did not start; stopping here", post.name)
                    break
            else:
                logger.info("all %d processes are replaced", len(self._posts))
