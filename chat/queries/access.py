"""Authorising loaders: not yours and not there are the same refusal."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from accounts.db import columns_of, instances, rows_of
from accounts.errors import NotFound
from accounts.models import Role
from accounts.queries import people
from chat.models import Conversation, Message


def conversation_for(*, member_id: UUID, conversation_id: UUID) -> Conversation:
    """The conversation, if this account is one of its two sides. Raises `NotFound`."""
    conversation = Conversation.objects.filter(id=conversation_id).first()
    if conversation is None or member_id not in sides(conversation):
        raise NotFound("This conversation is not available.")
    return conversation


def conversations_of(account_id: UUID) -> QuerySet[Conversation]:
    """Those of this account, on the one side its role puts it on: each side has its indexes."""
    side = side_of(people([account_id])[account_id].role)
    return Conversation.objects.filter(**{f"{side}_id": account_id})


def side_of(role: str) -> str:
    """`fan` or `creator`: the side an account of this role has in all its conversations."""
    return "creator" if role == Role.CREATOR else "fan"


def message_for(*, member_id: UUID, conversation_id: UUID, message_id: UUID) -> Message:
    """A message this member may see: numbered, or their own. Raises `NotFound`."""
    conversation_for(member_id=member_id, conversation_id=conversation_id)
    message = Message.objects.filter(id=message_id, conversation_id=conversation_id).first()
    if message is None or (message.seq is None and message.sender_id != member_id):
        raise NotFound("This message is not available.")
    return message


def lock_conversation(conversation_id: UUID) -> Conversation:
    """The conversation, locked until the transaction ends: every writer locks it first."""
    return lock_conversations([conversation_id])[conversation_id]


def lock_conversations(conversation_ids: Collection[UUID]) -> dict[UUID, Conversation]:
    """Those of these conversations that exist, locked in id order."""
    rows = rows_of(
        Conversation,
        columns_of(Conversation),
        where=("id",),
        among=[(conversation_id,) for conversation_id in conversation_ids],
        lock=True,
    ).run()
    return {conversation.id: conversation for conversation in instances(Conversation, rows)}


def sides(conversation: Conversation) -> tuple[UUID, UUID]:
    """The fan and the creator."""
    return conversation.fan_id, conversation.creator_id


def other_side(conversation: Conversation, account_id: UUID) -> UUID:
    """Who this member speaks with."""
    fan_id, creator_id = sides(conversation)
    return creator_id if account_id == fan_id else fan_id
