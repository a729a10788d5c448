"""Which price applies, why, and how a price is split: pure rules."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.pricing import (
    Price,
    PriceOutOfBounds,
    Rules,
    Shares,
    Split,
    check_bounds,
    explain,
    price,
    split,
)
from tests.factories import START

PLATFORM = 200
WROTE = START - timedelta(hours=1)


def rules(**changes) -> Rules:
    nothing = {
        "default_cents": None,
        "fan_price_cents": None,
        "on_free_list": False,
        "reply_window": None,
        "answer_deadline": timedelta(hours=72),
    }
    return Rules(**{**nothing, **changes})


def price_of(made_of: Rules, *, wrote_at=WROTE, now=START) -> Price:
    return price(made_of, creator_wrote_at=wrote_at, now=now, platform_default_cents=PLATFORM)


EVERYTHING = {
    "default_cents": 300,
    "fan_price_cents": 500,
    "on_free_list": True,
    "reply_window": timedelta(hours=2),
}


def test_a_price_set_for_the_fan_wins_over_everything():
    assert price_of(rules(**EVERYTHING)) == Price(500, "fan_price", None)


def test_a_price_of_zero_for_the_fan_is_a_price():
    assert price_of(rules(**{**EVERYTHING, "fan_price_cents": 0})) == Price(0, "fan_price", None)


def test_the_free_list_comes_next():
    found = price_of(rules(**{**EVERYTHING, "fan_price_cents": None}))
    assert found == Price(0, "free_list", None)


def test_then_a_reply_within_the_window_is_free_and_says_until_when():
    made_of = rules(default_cents=300, reply_window=timedelta(hours=2))
    assert price_of(made_of) == Price(0, "reply_window", WROTE + timedelta(hours=2))


def test_a_reply_at_the_end_of_the_window_is_not_free():
    made_of = rules(default_cents=300, reply_window=timedelta(hours=1))
    assert price_of(made_of) == Price(300, "creator_default", None)
    just_before = START - timedelta(microseconds=1)
    assert price_of(made_of, now=just_before).reason == "reply_window"


def test_no_reply_is_free_when_the_creator_never_wrote():
    made_of = rules(reply_window=timedelta(hours=2))
    assert price_of(made_of, wrote_at=None) == Price(PLATFORM, "platform_default", None)


def test_the_creators_default_comes_before_the_platforms():
    assert price_of(rules(default_cents=0)) == Price(0, "creator_default", None)
    assert price_of(rules()) == Price(PLATFORM, "platform_default", None)


def test_the_explanation_asks_every_rule_in_order_and_one_decides():
    made_of = rules(default_cents=300, on_free_list=True)
    steps = explain(made_of, creator_wrote_at=WROTE, now=START, platform_default_cents=PLATFORM)
    assert [(s.reason, s.cents, s.decides) for s in steps] == [
        ("fan_price", None, False),
        ("free_list", 0, True),
        ("reply_window", None, False),
        ("creator_default", 300, False),
        ("platform_default", 200, False),
    ]


optional_price = st.none() | st.integers(0, 5_000)


@given(
    default=optional_price,
    fan=optional_price,
    free=st.booleans(),
    window=st.none() | st.integers(1, 168),
    wrote=st.none() | st.integers(0, 200),
)
def test_the_price_is_what_the_explanation_says(default, fan, free, window, wrote):
    made_of = rules(
        default_cents=default,
        fan_price_cents=fan,
        on_free_list=free,
        reply_window=None if window is None else timedelta(hours=window),
    )
    wrote_at = None if wrote is None else START - timedelta(hours=wrote)
    steps = explain(made_of, creator_wrote_at=wrote_at, now=START, platform_default_cents=PLATFORM)
    [deciding] = [step for step in steps if step.decides]
    found = price_of(made_of, wrote_at=wrote_at)
    assert (found.cents, found.reason) == (deciding.cents, deciding.reason)
    assert all(step.cents is None for step in steps[: steps.index(deciding)])


@pytest.mark.parametrize("cents", [0, 50, 51, 5_000])
def test_a_price_within_bounds_is_accepted(cents):
    check_bounds(cents, min_cents=50, max_cents=5_000)


@pytest.mark.parametrize("cents", [-1, 1, 49, 5_001])
def test_a_price_out_of_bounds_is_refused_with_the_bounds(cents):
    with pytest.raises(PriceOutOfBounds) as refused:
        check_bounds(cents, min_cents=50, max_cents=5_000)
    assert refused.value.code == "price_out_of_bounds"
    assert refused.value.data == {"min_cents": 50, "max_cents": 5_000}


@pytest.mark.parametrize(
    ("gross", "parts"),
    [
        (50, Split(8, 34, 0, 2, 6)),
        (100, Split(17, 66, 1, 3, 13)),
        (200, Split(33, 134, 2, 6, 25)),
        (300, Split(50, 200, 3, 9, 38)),
        (800, Split(133, 534, 7, 24, 102)),
        (1_200, Split(200, 800, 10, 36, 154)),
    ],
)
def test_the_published_table_of_splits_holds_at_twenty_percent(gross, parts):
    assert split(gross, vat_rate_percent=20) == parts


def test_halves_round_up_to_the_cent():
    half = split(50, vat_rate_percent=0, shares=Shares(1, 3, 5))
    assert half == Split(0, 1, 2, 3, 44)  # 0.5, 1.5 and 2.5 cents


@given(gross=st.integers(50, 20_000), rate=st.integers(0, 27))
def test_the_parts_always_sum_to_the_price_and_none_is_negative(gross, rate):
    parts = split(gross, vat_rate_percent=rate)
    assert sum(parts) == gross
    assert min(parts) >= 0
