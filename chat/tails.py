"""What each sender wrote last, in this process' memory: screening joins numbers split over texts.

A hint: the batch compares its newest id with the database, and screens again where it is behind.
"""

from collections import OrderedDict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from accounts.db import in_db
from chat.queries.tails import TAIL_LENGTH, Tail, true_tail

REMEMBERED_MAX = 20_000
KEPT = 2 * TAIL_LENGTH  # so many that taking one back leaves the whole tail


class _Known(NamedTuple):
    """The last texts of a sender; `whole` when no older one was left out."""

    texts: Tail
    whole: bool


_tails: OrderedDict[tuple[int, int], _Known] = OrderedDict()  # by both ids


def _key(conversation_id: UUID, sender_id: UUID) -> tuple[int, int]:
    return conversation_id.int, sender_id.int  # an id as such is hashed and compared in Python


async def tail_of(conversation_id: UUID, sender_id: UUID, *, now: datetime) -> Tail:
    """The sender's last texts in this conversation, read from the database on first use."""
    key = _key(conversation_id, sender_id)
    if key not in _tails:
        stored: Tail = await in_db(true_tail)(conversation_id, sender_id, now=now)
        _tails.setdefault(key, _Known(stored, len(stored) < TAIL_LENGTH))
    _tails.move_to_end(key)
    if len(_tails) > REMEMBERED_MAX:
        _tails.popitem(last=False)
    return _tails[key].texts[-TAIL_LENGTH:]


def remember(conversation_id: UUID, sender_id: UUID, message_id: UUID, text: str) -> None:
    """The sender has just written this; `take_back` what is not stored.

    Nothing where the tail was forgotten meanwhile: this text alone would look like all of it.
    """
    key = _key(conversation_id, sender_id)
    if known := _tails.get(key):
        texts = (*known.texts, (message_id, text))
        _tails[key] = _Known(texts[-KEPT:], known.whole and len(texts) <= KEPT)


def take_back(conversation_id: UUID, sender_id: UUID, message_id: UUID) -> None:
    """What was remembered was refused, or had been sent before: the texts around it stay.

    Where fewer than a tail are left and older ones were left out, it is read again.
    """
    key = _key(conversation_id, sender_id)
    if known := _tails.get(key):
        left = tuple(entry for entry in known.texts if entry[0] != message_id)
        if known.whole or len(left) >= TAIL_LENGTH:
            _tails[key] = _Known(left, known.whole)
        else:
            del _tails[key]


def forget(conversation_id: UUID, sender_id: UUID) -> None:
    """Read the tail from the database next time: a stored text of it has changed."""
    _tails.pop(_key(conversation_id, sender_id), None)
