"""REST of conversations: the inbox, the head of a conversation, who can be written to."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from accounts.db import in_db
from accounts.errors import NotFound
from accounts.models import Account, Role
from accounts.queries import Person, certified_creator, certified_creators
from accounts.web import RefusalOut, SignedIn
from chat import commands
from chat.queries.access import conversation_for
from chat.queries.cards import CardPage, Head, card_page, head

router = Router(tags=["conversations"])
fan_only, member = SignedIn(Role.FAN), SignedIn(Role.FAN, Role.CREATOR)


class CardOut(Schema):
    """One row of an inbox, as its reader sees it."""

    id: UUID
    other_id: UUID
    other_name: str
    other_certified: bool
    state: str
    last_body: str
    last_at: datetime
    last_seq: int
    unread: int
    price_cents: int
    waiting: int
    waiting_since: datetime | None
    answer_due_at: datetime | None
    reserved_cents: int


class CardPageOut(Schema):
    items: list[CardOut]
    next: str | None = None


class HeadOut(Schema):
    """What stands above a conversation; the sums are the fan's own, null for the creator."""

    card: CardOut
    creator_id: UUID
    fan_id: UUID
    certified_at: datetime | None
    spent_month_cents: int | None
    spent_ever_cents: int | None
    author_kinds: list[str]


class CreatorOut(Schema):
    id: UUID
    name: str


class OpenIn(Schema):
    creator_id: UUID


def account_id(request: HttpRequest) -> UUID:
    """Who asks; only in a route with an `auth`."""
    return cast(Account, request.auth).id  # type: ignore[attr-defined]


def role(request: HttpRequest) -> str:
    """Of who asks; only in a route with an `auth`."""
    return cast(Account, request.auth).role  # type: ignore[attr-defined]


@router.get(
    "/conversations",
    response={200: CardPageOut, 422: RefusalOut},
    auth=member,
    operation_id="conversations",
)
async def conversations(
    request: HttpRequest, filter: str = "all", before: str | None = None
) -> Any:
    """Fifty conversations; `filter` is all, unread or waiting; `before` the last page's `next`."""
    page: CardPage = await in_db(card_page)(
        account_id=account_id(request),
        role=role(request),
        which=filter,
        before=before,
        now=timezone.now(),
    )
    return CardPageOut(items=[CardOut(**asdict(card)) for card in page.items], next=page.next)


@router.post(
    "/conversations",
    response={200: HeadOut, 403: RefusalOut, 404: RefusalOut},
    auth=fan_only,
    operation_id="open_conversation",
)
async def open_conversation(request: HttpRequest, body: OpenIn) -> Any:
    """The fan's conversation with this creator, made at the first call."""
    return await in_db(_open)(account_id(request), body.creator_id)


@router.get(
    "/conversations/{conversation_id}",
    response={200: HeadOut, 404: RefusalOut},
    auth=member,
    operation_id="conversation",
)
async def conversation(request: HttpRequest, conversation_id: UUID) -> Any:
    """The head of a conversation, for one of its two sides."""
    return await in_db(_head)(account_id(request), conversation_id)


@router.post(
    "/conversations/{conversation_id}/messages/{message_id}/decline",
    response={200: HeadOut, 404: RefusalOut, 409: RefusalOut},
    auth=SignedIn(Role.CREATOR),
    operation_id="decline_message",
)
async def decline(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> Any:
    """Return the reserved price of a message the creator will not answer."""
    await in_db(commands.decline_message)(
        creator_id=account_id(request),
        conversation_id=conversation_id,
        message_id=message_id,
        now=timezone.now(),
    )
    return await in_db(_head)(account_id(request), conversation_id)


@router.get("/creators", response=list[CreatorOut], auth=SignedIn(), operation_id="creators")
async def creators(request: HttpRequest, after: UUID | None = None, name: str = "") -> Any:
    """A hundred certified creators one may write to, by name; `after` is the last one shown, and
    `name` something that their names have in them."""
    found: list[Person] = await in_db(certified_creators)(after=after, name=name)
    return [CreatorOut(id=person.id, name=person.name) for person in found]


@router.get(
    "/creators/{creator_id}",
    response={200: CreatorOut, 404: RefusalOut},
    auth=SignedIn(),
    operation_id="creator",
)
async def creator(request: HttpRequest, creator_id: UUID) -> Any:
    """One certified creator."""
    person: Person | None = await in_db(certified_creator)(creator_id)
    if person is None:
        raise NotFound("This page is not available.")
    return CreatorOut(id=person.id, name=person.name)


def _open(fan_id: UUID, creator_id: UUID) -> HeadOut:
    opened = commands.open_conversation(fan_id=fan_id, creator_id=creator_id, now=timezone.now())
    return _head(fan_id, opened.id)


def _head(reader_id: UUID, conversation_id: UUID) -> HeadOut:
    found = conversation_for(member_id=reader_id, conversation_id=conversation_id)
    top: Head = head(account_id=reader_id, conversation=found, now=timezone.now())
    return HeadOut(**{**asdict(top), "card": CardOut(**asdict(top.card))})
