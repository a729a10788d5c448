"""What waits for an answer in a conversation: how much, since when, until when."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Min, Q, Sum

from chat.models import Message, MessageState, Money


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
    """What waits in those of these conversations where anything does, in one statement."""
    delivered = Q(state=MessageState.DELIVERED)
    rows = Message.objects.filter(
        conversation_id__in=conversation_ids, money=Money.RESERVED
    ).values("conversation_id")
    totals = rows.annotate(
        waiting=Count("id", filter=delivered),
        waiting_since=Min("delivered_at", filter=delivered),
        answer_due=Min("answer_due_at", filter=delivered),
        delivered_cents=Sum("price_cents", filter=delivered, default=0),
        held_cents=Sum("price_cents", filter=~delivered, default=0),
    )
    fields = ("conversation_id", *Waiting._fields)
    return {place: Waiting(*rest) for place, *rest in totals.values_list(*fields)}
