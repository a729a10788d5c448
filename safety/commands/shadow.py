"""A rule book in shadow: it judges what was sent, after it was sent, and only a record hears it.

One thread per process screens with the candidate engine. Its queue is bounded and never waited
for: what does not fit is dropped and counted, so that a trial costs a sender nothing.
"""

import logging
from collections.abc import Sequence
from queue import Empty, Full, Queue
from threading import Lock, Thread

from django.db import close_old_connections, connections, transaction
from django.db.models import F
from django.utils import timezone

from accounts.db import insert_rows
from safety import screening
from safety.commands.contents import JUDGED_COLUMNS, Screened, judged_row, keep_screenings
from safety.models import ShadowRecord, ShadowRun

QUEUE_MAX = 2_000
BATCH_MAX = 100
IDLE_SECONDS = 5.0  # without work for so long, the thread ends; the next text starts another

logger = logging.getLogger(__name__)


class Recorder:
    """Screens contents with the candidate engine, and keeps what it says.

    `background` starts the thread with the first content; without it somebody calls `drain`.
    """

    def __init__(self, *, capacity: int = QUEUE_MAX, background: bool = True) -> None:
        self._queue: Queue[Screened] = Queue(capacity)
        self._dropped = 0
        self._background = background
        self._thread: Thread | None = None
        self._lock = Lock()

    def offer(self, contents: Sequence[Screened]) -> None:
        """Hand over contents that were stored. Never waits and never raises."""
        if screening.candidate() is None:
            return
        for content in contents:
            try:
                self._queue.put_nowait(content)
            except Full:
                self._drop(1)
        if self._background:
            self._start()

    def drain(self, *, wait_seconds: float = 0.0) -> int:
        """Judge and record one batch of what waits; answers with how many were taken.

        Without a candidate engine they are thrown away: the trial is over.
        """
        batch = self._take(wait_seconds)
        engine = screening.candidate()
        if batch and engine is not None:
            self._record(batch, engine)
        return len(batch)

    def _take(self, wait_seconds: float) -> list[Screened]:
        batch: list[Screened] = []
        try:
            batch.append(self._queue.get(block=wait_seconds > 0, timeout=wait_seconds or None))
            while len(batch) < BATCH_MAX:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch

    def _record(self, batch: Sequence[Screened], engine: screening.Engine) -> None:
        now = timezone.now()
        judged = [(engine.screen(one.text, one.context), one.context) for one in batch]
        rows = [
            (one.subject_id, *judged_row(*said, now))
            for one, said in zip(batch, judged, strict=True)
        ]
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        try:
            with transaction.atomic():
                keep_screenings(judged)
                columns = ("subject_id", *JUDGED_COLUMNS)
                insert_rows(ShadowRecord, columns, rows, ignore_conflicts=True)
                ShadowRun.objects.get_or_create(version=engine.version, defaults={"since": now})
                ShadowRun.objects.filter(version=engine.version).update(
                    messages=F("messages") + len(rows), dropped=F("dropped") + dropped
                )
        except Exception:
            self._drop(dropped + len(rows))
            raise

    def _drop(self, count: int) -> None:
        with self._lock:
            self._dropped += count

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="shadow", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        """Until nothing came for a while; who offers after that finds no thread and starts one."""
        try:
            while self._safely() or not self._leave():
                pass
        finally:
            connections.close_all()  # this thread's own

    def _leave(self) -> bool:
        with self._lock:
            if idle := self._queue.empty():
                self._thread = None
        return idle

    def _safely(self) -> int:
        try:
            return self.drain(wait_seconds=IDLE_SECONDS)
        except Exception as fault:  # what was taken counts as dropped; the next batch may succeed
            logger.error("a shadow batch was not recorded", extra={"fault": type(fault).__name__})
            return 1
        finally:
            close_old_connections()


_recorder = Recorder()


def observe(contents: Sequence[Screened]) -> None:
    """Let the candidate engine of this process judge these contents too, later and aside.

    Call it when they are committed. Without a candidate nothing happens.
    """
    _recorder.offer(contents)
