"""What an app promises to do when a moment has passed: a named task and how often to look."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Job(Protocol):
    """Does what is due at `now`, in batches, and returns how much it did.

    Idempotent and safe beside another worker: it finds its rows by an indexed deadline column.
    """

    def __call__(self, *, now: datetime) -> int: ...


class Task(NamedTuple):
    """One line of an app's `tasks.TASKS`."""

    name: str
    run: Job
    every_seconds: float
