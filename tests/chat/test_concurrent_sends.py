"""Many writers at once, on real connections: nothing is charged twice, nothing deadlocks."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection

from chat.commands import Outcome, Sent, send_messages
from chat.models import Message
from paywall import ledger
from tests.chat.talk import Talk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def at_once(work: Sequence[Callable[[], list[Outcome]]], threads: int) -> list[Outcome]:
    """Run all of this on threads of its own connections; every outcome, in order of the work."""

    def run(one: Callable[[], list[Outcome]]) -> list[Outcome]:
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return [outcome for outcomes in pool.map(run, work) for outcome in outcomes]


def test_a_hundred_sends_from_a_wallet_for_sixty_accept_exactly_sixty() -> None:
    first = Talk(cents=60 * 200)
    talks = [first, *(Talk(cents=0, fan=first.fan) for _ in range(24))]
    drafts = [talk.draft(first.fan) for talk in talks for _ in range(4)]
    work = [partial(send_messages, drafts=[draft], now=first.now) for draft in drafts]
    outcomes = at_once(work, threads=8)
    assert sum(isinstance(outcome, Sent) for outcome in outcomes) == 60
    assert {o.code for o in outcomes if not isinstance(o, Sent)} == {"insufficient_funds"}
    assert first.wallet == (0, 60 * 200)
    assert Message.objects.count() == 60


def test_batches_over_the_same_conversations_in_opposite_order_do_not_deadlock() -> None:
    talks = [Talk() for _ in range(12)]
    for talk in talks:
        talk.ask()

    def batch(order: Sequence[Talk]) -> Callable[[], list[Outcome]]:
        drafts = [d for t in order for d in (t.draft(t.creator), t.draft(t.fan))]
        return lambda: send_messages(drafts=drafts, now=talks[0].now)

    outcomes = at_once([batch(talks), batch(talks[::-1])] * 3, threads=6)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert all(check.ok for check in ledger.check_books())


def test_the_same_client_id_on_many_connections_is_one_message() -> None:
    talk = Talk()
    draft = talk.draft(talk.fan)
    outcomes = at_once([lambda: send_messages(drafts=[draft], now=talk.now)] * 8, threads=8)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert sum(o.replay for o in outcomes if isinstance(o, Sent)) == 7
    assert Message.objects.count() == 1
    assert talk.wallet == (1_800, 200)
