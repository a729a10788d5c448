"""What a handler knows of the socket that asked: whose it is, and how to answer."""

from typing import Protocol
from uuid import UUID

from accounts.errors import Refusal
from accounts.events import Event
from accounts.models import Account

# An extension of ASGI's scope, where the server offers it: `(frame, is it binary) -> None` hands a
# frame over at once and never waits. The server itself then bounds what a client does not read.
PROMPT_SENDING = "aparte.prompt_sending"


class Socket(Protocol):
    """One open socket of one account."""

    account: Account

    @property
    def account_id(self) -> UUID: ...

    def answer(self, event: Event) -> None:
        """Send one frame to this socket alone."""

    def refuse(self, request_id: str, refusal: Refusal) -> None:
        """Say no to one request."""

    async def heartbeat(self) -> None:
        """The client gave a sign of life."""
