"""The test provider tells its webhooks at least once, signed at each attempt, with back-off."""

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from paywall import tasks
from paywall.commands import credits, topups
from paywall.gateway import outbox, testmode
from paywall.models import ProviderWebhook, TopUp
from tests.factories import START, make_fan
from tests.paywall.provider import (
    CHALLENGE,
    begin,
    hear,
    wallet_cents,
    webhooks,
)

pytestmark = pytest.mark.django_db


class Ear(HTTPServer):
    """Hears webhooks over HTTP, and answers with the status it was told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.heard: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Ear

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def ear(settings) -> Iterator[Ear]:
    with Ear() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        settings.PAYMENT_WEBHOOK_URL = server.url
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_arrives_signed_and_is_told_no_more(ear):
    begin(make_fan(), 2_000)
    assert tasks.deliver_webhooks(now=START) == 2
    provider = testmode.TestModeGateway()
    for headers, body in ear.heard:
        assert provider.parse_webhook(headers=headers, body=body, now=START).amount_cents == 2_000
    assert tasks.deliver_webhooks(now=START + timedelta(hours=1)) == 0
    assert len(ear.heard) == 2


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_that_is_not_2xx_is_tried_again_later_and_signed_anew(ear, status):
    begin(make_fan(), 2_000)
    ear.status = status
    assert tasks.deliver_webhooks(now=START) == 0
    assert tasks.deliver_webhooks(now=START + timedelta(milliseconds=999)) == 0
    assert len(ear.heard) == 2
    ear.status = 200
    later = START + timedelta(minutes=10)
    assert tasks.deliver_webhooks(now=later) == 2
    headers, body = ear.heard[-1]
    assert testmode.TestModeGateway().parse_webhook(headers=headers, body=body, now=later)


def test_a_server_that_is_not_there_is_tried_again(ear, settings):
    begin(make_fan(), 2_000)
    settings.PAYMENT_WEBHOOK_URL = "http://127.0.0.1:1/nobody"
    assert tasks.deliver_webhooks(now=START) == 0
    settings.PAYMENT_WEBHOOK_URL = ear.url
    assert tasks.deliver_webhooks(now=START + timedelta(seconds=1)) == 2


def test_attempts_are_further_and_further_apart_for_three_days_and_no_longer():
    begin(make_fan(), 2_000)
    now, waits = START, []
    while due := ProviderWebhook.objects.order_by("id").first():
        taken = outbox.take_due(now=now, limit=10)
        if not taken:
            break
        for envelope in taken:
            outbox.postponed(envelope.webhook, now=now)
        due.refresh_from_db()
        waits.append((due.due_at - now).total_seconds())
        now = due.due_at
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == 3_600
    assert timedelta(hours=72) <= now - START < timedelta(hours=73)


def test_a_delayed_webhook_waits_for_its_time(ear):
    begin(make_fan(), 2_000, delay=timedelta(minutes=5))
    assert tasks.deliver_webhooks(now=START + timedelta(minutes=4)) == 0
    assert tasks.deliver_webhooks(now=START + timedelta(minutes=5)) == 2


def test_two_workers_never_send_the_same_attempt():
    begin(make_fan(), 2_000)
    assert len(outbox.take_due(now=START, limit=10)) == 2
    assert outbox.take_due(now=START, limit=10) == []
    after_a_crash = START + outbox.LEASE
    assert len(outbox.take_due(now=after_a_crash, limit=10)) == 2


def test_a_lost_webhook_is_made_good_by_asking():
    fan = make_fan()
    topup = begin(fan, 2_000)
    assert tasks.reconcile_topups(now=START + timedelta(seconds=29)) == 0
    assert tasks.reconcile_topups(now=START + timedelta(seconds=30)) == 1
    assert wallet_cents(fan) == 2_000
    assert tasks.reconcile_topups(now=START + timedelta(seconds=60)) == 0
    hear(webhooks())
    topup.refresh_from_db()
    assert (topup.state, wallet_cents(fan)) == ("succeeded", 2_000)


def test_a_lost_answer_and_a_lost_webhook_are_made_good_by_asking():
    fan = make_fan()
    with pytest.raises(topups.PaymentUnavailable):
        begin(fan, 2_000, lose_answers=True)
    assert tasks.reconcile_topups(now=START + timedelta(minutes=1)) == 1
    assert wallet_cents(fan) == 2_000


def test_a_question_nobody_answered_ends_after_an_hour():
    topup = begin(make_fan(), 2_000, card=CHALLENGE)
    assert tasks.reconcile_topups(now=START + timedelta(minutes=59)) == 0
    topup.refresh_from_db()
    assert topup.state == "requires_action"
    assert tasks.reconcile_topups(now=START + timedelta(minutes=60)) == 1
    topup.refresh_from_db()
    assert (topup.state, topup.decline_code) == ("declined", "expired")


def test_a_top_up_the_provider_never_heard_of_ends_after_an_hour():
    with pytest.raises(topups.PaymentUnavailable):
        begin(make_fan(), 2_000, down=True)
    assert tasks.reconcile_topups(now=START + timedelta(minutes=59)) == 0
    assert tasks.reconcile_topups(now=START + timedelta(minutes=60)) == 1
    assert TopUp.objects.get().decline_code == "expired"


def test_a_decline_whose_webhook_got_lost_is_learnt_by_asking():
    fan = make_fan()
    topup = begin(fan, 2_000, card=CHALLENGE)
    testmode.TestModeGateway().answer_challenge(
        payment_id=str(topup.payment_id), approve=False, now=START
    )
    assert tasks.reconcile_topups(now=START + timedelta(minutes=1)) == 1
    topup.refresh_from_db()
    assert (topup.state, topup.decline_code) == ("declined", "authentication_failed")


def test_a_provider_that_is_down_closes_nothing():
    topup = begin(make_fan(), 2_000)
    down = testmode.TestModeGateway(faults=testmode.Faults(down=True))
    assert credits.reconcile(now=START + timedelta(hours=2), provider=down) == 0
    topup.refresh_from_db()
    assert topup.state == "started"
