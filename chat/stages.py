"""What is measured and logged of a message's way: screened, waiting, committed.

A line is written for what is slow, refused or failed, one for a whole batch, so that the way of one
message is found by its id or its `client_id`; at DEBUG for every batch. Never its text.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from time import perf_counter

from structlog.contextvars import bound_contextvars

from accounts import logs, metrics
from accounts.errors import Refusal
from chat.commands import Draft, Outcome
from safety.screening import Verdict

log = logs.get_logger(__name__)

SLOW_SCREEN_SECONDS = 0.020
SLOW_WAIT_SECONDS, SLOW_COMMIT_SECONDS = 0.5, 0.5

_batches = count(1)
_verdicts = cache(metrics.SCREENED.labels)  # finding a child costs more than counting on it


def screened(draft: Draft, seconds: float) -> None:
    """A draft was judged within so many seconds."""
    verdict: Verdict = draft.verdict
    metrics.SCREEN_SECONDS.observe(seconds)
    _verdicts(verdict.action.value, verdict.cause).inc()
    if verdict.cause or seconds > SLOW_SCREEN_SECONDS:
        log.info(
            "screened late or in part",
            **_named(draft),
            verdict=verdict.action.value,
            cause=verdict.cause,
            rule_book=verdict.version,
            seconds=round(seconds, 6),
        )


def committed(
    commit: Callable[[Sequence[Draft]], list[Outcome]],
    drafts: Sequence[Draft],
    waited_seconds: float,
) -> list[Outcome]:
    """The outcomes of `commit(drafts)`; the oldest of the drafts had waited for so many seconds.

    What is logged meanwhile carries the number of the batch in this process.
    """
    with bound_contextvars(batch=next(_batches)):
        started = perf_counter()
        outcomes = commit(drafts)
        seconds = perf_counter() - started
        try:
            _count(outcomes, waited_seconds, seconds)
            _tell(drafts, outcomes, waited_seconds, seconds)
        except Exception:  # whoever sent these messages is owed an answer, not our figures
            log.exception("a batch was not counted")
    return outcomes


def _count(outcomes: Sequence[Outcome], waited_seconds: float, seconds: float) -> None:
    metrics.QUEUE_WAIT_SECONDS.observe(waited_seconds)
    metrics.COMMIT_SECONDS.observe(seconds)
    metrics.COMMIT_DRAFTS.observe(len(outcomes))
    for outcome, times in Counter(map(_outcome, outcomes)).items():
        metrics.SENDS.labels(outcome).inc(times)


def _tell(
    drafts: Sequence[Draft], outcomes: Sequence[Outcome], waited_seconds: float, seconds: float
) -> None:
    slow = waited_seconds > SLOW_WAIT_SECONDS or seconds > SLOW_COMMIT_SECONDS
    told = slow or any(isinstance(outcome, Refusal) for outcome in outcomes)
    level = logging.INFO if told else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    sends = [
        {**_named(draft), "outcome": _outcome(outcome)}
        for draft, outcome in zip(drafts, outcomes, strict=True)
    ]
    times = {"waited": round(waited_seconds, 6), "seconds": round(seconds, 6)}
    log.log(level, "batch", slow=slow, **times, sends=sends)


def _named(draft: Draft) -> dict[str, str]:
    """The ids by which people ask for one message."""
    return {"message": str(draft.message_id), "client_id": str(draft.client_id)}


def _outcome(outcome: Outcome) -> str:
    if isinstance(outcome, Refusal):
        return outcome.code
    return "replayed" if outcome.replay else str(outcome.message.state)
