"""Hides in what order a list of conversations is paged, and the mark where its next page begins.

A page starts at a key of an index, never at a count of rows to skip: it costs what it shows.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from accounts.db import Read, columns_of, first_rows
from accounts.errors import Malformed
from chat.models import Conversation


@dataclass(frozen=True, slots=True)
class Keyset:
    """Pages by `(column, id)`, both falling or both rising, in the order of an index."""

    column: str
    falling: bool

    def read(
        self, where: Mapping[str, Any], *, after: str | None, most: int, matching: str
    ) -> Read:
        """The first `most` of the conversations with these values, after the mark. Raises
        `Malformed`."""
        return first_rows(
            Conversation,
            columns_of(Conversation),
            where=where,
            by=(self.column, "id"),
            falling=self.falling,
            beyond=_read(after) if after is not None else (),
            matching=matching,
            most=most,
        )

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
