"""What a creator decides about prices; each command answers the state after it.

Only the rules are written here. Telling the people concerned is for who owns the conversations.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.errors import Malformed, NotFound
from accounts.models import Role
from accounts.policies import require_certified
from accounts.queries import people
from paywall.models import CreatorRule, FanRule
from paywall.pricing import Rules, check_bounds
from paywall.queries.prices import CreatorTerms, creator_terms, price_rules

REPLY_WINDOW_MAX_HOURS = 168


def set_default_price(*, creator_id: UUID, cents: int | None) -> CreatorTerms:
    """What a message costs every fan without a rule of their own; None: the platform's default.

    Raises `NotCertified` and `PriceOutOfBounds`.
    """
    _check_price(cents)
    return _set_for_all(creator_id, default_cents=cents)


def set_reply_window(*, creator_id: UUID, hours: int | None) -> CreatorTerms:
    """Fans answer free for so many hours (1 to 168) after the creator wrote; None: never.

    Raises `NotCertified` and `Malformed`.
    """
    _check_hours("reply_window_hours", hours, 1, REPLY_WINDOW_MAX_HOURS)
    return _set_for_all(creator_id, reply_window_hours=hours)


def set_answer_deadline(*, creator_id: UUID, hours: int | None) -> CreatorTerms:
    """How long a paid message may wait for its answer; None: the platform's default.

    It holds for messages sent from now on. Raises `NotCertified` and `Malformed`.
    """
    least = int(settings.ANSWER_DEADLINE_MIN.total_seconds() // 3600)
    most = int(settings.ANSWER_DEADLINE_MAX.total_seconds() // 3600)
    _check_hours("answer_deadline_hours", hours, least, most)
    return _set_for_all(creator_id, answer_deadline_hours=hours)


def set_fan_price(*, creator_id: UUID, fan_id: UUID, cents: int) -> Rules:
    """What a message costs this fan, whatever else applies; 0 is free.

    Raises `NotCertified`, `PriceOutOfBounds`, and `NotFound` when there is no such fan.
    """
    _check_price(cents)
    return _set_for_fan(creator_id, fan_id, price_cents=cents)


def clear_fan_price(*, creator_id: UUID, fan_id: UUID) -> Rules:
    """This fan pays what the other rules say. Raises `NotCertified` and `NotFound`."""
    return _set_for_fan(creator_id, fan_id, price_cents=None)


def put_on_free_list(*, creator_id: UUID, fan_id: UUID) -> Rules:
    """This fan writes free, unless a price is set for them. Raises `NotCertified`, `NotFound`."""
    return _set_for_fan(creator_id, fan_id, on_free_list=True)


def remove_from_free_list(*, creator_id: UUID, fan_id: UUID) -> Rules:
    """This fan pays again what the other rules say. Raises `NotCertified` and `NotFound`."""
    return _set_for_fan(creator_id, fan_id, on_free_list=False)


def _check_price(cents: int | None) -> None:
    if cents is not None:
        check_bounds(
            cents,
            min_cents=settings.MESSAGE_PRICE_MIN_CENTS,
            max_cents=settings.MESSAGE_PRICE_MAX_CENTS,
        )


def _check_hours(field: str, hours: int | None, least: int, most: int) -> None:
    if hours is not None and not least <= hours <= most:
        raise Malformed(f"Between {least} and {most} hours.", field=field, accepted=[least, most])


@transaction.atomic
def _set_for_all(creator_id: UUID, **choice: int | None) -> CreatorTerms:
    require_certified(creator_id)
    CreatorRule.objects.update_or_create(creator_id=creator_id, defaults=choice)
    return creator_terms(creator_id=creator_id)


@transaction.atomic
def _set_for_fan(creator_id: UUID, fan_id: UUID, **choice: Any) -> Rules:
    require_certified(creator_id)
    fan = people([fan_id]).get(fan_id)
    if fan is None or fan.role != Role.FAN:
        raise NotFound("There is no such fan.")
    FanRule.objects.update_or_create(creator_id=creator_id, fan_id=fan_id, defaults=choice)
    pair = (creator_id, fan_id)
    return price_rules(pairs=[pair])[pair]
