"""A wallet is credited exactly once, when the provider itself says so, and never on an answer."""

import json
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotFound
from paywall import ledger
from paywall.commands import credits, topups
from paywall.events import WalletChanged
from paywall.gateway import EventKind, Payment, PaymentState, testmode
from paywall.ledger import Book, HoldRequest, Leg, Place, Posting
from paywall.models import PaymentEvent, ProviderPayment, ProviderWebhook, TopUp
from tests.factories import START, make_fan
from tests.paywall.provider import (
    CHALLENGE,
    DECLINED,
    NO_FUNDS,
    begin,
    clearing_cents,
    funded_fan,
    hear,
    wallet_cents,
    webhooks,
)

pytestmark = pytest.mark.django_db


def state_of(topup: TopUp) -> str:
    return TopUp.objects.get(id=topup.id).state


def test_an_answer_moves_no_cent_and_the_webhook_does():
    fan = make_fan()
    topup = begin(fan, 2_000)
    assert (topup.state, wallet_cents(fan)) == ("started", 0)
    hear(webhooks())
    assert (state_of(topup), wallet_cents(fan)) == ("succeeded", 2_000)
    assert clearing_cents() == -2_000


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_events_said_twice_in_any_order_credit_once(order):
    fan = make_fan()
    begin(fan, 2_000, copies=2)
    rows = webhooks()
    assert len(rows) == 4
    assert sorted(hear(rows[i] for i in order)) == [False, False, True, True]
    assert (wallet_cents(fan), clearing_cents()) == (2_000, -2_000)


def test_the_walk_of_a_new_fan_to_the_cent():
    """F4: 20.00 in, told three times out of order, then a card the bank declines."""
    fan = make_fan()
    begin(fan, 2_000, copies=3)
    hear(reversed(webhooks()))
    assert (wallet_cents(fan), clearing_cents()) == (2_000, -2_000)
    with pytest.raises(topups.PaymentDeclined):
        begin(fan, 2_000, card=DECLINED)
    hear(webhooks())
    assert (wallet_cents(fan), clearing_cents()) == (2_000, -2_000)


def test_an_event_is_stored_once_with_what_it_said():
    fan = make_fan()
    topup = begin(fan, 2_000)
    hear([*webhooks(), *webhooks()])
    stored = PaymentEvent.objects.filter(topup=topup).order_by("kind")
    assert [event.kind for event in stored] == [EventKind.CREATED, EventKind.SUCCEEDED]
    assert {event.amount_cents for event in stored} == {2_000}


@pytest.mark.parametrize(
    ("card", "reason"), [(DECLINED, "card_declined"), (NO_FUNDS, "insufficient_funds")]
)
def test_a_declined_card_is_refused_with_its_reason_and_changes_nothing(card, reason):
    fan = make_fan()
    with pytest.raises(topups.PaymentDeclined) as refused:
        begin(fan, 2_000, card=card)
    hear(webhooks())
    topup = TopUp.objects.get(id=refused.value.data["topup_id"])
    assert (refused.value.status, refused.value.data["decline_code"]) == (402, reason)
    assert (topup.state, topup.decline_code, wallet_cents(fan)) == ("declined", reason, 0)


def answer(topup: TopUp, *, approve: bool, fan_id: UUID | None = None, **faults: Any) -> TopUp:
    return topups.answer_challenge(
        account_id=fan_id or topup.account_id,
        topup_id=topup.id,
        approve=approve,
        now=START,
        provider=testmode.TestModeGateway(faults=testmode.Faults(**faults)),
    )


def test_an_approved_challenge_is_credited_by_its_webhook():
    fan = make_fan()
    topup = begin(fan, 2_000, card=CHALLENGE)
    assert topup.state == "requires_action"
    assert topup.challenge
    approved = answer(topup, approve=True)
    assert (approved.state, approved.challenge, wallet_cents(fan)) == ("started", "", 0)
    hear(webhooks())
    assert (state_of(topup), wallet_cents(fan)) == ("succeeded", 2_000)


def test_a_rejected_challenge_is_declined():
    fan = make_fan()
    topup = begin(fan, 2_000, card=CHALLENGE)
    rejected = answer(topup, approve=False)
    hear(webhooks())
    assert (rejected.state, rejected.decline_code) == ("declined", "authentication_failed")
    assert (state_of(topup), wallet_cents(fan)) == ("declined", 0)


def test_a_second_answer_to_a_challenge_changes_nothing():
    topup = begin(make_fan(), 2_000, card=CHALLENGE)
    answer(topup, approve=False)
    assert answer(topup, approve=True).state == "declined"


