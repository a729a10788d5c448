"""What the clock runs for the conversation."""

from datetime import datetime

from accounts.clock import Task
from chat.commands.deadlines import expire_held, expire_held_revisions, refund_unanswered
from chat.commands.rescreen import screen_again
from chat.commands.steps import resume_lapsed_pauses
from safety.second_opinion.stage import screen_patiently


def _refund_unanswered(now: datetime) -> int:
    return refund_unanswered(now=now)


def _expire_held(now: datetime) -> int:
    return expire_held(now=now) + expire_held_revisions(now=now)


def _screen_again(now: datetime) -> int:
    return screen_again(now=now, judge=screen_patiently)


def _resume_lapsed_pauses(now: datetime) -> int:
    return resume_lapsed_pauses(now=now)


TASKS = (
    Task("refund_unanswered", _refund_unanswered, 1.0),
    Task("expire_held", _expire_held, 1.0),
    Task("screen_again", _screen_again, 1.0),
    Task("resume_lapsed_pauses", _resume_lapsed_pauses, 1.0),
)
