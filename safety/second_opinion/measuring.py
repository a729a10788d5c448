"""The second stage for whoever measures: by a worker of one's own, and patiently."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from safety.screening import Context, Engine, Verdict
from safety.second_opinion import frames
from safety.second_opinion.questions import ask_now, in_doubt, question
from safety.second_opinion.supervisor import kept, require_short

MEASURED_SECONDS = 30.0  # that a text is given
BUSY_SECONDS = 0.15  # after which a worker that had too much to do is asked again

Settle = Callable[[str, Verdict, Context], Verdict]  # a verdict, once the second stage has spoken


class Silent(Exception):
    """A second stage that was asked to measure does not answer."""


@contextmanager
def measuring(
    engine: Engine, *, without: Callable[[str], object] | None = None
) -> Iterator[Settle]:
    """What settles verdicts of `engine` by a worker of its own, whatever the settings say; it
    begins with the first doubt and ends with the block. The same text has the same verdict: it
    waits for the answer, and raises `Silent` where none comes; or tells `without` once, if given,
    and lets verdicts stand as they are.
    """
    with ExitStack() as running:
        yield _Stage(engine, running, without).settled


class _Stage:
    """A worker that nobody has started yet, and what it says."""

    def __init__(
        self, engine: Engine, running: ExitStack, without: Callable[[str], object] | None
    ) -> None:
        self._engine, self._running, self._without = engine, running, without
        self._silent = False

    def settled(self, text: str, verdict: Verdict, context: Context) -> Verdict:
        """The verdict once the worker has spoken, where there is a doubt."""
        if self._silent or not in_doubt(verdict):
            return verdict
        try:
            answer = _answer(self._worker, question(text, verdict), verdict.model)
        except Silent as silent:
            if self._without is None:
                raise
            self._silent = True
            self._without(str(silent))
            return verdict
        return self._engine.settled(verdict, answer.chances, context)

    @cached_property
    def _worker(self) -> Path:
        folder = self._running.enter_context(TemporaryDirectory(prefix="aparte-"))
        path = Path(folder, "worker.sock")
        try:
            require_short(path)
        except ValueError:
            raise Silent("The folder of temporary files has too long a name.") from None
        self._running.enter_context(kept(path))
        return path


def _answer(path: Path, asked: frames.Ask, model: str) -> frames.Answer:
    """The answer of a worker with this model; where it was busy for a moment, the next one."""
    deadline = time.monotonic() + MEASURED_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        if answer := ask_now(path, asked, seconds=left):
            if answer.model != model:
                raise Silent("The second stage has another model than the first.")
            return answer
        time.sleep(BUSY_SECONDS)
    raise Silent("The second stage does not answer.")
