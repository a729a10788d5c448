"""Hides how what several modules want to know is read together: on PostgreSQL by one statement.

Who wants to know does not know who else asks; each makes its own answer of its own rows.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from accounts.db._sets import Read, Row
from accounts.db._together import read_parts


class Question[T]:
    """Something to find out by reads that do not hang on each other."""

    answer: T  # once it was asked

    def __init__(self, reads: Sequence[Read], make: Callable[..., T]) -> None:
        """`make` is given the rows of each read."""
        self.reads, self._make = reads, make

    def then[R](self, make: Callable[[T], R]) -> "Question[R]":
        """A question of the same reads, whose answer is made of this one's."""
        return Question(self.reads, lambda *found: make(self._make(*found)))

    def give(self, found: Sequence[list[Row]]) -> None:
        """Answer it by the rows of each of its reads."""
        self.answer = self._make(*found)


def answer[T](question: Question[T]) -> T:
    """Ask this one alone."""
    ask(question)
    return question.answer


def ask(*questions: Question[Any], using: str = DEFAULT_DB_ALIAS) -> None:
    """Find the answers, in one statement on PostgreSQL.

    At most one read locks. Its rows are as they stand once they are locked; all others are as they
    stood when the statement began, before it waited: hand in with it only what locks taken before
    protect, or what may be that old.
    """
    found = iter(_rows([read for question in questions for read in question.reads], using))
    for question in questions:
        question.give([next(found) for _ in question.reads])


def _rows(reads: Sequence[Read], using: str) -> list[list[Row]]:
    own = connections[using]
    asked = [read for read in reads if read.keys]
    assert sum(read.lock for read in asked) <= 1, "in which order would they lock?"
    if own.vendor == "sqlite" or len(asked) < 2:
        return [read.run(using) for read in reads]
    found = iter(read_parts(own, [read.part for read in asked]))
    return [next(found) if read.keys else [] for read in reads]