def test_a_challenge_is_answered_by_its_fan_alone():
    topup = begin(make_fan(), 2_000, card=CHALLENGE)
    with pytest.raises(NotFound):
        answer(topup, approve=True, fan_id=make_fan().id)
    assert state_of(topup) == "requires_action"


def test_an_answer_to_a_challenge_that_got_lost_can_be_given_again():
    fan = make_fan()
    topup = begin(fan, 2_000, card=CHALLENGE)
    with pytest.raises(topups.PaymentUnavailable):
        answer(topup, approve=True, lose_answers=True)
    assert answer(topup, approve=True).state == "started"
    hear(webhooks())
    assert wallet_cents(fan) == 2_000


def test_a_question_told_late_does_not_reopen_an_answered_challenge():
    fan = make_fan()
    topup = begin(fan, 2_000, card=CHALLENGE)
    answer(topup, approve=True)
    hear(webhooks(EventKind.REQUIRES_ACTION))
    assert state_of(topup) == "started"
    hear(webhooks(EventKind.SUCCEEDED))
    hear(webhooks(EventKind.CREATED))
    assert (state_of(topup), wallet_cents(fan)) == ("succeeded", 2_000)


def test_a_success_after_a_timeout_is_credited_once():
    fan, client_id = make_fan(), uuid7()
    with pytest.raises(topups.PaymentUnavailable) as refused:
        begin(fan, 2_000, client_id=client_id, lose_answers=True)
    assert (refused.value.status, wallet_cents(fan)) == (503, 0)
    hear(webhooks())
    assert wallet_cents(fan) == 2_000
    assert begin(fan, 2_000, client_id=client_id).state == "succeeded"
    hear(webhooks())
    assert wallet_cents(fan) == 2_000


def test_a_retry_after_a_timeout_pays_once():
    fan, client_id = make_fan(), uuid7()
    with pytest.raises(topups.PaymentUnavailable):
        begin(fan, 2_000, client_id=client_id, lose_answers=True)
    begin(fan, 2_000, client_id=client_id)
    assert ProviderPayment.objects.count() == 1
    hear(webhooks())
    assert wallet_cents(fan) == 2_000


def test_a_provider_that_is_down_leaves_the_wallet_usable():
    fan = funded_fan(make_fan(), 2_000)
    with pytest.raises(topups.PaymentUnavailable):
        begin(fan, 2_000, down=True)
    [held] = ledger.hold([HoldRequest("one", fan.id, 200, uuid7())], now=START)
    assert (held.ok, wallet_cents(fan)) == (True, 1_800)


def test_a_yes_after_a_no_is_credited_once():
    fan = make_fan()
    topup = begin(fan, 2_000, card=CHALLENGE)
    answer(topup, approve=True)
    late = START + timedelta(hours=2)
    assert credits.reconcile(now=late, provider=Undecided()) == 1
    assert state_of(topup) == "declined"
    hear(webhooks(EventKind.SUCCEEDED) * 2)
    assert (state_of(topup), wallet_cents(fan)) == ("succeeded", 2_000)


class Interrupted(testmode.TestModeGateway):
    """A provider whose webhooks are faster than its own answer."""

    def start_payment(self, **request: Any) -> Payment:
        payment = super().start_payment(**request)
        hear(webhooks())
        return payment

    def find(self, *, reference: str) -> Payment | None:
        payment = super().find(reference=reference)
        hear(webhooks())
        return payment


def test_a_webhook_faster_than_the_answer_is_not_undone_by_it():
    fan = make_fan()
    topup = topups.start_topup(
        account_id=fan.id,
        client_id=uuid7(),
        amount_cents=2_000,
        card=CHALLENGE,
        now=START,
        provider=Interrupted(),
    )
    assert topup.state == "requires_action"
    fast = topups.start_topup(
        account_id=fan.id,
        client_id=uuid7(),
        amount_cents=500,
        card="4242424242424242",
        now=START,
        provider=Interrupted(),
    )
    assert (fast.state, wallet_cents(fan)) == ("succeeded", 500)


def test_a_webhook_during_the_asking_is_credited_once():
    fan = make_fan()
    begin(fan, 2_000)
    now = START + timedelta(minutes=1)
    assert credits.reconcile(now=now, provider=Interrupted()) == 0
    assert wallet_cents(fan) == 2_000


