"""One place in the plan of a supervisor, and the process that holds it at this moment."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Sequence
from contextlib import suppress

from django.conf import settings

from chat.server.life import STOP_SECONDS

logger = logging.getLogger(__name__)

START_SECONDS = 120  # for the imports of a machine that is busy, beside the wait for the database
PAUSE_MIN_SECONDS, PAUSE_MAX_SECONDS = 0.5, 30.0
STEADY_SECONDS = 60  # whoever lived so long and ends is started again at once


def program(*arguments: str) -> list[str]:
    """How to run another command of the product as this one was run, under this process."""
    ours = len(sys.orig_argv) - len(sys.argv) + 1  # the interpreter's options, and manage.py
    again = [sys.executable, *sys.orig_argv[1:ours]]
    return [*again, *arguments, "--parent", str(os.getpid())]


class Post:
    """A place that is held by one process after another."""

    def __init__(
        self, name: str, command: Sequence[str], *, inherits: Sequence[int], overlap: bool
    ) -> None:
        """`command` prints one line when it is ready. `inherits` are open descriptors. With
        `overlap`, a new process is ready before the old one is told to leave."""
        self.name = name
        self._command, self._inherits, self._overlap = command, inherits, overlap
        self._changing = asyncio.Lock()
        self._all: set[Process] = set()
        self._process: Process | None = None

    async def start(self) -> bool:
        """The first process; whether it came up."""
        self._process = await self._launch()
        return await _ready(self._process)

    async def keep(self) -> None:
        """Start another one whenever the present one ends by itself, later and later while they
        keep ending. Never returns."""
        pauses = _pauses()
        while process := self._process:
            begun = asyncio.get_running_loop().time()
            code = await process.wait()
            if asyncio.get_running_loop().time() - begun > STEADY_SECONDS:
                pauses = _pauses()
            pause = next(pauses)
            await asyncio.sleep(pause)
            async with self._changing:
                if process is self._process:
                    logger.error("%s ended (%d): again after %.1f s", self.name, code, pause)
                    self._process = await self._launch()

    async def replace(self) -> bool:
        """A new process takes the place of the present one; whether it came up.

        With `overlap`, the present one stays if it did not.
        """
        async with self._changing:
            old = self._process
            if not self._overlap:
                await _end(old)
            new = await self._launch()
            up = await _ready(new)
            if self._overlap:
                await _end(old if up else new)
            if up or not self._overlap:
                self._process = new
            return up

    async def stop(self) -> None:
        """End whatever was started here; returns when it is gone."""
        await asyncio.gather(*(_end(process) for process in self._all))

    async def _launch(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=DEVNULL, stdout=PIPE, pass_fds=self._inherits
        )
        self._all = {one for one in self._all if one.returncode is None} | {process}
        return process


async def _ready(process: Process) -> bool:
    assert process.stdout
    with suppress(TimeoutError):
        limit = START_SECONDS + settings.DATABASE_WAIT_SECONDS
        return bool(await asyncio.wait_for(process.stdout.readline(), limit))
    return False


async def _end(process: Process | None) -> None:
    """Told to stop, it leaves by itself in time; else it is killed."""
    if process is None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS + 1)
    except TimeoutError:
        logger.error("process %d did not leave: killed", process.pid)
        process.kill()
        await process.wait()


def _pauses() -> Iterator[float]:
    pause = PAUSE_MIN_SECONDS
    while True:
        yield pause
        pause = min(pause * 2, PAUSE_MAX_SECONDS)
