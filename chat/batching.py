"""Natural group commit: sends that arrive while a batch commits are the next batch.

No timer: an idle system commits at once, a busy one batches itself. One writer per process, on a
thread of its own that keeps its database connection.
"""

import asyncio
import logging
import traceback
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import partial
from time import perf_counter

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from accounts import inbox, metrics
from accounts.db import drop_broken, is_away
from accounts.errors import Busy, Refusal
from chat import stages
from chat.commands import Draft, Outcome, send_messages

logger = logging.getLogger(__name__)

BATCH_MAX = 256
PER_SENDER_MAX = 16  # one busy sender leaves room in a batch for the others
QUEUE_MAX = 4_096
CONFLICT_RETRIES = 3

Waiting = tuple[Draft, "asyncio.Future[Outcome]"]


class SendQueue:
    """Takes drafts on an event loop, and answers each with its own outcome."""

    def __init__(self) -> None:
        self.batch_sizes: Counter[int] = Counter()  # how many batches had this many drafts
        self._waiting: deque[Waiting] = deque()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="send-queue")
        self._waiting_since = 0.0  # the oldest draft that waits
        self._running: asyncio.Task[None] | None = None
        metrics.QUEUE_DEPTH.set_function(lambda: len(self._waiting))

    def submit(self, draft: Draft) -> "asyncio.Future[Outcome]":
        """A future of the draft's outcome: it resolves once its batch has committed.

        Call it on the event loop. A full queue refuses `busy` at once.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        if len(self._waiting) >= QUEUE_MAX:
            future.set_result(Busy("Too many messages at once."))
            metrics.QUEUE_BUSY.inc()
            return future
        if not self._waiting:
            self._waiting_since = perf_counter()
        self._waiting.append((draft, future))
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run(), context=Context())  # nobody's own
        return future

    @property
    def idle(self) -> bool:
        """Whether every draft that was taken has its outcome."""
        return not self._waiting and (self._running is None or self._running.done())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken_at, waiting_since = perf_counter(), self._waiting_since
            batch, self._waiting_since = self._take(), taken_at
            self.batch_sizes[len(batch)] += 1
            drafts = [draft for draft, _ in batch]
            waited = taken_at - waiting_since
            work = partial(stages.committed, _commit, drafts, waited)
            outcomes, news = await loop.run_in_executor(self._writer, inbox.keeping, work)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():  # its socket may have gone meanwhile
                    future.set_result(outcome)
            inbox.tell(news)

    def _take(self) -> list[Waiting]:
        """The next batch, first in first out; a sender's surplus keeps its place for the next."""
        if len(self._waiting) <= PER_SENDER_MAX:
            everything = list(self._waiting)
            self._waiting.clear()
            return everything
        batch: list[Waiting] = []
        surplus: list[Waiting] = []
        taken: Counter[int] = Counter()
        while self._waiting and len(batch) < BATCH_MAX:
            item = self._waiting.popleft()
            sender = item[0].sender_id.int
            taken[sender] += 1
            (batch if taken[sender] <= PER_SENDER_MAX else surplus).append(item)
        self._waiting.extendleft(reversed(surplus))
        return batch


def _commit(drafts: Sequence[Draft]) -> list[Outcome]:
    """Never raises: a batch that cannot be written runs again item by item, so that only the
    guilty one fails."""
    try:
        return _send(drafts)
    except Exception as error:
        _log(error, len(drafts))
        metrics.COMMIT_FAILURES.inc()
        if len(drafts) == 1 or is_away(error):
            return [_failed(error)] * len(drafts)
        return [outcome for draft in drafts for outcome in _commit([draft])]


def _send(drafts: Sequence[Draft]) -> list[Outcome]:
    """Another process may have won a row: the database undid this batch, so try it again."""
    for _ in range(CONFLICT_RETRIES):
        try:
            return send_messages(drafts=drafts, now=timezone.now())
        except (OperationalError, InterfaceError) as error:
            if is_away(error):
                raise
            last = error
            metrics.COMMIT_RETRIES.inc()
            connection.close()  # it may be broken; the next use opens another
            drop_broken()
    raise last


def _failed(error: Exception) -> Outcome:
    if isinstance(error, (OperationalError, InterfaceError)):
        return Busy()
    return InternalError("An error on our side. Nothing was charged.")


def _log(error: Exception, size: int) -> None:
    """Without the exception's own words: a database error quotes the row, hence the message."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("a batch of %d was undone: %s\n%s", size, type(error).__name__, trace)


class InternalError(Refusal):
    """A bug of ours: logged, and answered without its details."""

    code = "internal_error"
    status = 500
