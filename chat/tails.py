"""What each sender wrote last, in this process' memory: screening joins numbers split over texts.

A hint: the batch compares its newest id with the database, and screens again where it is behind.
"""

from collections import OrderedDict
from datetime import datetime
from uuid import UUID

from accounts.db import in_db
from chat.queries.tails import TAIL_LENGTH, Tail, true_tail

REMEMBERED_MAX = 20_000
KEPT = 2 * TAIL_LENGTH  # so many that taking one back leaves the whole tail

_tails: OrderedDict[tuple[int, int], Tail] = OrderedDict()  # by both ids


def _key(conversation_id: UUID, sender_id: UUID) -> tuple[int, int]:
    return conversation_id.int, sender_id.int  # an id as such is hashed and compared in Python


async def tail_of(conversation_id: UUID, sender_id: UUID, *, now: datetime) -> Tail:
    """The sender's last texts in this conversation, read from the database on first use."""
    key = _key(conversation_id, sender_id)
    if key not in _tails:
        stored: Tail = await in_db(true_tail)(conversation_id, sender_id, now=now)
        _tails.setdefault(key, stored)
    _tails.move_to_end(key)
    if len(_tails) > REMEMBERED_MAX:
        _tails.popitem(last=False)
    return _tails[key][-TAIL_LENGTH:]


def remember(conversation_id: UUID, sender_id: UUID, message_id: UUID, text: str) -> None:
    """The sender has just written this; `take_back` what is not stored.

    Nothing where the tail was forgotten meanwhile: this text alone would look like all of it.
    """
    key = _key(conversation_id, sender_id)
    if key in _tails:
        _tails[key] = (*_tails[key], (message_id, text))[-KEPT:]


def take_back(conversation_id: UUID, sender_id: UUID, message_id: UUID) -> None:
    """What was remembered was refused, or had been sent before: the texts around it stay.

    Where fewer than a tail are left, an older one may be missing: then it is read again.
    """
    key = _key(conversation_id, sender_id)
    left = tuple(entry for entry in _tails.get(key, ()) if entry[0] != message_id)
    if len(left) >= TAIL_LENGTH:
        _tails[key] = left
    else:
        _tails.pop(key, None)


def forget(conversation_id: UUID, sender_id: UUID) -> None:
    """Read the tail from the database next time: a stored text of it has changed."""
    _tails.pop(_key(conversation_id, sender_id), None)
