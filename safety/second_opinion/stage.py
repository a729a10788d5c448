"""The second stage as the rest of the server sees it: who is asked, and what the answer changes.

Off by default (`settings.SECOND_OPINION`): what the first stage is unsure of then stands as it is.
When it is on and does not answer, nothing passes undecided: docs/screening.md, "Second opinion".
"""

from functools import cache
from pathlib import Path

from django.conf import settings

from accounts.rest import Rest
from safety import screening
from safety.screening import Context, Verdict
from safety.second_opinion import client
from safety.second_opinion.questions import ask_now, doubts, in_doubt, question

PATIENCE_SECONDS = 1.0  # of a thread that nobody waits for
SILENCE_SECONDS = 5.0  # for which such a thread leaves a worker alone that did not answer

_rest = Rest()


def enabled() -> bool:
    """Whether this installation has a second stage, be it up or down."""
    return bool(settings.SECOND_OPINION)


def socket_path() -> Path:
    """Where the worker of this machine listens."""
    return Path(settings.SECOND_OPINION_SOCKET)


def wanted(verdict: Verdict) -> bool:
    """Whether the first stage is unsure, another look may lawfully change what it says, and there
    is somebody to ask."""
    return in_doubt(verdict) and enabled()


async def ask(text: str, verdict: Verdict) -> client.Chances | None:
    """What the second stage makes of the policies in doubt; None when it does not answer in time.

    Never raises, and takes `client.CUT_SECONDS` at most.
    """
    return await shared().ask(
        text, language=verdict.language, chances=doubts(verdict), model=verdict.model
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
    answer = ask_now(socket_path(), question(text, verdict), seconds=PATIENCE_SECONDS)
    _rest.lasts(SILENCE_SECONDS if answer is None else 0.0)
    return answer.chances if answer is not None and answer.model == verdict.model else None


@cache
def shared() -> client.Client:
    """The client of this process."""
    return client.Client(socket_path())
