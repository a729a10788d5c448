"""What the creator's money screens are served: price rules, "why this price", earnings."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from accounts.models import Account
from paywall.commands import prices, sales
from paywall.commands.releases import release_earnings
from paywall.queries.earnings import earnings
from tests.factories import START, make_creator, make_fan, make_moderator
from tests.paywall.provider import funded_fan
from tests.paywall.test_wallet_api import signed_in, sold

pytestmark = pytest.mark.django_db(transaction=True)


def get(account: Account | None, path: str) -> Any:
    return signed_in(account).get(path).json()


PATHS = (
    "/api/studio/prices",
    f"/api/studio/prices/why?fan_id={uuid7()}",
    "/api/studio/prices/split?price_cents=200",
    "/api/studio/earnings",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("make", "status"), [(lambda: None, 401), (make_fan, 403), (make_moderator, 403)]
)
def test_the_studio_is_shown_to_creators_alone(path, make, status):
    assert signed_in(make()).get(path).status_code == status


def test_a_new_creator_sees_the_platforms_defaults():
    sheet = get(make_creator(), "/api/studio/prices")
    assert sheet == {
        "default_cents": None,
        "platform_default_cents": 200,
        "reply_window_hours": None,
        "answer_deadline_hours": 72,
        "fans": [],
        "free_list": [],
        "min_cents": 50,
        "max_cents": 5_000,
        "resolution": [
            "fan_price",
            "free_list",
            "reply_window",
            "creator_default",
            "platform_default",
        ],
        "split": {
            "price_cents": 200,
            "vat_rate_percent": 20,
            "vat_cents": 33,
            "creator_cents": 134,
            "reserve_cents": 2,
            "bank_cents": 6,
            "platform_cents": 25,
        },
    }


def test_a_creator_sees_what_was_decided_and_for_whom():
    creator, dear, friend = make_creator(), make_fan(name="Dear"), make_fan(name="Friend")
    other = make_creator()
    prices.set_default_price(creator_id=creator.id, cents=300)
    prices.set_reply_window(creator_id=creator.id, hours=12)
    prices.set_answer_deadline(creator_id=creator.id, hours=24)
    prices.set_fan_price(creator_id=creator.id, fan_id=dear.id, cents=500)
    prices.put_on_free_list(creator_id=creator.id, fan_id=friend.id)
    prices.set_fan_price(creator_id=other.id, fan_id=friend.id, cents=100)
    sheet = get(creator, "/api/studio/prices")
    assert (sheet["default_cents"], sheet["reply_window_hours"]) == (300, 12)
    assert (sheet["answer_deadline_hours"], sheet["split"]["creator_cents"]) == (24, 200)
    assert sheet["fans"] == [{"fan_id": str(dear.id), "name": "Dear", "price_cents": 500}]
    assert sheet["free_list"] == [{"fan_id": str(friend.id), "name": "Friend"}]


def test_why_names_the_first_rule_that_applies():
    creator, fan = make_creator(), make_fan()
    path = f"/api/studio/prices/why?fan_id={fan.id}"
    prices.set_reply_window(creator_id=creator.id, hours=12)
    why = get(creator, path)
    assert (why["price_cents"], why["reason"]) == (200, "platform_default")
    assert why["free_after_reply_hours"] == 12
    prices.set_default_price(creator_id=creator.id, cents=300)
    assert get(creator, path)["reason"] == "creator_default"
    prices.put_on_free_list(creator_id=creator.id, fan_id=fan.id)
    prices.set_fan_price(creator_id=creator.id, fan_id=fan.id, cents=500)
    why = get(creator, path)
    assert (why["price_cents"], why["reason"]) == (500, "fan_price")
    assert why["free_after_reply_hours"] is None
    assert [(step["reason"], step["cents"], step["decides"]) for step in why["steps"]] == [
        ("fan_price", 500, True),
        ("free_list", 0, False),
        ("reply_window", None, False),
        ("creator_default", 300, False),
        ("platform_default", 200, False),
    ]


def test_why_knows_fans_alone():
    creator = make_creator()
    for account_id in (uuid7(), creator.id, make_moderator().id):
        answer = signed_in(creator).get(f"/api/studio/prices/why?fan_id={account_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("cents", "creator_cents"), [(0, 0), (50, 34), (1_200, 800), (20_000, 13_334)]
)
def test_the_split_says_what_the_creator_receives(cents, creator_cents):
    parts = get(make_creator(), f"/api/studio/prices/split?price_cents={cents}")
    assert parts["creator_cents"] == creator_cents
    assert cents == sum(
        parts[f"{name}_cents"] for name in ("vat", "creator", "reserve", "bank", "platform")
    )


@pytest.mark.parametrize("cents", [49, 20_001])
def test_a_price_out_of_bounds_has_no_split(cents):
    path = f"/api/studio/prices/split?price_cents={cents}"
    answer = signed_in(make_creator()).get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "price_out_of_bounds")
    assert (answer.json()["min_cents"], answer.json()["max_cents"]) == (50, 20_000)


def test_earnings_count_the_creators_own_part_by_age():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    for age in (timedelta(days=30), timedelta(days=29), timedelta(hours=10), timedelta(0)):
        sold(fan, creator, 200, now=START - age)
    earned = earnings(creator_id=creator.id, now=START)  # at nine in the morning
    assert (earned.today_cents, earned.last_30_days_cents) == (134, 3 * 134)
    assert (earned.pending_cents, earned.available_cents) == (4 * 134, 0)


def test_a_creator_reads_figures_and_lines():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    for cents in (300, 200):
        sold(fan, creator, cents)
    earned = get(creator, "/api/studio/earnings")
    assert (earned["pending_cents"], earned["pending_days"], earned["currency"]) == (334, 7, "EUR")
    lines = earned["lines"]["items"]
    assert [(line["gross_cents"], line["vat_cents"], line["creator_cents"]) for line in lines] == [
        (200, 33, 134),
        (300, 50, 200),
    ]
    assert {line["fan_name"] for line in lines} == {fan.name}


def test_each_line_says_when_its_money_may_be_paid_out():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    sold(fan, creator, 200)
    [line] = get(creator, "/api/studio/earnings")["lines"]["items"]
    at = datetime.fromisoformat(line["at"])
    assert datetime.fromisoformat(line["available_at"]) - at == timedelta(days=7)
    assert line["released"] is False


def test_a_credit_note_takes_its_part_off_the_figures_at_once():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    receipt_id = sold(fan, creator, 200, now=START)
    refunded = sales.refund_sale(receipt_id=receipt_id, now=START)
    sold(fan, creator, 100, now=START)
    earned = earnings(creator_id=creator.id, now=START)
    assert (earned.today_cents, earned.last_30_days_cents, earned.pending_cents) == (66, 66, 66)
    note = get(creator, "/api/studio/earnings")["lines"]["items"][1]
    assert (note["receipt_id"], note["kind"]) == (refunded.credit_note_id, "credit_note")
    assert note["available_at"] == note["at"]


def test_released_money_is_available_and_its_line_says_so():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    now = datetime.now(UTC)
    sold(fan, creator, 200, now=now - timedelta(days=8))
    release_earnings(now=now)
    earned = get(creator, "/api/studio/earnings")
    assert (earned["pending_cents"], earned["available_cents"]) == (0, 134)
    [line] = earned["lines"]["items"]
    assert line["released"] is True
    assert datetime.fromisoformat(line["available_at"]) - now < timedelta(seconds=1)


def test_earnings_come_in_pages_and_show_nothing_of_other_creators():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    numbers = [sold(fan, creator, 100) for _ in range(3)]
    sold(fan, make_creator(), 100)
    first = get(creator, "/api/studio/earnings?limit=2")["lines"]
    assert [line["receipt_id"] for line in first["items"]] == [numbers[2], numbers[1]]
    path = f"/api/studio/earnings?limit=2&before={first['next']}"
    second = get(creator, path)["lines"]
    assert [line["receipt_id"] for line in second["items"]] == [numbers[0]]
    assert second["next"] is None
