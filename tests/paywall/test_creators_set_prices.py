"""Creators set prices for everyone and for one fan; what they set is what is read."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotFound
from accounts.policies import NotCertified
from paywall.commands import prices
from paywall.pricing import PriceOutOfBounds, Rules
from paywall.queries.prices import CreatorTerms, creator_terms, price_rules
from tests.factories import make_creator, make_fan

pytestmark = pytest.mark.django_db
NOTHING_SET = Rules(None, None, False, None, settings.ANSWER_DEADLINE)


def rules_of(creator, fan) -> Rules:
    pair = (creator.id, fan.id)
    return price_rules(pairs=[pair])[pair]


def test_before_anything_is_set_the_platform_decides():
    creator, fan = make_creator(), make_fan()
    assert rules_of(creator, fan) == NOTHING_SET
    assert creator_terms(creator_id=creator.id) == CreatorTerms(
        None, None, settings.ANSWER_DEADLINE
    )


def test_a_default_price_is_set_changed_and_taken_back():
    creator, fan = make_creator(), make_fan()
    assert prices.set_default_price(creator_id=creator.id, cents=300).default_cents == 300
    assert prices.set_default_price(creator_id=creator.id, cents=0).default_cents == 0
    assert rules_of(creator, fan).default_cents == 0
    assert prices.set_default_price(creator_id=creator.id, cents=None).default_cents is None


def test_a_price_out_of_bounds_changes_nothing():
    creator, fan = make_creator(), make_fan()
    with pytest.raises(PriceOutOfBounds):
        prices.set_default_price(creator_id=creator.id, cents=49)
    with pytest.raises(PriceOutOfBounds):
        prices.set_fan_price(creator_id=creator.id, fan_id=fan.id, cents=5_001)
    assert rules_of(creator, fan) == NOTHING_SET


def test_a_fan_has_a_price_of_their_own_until_it_is_cleared():
    creator, fan, other = make_creator(), make_fan(), make_fan()
    set_to = prices.set_fan_price(creator_id=creator.id, fan_id=fan.id, cents=500)
    assert set_to.fan_price_cents == 500
    assert rules_of(creator, other).fan_price_cents is None
    cleared = prices.clear_fan_price(creator_id=creator.id, fan_id=fan.id)
    assert cleared == NOTHING_SET


def test_the_free_list_and_a_price_of_the_fan_stand_side_by_side():
    creator, fan = make_creator(), make_fan()
    prices.set_fan_price(creator_id=creator.id, fan_id=fan.id, cents=500)
    both = prices.put_on_free_list(creator_id=creator.id, fan_id=fan.id)
    assert (both.fan_price_cents, both.on_free_list) == (500, True)
    left = prices.remove_from_free_list(creator_id=creator.id, fan_id=fan.id)
    assert (left.fan_price_cents, left.on_free_list) == (500, False)


def test_a_reply_window_and_a_deadline_are_set_in_hours():
    creator, fan = make_creator(), make_fan()
    prices.set_reply_window(creator_id=creator.id, hours=12)
    terms = prices.set_answer_deadline(creator_id=creator.id, hours=24)
    assert terms == CreatorTerms(None, timedelta(hours=12), timedelta(hours=24))
    assert rules_of(creator, fan).reply_window == timedelta(hours=12)
    prices.set_reply_window(creator_id=creator.id, hours=None)
    terms = prices.set_answer_deadline(creator_id=creator.id, hours=None)
    assert terms == CreatorTerms(None, None, settings.ANSWER_DEADLINE)


@pytest.mark.parametrize("hours", [23, 169])
def test_a_deadline_outside_a_day_and_a_week_is_refused(hours):
    with pytest.raises(Malformed) as refused:
        prices.set_answer_deadline(creator_id=make_creator().id, hours=hours)
    assert refused.value.data == {"field": "answer_deadline_hours", "accepted": [24, 168]}


@pytest.mark.parametrize("hours", [0, 169])
def test_a_reply_window_of_nothing_or_for_ever_is_refused(hours):
    with pytest.raises(Malformed):
        prices.set_reply_window(creator_id=make_creator().id, hours=hours)


def test_nobody_uncertified_sets_a_price():
    creator, fan = make_creator(certified=False), make_fan()
    with pytest.raises(NotCertified):
        prices.set_default_price(creator_id=creator.id, cents=300)
    with pytest.raises(NotCertified):
        prices.put_on_free_list(creator_id=creator.id, fan_id=fan.id)
    assert rules_of(creator, fan) == NOTHING_SET


def test_a_price_for_somebody_who_is_no_fan_is_not_found():
    creator, colleague = make_creator(), make_creator()
    for nobody in (colleague.id, uuid7()):
        with pytest.raises(NotFound):
            prices.set_fan_price(creator_id=creator.id, fan_id=nobody, cents=300)


def test_the_rules_of_many_pairs_cost_two_statements_on_sqlite_and_one_on_postgresql():
    creators, fans = [make_creator() for _ in range(3)], [make_fan() for _ in range(3)]
    prices.set_default_price(creator_id=creators[0].id, cents=400)
    prices.set_fan_price(creator_id=creators[1].id, fan_id=fans[2].id, cents=500)
    pairs = [(creator.id, fan.id) for creator in creators for fan in fans]
    with CaptureQueriesContext(connection) as captured:
        found = price_rules(pairs=pairs)
    assert len(captured) == (2 if connection.vendor == "sqlite" else 1)
    assert found[pairs[0]].default_cents == 400
    assert found[creators[1].id, fans[2].id].fan_price_cents == 500
    assert found[creators[1].id, fans[1].id] == NOTHING_SET
