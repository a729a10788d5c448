"""A message before it is stored, and what became of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.errors import Refusal
from chat.models import AuthorKind
from chat.queries.rows import AnyMessage
from safety.screening import Context, Verdict


def words_of(body: str, preview: str) -> str:
    """Everything the other side will read: what screening judges."""
    return f"{body}\n{preview}" if preview else body


def attachments_of(offer_id: UUID | None) -> tuple[str, ...]:
    """What a verdict is bound to beside the words: an offer never changes its media."""
    return () if offer_id is None else (str(offer_id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One message as it arrived, already screened, before any lock was taken."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    client_id: UUID
    body: str
    verdict: Verdict
    context: Context  # what its verdict was said in
    sent_at: datetime  # when it arrived, by the server's clock
    author_kind: AuthorKind = AuthorKind.IN_PERSON
    offer_id: UUID | None = None
    preview: str = ""  # the line shown under the lure of the offer: screened with the body
    reply_to: UUID | None = None
    max_price_cents: int = 0
    tail_id: UUID | None = None  # the message before it, as far as its screening knew
    chances: Mapping[str, float] | None = None  # what the second stage said of it, if it did

    @property
    def sha256(self) -> str:
        """What tells a replay from a reused client_id."""
        content = f"{self.conversation_id}|{self.body}|{self.offer_id}|{self.reply_to}"
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that was accepted, now or, with `replay`, before."""

    message: AnyMessage
    balance_cents: int | None = None
    replay: bool = False


Outcome = Sent | Refusal
