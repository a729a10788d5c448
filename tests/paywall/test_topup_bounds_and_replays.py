"""Who may top up, how much, with which card; a client_id asked twice answers the same."""

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotAllowed
from paywall.commands import topups
from paywall.models import ProviderPayment, TopUp
from tests.factories import make_creator, make_fan, make_moderator
from tests.paywall.provider import (
    DECLINED,
    begin,
    funded_fan,
    hear,
    wallet_cents,
    webhooks,
)

pytestmark = pytest.mark.django_db


def state_of(topup: TopUp) -> str:
    return TopUp.objects.get(id=topup.id).state


def test_a_client_id_replays_the_first_outcome():
    fan, client_id = make_fan(), uuid7()
    first = begin(fan, 2_000, client_id=client_id)
    assert begin(fan, 2_000, client_id=client_id).id == first.id
    hear(webhooks())
    assert begin(fan, 2_000, client_id=client_id).state == "succeeded"
    assert (wallet_cents(fan), ProviderPayment.objects.count()) == (2_000, 1)


def test_a_declined_client_id_replays_its_refusal():
    fan, client_id = make_fan(), uuid7()
    for _ in range(2):
        with pytest.raises(topups.PaymentDeclined):
            begin(fan, 2_000, client_id=client_id, card=DECLINED)
    assert TopUp.objects.count() == 1


@pytest.mark.parametrize(("cents", "card"), [(2_001, "4242424242424242"), (2_000, DECLINED)])
def test_a_client_id_with_another_body_is_refused(cents, card):
    fan, client_id = make_fan(), uuid7()
    begin(fan, 2_000, client_id=client_id)
    with pytest.raises(topups.ClientIdReused):
        begin(fan, cents, client_id=client_id, card=card)
    assert TopUp.objects.count() == 1


def test_two_fans_may_use_one_client_id():
    client_id = uuid7()
    begin(make_fan(), 2_000, client_id=client_id)
    begin(make_fan(), 500, client_id=client_id)
    assert TopUp.objects.count() == 2


@pytest.mark.parametrize("cents", [500, 20_000])
def test_the_bounds_are_amounts_one_may_add(cents):
    fan = funded_fan(make_fan(), cents)
    assert wallet_cents(fan) == cents


@pytest.mark.parametrize("cents", [-1, 0, 499, 20_001])
def test_an_amount_outside_the_bounds_is_refused_and_told_the_bounds(cents):
    with pytest.raises(Malformed) as refused:
        begin(make_fan(), cents)
    assert refused.value.data["field"] == "amount_cents"
    assert refused.value.data["accepted"] == "5.00–200.00 EUR"
    assert TopUp.objects.count() == ProviderPayment.objects.count() == 0


def test_a_wallet_has_a_ceiling_which_open_top_ups_count_towards():
    fan = make_fan()
    for _ in range(2):
        funded_fan(fan, 20_000)
    begin(fan, 5_000)
    with pytest.raises(Malformed) as refused:
        begin(fan, 5_001)
    assert refused.value.data["max_cents"] == 5_000
    begin(fan, 5_000)
    with pytest.raises(Malformed) as refused:
        begin(fan, 500)
    assert refused.value.data["accepted"] == "0.00"
    hear(webhooks())
    assert wallet_cents(fan) == 50_000


def test_a_declined_top_up_leaves_room_under_the_ceiling():
    fan = make_fan()
    for _ in range(3):
        with pytest.raises(topups.PaymentDeclined):
            begin(fan, 20_000, card=DECLINED)
    assert begin(fan, 20_000).state == "started"


def test_a_card_that_is_not_known_is_refused_in_plain_words_and_stores_nothing():
    fan, client_id = make_fan(), uuid7()
    with pytest.raises(Malformed, match="never a real card") as refused:
        begin(fan, 2_000, client_id=client_id, card="5555 5555 5555 4444")
    assert refused.value.data["field"] == "card_number"
    assert TopUp.objects.count() == 0
    assert begin(fan, 2_000, client_id=client_id).state == "started"


@pytest.mark.parametrize("make", [make_creator, make_moderator])
def test_only_a_fan_tops_up(make):
    with pytest.raises(NotAllowed):
        begin(make(), 2_000)
    assert TopUp.objects.count() == 0
