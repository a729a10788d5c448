"""Real connections in threads: nothing is spent twice, and nobody waits for ever."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from paywall import ledger
from paywall.commands import escrow
from paywall.ledger import Leg, Outcome, Posting, Settlement, Wallet
from tests.factories import START
from tests.paywall.books import CLEARING, PLATFORM, funded, request_of, wallet_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
THREADS = 8


def at_once[T](acts: Sequence[Callable[[], T]]) -> list[T]:
    """Run these, each in a transaction of its own, on `THREADS` connections that start together."""
    start = Barrier(min(THREADS, len(acts)))

    def share(number: int) -> list[T]:
        try:
            start.wait(timeout=10)
            return [_in_transaction(act) for act in acts[number::THREADS]]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        shares = pool.map(share, range(min(THREADS, len(acts))), timeout=60)
        return [answer for answers in shares for answer in answers]


def _in_transaction[T](act: Callable[[], T]) -> T:
    with transaction.atomic():
        return act()


def funded_wallets(*cents: int):
    with transaction.atomic():
        return [funded(amount) for amount in cents]


def test_a_hundred_holds_at_once_on_sixty_euros_accept_exactly_sixty():
    [fan] = funded_wallets(6_000)
    outcomes = at_once([lambda: ledger.hold([request_of(fan, 100)], now=START)[0]] * 100)
    assert sorted(o.status for o in outcomes) == ["done"] * 60 + ["insufficient_funds"] * 40
    assert ledger.wallet(fan) == Wallet(0, 6_000)


def test_one_key_at_once_is_held_once():
    [fan] = funded_wallets(6_000)
    request = request_of(fan, 100)
    outcomes = at_once([lambda: ledger.hold([request], now=START)[0]] * 16)
    assert sorted(o.status for o in outcomes) == ["done"] + ["replayed"] * 15
    assert len({o.id for o in outcomes}) == 1
    assert ledger.wallet(fan) == Wallet(5_900, 100)


def test_one_hold_ended_at_once_by_many_ends_once():
    [fan] = funded_wallets(1_000)
    with transaction.atomic():
        hold_id = ledger.hold([request_of(fan, 100)], now=START)[0].id
    assert hold_id is not None
    settlement = Settlement(hold_id, ((PLATFORM, 60),))

    def settle() -> Outcome:
        return ledger.settle([settlement], now=START)[0]

    def void() -> Outcome:
        return ledger.void([hold_id], now=START)[0]

    outcomes = at_once([settle, void] * 8)
    assert [o.status for o in outcomes].count("done") == 1
    assert ledger.wallet(fan).balance_cents in (940, 1_000)


def test_batches_that_touch_the_same_wallets_in_opposite_order_do_not_deadlock():
    fans = funded_wallets(*[10_000] * 20)

    def batch(order) -> list[Outcome]:
        return ledger.hold([request_of(fan, 10) for fan in order], now=START)

    answers = at_once([lambda: batch(fans), lambda: batch(fans[::-1])] * 20)
    assert all(outcome.ok for outcomes in answers for outcome in outcomes)
    assert set(ledger.wallets(fans).values()) == {Wallet(9_600, 400)}


def test_transactions_that_hold_and_then_capture_do_not_deadlock_when_they_lock_first():
    first, second = funded_wallets(10_000, 10_000)
    creators = [uuid7(), uuid7()]

    def send_and_answer(payer, other) -> bool:
        escrow.lock_accounts(fan_ids=[payer, other], creator_ids=creators)
        paid = ledger.hold([request_of(payer, 10), request_of(other, 10)], now=START)
        settlements = [Settlement(o.id, ((PLATFORM, 10),)) for o in paid[::-1] if o.id]
        return all(outcome.ok for outcome in ledger.settle(settlements, now=START))

    acts = [lambda: send_and_answer(first, second), lambda: send_and_answer(second, first)]
    assert all(at_once(acts * 12))
    assert ledger.wallet(first) == ledger.wallet(second) == Wallet(9_760, 0)


def test_an_account_opened_at_once_by_many_is_opened_once():
    fans = [uuid7() for _ in range(10)]

    def top_up_all(order) -> bool:
        postings = [
            Posting(uuid7().hex, "topup", (Leg(CLEARING, wallet_of(fan), 10),), fan)
            for fan in order
        ]
        return all(outcome.ok for outcome in ledger.post(postings, now=START))

    assert all(at_once([lambda: top_up_all(fans), lambda: top_up_all(fans[::-1])] * 8))
    assert set(ledger.wallets(fans).values()) == {Wallet(160, 0)}