def test_a_decline_told_after_a_timeout_ends_the_top_up():
    fan = make_fan()
    with pytest.raises(topups.PaymentUnavailable):
        begin(fan, 2_000, card=DECLINED, lose_answers=True)
    hear(webhooks())
    topup = TopUp.objects.get()
    assert (topup.state, topup.decline_code) == ("declined", "card_declined")


def test_a_reference_the_provider_knows_with_another_amount_is_refused():
    fan, client_id = make_fan(), uuid7()
    with pytest.raises(topups.PaymentUnavailable):
        begin(fan, 2_000, client_id=client_id, down=True)
    testmode.TestModeGateway().start_payment(
        idempotency_key=str(TopUp.objects.get().id),
        amount_cents=900,
        currency="EUR",
        customer_ref=str(fan.id),
        card="4242424242424242",
        now=START,
    )
    with pytest.raises(topups.ClientIdReused):
        begin(fan, 2_000, client_id=client_id)


def test_what_the_ledger_refuses_is_not_noted_as_done():
    fan = make_fan()
    topup = begin(fan, 2_000)
    leg = Leg(Place(Book.PROCESSOR_CLEARING), Place(Book.FAN_WALLET, fan.id), 1)
    ledger.post([Posting(f"topup:{topup.payment_id}", "topup", (leg,), topup.id)], now=START)
    with pytest.raises(RuntimeError, match="key_reused"):
        hear(webhooks())
    assert state_of(topup) == "started"
    assert not PaymentEvent.objects.filter(kind=EventKind.SUCCEEDED).exists()


class Undecided(testmode.TestModeGateway):
    """A bank that takes its time over every payment."""

    def find(self, *, reference):
        payment = super().find(reference=reference)
        assert payment is not None
        return type(payment)(
            id=payment.id,
            reference=reference,
            state=PaymentState.PROCESSING,
            amount_cents=payment.amount_cents,
        )


def test_a_payment_that_is_not_ours_is_not_believed():
    provider = testmode.TestModeGateway()
    for reference in (str(uuid7()), "somebody else's"):
        provider.start_payment(
            idempotency_key=reference,
            amount_cents=2_000,
            currency="EUR",
            customer_ref="x",
            card="4242424242424242",
            now=START,
        )
    for row in webhooks():
        with pytest.raises(NotFound):
            hear([row])
    assert PaymentEvent.objects.count() == 0


def test_an_amount_that_is_not_the_top_ups_is_not_credited():
    fan = make_fan()
    begin(fan, 2_000)
    [row] = webhooks(EventKind.SUCCEEDED)
    row.body = json.dumps(json.loads(row.body) | {"amount_cents": 9_000})
    with pytest.raises(Malformed):
        hear([row])
    assert (wallet_cents(fan), PaymentEvent.objects.count()) == (0, 0)


def test_the_owner_hears_of_the_new_balance_once(django_capture_on_commit_callbacks):
    fan = make_fan()
    begin(fan, 2_000)
    with django_capture_on_commit_callbacks() as callbacks:
        hear(webhooks() * 2)
    [(to, event)] = [delivery for sent in callbacks for delivery in sent.args[0]]
    assert event == WalletChanged(balance_cents=2_000, reserved_cents=0)
    assert to == [fan.id]


def test_no_card_number_is_stored():
    begin(make_fan(), 2_000)
    for model in (TopUp, ProviderPayment, ProviderWebhook):
        for row in model.objects.values():
            assert "4242" not in str(row)


def refund(topup: TopUp, cents: int, key: str) -> None:
    topup.refresh_from_db()
    testmode.TestModeGateway().refund(
        payment_id=str(topup.payment_id), amount_cents=cents, idempotency_key=key, now=START
    )


def test_money_the_provider_gave_back_leaves_the_wallet_once():
    fan = make_fan()
    topup = begin(fan, 2_000)
    hear(webhooks())
    refund(topup, 500, "a")
    refund(topup, 500, "b")
    hear(webhooks() * 2)
    assert (wallet_cents(fan), clearing_cents()) == (1_000, -1_000)


def test_what_the_wallet_lacks_for_a_refund_is_the_platforms_loss():
    fan = make_fan()
    topup = begin(fan, 2_000)
    hear(webhooks())
    ledger.hold([HoldRequest("spent", fan.id, 1_500, uuid7())], now=START)
    refund(topup, 2_000, "a")
    hear(webhooks())
    fee = Place(Book.PLATFORM_FEE)
    assert (wallet_cents(fan), clearing_cents()) == (0, 0)
    assert ledger.balances([fee])[fee] == -1_500
