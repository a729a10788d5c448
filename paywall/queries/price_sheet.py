"""A creator's own view of the price rules: all of them, why one applies, what one pays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, get_args
from uuid import UUID

from django.conf import settings

from accounts.errors import NotFound
from accounts.models import Role
from accounts.queries import people
from paywall import pricing
from paywall.models import FanRule
from paywall.queries.prices import CreatorTerms, creator_terms, price_rules

FANS_MAX = 1_000
RESOLUTION: tuple[str, ...] = get_args(pricing.Reason.__value__)  # the first that applies decides


class FanPrice(NamedTuple):
    """A fan with a price of their own; None on the free list alone."""

    fan_id: UUID
    name: str
    price_cents: int | None


@dataclass(frozen=True, kw_only=True)
class PriceSheet:
    """Everything a creator decided; at most `FANS_MAX` fans, by name."""

    terms: CreatorTerms
    fans: list[FanPrice]
    free_list: list[FanPrice]


@dataclass(frozen=True, kw_only=True)
class Why:
    """What a fan's next message costs and every rule that was asked, in order.

    The reply window depends on the conversation: `free_after_reply` says that it would come
    first for so long after the creator wrote in person.
    """

    price: pricing.Price
    steps: tuple[pricing.Step, ...]
    free_after_reply: timedelta | None


def price_sheet(*, creator_id: UUID) -> PriceSheet:
    """The rules of this creator, for everyone and for single fans."""
    rows = FanRule.objects.filter(creator_id=creator_id).order_by("fan__name", "fan_id")
    columns = ("fan_id", "fan__name", "price_cents", "on_free_list")
    rules = list(rows.values_list(*columns)[:FANS_MAX])
    return PriceSheet(
        terms=creator_terms(creator_id=creator_id),
        fans=[FanPrice(*row[:3]) for row in rules if row[2] is not None],
        free_list=[FanPrice(*row[:3]) for row in rules if row[3]],
    )


def why(*, creator_id: UUID, fan_id: UUID, now: datetime) -> Why:
    """Why a message of this fan costs what it does. Raises `NotFound` when there is no such fan."""
    person = people([fan_id]).get(fan_id)
    if person is None or person.role != Role.FAN:
        raise NotFound("There is no such fan.")
    pair = (creator_id, fan_id)
    rules = price_rules(pairs=[pair])[pair]
    default_cents = settings.MESSAGE_PRICE_DEFAULT_CENTS
    steps = pricing.explain(
        rules, creator_wrote_at=None, now=now, platform_default_cents=default_cents
    )
    price = pricing.price(
        rules, creator_wrote_at=None, now=now, platform_default_cents=default_cents
    )
    before_window = price.reason in ("fan_price", "free_list")
    return Why(
        price=price,
        steps=steps,
        free_after_reply=None if before_window else rules.reply_window,
    )


def split_of(*, price_cents: int) -> pricing.Split:
    """How this price, of a message or of media, would be shared. Raises `PriceOutOfBounds`."""
    pricing.check_bounds(
        price_cents,
        min_cents=min(settings.MESSAGE_PRICE_MIN_CENTS, settings.UNLOCK_PRICE_MIN_CENTS),
        max_cents=max(settings.MESSAGE_PRICE_MAX_CENTS, settings.UNLOCK_PRICE_MAX_CENTS),
    )
    shares = pricing.Shares(
        settings.CREATOR_SHARE_PERCENT,
        settings.RESERVE_SHARE_PERCENT,
        settings.BANK_SHARE_PERCENT,
    )
    return pricing.split(price_cents, vat_rate_percent=settings.VAT_RATE_PERCENT, shares=shares)
