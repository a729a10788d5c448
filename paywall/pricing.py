"""Pure rules of price: what the next message costs a fan and why, and how a price is split.

Hides the order in which rules win and every rounding. Knows no database and no settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from accounts.errors import Refusal

type Reason = Literal[
    "fan_price", "free_list", "reply_window", "creator_default", "platform_default"
]


class PriceOutOfBounds(Refusal):
    """A price is 0, or lies between `min_cents` and `max_cents`."""

    code = "price_out_of_bounds"
    status = 422


@dataclass(frozen=True, slots=True)
class Rules:
    """What a creator decided that concerns one fan; None means: not decided, or switched off."""

    default_cents: int | None
    fan_price_cents: int | None
    on_free_list: bool
    reply_window: timedelta | None
    answer_deadline: timedelta


class Price(NamedTuple):
    """What a message costs, the rule that says so, and until when a free reply stays free."""

    cents: int
    reason: Reason
    free_until: datetime | None


class Step(NamedTuple):
    """One rule in the order they are asked: what it would charge (None: it does not concern this
    fan now), and whether it is the one that decided."""

    reason: Reason
    cents: int | None
    decides: bool
    free_until: datetime | None = None


class Split(NamedTuple):
    """The parts of a captured price; they sum to it, to the cent."""

    vat_cents: int
    creator_cents: int
    reserve_cents: int
    bank_cents: int
    platform_cents: int


class Shares(NamedTuple):
    """Percentages: creator and reserve of the price without VAT, bank of the whole price."""

    creator_percent: int = 80
    reserve_percent: int = 1
    bank_percent: int = 3


DEFAULT_SHARES = Shares()


def price(
    rules: Rules, *, creator_wrote_at: datetime | None, now: datetime, platform_default_cents: int
) -> Price:
    """What a message of this fan costs now: the first rule that concerns the fan decides.

    `creator_wrote_at` is when the creator last wrote in person in this conversation.
    """
    return next(
        Price(step.cents, step.reason, step.free_until)
        for step in _asked(rules, creator_wrote_at, now, platform_default_cents)
        if step.cents is not None
    )


def explain(
    rules: Rules, *, creator_wrote_at: datetime | None, now: datetime, platform_default_cents: int
) -> tuple[Step, ...]:
    """Every rule in order, exactly one of which decides: the creator's "why this price?"."""
    decided = False
    steps = []
    for step in _asked(rules, creator_wrote_at, now, platform_default_cents):
        decides = step.cents is not None and not decided
        decided = decided or decides
        steps.append(step._replace(decides=decides))
    return tuple(steps)


def check_bounds(cents: int, *, min_cents: int, max_cents: int) -> None:
    """Raise `PriceOutOfBounds` unless the price is 0 or within the bounds, both included."""
    if cents != 0 and not min_cents <= cents <= max_cents:
        raise PriceOutOfBounds(
            "A price is 0 or within bounds.", min_cents=min_cents, max_cents=max_cents
        )


@lru_cache(maxsize=1_024)  # a price is split at each look at a message, and prices are few
def split(gross_cents: int, *, vat_rate_percent: int, shares: Shares = DEFAULT_SHARES) -> Split:
    """The parts of a price that includes VAT: each rounded half up, the platform takes the rest.

    VAT is gross x rate / (100 + rate); the other shares are of what `Shares` says.
    """
    vat = _half_up(gross_cents * vat_rate_percent, 100 + vat_rate_percent)
    net = gross_cents - vat
    creator = _half_up(net * shares.creator_percent, 100)
    reserve = _half_up(net * shares.reserve_percent, 100)
    bank = _half_up(gross_cents * shares.bank_percent, 100)
    return Split(vat, creator, reserve, bank, gross_cents - vat - creator - reserve - bank)


def _asked(
    rules: Rules, creator_wrote_at: datetime | None, now: datetime, platform_default_cents: int
) -> Iterator[Step]:
    free_until = None
    if creator_wrote_at is not None and rules.reply_window is not None:
        free_until = creator_wrote_at + rules.reply_window
    free = free_until is not None and now < free_until
    yield Step("fan_price", rules.fan_price_cents, False)
    yield Step("free_list", 0 if rules.on_free_list else None, False)
    yield Step("reply_window", 0 if free else None, False, free_until if free else None)
    yield Step("creator_default", rules.default_cents, False)
    yield Step("platform_default", platform_default_cents, False)


def _half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves upwards; both are not negative."""
    return (2 * numerator + denominator) // (2 * denominator)
