"""Hides the clock: one loop that runs what the apps' `tasks.TASKS` say is due, each on its own.

There is no queue and no broker: deadlines are indexed columns, and a task that failed or was
killed finds its rows again at the next turn.
"""

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from threading import Event

from django.db import close_old_connections
from django.utils import timezone

from accounts import metrics
from accounts.clock import Task

logger = logging.getLogger(__name__)

APPS = ("accounts", "paywall", "safety", "chat")
TURN_SECONDS = 0.5  # how late a due task may start, on an idle machine


def all_tasks() -> tuple[Task, ...]:
    """The tasks of every app that has some, lower layers first."""
    modules = [import_module(f"{app}.tasks") for app in APPS if find_spec(f"{app}.tasks")]
    return tuple(task for module in modules for task in module.TASKS)


class Clock:
    """Knows when each task is due again; every task is due at the first turn."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tuple(tasks)
        self._due_at: dict[str, datetime] = {}

    def turn(self, *, now: datetime) -> dict[str, int | None]:
        """Run each due task once. Returns what each did, None for one that failed.

        Never raises: a failure is logged with its class and place, without its message, which
        may quote data, and the task is due again after its usual interval.
        """
        due = [task for task in self._tasks if self._due_at.get(task.name, now) <= now]
        for task in due:
            self._due_at[task.name] = now + timedelta(seconds=task.every_seconds)
        return {task.name: _run(task, now=now) for task in due}


def run_until(stop: Event) -> None:
    """Turn the clock until `stop` is set; returns within one task's run of it."""
    clock = Clock(all_tasks())
    while not stop.is_set():
        clock.turn(now=timezone.now())
        stop.wait(TURN_SECONDS)


def _run(task: Task, *, now: datetime) -> int | None:
    try:
        done = task.run(now=now)
        metrics.TASK_LAST_RUN.labels(task.name).set_to_current_time()
        return done
    except Exception as error:
        metrics.TASK_FAILURES.labels(task.name).inc()
        logger.error("task %s failed: %s at %s", task.name, type(error).__name__, _place(error))
        return None
    finally:
        close_old_connections()  # also drops a connection that broke, so that the next turn heals


def _place(error: Exception) -> str:
    """Where in our own code it happened, as `file:line`; libraries below are of no interest."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    return f"{ours[-1].filename}:{ours[-1].lineno}"
