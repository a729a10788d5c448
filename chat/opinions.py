"""Where a draft waits for a second opinion: before the send queue, and only in its own line.

The drafts of one sender in one conversation enter the queue in the order they came; nobody else
waits. Each asks the moment it arrives, so that none waits longer than one answer may take.
"""

import asyncio
from dataclasses import replace
from uuid import UUID

from accounts import metrics
from accounts.errors import Busy
from chat.batching import SendQueue
from chat.commands import Draft, Outcome
from chat.commands.drafts import words_of
from safety.screening import Context, Verdict, in_force, screen
from safety.second_opinion import stage
from safety.second_opinion.client import Chances

WAITING_MAX = 1_024

Place = tuple[UUID, UUID]  # a conversation, and who writes in it


class WaitingRoom:
    """Takes drafts on an event loop as `SendQueue.submit` does, and passes them on to a queue."""

    def __init__(self, queue: SendQueue) -> None:
        self._queue = queue
        self._entering: dict[Place, asyncio.Future[None]] = {}  # of the last draft of each line
        self._waiting: set[asyncio.Task[Outcome]] = set()  # a loop keeps only weak references
        metrics.OPINIONS_WAITING.set_function(lambda: len(self._waiting))

    @property
    def idle(self) -> bool:
        """Whether nobody waits here."""
        return not self._waiting

    def submit(self, draft: Draft, context: Context) -> "asyncio.Future[Outcome]":
        """A future of the draft's outcome. Without doubt and without a line it waits for nothing;
        a full room refuses `busy` at once."""
        loop = asyncio.get_running_loop()
        place = draft.conversation_id, draft.sender_id
        ahead = self._entering.get(place) if self._entering else None  # spares two hashes
        if ahead is not None and (ahead.done() or ahead.get_loop() is not loop):
            ahead = None
        if ahead is None and not stage.wanted(draft.verdict):
            return self._queue.submit(draft)
        if len(self._waiting) >= WAITING_MAX:
            full: asyncio.Future[Outcome] = loop.create_future()
            full.set_result(Busy("Too many messages at once."))
            return full
        entered = self._entering[place] = loop.create_future()
        task = loop.create_task(self._through(draft, context, ahead, entered))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return task

    async def _through(
        self,
        draft: Draft,
        context: Context,
        ahead: "asyncio.Future[None] | None",
        entered: "asyncio.Future[None]",
    ) -> Outcome:
        place = draft.conversation_id, draft.sender_id
        try:
            words = words_of(draft.body, draft.preview)
            verdict, chances = await opinion_on(words, draft.verdict, context)
            if ahead is not None:
                await asyncio.wait([ahead])
            outcome = self._queue.submit(replace(draft, verdict=verdict, chances=chances))
        finally:
            entered.set_result(None)
            if self._entering.get(place) is entered:
                del self._entering[place]
        return await outcome


async def opinion_on(
    text: str, verdict: Verdict, context: Context
) -> tuple[Verdict, Chances | None]:
    """The verdict that counts, and the chances that settled it (None: not asked, or no answer).

    Waits only for a text in doubt. A rule book that changed meanwhile judges the text anew.
    """
    if not stage.wanted(verdict):
        return verdict, None
    chances = await stage.ask(text, verdict)
    if verdict.book_hash != in_force().book.sha256:
        verdict = screen(text, context)
    return stage.settled(verdict, chances, context), chances
