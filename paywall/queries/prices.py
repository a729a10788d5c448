"""Reading what creators decided about prices."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from accounts.db import read_rows
from paywall.models import CreatorRule, FanRule
from paywall.pricing import Rules

type Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class CreatorTerms:
    """What a creator decided for every fan; None: the platform's default, or switched off."""

    default_cents: int | None
    reply_window: timedelta | None
    answer_deadline: timedelta


def price_rules(*, pairs: Collection[Pair]) -> dict[Pair, Rules]:
    """The rules of each (creator, fan), in two statements whatever their number."""
    terms = _terms({creator_id for creator_id, _ in pairs})
    for_fan = _for_fan(pairs)
    rules = {}
    for pair in pairs:
        creator = terms[pair[0]]
        price_cents, on_free_list = for_fan.get(pair, (None, False))
        rules[pair] = Rules(
            default_cents=creator.default_cents,
            fan_price_cents=price_cents,
            on_free_list=on_free_list,
            reply_window=creator.reply_window,
            answer_deadline=creator.answer_deadline,
        )
    return rules


def creator_terms(*, creator_id: UUID) -> CreatorTerms:
    """What this creator decided for every fan."""
    return _terms({creator_id})[creator_id]


def _terms(creator_ids: Collection[UUID]) -> dict[UUID, CreatorTerms]:
    rows = read_rows(
        CreatorRule,
        ("creator_id", "default_cents", "reply_window_hours", "answer_deadline_hours"),
        where=("creator_id",),
        among=[(creator_id,) for creator_id in creator_ids],
    )
    undecided = CreatorTerms(None, None, settings.ANSWER_DEADLINE)
    decided = {
        creator_id: CreatorTerms(
            cents, _hours(window), _hours(deadline) or settings.ANSWER_DEADLINE
        )
        for creator_id, cents, window, deadline in rows
    }
    return dict.fromkeys(creator_ids, undecided) | decided


def _for_fan(pairs: Collection[Pair]) -> dict[Pair, tuple[int | None, bool]]:
    rows = read_rows(
        FanRule,
        ("creator_id", "fan_id", "price_cents", "on_free_list"),
        where=("creator_id", "fan_id"),
        among=pairs,
    )
    return {(creator_id, fan_id): (cents, free) for creator_id, fan_id, cents, free in rows}


def _hours(hours: int | None) -> timedelta | None:
    return None if hours is None else timedelta(hours=hours)
