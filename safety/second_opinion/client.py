"""The server's side of the second stage: ask, wait a little, and never wait for long.

Hides the connection, the cut and the circuit breaker. Nothing here raises because the worker is
slow, gone, or answers nonsense: the answer is then None. The event loop only packs and unpacks
frames of a few kilobytes; every text is judged in the other process.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextvars import Context
from itertools import count
from pathlib import Path

from accounts import metrics
from safety.second_opinion import frames
from safety.second_opinion.breaker import Breaker
from safety.second_opinion.link import Link
from safety.second_opinion.questions import probe

logger = logging.getLogger(__name__)

CUT_SECONDS = 0.150
PROBE_SECONDS = 0.5  # between two looks at a worker that does not answer

Chances = Mapping[str, float]


class Client:
    """Asks the worker behind one socket. For one event loop at a time: on another one it starts
    again with a new connection."""

    def __init__(
        self,
        path: Path,
        *,
        cut_seconds: float = CUT_SECONDS,
        on_return: Callable[[], None] | None = None,
    ) -> None:
        """`on_return` is called, on the loop, when answers come again after they had failed."""
        self.path, self.breaker, self._cut_seconds = path, Breaker(), cut_seconds
        self._on_return = on_return
        metrics.OPINION_BREAKER_OPEN.set_function(lambda: float(self.breaker.open))
        self._ids = count(1)
        self._link: Link | None = None
        self._opening = asyncio.Lock()
        self._probing: asyncio.Task[None] | None = None

    async def ask(
        self, text: str, *, language: str, chances: Chances, model: str
    ) -> Chances | None:
        """New chances for the same policies, or None: late, gone, too busy, or another model.

        Answers within `cut_seconds`, whatever the worker does.
        """
        if self.breaker.open:
            self._probe()
            return None
        question = frames.ask(id=next(self._ids), text=text, language=language, chances=chances)
        answer = await self._answer(question)
        if answer is not None and answer.model == model and _is_whole(answer, chances):
            self.breaker.answered()
            return answer.chances
        if self.breaker.failed():
            logger.warning("the second stage does not answer")
            self._probe()
        return None

    def close(self) -> None:
        """Let the connection go. Call it on the loop that asked."""
        if self._probing is not None:
            self._probing.cancel()
        self._drop()
        self._probing = None

    async def _answer(self, question: frames.Ask) -> frames.Answer | None:
        try:
            async with asyncio.timeout(self._cut_seconds):
                link = await self._linked()
                return await link.exchange(question)
        except (OSError, frames.BadFrame):  # a TimeoutError is an OSError
            return None

    async def _linked(self) -> Link:
        loop = asyncio.get_running_loop()
        if self._link is not None and self._link.loop is not loop:
            self._link, self._opening = None, asyncio.Lock()
        async with self._opening:
            if self._link is None or self._link.over:
                self._link = await Link.open(self.path)
            return self._link

    def _drop(self) -> None:
        if self._link is not None and self._link.loop is asyncio.get_running_loop():
            self._link.close()
        self._link = None

    def _probe(self) -> None:
        """Find out beside everybody's messages whether the worker is back."""
        loop = asyncio.get_running_loop()
        if self._probing is None or self._probing.done() or self._probing.get_loop() is not loop:
            self._probing = loop.create_task(self._until_it_answers(), context=Context())

    async def _until_it_answers(self) -> None:
        answer = None
        while answer is None or answer.chances is None:
            self._drop()  # what it was sent and did not read is dropped as well
            await asyncio.sleep(PROBE_SECONDS)
            answer = await self._answer(probe(next(self._ids)))
        self.breaker.answered()
        logger.warning("the second stage answers again")
        if self._on_return:
            self._on_return()


def _is_whole(answer: frames.Answer, chances: Chances) -> bool:
    return answer.chances is not None and answer.chances.keys() == chances.keys()
