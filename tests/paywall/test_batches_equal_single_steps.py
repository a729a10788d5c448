"""The outcome of any batch is the outcome of its items one at a time; any history balances."""

from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from paywall import ledger
from paywall.ledger import Book, HoldRequest, Leg, Outcome, Place, Posting, Settlement, Wallet
from paywall.ledger._checks import LEDGER_CHECKS
from tests.factories import START
from tests.paywall.books import CLEARING, PLATFORM, funded, wallet_of

pytestmark = pytest.mark.django_db
FANS = 3
in_one_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
fan_numbers = st.integers(0, FANS - 1)
cents = st.integers(1, 400)
wanted_holds = st.lists(st.tuples(fan_numbers, cents, st.integers(0, 5)), min_size=1, max_size=12)
wanted_moves = st.lists(st.tuples(fan_numbers, fan_numbers, cents), min_size=1, max_size=12)


class _Undo(Exception):
    pass


def undone(act):
    """What `act` answers, with everything it wrote taken back."""
    answer = None
    try:
        with transaction.atomic():
            answer = act()
            raise _Undo
    except _Undo:
        return answer


def told(outcomes: list[Outcome], fans: list[UUID]) -> tuple[list, list[Wallet], bool]:
    said = [(o.status, o.balance_cents, o.missing_cents, o.id is None) for o in outcomes]
    wallets = ledger.wallets(fans)
    return said, [wallets[fan] for fan in fans], books_hold()


def books_hold() -> bool:
    return all(check.ok for check in ledger.check_books() if check.name in LEDGER_CHECKS)


def both_ways(act, items: list, fans: list[UUID]) -> None:
    together = undone(lambda: told(act(items), fans))
    alone = undone(lambda: told([act([item])[0] for item in items], fans))
    assert together == alone
    assert together[2]


@in_one_database
@given(wanted=wanted_holds)
def test_holds(wanted):
    fans = [funded(500) for _ in range(FANS)]
    subject = uuid7()
    prefix = uuid7().hex
    requests = [HoldRequest(f"{prefix}{k}", fans[f], amount, subject) for f, amount, k in wanted]
    both_ways(lambda items: ledger.hold(items, now=START), requests, fans)


@in_one_database
@given(wanted=wanted_moves)
def test_postings(wanted):
    fans = [funded(300) for _ in range(FANS)]
    postings = []
    for source, target, amount in wanted:
        to = wallet_of(fans[target]) if source != target else PLATFORM
        leg = Leg(wallet_of(fans[source]), to, amount)
        postings.append(Posting(uuid7().hex, "test", (leg,), fans[source]))
    both_ways(lambda items: ledger.post(items, now=START), postings, fans)


@in_one_database
@given(
    amounts=st.lists(cents, min_size=3, max_size=3),
    wanted=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 400)), min_size=1, max_size=8),
)
def test_endings(amounts, wanted):
    fans = [funded(500) for _ in range(FANS)]
    requests = [HoldRequest(uuid7().hex, f, a, f) for f, a in zip(fans, amounts, strict=True)]
    holds = [outcome.id for outcome in ledger.hold(requests, now=START)]
    creator = Place(Book.CREATOR_AVAILABLE, uuid7())
    settlements = [Settlement(holds[i], ((creator, min(paid, amounts[i])),)) for i, paid in wanted]
    both_ways(lambda items: ledger.settle(items, now=START), settlements, fans)
    both_ways(lambda items: ledger.void(items, now=START), [holds[i] for i, _ in wanted], fans)


steps = st.lists(
    st.tuples(st.sampled_from(["post", "hold", "settle", "void"]), fan_numbers, cents),
    min_size=1,
    max_size=25,
)


@in_one_database
@given(history=steps)
def test_any_history_keeps_the_books(history):
    fans = [uuid7() for _ in range(FANS)]
    holds: list[UUID] = []

    def play() -> bool:
        for step, fan, amount in history:
            _play(step, fans[fan], amount, holds)
        return books_hold()

    assert undone(play)


def _play(step: str, fan: UUID, amount: int, holds: list[UUID]) -> None:
    """One step; ending picks any hold there ever was, ended or not."""
    if step == "post":
        leg = Leg(CLEARING, wallet_of(fan), amount)
        ledger.post([Posting(uuid7().hex, "topup", (leg,), fan)], now=START)
    elif step == "hold":
        [outcome] = ledger.hold([HoldRequest(uuid7().hex, fan, amount, fan)], now=START)
        holds.extend([outcome.id] if outcome.id else [])
    elif holds:
        chosen = holds[amount % len(holds)]
        if step == "void":
            ledger.void([chosen], now=START)
        else:
            ledger.settle([Settlement(chosen, ((PLATFORM, 1),))], now=START)
