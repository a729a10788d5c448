"""Who is there: told to the people one has talked with lately, and to nobody else."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts import inbox
from accounts.db import in_db
from accounts.events import wire_time
from chat.events import Presence
from chat.queries.access import conversations_of, other_side
from chat.sockets import Socket

CIRCLE_MAX = 100
CIRCLE_AGE = timedelta(days=7)


async def arrived(account_id: UUID, socket: Socket) -> None:
    """Tell the circle that this account is there, and this socket who of the circle is."""
    for event in await in_db(_announce)(account_id, online=True):
        socket.answer(event)


async def left(account_id: UUID) -> None:
    """Tell the circle that the account's last socket here has closed."""
    await in_db(_announce)(account_id, online=False)


def _announce(account_id: UUID, *, online: bool) -> list[Presence]:
    now = timezone.now()
    circle = _circle(account_id)
    at = wire_time(now)
    if not online and inbox.online([account_id]):
        return []  # still there through another process
    for conversation_id, other_id in circle.items():
        event = Presence(
            conversation_id=conversation_id, account_id=account_id, online=online, at=at
        )
        inbox.hint([other_id], event)
    there = inbox.online(list(circle.values())) if online else set()
    return [
        Presence(conversation_id=conversation_id, account_id=other_id, online=True, at=at)
        for conversation_id, other_id in circle.items()
        if other_id in there
    ]


def _circle(account_id: UUID) -> dict[UUID, UUID]:
    lately = conversations_of(account_id).filter(listed_at__gt=timezone.now() - CIRCLE_AGE)
    newest = lately.order_by("-listed_at", "-id")[:CIRCLE_MAX]
    return {c.id: other_side(c, account_id) for c in newest}
