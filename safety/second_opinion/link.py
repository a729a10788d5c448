"""One connection to the worker, over which many questions are under way at once."""

import asyncio
from pathlib import Path
from typing import Self

from safety.second_opinion import frames

PENDING_MAX = 64  # questions under way from one process


class Link:
    """Belongs to the event loop it was opened on. Once `over`, open another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = False
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[frames.Answer]] = {}
        self._reading = self.loop.create_task(self._read(reader))

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Connect. Raises `OSError` when nobody listens there."""
        return cls(*await asyncio.open_unix_connection(path))

    async def exchange(self, question: frames.Ask) -> frames.Answer:
        """The answer to this question. Raises `ConnectionError` when the connection ends first."""
        if self.over or len(self._waiting) >= PENDING_MAX:
            raise ConnectionError("not now")
        answer: asyncio.Future[frames.Answer] = self.loop.create_future()
        self._waiting[question.id] = answer
        try:
            self._writer.write(frames.packed(question))
            return await answer
        finally:
            del self._waiting[question.id]

    def close(self) -> None:
        """End it; what is under way fails. Call it on its loop."""
        self.over = True
        self._reading.cancel()
        self._writer.transport.abort()  # a worker that hangs reads nothing: drop what is buffered
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the connection is over"))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                answer = await frames.read(reader, frames.Answer)
                waiting = self._waiting.get(answer.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except (OSError, EOFError, frames.BadFrame):
            self.close()
