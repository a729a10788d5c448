"""REST of what explains a price; chat serves the sheet itself, since conversations hear of it."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from accounts.db import in_db
from accounts.web import RefusalOut
from paywall.api.edge import account_id, creator_only
from paywall.pricing import Split
from paywall.queries import price_sheet as sheets
from paywall.queries.price_sheet import PriceSheet, Why

router = Router(tags=["prices"])

HOUR = timedelta(hours=1)


class FanPriceOut(Schema):
    fan_id: UUID
    name: str
    price_cents: int


class FanOut(Schema):
    fan_id: UUID
    name: str


class SplitOut(Schema):
    """The parts of a price, VAT included; `creator_cents` is "you receive"."""

    price_cents: int
    vat_rate_percent: int
    vat_cents: int
    creator_cents: int
    reserve_cents: int
    bank_cents: int
    platform_cents: int


class PricesOut(Schema):
    """`default_cents` null: the platform's default applies. The first rule of `resolution` wins."""

    default_cents: int | None
    platform_default_cents: int
    reply_window_hours: int | None
    answer_deadline_hours: int
    fans: list[FanPriceOut]
    free_list: list[FanOut]
    min_cents: int
    max_cents: int
    resolution: list[str]
    split: SplitOut


class StepOut(Schema):
    """A rule; `cents` null: it does not concern this fan."""

    reason: str
    cents: int | None
    decides: bool


class WhyOut(Schema):
    """`free_after_reply_hours`: the price is 0 for so long after the creator wrote in person."""

    price_cents: int
    reason: str
    free_after_reply_hours: int | None
    steps: list[StepOut]


@router.get(
    "/studio/prices/why",
    response={200: WhyOut, 403: RefusalOut, 404: RefusalOut},
    auth=creator_only,
    operation_id="why_this_price",
)
async def why(request: HttpRequest, fan_id: UUID) -> Any:
    """Why a message of this fan costs what it does."""
    found: Why = await in_db(sheets.why)(
        creator_id=account_id(request), fan_id=fan_id, now=timezone.now()
    )
    return WhyOut(
        price_cents=found.price.cents,
        reason=found.price.reason,
        free_after_reply_hours=_hours(found.free_after_reply),
        steps=[StepOut(reason=s.reason, cents=s.cents, decides=s.decides) for s in found.steps],
    )


@router.get(
    "/studio/prices/split",
    response={200: SplitOut, 403: RefusalOut, 422: RefusalOut},
    auth=creator_only,
    operation_id="split_of_price",
)
async def split(
    request: HttpRequest, price_cents: Annotated[int, Query(ge=0, le=10_000_000)]
) -> Any:
    """What a message at this price pays to whom."""
    return _split_out(price_cents, sheets.split_of(price_cents=price_cents))


def prices_out(sheet: PriceSheet) -> PricesOut:
    """The sheet for the wire, with what the default price pays."""
    terms, platform_cents = sheet.terms, settings.MESSAGE_PRICE_DEFAULT_CENTS
    shown_cents = platform_cents if terms.default_cents is None else terms.default_cents
    return PricesOut(
        default_cents=terms.default_cents,
        platform_default_cents=platform_cents,
        reply_window_hours=_hours(terms.reply_window),
        answer_deadline_hours=int(terms.answer_deadline / HOUR),
        fans=[FanPriceOut(**fan._asdict()) for fan in sheet.fans],
        free_list=[FanOut(fan_id=fan.fan_id, name=fan.name) for fan in sheet.free_list],
        min_cents=settings.MESSAGE_PRICE_MIN_CENTS,
        max_cents=settings.MESSAGE_PRICE_MAX_CENTS,
        resolution=list(sheets.RESOLUTION),
        split=_split_out(shown_cents, sheets.split_of(price_cents=shown_cents)),
    )


def _split_out(price_cents: int, parts: Split) -> SplitOut:
    return SplitOut(
        price_cents=price_cents, vat_rate_percent=settings.VAT_RATE_PERCENT, **parts._asdict()
    )


def _hours(window: timedelta | None) -> int | None:
    return None if window is None else int(window / HOUR)
