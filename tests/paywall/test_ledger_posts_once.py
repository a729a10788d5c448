"""Postings: legs that happen together, once, and never take a person below zero."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from paywall import ledger
from paywall.ledger import Book, Leg, Place, Posting, Settlement, Wallet
from paywall.models import Hold, LedgerAccount, Transfer
from tests.factories import START
from tests.paywall.books import (
    CLEARING,
    PLATFORM,
    funded,
    held,
    request_of,
    top_up,
    wallet_of,
)

pytestmark = pytest.mark.django_db


def posting_of(*legs: Leg, key: str = "k") -> Posting:
    return Posting(key, "test", legs, uuid7())


def test_money_from_outside_arrives_in_a_wallet_opened_on_the_fly():
    fan = uuid7()
    assert top_up(fan, 2_000).balance_cents == 2_000
    assert ledger.wallet(fan) == Wallet(2_000, 0)
    assert ledger.balances([CLEARING]) == {CLEARING: -2_000}


def test_the_same_posting_again_changes_nothing():
    fan = uuid7()
    posting = posting_of(Leg(CLEARING, wallet_of(fan), 500))
    outcomes = ledger.post([posting, posting], now=START) + ledger.post([posting], now=START)
    assert [o.status for o in outcomes] == ["done", "replayed", "replayed"]
    assert {o.balance_cents for o in outcomes} == {500}


def test_a_key_with_other_legs_is_refused():
    fan = uuid7()
    posting = posting_of(Leg(CLEARING, wallet_of(fan), 500))
    ledger.post([posting], now=START)
    other = posting._replace(legs=(Leg(CLEARING, wallet_of(fan), 600),))
    assert ledger.post([other], now=START)[0].status == "key_reused"
    assert ledger.wallet(fan).balance_cents == 500


def test_legs_happen_together_or_not_at_all():
    fan, creator = funded(100), uuid7()
    pending = Place(Book.CREATOR_PENDING, creator)
    legs = (Leg(wallet_of(fan), PLATFORM, 60), Leg(wallet_of(fan), pending, 60))
    [outcome] = ledger.post([posting_of(*legs)], now=START)
    assert (outcome.status, outcome.missing_cents) == ("insufficient_funds", 20)
    assert outcome.balance_cents == 100
    assert ledger.balances([PLATFORM, pending]) == {PLATFORM: 0, pending: 0}


def test_money_may_pass_through_an_account_within_one_posting():
    fan = uuid7()
    legs = (Leg(wallet_of(fan), PLATFORM, 60), Leg(CLEARING, wallet_of(fan), 60))
    assert ledger.post([posting_of(*legs)], now=START)[0].status == "done"


def test_a_posting_between_system_books_needs_no_account():
    [outcome] = ledger.post([posting_of(Leg(CLEARING, PLATFORM, 60))], now=START)
    assert (outcome.status, outcome.balance_cents) == ("done", 0)
    assert not LedgerAccount.objects.exists()


@pytest.mark.parametrize(
    "leg",
    [
        Leg(CLEARING, PLATFORM, 0),
        Leg(PLATFORM, PLATFORM, 5),
        Leg(CLEARING, Place(Book.FAN_WALLET), 5),
        Leg(CLEARING, Place(Book.ESCROW, uuid7()), 5),
    ],
)
def test_a_leg_that_no_history_may_contain_is_a_bug(leg):
    with pytest.raises(ValueError, match=r"moves cents|with owner"):
        ledger.post([posting_of(leg)], now=START)


def test_a_posting_without_legs_is_a_bug():
    with pytest.raises(ValueError, match="has legs"):
        ledger.post([posting_of()], now=START)


@pytest.mark.django_db(transaction=True)
def test_money_does_not_move_outside_a_transaction():
    for act in (
        lambda: ledger.hold([request_of(uuid7(), 1)], now=START),
        lambda: ledger.post([posting_of(Leg(CLEARING, PLATFORM, 1))], now=START),
        lambda: ledger.void([uuid7()], now=START),
    ):
        with pytest.raises(ledger.NoTransaction):
            act()


def refused(act) -> str:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    return str(error.value)


def test_the_database_refuses_to_change_or_delete_a_transfer():
    funded(100)
    assert "transfers never change" in refused(lambda: Transfer.objects.update(amount_cents=1))
    assert "transfers never vanish" in refused(lambda: Transfer.objects.all().delete())


def test_the_database_refuses_to_change_a_hold_that_ended():
    fan = funded(100)
    ledger.void([held(fan, 100)], now=START)
    assert "a hold ends once" in refused(lambda: Hold.objects.update(state="open"))
    assert "holds never vanish" in refused(lambda: Hold.objects.all().delete())


@pytest.mark.parametrize(
    "change", [{"amount_cents": 1}, {"owner_id": uuid7()}, {"key": "x"}, {"subject_id": uuid7()}]
)
def test_the_database_refuses_to_change_the_terms_of_an_open_hold(change):
    held(funded(100), 100)
    assert "a hold ends once" in refused(lambda: Hold.objects.update(**change))


def test_the_database_refuses_a_negative_balance_and_an_unbalanced_ending():
    held(funded(100), 100)
    said = refused(lambda: LedgerAccount.objects.update(balance_cents=-1))
    assert "no_user_balance_is_negative" in said
    ending = {"state": "settled", "settled_cents": 60, "returned_cents": 50, "ended_at": START}
    said = refused(lambda: Hold.objects.update(**ending))
    assert "an_ended_hold_settled_and_returned_what_it_held" in said


def statements(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def statements_for(size: int) -> list[int]:
    fans = [funded(10_000) for _ in range(size)]
    settlements = [Settlement(held(fan, 100), ((PLATFORM, 60),)) for fan in fans]
    waiting = [held(fan, 100) for fan in fans]
    requests = [request_of(fan, 100) for fan in fans]
    legs = [Leg(wallet_of(fan), PLATFORM, 1) for fan in fans]
    postings = [posting_of(leg, key=str(uuid7())) for leg in legs]
    return [
        statements(lambda: ledger.hold(requests, now=START)),
        statements(lambda: ledger.settle(settlements, now=START)),
        statements(lambda: ledger.void(waiting, now=START)),
        statements(lambda: ledger.post(postings, now=START)),
        statements(lambda: ledger.wallets(fans)),
    ]


def test_the_number_of_statements_does_not_depend_on_the_batch():
    assert statements_for(1) == statements_for(64) == [5, 7, 6, 6, 1]
