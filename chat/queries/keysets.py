"""Hides in what order a list of conversations is paged, and the mark where its next page begins.

A page starts at a key of an index, never at a count of rows to skip: it costs what it shows.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts.errors import Malformed
from chat.models import Conversation


@dataclass(frozen=True, slots=True)
class Keyset:
    """Pages by `(column, id)`, both falling or both rising, in the order of an index."""

    column: str
    falling: bool

    def rows(
        self, conversations: QuerySet[Conversation], mark: str | None
    ) -> QuerySet[Conversation]:
        """These conversations in order, after the mark. Raises `Malformed`."""
        sign, beyond, same_side = ("-", "lte", "gte") if self.falling else ("", "gte", "lte")
        if mark is not None:
            at, conversation_id = _read(mark)
            # The first condition finds the place in the index, the second leaves out its ties.
            conversations = conversations.filter(**{f"{self.column}__{beyond}": at}).exclude(
                **{self.column: at, f"id__{same_side}": conversation_id}
            )
        return conversations.order_by(f"{sign}{self.column}", f"{sign}id")

    def mark(self, last: Conversation) -> str:
        """Where the page after this conversation begins."""
        text = f"{getattr(last, self.column).isoformat()}|{last.id}"
        return base64.urlsafe_b64encode(text.encode()).decode()


def _read(mark: str) -> tuple[datetime, UUID]:
    try:
        at, _, conversation_id = base64.urlsafe_b64decode(mark.encode()).decode().partition("|")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(conversation_id)
    except (ValueError, OverflowError):
        raise Malformed("This page mark is not one of ours.", field="before") from None


NEWEST_FIRST = Keyset("listed_at", falling=True)
BY_DEADLINE = Keyset("due_at", falling=False)
