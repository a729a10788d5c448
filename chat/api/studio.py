"""REST of what a creator sets for conversations: prices, free list, offers."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from accounts.db import in_db
from accounts.models import Role
from accounts.web import RefusalOut, SignedIn
from chat import commands
from chat.api.conversations import account_id
from paywall.api.prices import PricesOut, prices_out
from paywall.commands import prices
from paywall.queries.offers import OfferFacts
from paywall.queries.price_sheet import price_sheet

router = Router(tags=["studio"], auth=SignedIn(Role.CREATOR))
NO = {403: RefusalOut, 404: RefusalOut, 409: RefusalOut, 422: RefusalOut}
PRICES = {200: PricesOut, **NO}


class TermsIn(Schema):
    """What holds for every fan; null returns to the platform's default, or to "never"."""

    default_cents: int | None
    reply_window_hours: int | None
    answer_deadline_hours: int | None


class PriceIn(Schema):
    price_cents: int


class OfferIn(Schema):
    conversation_id: UUID
    media_ids: list[UUID]
    price_cents: int
    preview: str = ""


class MadeOfferOut(Schema):
    offer_id: UUID
    price_cents: int
    media_count: int


@router.get("/studio/prices", response={200: PricesOut, 403: RefusalOut}, operation_id="prices")
async def read_prices(request: HttpRequest) -> Any:
    """Every rule of this creator, the bounds, and what the default price pays."""
    return await in_db(_sheet)(account_id(request))


@router.put("/studio/prices", response=PRICES, operation_id="set_prices")
async def set_prices(request: HttpRequest, body: TermsIn) -> Any:
    """Set the default price, the free reply window and the answer deadline."""
    creator_id = account_id(request)

    def change() -> None:
        prices.set_default_price(creator_id=creator_id, cents=body.default_cents)
        prices.set_reply_window(creator_id=creator_id, hours=body.reply_window_hours)
        prices.set_answer_deadline(creator_id=creator_id, hours=body.answer_deadline_hours)

    return await in_db(_change)(creator_id, change, None)


@router.put("/studio/prices/fans/{fan_id}", response=PRICES, operation_id="set_fan_price")
async def set_fan_price(request: HttpRequest, fan_id: UUID, body: PriceIn) -> Any:
    """What a message costs this fan, whatever else applies."""
    change = partial(prices.set_fan_price, fan_id=fan_id, cents=body.price_cents)
    return await _change_for_fan(request, fan_id, change)


@router.delete("/studio/prices/fans/{fan_id}", response=PRICES, operation_id="clear_fan_price")
async def clear_fan_price(request: HttpRequest, fan_id: UUID) -> Any:
    """This fan pays what the other rules say."""
    return await _change_for_fan(request, fan_id, partial(prices.clear_fan_price, fan_id=fan_id))


@router.put("/studio/free-list/{fan_id}", response=PRICES, operation_id="put_on_free_list")
async def put_on_free_list(request: HttpRequest, fan_id: UUID) -> Any:
    """This fan writes free, unless a price is set for them."""
    return await _change_for_fan(request, fan_id, partial(prices.put_on_free_list, fan_id=fan_id))


@router.delete("/studio/free-list/{fan_id}", response=PRICES, operation_id="remove_from_free_list")
async def remove_from_free_list(request: HttpRequest, fan_id: UUID) -> Any:
    """This fan pays again what the other rules say."""
    change = partial(prices.remove_from_free_list, fan_id=fan_id)
    return await _change_for_fan(request, fan_id, change)


@router.post("/studio/offers", response={201: MadeOfferOut, **NO}, operation_id="create_offer")
async def create_offer(request: HttpRequest, body: OfferIn) -> Any:
    """Media for sale to the fan of a conversation, to be sent with a message."""
    facts: OfferFacts = await in_db(commands.create_offer)(
        creator_id=account_id(request), now=timezone.now(), **body.dict()
    )
    return Status(
        201,
        MadeOfferOut(
            offer_id=facts.offer_id, price_cents=facts.price_cents, media_count=facts.media_count
        ),
    )


async def _change_for_fan(
    request: HttpRequest, fan_id: UUID, change: Callable[..., object]
) -> PricesOut:
    creator_id = account_id(request)
    bound = partial(change, creator_id=creator_id)
    sheet: PricesOut = await in_db(_change)(creator_id, bound, [fan_id])
    return sheet


def _change(
    creator_id: UUID, change: Callable[[], object], fan_ids: list[UUID] | None
) -> PricesOut:
    commands.change_prices(
        creator_id=creator_id, change=change, fan_ids=fan_ids, now=timezone.now()
    )
    return _sheet(creator_id)


def _sheet(creator_id: UUID) -> PricesOut:
    return prices_out(price_sheet(creator_id=creator_id))
