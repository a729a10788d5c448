"""Several threads at once: each has its own connection, as several processes would."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from accounts.errors import Refusal
from paywall.gateway import EventKind, outbox
from paywall.models import PaymentEvent, ProviderPayment, TopUp
from tests.factories import START, make_fan
from tests.paywall.provider import begin, clearing_cents, funded_fan, hear, wallet_cents, webhooks

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 6


def at_once[T](act: Callable[[int], T]) -> list[T | str]:
    """What each thread got: a result, or the code of its refusal."""
    start = Barrier(THREADS)

    def run(number: int) -> T | str:
        try:
            start.wait()
            return act(number)
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_one_event_heard_by_all_at_once_credits_once():
    fan = make_fan()
    begin(fan, 2_000)
    rows = webhooks(EventKind.SUCCEEDED)
    heard = at_once(lambda _: hear(rows))
    assert sorted(map(str, heard)) == ["[False]"] * (THREADS - 1) + ["[True]"]
    assert (wallet_cents(fan), clearing_cents()) == (2_000, -2_000)
    assert PaymentEvent.objects.count() == 1


def test_one_client_id_pressed_everywhere_at_once_is_one_payment():
    fan, client_id = make_fan(), uuid7()
    begun = at_once(lambda _: begin(fan, 2_000, client_id=client_id).id)
    assert len(set(begun)) == 1
    assert TopUp.objects.count() == ProviderPayment.objects.count() == 1
    hear(webhooks())
    assert wallet_cents(fan) == 2_000


def test_top_ups_begun_at_once_never_pass_the_ceiling():
    fan = make_fan()
    funded_fan(fan, 20_000)
    begun = at_once(lambda _: begin(fan, 10_000).amount_cents)
    assert sorted(map(str, begun)) == ["10000"] * 3 + ["malformed"] * 3
    hear(webhooks())
    assert wallet_cents(fan) == 50_000


def test_workers_that_drain_at_once_share_the_outbox():
    begin(make_fan(), 2_000, copies=5)
    taken = at_once(lambda _: len(outbox.take_due(now=START, limit=10)))
    assert sum(int(count) for count in taken) == 10
