"""What waits for an answer in a conversation: how much, since when, until when."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from accounts.db import Question, answer, rows_of
from chat.models import Message, MessageState


class Waiting(NamedTuple):
    """The paid messages of one conversation that have no answer. `answer_due` is the nearest
    deadline, None while the clock stands still; only the fan sees what is held."""

    waiting: int = 0
    waiting_since: datetime | None = None
    answer_due: datetime | None = None
    delivered_cents: int = 0
    held_cents: int = 0

    def reserved(self, *, for_fan: bool) -> int:
        """What is reserved, gross, as far as this side knows."""
        return self.delivered_cents + (self.held_cents if for_fan else 0)


NOTHING = Waiting()


def waiting_in(conversation_ids: Collection[UUID]) -> dict[UUID, Waiting]:
    """What waits in those of these conversations where anything does."""
    return answer(what_waits(conversation_ids))


def what_waits(conversation_ids: Collection[UUID]) -> Question[dict[UUID, Waiting]]:
    """As `waiting_in`, to be asked together with others."""
    reserved = rows_of(
        Message,
        ("conversation_id", "state", "price_cents", "delivered_at", "answer_due_at"),
        where=("conversation_id",),
        among=[(conversation_id,) for conversation_id in conversation_ids],
        matching="money = 'reserved'",
    )
    return Question([reserved], _summed)


def _summed(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, Waiting]:
    found: dict[UUID, Waiting] = {}
    for place, state, cents, delivered_at, due_at in rows:
        so_far = found.get(place, NOTHING)
        if state == MessageState.DELIVERED:
            found[place] = so_far._replace(
                waiting=so_far.waiting + 1,
                waiting_since=_earlier(so_far.waiting_since, delivered_at),
                answer_due=_earlier(so_far.answer_due, due_at),
                delivered_cents=so_far.delivered_cents + cents,
            )
        else:
            found[place] = so_far._replace(held_cents=so_far.held_cents + cents)
    return found


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
