"""The one inversion: how a human decision reaches the app that owns the subject.

Safety knows a subject as (kind, id). The app above registers, once at start, what a ruling does
to its kind and which window of context the desk may read.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

SUBJECT_KINDS = ("message", "revision")  # the kinds this product opens cases about


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A human decision on its way to its subject; `moderator` is a pseudonym."""

    case_id: UUID
    subject_id: UUID
    outcome: Literal["release", "withhold"]
    rule: str
    reason: str
    policy_version: str
    moderator: str
    statement_url: str | None = None
    payee_at_fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextLine:
    """One message of the window. `author` is the side: "fan" or "creator"."""

    message_id: UUID
    author: str
    author_kind: str
    body: str
    sent_at: datetime
    state: str
    is_subject: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectContext:
    """The window of the conversation that the desk may read: never an amount."""

    lines: tuple[ContextLine, ...] = ()


Apply = Callable[[Ruling, datetime], None]
ReadContext = Callable[[UUID], SubjectContext]
Lock = Callable[[UUID], None]
CountPaid = Callable[[Collection[UUID]], int]


class Handler(NamedTuple):
    apply: Apply
    context: ReadContext
    lock: Lock
    count_paid: CountPaid


class UnknownKind(LookupError):
    """No app registered this kind: a bug that the system check finds at start."""


_handlers: dict[str, Handler] = {}


def _lock_nothing(subject_id: UUID) -> None:
    """For kinds whose `apply` takes no lock that another path takes before a case."""


def _none_paid(subject_ids: Collection[UUID]) -> int:
    """For kinds that cost nobody anything."""
    return 0


def register(
    kind: str,
    *,
    apply: Apply,
    context: ReadContext,
    lock: Lock = _lock_nothing,
    count_paid: CountPaid = _none_paid,
) -> None:
    """Say who owns subjects of this kind; the last registration counts.

    `apply` and `lock` run inside the transaction of the decision. `lock` takes, before the case
    is locked, what `apply` will lock: a sender's path locks its conversation first and the case
    second, and a decision must do it in the same order. `count_paid` says how many of some
    subjects cost somebody something: a number for operators, never for the desk.
    """
    _handlers[kind] = Handler(apply, context, lock, count_paid)


def registered_kinds() -> frozenset[str]:
    """The kinds that have a handler."""
    return frozenset(_handlers)


def lock(kind: str, subject_id: UUID) -> None:
    """Take the locks of the subject, as its app does everywhere else."""
    _handler(kind).lock(subject_id)


def apply(kind: str, ruling: Ruling, now: datetime) -> None:
    """Carry the ruling out on its subject, inside the caller's transaction."""
    _handler(kind).apply(ruling, now)


def context(kind: str, subject_id: UUID) -> SubjectContext:
    """The window around the subject, as its app lets the desk read it."""
    return _handler(kind).context(subject_id)


def count_paid(kind: str, subject_ids: Collection[UUID]) -> int:
    """How many of these subjects cost somebody something."""
    return _handler(kind).count_paid(subject_ids)


def _handler(kind: str) -> Handler:
    try:
        return _handlers[kind]
    except KeyError:
        raise UnknownKind(f"no handler for subjects of kind {kind!r}") from None
