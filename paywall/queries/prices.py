"""Reading what creators decided about prices."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from accounts.db import Question, Read, answer, rows_of
from paywall.models import CreatorRule, FanRule
from paywall.pricing import Rules

type Pair = tuple[UUID, UUID]
type _TermsRow = tuple[UUID, int | None, int | None, int | None]
type _FanRow = tuple[UUID, UUID, int | None, bool]


@dataclass(frozen=True, slots=True)
class CreatorTerms:
    """What a creator decided for every fan; None: the platform's default, or switched off."""

    default_cents: int | None
    reply_window: timedelta | None
    answer_deadline: timedelta


def price_rules(*, pairs: Collection[Pair]) -> dict[Pair, Rules]:
    """The rules of each (creator, fan), whatever their number in one statement, two on SQLite."""
    return answer(which_rules(pairs))


def which_rules(pairs: Collection[Pair]) -> Question[dict[Pair, Rules]]:
    """As `price_rules`, to be asked together with others."""
    creator_ids = {creator_id for creator_id, _ in pairs}
    columns = ("creator_id", "fan_id", "price_cents", "on_free_list")
    for_fan = rows_of(FanRule, columns, where=columns[:2], among=pairs)

    def rules(terms: list[_TermsRow], for_fan: list[_FanRow]) -> dict[Pair, Rules]:
        decided = _decided(creator_ids, terms)
        special = {
            (creator_id, fan_id): (cents, free) for creator_id, fan_id, cents, free in for_fan
        }
        return {pair: _rules(decided[pair[0]], *special.get(pair, (None, False))) for pair in pairs}

    return Question([_terms(creator_ids), for_fan], rules)


def creator_terms(*, creator_id: UUID) -> CreatorTerms:
    """What this creator decided for every fan."""
    return _decided({creator_id}, _terms({creator_id}).run())[creator_id]


def _rules(terms: CreatorTerms, fan_price_cents: int | None, on_free_list: bool) -> Rules:
    return Rules(
        default_cents=terms.default_cents,
        fan_price_cents=fan_price_cents,
        on_free_list=on_free_list,
        reply_window=terms.reply_window,
        answer_deadline=terms.answer_deadline,
    )


def _terms(creator_ids: Collection[UUID]) -> Read:
    return rows_of(
        CreatorRule,
        ("creator_id", "default_cents", "reply_window_hours", "answer_deadline_hours"),
        where=("creator_id",),
        among=[(creator_id,) for creator_id in creator_ids],
    )


def _decided(creator_ids: Collection[UUID], rows: Iterable[_TermsRow]) -> dict[UUID, CreatorTerms]:
    undecided = CreatorTerms(None, None, settings.ANSWER_DEADLINE)
    decided = {
        creator_id: CreatorTerms(
            cents, _hours(window), _hours(deadline) or settings.ANSWER_DEADLINE
        )
        for creator_id, cents, window, deadline in rows
    }
    return dict.fromkeys(creator_ids, undecided) | decided


def _hours(hours: int | None) -> timedelta | None:
    return None if hours is None else timedelta(hours=hours)
