"""Answers of the socket, made of what the domain returned."""

from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.events import wire_time
from accounts.models import Role
from chat import protocol
from chat.commands import Sent


def receipt_of(request_id: str, sent: Sent) -> protocol.Receipt:
    """The receipt of a message that was accepted, now or before."""
    message = sent.message
    return protocol.Receipt(
        r=request_id,
        state=message.state,
        client_id=message.client_id,
        message_id=message.id,
        seq=message.seq,
        charged_cents=message.price_cents,
        balance_cents=sent.balance_cents,
        decide_before=None if message.decide_before is None else wire_time(message.decide_before),
        answer_due_at=None if message.answer_due_at is None else wire_time(message.answer_due_at),
        sent_at=wire_time(message.sent_at),
        replay=sent.replay,
    )


def welcome(*, account_id: UUID, role: str) -> protocol.Welcome:
    """The first frame of a socket: who it is, and every limit a client needs."""
    return protocol.Welcome(
        account_id=account_id,
        role=role,
        server_time=wire_time(timezone.now()),
        protocol=protocol.PROTOCOL_VERSION,
        limits=protocol.Limits(
            body_max_characters=settings.BODY_MAX_CHARACTERS,
            frame_max_bytes=protocol.FRAME_MAX_BYTES,
            commands_per_second=settings.COMMANDS_PER_SECOND,
            commands_burst=settings.COMMANDS_BURST,
            history_max=protocol.HISTORY_MAX,
            media_per_message_max=settings.MEDIA_PER_MESSAGE_MAX,
            unsend_window_seconds=int(settings.UNSEND_WINDOW.total_seconds()),
            edit_window_seconds=int(settings.EDIT_WINDOW.total_seconds()),
            **({} if role == Role.MODERATOR else _price_bounds()),
        ),
    )


def _price_bounds() -> dict[str, int]:
    """Not for moderators: no frame that reaches them has a field of money."""
    return {
        "message_price_min_cents": settings.MESSAGE_PRICE_MIN_CENTS,
        "message_price_max_cents": settings.MESSAGE_PRICE_MAX_CENTS,
        "unlock_price_min_cents": settings.UNLOCK_PRICE_MIN_CENTS,
        "unlock_price_max_cents": settings.UNLOCK_PRICE_MAX_CENTS,
    }
