"""What every payment provider behind the port promises: one list, run against each adapter."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured

from paywall import gateway as payments
from paywall.gateway import EventKind, Payment, PaymentGateway, PaymentState, outbox, testmode
from paywall.gateway.signature import HEADER, TOLERANCE
from paywall.models import ProviderWebhook
from tests.factories import START

pytestmark = pytest.mark.django_db

ADAPTERS: dict[str, Callable[[], PaymentGateway]] = {"test": testmode.TestModeGateway}
SUCCESS, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0002"
NO_FUNDS, CHALLENGE = "4000 0000 0000 9995", "4000 0027 6000 3184"


@pytest.fixture(params=ADAPTERS)
def provider(request) -> PaymentGateway:
    return ADAPTERS[request.param]()


def start(
    provider: PaymentGateway, *, key: str = "", card: str = SUCCESS, cents: int = 2_000
) -> Payment:
    return provider.start_payment(
        idempotency_key=key or str(uuid4()),
        amount_cents=cents,
        currency="EUR",
        customer_ref="someone",
        card=card,
        now=START,
    )


def told(provider: PaymentGateway) -> list[EventKind]:
    """What the provider said so far, as its webhooks are read."""
    return [read(provider, row).kind for row in ProviderWebhook.objects.order_by("id")]


def read(provider: PaymentGateway, webhook: ProviderWebhook) -> payments.ProviderEvent:
    _, headers, body = outbox.seal(webhook, now=START)
    return provider.parse_webhook(headers=headers, body=body, now=START)


def test_a_good_card_succeeds_and_says_so(provider):
    payment = start(provider, key="one")
    assert (payment.state, payment.amount_cents) == (PaymentState.SUCCEEDED, 2_000)
    assert payment.reference == "one"
    assert told(provider) == [EventKind.CREATED, EventKind.SUCCEEDED]


@pytest.mark.parametrize(
    ("card", "reason"), [(DECLINED, "card_declined"), (NO_FUNDS, "insufficient_funds")]
)
def test_a_bad_card_is_declined_with_the_reason_of_the_bank(provider, card, reason):
    payment = start(provider, card=card)
    assert (payment.state, payment.decline_code) == (PaymentState.DECLINED, reason)
    assert told(provider) == [EventKind.CREATED, EventKind.DECLINED]


def test_a_card_that_is_not_known_creates_nothing(provider):
    with pytest.raises(payments.UnknownCard, match="never a real card"):
        start(provider, key="one", card="5555 5555 5555 4444")
    assert provider.find(reference="one") is None
    assert told(provider) == []


@pytest.mark.parametrize(
    ("approve", "state"), [(True, PaymentState.SUCCEEDED), (False, PaymentState.DECLINED)]
)
def test_a_challenge_ends_as_the_card_holder_answers(provider, approve, state):
    payment = start(provider, card=CHALLENGE)
    assert payment.state is PaymentState.REQUIRES_ACTION
    assert payment.challenge
    answered = provider.answer_challenge(payment_id=payment.id, approve=approve, now=START)
    assert (answered.state, answered.challenge) == (state, "")
    assert told(provider)[1:] == [EventKind.REQUIRES_ACTION, EventKind(f"payment.{state}")]


def test_a_challenge_is_answered_once(provider):
    payment = start(provider, card=CHALLENGE)
    provider.answer_challenge(payment_id=payment.id, approve=False, now=START)
    with pytest.raises(payments.NotWaiting):
        provider.answer_challenge(payment_id=payment.id, approve=True, now=START)
    assert provider.retrieve(payment_id=payment.id).state is PaymentState.DECLINED


def test_the_same_key_again_is_the_same_payment(provider):
    first, again = start(provider, key="one"), start(provider, key="one")
    assert first == again
    assert len(told(provider)) == 2


@pytest.mark.parametrize("other", [{"cents": 2_001}, {"card": CHALLENGE}])
def test_the_same_key_with_another_body_is_refused(provider, other):
    start(provider, key="one")
    with pytest.raises(payments.IdempotencyConflict):
        start(provider, key="one", **other)


def test_a_payment_can_be_read_again_and_an_unknown_one_cannot(provider):
    payment = start(provider, key="one")
    assert provider.retrieve(payment_id=payment.id) == provider.find(reference="one") == payment
    with pytest.raises(payments.UnknownPayment):
        provider.retrieve(payment_id="pay_unknown")
    with pytest.raises(payments.UnknownPayment):
        provider.answer_challenge(payment_id="pay_unknown", approve=True, now=START)


def refund(provider: PaymentGateway, payment: Payment, cents: int, key: str) -> Payment:
    return provider.refund(
        payment_id=payment.id, amount_cents=cents, idempotency_key=key, now=START
    )


def test_refunds_add_up_to_the_payment_and_no_further(provider):
    payment = start(provider)
    assert refund(provider, payment, 1_500, "a").refunded_cents == 1_500
    with pytest.raises(payments.RefundTooLarge):
        refund(provider, payment, 501, "b")
    assert refund(provider, payment, 500, "c").refunded_cents == 2_000
    assert told(provider)[2:] == [EventKind.REFUNDED, EventKind.REFUNDED]


def test_a_refund_happens_once_per_key(provider):
    payment = start(provider)
    refund(provider, payment, 500, "a")
    assert refund(provider, payment, 500, "a").refunded_cents == 500
    with pytest.raises(payments.IdempotencyConflict):
        refund(provider, payment, 600, "a")


@pytest.mark.parametrize("cents", [0, -1])
def test_a_refund_of_nothing_is_refused(provider, cents):
    with pytest.raises(payments.RefundTooLarge):
        refund(provider, start(provider), cents, "a")


def test_what_never_succeeded_is_never_refunded(provider):
    with pytest.raises(payments.RefundTooLarge):
        refund(provider, start(provider, card=DECLINED), 1, "a")


def test_two_refunds_are_two_events(provider):
    payment = start(provider)
    refund(provider, payment, 500, "a")
    refund(provider, payment, 500, "b")
    events = {row.event_id for row in ProviderWebhook.objects.all()}
    assert len(events) == 4


def test_a_signed_webhook_is_read_as_it_was_meant(provider):
    payment = start(provider, key="one")
    event = read(provider, ProviderWebhook.objects.latest("id"))
    assert (event.kind, event.payment_id) == (EventKind.SUCCEEDED, payment.id)
    assert (event.reference, event.amount_cents, event.at) == ("one", 2_000, START)


def test_a_changed_body_is_not_believed(provider):
    start(provider)
    _, headers, body = outbox.seal(ProviderWebhook.objects.latest("id"), now=START)
    with pytest.raises(payments.InvalidSignature):
        provider.parse_webhook(headers=headers, body=body.replace(b"2000", b"9000"), now=START)


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=00", "t=,v1=", "t=x,v1=y", "nonsense", "t=1,v1=é"]
)
def test_a_missing_or_broken_signature_is_not_believed(provider, header):
    start(provider)
    body = ProviderWebhook.objects.latest("id").body.encode()
    with pytest.raises(payments.InvalidSignature):
        provider.parse_webhook(headers={HEADER: header}, body=body, now=START)


def test_a_signature_of_another_secret_is_not_believed(provider, settings):
    start(provider)
    _, headers, body = outbox.seal(ProviderWebhook.objects.latest("id"), now=START)
    settings.PAYMENT_WEBHOOK_SECRET = "another"
    with pytest.raises(payments.InvalidSignature):
        provider.parse_webhook(headers=headers, body=body, now=START)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_signature_lives_five_minutes_and_not_a_second_more(provider, direction):
    start(provider)
    _, headers, body = outbox.seal(ProviderWebhook.objects.latest("id"), now=START)
    edge = START + direction * TOLERANCE
    assert provider.parse_webhook(headers=headers, body=body, now=edge).amount_cents == 2_000
    late = edge + direction * timedelta(seconds=1)
    with pytest.raises(payments.InvalidSignature):
        provider.parse_webhook(headers=headers, body=body, now=late)


def test_the_configured_provider_is_test_mode_and_no_other_name_is_accepted(settings):
    assert payments.gateway().name == "test"
    settings.PAYMENTS = "gold"
    with pytest.raises(ImproperlyConfigured, match="'gold'"):
        payments.gateway()


def test_a_public_server_takes_test_cards_only_when_asked_to(settings):
    settings.PUBLIC_URL = "https://aparte.example"
    with pytest.raises(ImproperlyConfigured, match="PAYMENTS_TEST_ALLOWED=1"):
        payments.gateway()
    settings.PAYMENTS_TEST_ALLOWED = True
    assert payments.gateway().name == "test"
