"""A content between its screening and its storage, and the row that its verdict becomes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.db import insert_rows
from safety.models import Screening
from safety.queries.features import encode
from safety.screening import Context, Verdict

JUDGED_COLUMNS = (
    "content_sha256", "under_id", "action", "cause", "language", "rules", "features", "at",
)  # fmt: skip
_SCREENING = ("id", "version", "book_hash", "model", "country", "channel", "profile")

type _Under = tuple[str, ...]

_stored: dict[_Under, int] = {}  # the screenings that this process knows to be committed


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A content that is about to be stored, and the verdict on it.

    `subject_id` is the message or, for an edit, the revision. `text` and `context` are what was
    screened: no record keeps them.
    """

    kind: str
    subject_id: UUID
    message_id: UUID
    text: str
    context: Context
    verdict: Verdict


def keep_screenings(judged: Iterable[tuple[Verdict, Context]]) -> None:
    """Store under what these were judged, in at most one statement and seldom in any.

    Assumes the transaction that stores their records.
    """
    unders = {_under(verdict, context) for verdict, context in judged}
    if fresh := {under: _id_of(under) for under in unders if under not in _stored}:
        rows = [(number, *under) for under, number in fresh.items()]
        insert_rows(Screening, _SCREENING, rows, ignore_conflicts=True)
        transaction.on_commit(partial(_stored.update, fresh))


def judged_row(verdict: Verdict, context: Context, now: datetime) -> tuple[Any, ...]:
    """The values of `JUDGED_COLUMNS`."""
    under = _under(verdict, context)
    rules, features = encode(verdict)
    return (
        verdict.content_sha256,
        _stored.get(under) or _id_of(under),
        verdict.action.value,
        verdict.cause,
        verdict.language,
        rules,
        features,
        now,
    )


def _under(verdict: Verdict, context: Context) -> _Under:
    """In the order of `_SCREENING`, without the id."""
    place = context.country, context.channel, verdict.profile
    return (verdict.version, verdict.book_hash, verdict.model, *place)


def _id_of(under: _Under) -> int:
    """63 bits of its hash: the same in every process."""
    return int.from_bytes(hashlib.sha256("\0".join(under).encode()).digest()[:8]) >> 1
