"""Holds: money set aside, then paid out or returned, once."""

import pytest
from uuid_utils.compat import uuid7

from paywall import ledger
from paywall.ledger import Settlement, Wallet
from tests.factories import START
from tests.paywall.books import CLEARING, ESCROW, PLATFORM, funded, held, request_of, wallet_of

pytestmark = pytest.mark.django_db


def test_a_hold_moves_money_from_the_wallet_to_escrow():
    fan = funded(1_000)
    [outcome] = ledger.hold([request_of(fan, 200)], now=START)
    assert (outcome.status, outcome.balance_cents) == ("done", 800)
    assert ledger.wallet(fan) == Wallet(800, 200)
    assert ledger.balances([ESCROW]) == {ESCROW: 200}


def test_a_hold_beyond_the_balance_is_refused_with_what_is_missing():
    fan = funded(150)
    [outcome] = ledger.hold([request_of(fan, 200)], now=START)
    assert (outcome.status, outcome.id, outcome.missing_cents) == ("insufficient_funds", None, 50)
    assert ledger.wallet(fan) == Wallet(150, 0)


def test_a_wallet_that_was_never_opened_is_empty():
    [outcome] = ledger.hold([request_of(uuid7(), 200)], now=START)
    assert (outcome.status, outcome.missing_cents) == ("insufficient_funds", 200)


def test_a_refused_dear_hold_does_not_block_a_cheap_one_behind_it():
    fan = funded(300)
    costs = (200, 500, 100, 50)
    outcomes = ledger.hold([request_of(fan, cents) for cents in costs], now=START)
    assert [o.ok for o in outcomes] == [True, False, True, False]
    assert ledger.wallet(fan) == Wallet(0, 300)


def test_the_same_request_again_is_a_replay_and_charges_nothing():
    fan = funded(1_000)
    request = request_of(fan, 200)
    [first] = ledger.hold([request], now=START)
    [again] = ledger.hold([request], now=START)
    assert (again.status, again.id, again.balance_cents) == ("replayed", first.id, 800)


def test_the_same_request_twice_in_a_batch_is_held_once():
    fan = funded(1_000)
    request = request_of(fan, 200)
    outcomes = ledger.hold([request, request], now=START)
    assert [o.status for o in outcomes] == ["done", "replayed"]
    assert outcomes[0].id == outcomes[1].id


def test_a_key_with_another_content_is_refused():
    fan = funded(1_000)
    request = request_of(fan, 200)
    ledger.hold([request], now=START)
    [outcome] = ledger.hold([request._replace(amount_cents=300)], now=START)
    assert (outcome.status, outcome.id) == ("key_reused", None)
    assert ledger.wallet(fan) == Wallet(800, 200)


@pytest.mark.parametrize("cents", [0, -5])
def test_a_hold_of_nothing_is_a_bug(cents):
    with pytest.raises(ValueError, match="moves cents"):
        ledger.hold([request_of(uuid7(), cents)], now=START)


def test_settling_pays_the_legs_and_returns_the_rest():
    fan = funded(1_000)
    hold_id = held(fan, 300)
    settlement = Settlement(hold_id, ((CLEARING, 60), (PLATFORM, 40)))
    [outcome] = ledger.settle([settlement], now=START)
    assert (outcome.status, outcome.id, outcome.balance_cents) == ("done", hold_id, 900)
    assert ledger.wallet(fan) == Wallet(900, 0)
    assert ledger.balances([PLATFORM, ESCROW]) == {PLATFORM: 40, ESCROW: 0}


def test_voiding_returns_a_hold_whole():
    fan = funded(1_000)
    hold_id = held(fan, 300)
    [outcome] = ledger.void([hold_id], now=START)
    assert (outcome.status, outcome.balance_cents) == ("done", 1_000)
    assert ledger.wallet(fan) == Wallet(1_000, 0)


def test_a_hold_ends_once_and_a_replay_says_how():
    fan = funded(1_000)
    paid, back = held(fan, 300), held(fan, 200)
    settlement = Settlement(paid, ((PLATFORM, 300),))
    ledger.settle([settlement], now=START)
    ledger.void([back], now=START)
    again = [
        *ledger.settle([settlement], now=START),
        *ledger.settle([Settlement(paid, ((PLATFORM, 200),))], now=START),
        *ledger.settle([Settlement(back, ((PLATFORM, 200),))], now=START),
        *ledger.void([back, paid], now=START),
    ]
    assert [o.status for o in again] == ["replayed", "not_open", "not_open", "replayed", "not_open"]
    assert ledger.wallet(fan) == Wallet(700, 0)


def test_one_hold_twice_in_a_batch_ends_once():
    fan = funded(1_000)
    hold_id = held(fan, 300)
    first, second = (Settlement(hold_id, ((PLATFORM, cents),)) for cents in (300, 100))
    outcomes = ledger.settle([first, second, first], now=START)
    assert [o.status for o in outcomes] == ["done", "not_open", "replayed"]


def test_an_unknown_hold_is_not_open():
    assert ledger.void([uuid7()], now=START)[0].status == "not_open"
    unknown = Settlement(uuid7(), ((PLATFORM, 1),))
    assert ledger.settle([unknown], now=START)[0].status == "not_open"


def test_a_settlement_never_pays_more_than_was_held_nor_nothing_nor_the_holder():
    fan = funded(1_000)
    hold_id = held(fan, 300)
    for legs in (((PLATFORM, 301),), (), ((wallet_of(fan), 300),), ((PLATFORM, 0),)):
        with pytest.raises(ValueError, match=r"cannot pay|pays somebody|moves cents"):
            ledger.settle([Settlement(hold_id, legs)], now=START)
    assert ledger.wallet(fan) == Wallet(700, 300)


def test_empty_batches_do_nothing():
    assert ledger.hold([], now=START) == []
    assert ledger.settle([], now=START) == []
    assert ledger.void([], now=START) == []
    assert ledger.post([], now=START) == []
