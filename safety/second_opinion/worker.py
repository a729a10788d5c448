"""The process of the second stage: reads texts from a socket, embeds them, answers with chances.

Runs without Django, to stay small: `python -m safety.second_opinion.worker SOCKET`. It lives as
long as its standard input is open, so that it dies with the process that started it. Texts stay in
memory and reach no log. One text is judged at a time; what has waited longer than anybody waits
for it is dropped.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from safety.second_opinion import frames

logger = logging.getLogger(__name__)

WAITING_MAX = 16  # at about 7 ms each, what came later could not be answered in time
STALE_SECONDS = 0.150
PATH_MAX_BYTES = 100  # of a Unix socket, on every system

Judge = Callable[[frames.Ask], Mapping[str, float]]


class Taken(Exception):
    """Another process serves this socket already."""


class Worker:
    """Answers questions from any number of connections with one `judge`, in a thread beside."""

    def __init__(self, judge: Judge, model: str) -> None:
        self._judge, self._model = judge, model
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def serve(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Answer whoever connects, until `stop`."""
        async with await asyncio.start_unix_server(self._converse, sock=listening):
            await stop.wait()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering: set[asyncio.Task[None]] = set()
        try:
            while True:
                question = await frames.read(reader, frames.Ask)
                task = asyncio.create_task(self._answer(question, writer))
                answering.add(task)
                task.add_done_callback(answering.discard)
        except (OSError, EOFError, frames.BadFrame):
            for task in answering:
                task.cancel()
            writer.close()

    async def _answer(self, question: frames.Ask, writer: asyncio.StreamWriter) -> None:
        chances = await self._chances(question)
        answer = frames.Answer(
            id=question.id, model=self._model, chances=None if chances is None else dict(chances)
        )
        writer.write(frames.packed(answer))

    async def _chances(self, question: frames.Ask) -> Mapping[str, float] | None:
        if self._waiting >= WAITING_MAX:
            return None
        loop = asyncio.get_running_loop()
        arrived = loop.time()
        self._waiting += 1
        try:
            async with self._turn:
                if loop.time() - arrived > STALE_SECONDS:
                    return None
                return await asyncio.to_thread(self._judge, question)
        except Exception as fault:  # without an answer the server decides, as its rules say
            logger.error("a second opinion failed: %s", type(fault).__name__)
            return None
        finally:
            self._waiting -= 1


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock beside a socket, which the system frees when this process ends; it names the
    process. Raises `Taken`."""
    with path.with_suffix(".lock").open("a+") as lock:
        if not locked(lock):
            raise Taken(f"{path.name} is served already")
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def locked(lock: IO[str]) -> bool:
    """Take the lock of this file, if it is free."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def listening_on(path: Path) -> Iterator[socket.socket]:
    """A socket with this name, for this user alone (mode 0600)."""
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen()
    finally:
        os.umask(before)
    with listening:
        yield listening
    path.unlink(missing_ok=True)


async def _run(worker: Worker, listening: socket.socket, *, with_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin, stop.set)  # nothing is ever written: it is the end
    await worker.serve(listening, stop)


def run(path: Path, *, with_parent: bool) -> None:
    """Serve on `path` until a signal or, `with_parent`, until standard input ends.

    Raises `Taken`, `ModelError` without the artefact, `ImportError` without the encoder.
    """
    os.putenv("OPENBLAS_NUM_THREADS", "1")  # before numpy: for one row, threads only cost
    from safety.second_opinion.encoder import Encoder  # with numpy: a server imports this module

    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path):
        encoder = Encoder.load()
        with listening_on(path) as listening:
            worker = Worker(encoder.judge, encoder.checksum)
            asyncio.run(_run(worker, listening, with_parent=with_parent))


if __name__ == "__main__":
    with contextlib.suppress(Taken):  # as good as serving
        run(Path(sys.argv[1]), with_parent=True)
