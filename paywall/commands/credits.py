"""Believing a provider: the only two ways money enters a wallet, or leaves it for a card.

A webhook whose signature was verified, or a retrieve; never an answer to a request of ours.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.errors import Malformed, NotFound
from accounts.inbox import publish
from paywall import ledger
from paywall.events import WalletChanged
from paywall.gateway import (
    EventKind,
    Payment,
    PaymentGateway,
    PaymentState,
    ProviderEvent,
    Unavailable,
    gateway,
)
from paywall.ledger import Book, Leg, Place, Posting
from paywall.models.payments import OPEN_STATES, PaymentEvent, TopUp, TopUpState

logger = logging.getLogger(__name__)

RECONCILE_AFTER = timedelta(seconds=30)  # by then a webhook should have come
ABANDONED_AFTER = timedelta(hours=1)
RECONCILE_MAX = 50


def record_event(*, event: ProviderEvent, provider: str, now: datetime) -> bool:
    """Do what a verified webhook says, once per event id, in whatever order events come.

    Returns False for an event already known. Raises `NotFound` for a payment that is not ours
    and `Malformed` for an amount that is not the top-up's; then nothing is stored.
    """
    with transaction.atomic():
        topup = _locked_by_reference(event.reference)
        known, first_time = PaymentEvent.objects.get_or_create(
            provider=provider,
            event_id=event.id,
            defaults={
                "kind": event.kind,
                "topup": topup,
                "amount_cents": event.amount_cents,
                "at": event.at,
                "received_at": now,
            },
        )
        if first_time:
            _apply(topup, event, known, now)
    return first_time


def reconcile(*, now: datetime, provider: PaymentGateway | None = None) -> int:
    """Ask the provider about top-ups whose webhook is overdue; returns how many were closed.

    What the bank has not decided an hour after it was begun is closed as declined (`expired`);
    should it say yes later still, that is credited like any late success.
    """
    provider = provider or gateway()
    overdue = TopUp.objects.filter(
        state__in=OPEN_STATES, created_at__lte=now - RECONCILE_AFTER
    ).order_by("created_at")[:RECONCILE_MAX]
    closed = 0
    for topup in overdue:
        try:
            payment = provider.find(reference=str(topup.id))
        except Unavailable:
            logger.warning("top-ups: the provider is unavailable, reconciled %d", closed)
            break
        closed += _reconcile_one(topup.id, payment, now)
    return closed


def note_answer(topup: TopUp, payment: Payment) -> None:
    """Keep what the provider answered, as far as no money hangs on it: never a success.

    A payment that succeeded stays `started` until it is credited. Assumes a locked row.
    """
    topup.payment_id = payment.id
    if payment.state is PaymentState.DECLINED and topup.state in OPEN_STATES:
        return _decline(topup, payment.decline_code)
    if topup.state in OPEN_STATES:
        waits = payment.state is PaymentState.REQUIRES_ACTION
        topup.state = TopUpState.REQUIRES_ACTION if waits else TopUpState.STARTED
        topup.challenge = payment.challenge
    topup.save()


def _apply(topup: TopUp, event: ProviderEvent, stored: PaymentEvent, now: datetime) -> None:
    if event.kind is EventKind.SUCCEEDED:
        _credit(topup, event.payment_id, event.amount_cents, now)
    elif event.kind is EventKind.DECLINED and topup.state in OPEN_STATES:
        topup.payment_id = event.payment_id
        _decline(topup, event.decline_code)
    elif event.kind is EventKind.REFUNDED:
        _take_back(topup, stored.id, event.amount_cents, now)


def _credit(topup: TopUp, payment_id: str, amount_cents: int, now: datetime) -> None:
    """Put the money in the wallet, unless it is there; a yes after a decline counts too."""
    if amount_cents != topup.amount_cents:
        logger.error("top-up %s: the provider names another amount", topup.id)
        raise Malformed("The amount is not the top-up's.", field="amount_cents")
    if topup.state == TopUpState.SUCCEEDED:
        return
    leg = Leg(Place(Book.PROCESSOR_CLEARING), _wallet(topup), amount_cents)
    _post(topup, f"topup:{payment_id}", "topup", (leg,), now)
    topup.state, topup.payment_id, topup.credited_at = TopUpState.SUCCEEDED, payment_id, now
    topup.challenge = topup.decline_code = ""
    topup.save()


def _decline(topup: TopUp, decline_code: str) -> None:
    topup.state, topup.decline_code, topup.challenge = TopUpState.DECLINED, decline_code, ""
    topup.save()


def _take_back(topup: TopUp, event_row_id: UUID, amount_cents: int, now: datetime) -> None:
    """The provider gave money back: out of the wallet, and what it lacks out of our own fee."""
    target, wallet = Place(Book.PROCESSOR_CLEARING), _wallet(topup)
    ledger.lock([wallet])
    from_wallet = min(ledger.wallet(topup.account_id).balance_cents, amount_cents)
    sources = {wallet: from_wallet, Place(Book.PLATFORM_FEE): amount_cents - from_wallet}
    legs = [Leg(source, target, cents) for source, cents in sources.items() if cents]
    _post(topup, f"topup-refund:{event_row_id}", "topup_refund", tuple(legs), now)


def _post(topup: TopUp, key: str, kind: str, legs: tuple[Leg, ...], now: datetime) -> None:
    posting = Posting(key=key, kind=kind, legs=legs, subject_id=topup.id)
    [outcome] = ledger.post([posting], now=now)
    if not outcome.ok:
        raise RuntimeError(f"the ledger refused {kind}: {outcome.status}")
    balance_cents, reserved_cents = ledger.wallet(topup.account_id)
    changed = WalletChanged(balance_cents=balance_cents, reserved_cents=reserved_cents)
    publish([topup.account_id], changed)


def _reconcile_one(topup_id: UUID, payment: Payment | None, now: datetime) -> int:
    with transaction.atomic():
        topup = TopUp.objects.select_for_update().get(id=topup_id)
        if topup.state not in OPEN_STATES:
            return 0
        if payment is not None and payment.state is PaymentState.SUCCEEDED:
            _credit(topup, payment.id, payment.amount_cents, now)
            return 1
        if payment is not None:
            note_answer(topup, payment)
        if topup.state in OPEN_STATES and topup.created_at <= now - ABANDONED_AFTER:
            _decline(topup, "expired")
    return int(topup.state not in OPEN_STATES)


def _locked_by_reference(reference: str) -> TopUp:
    try:
        return TopUp.objects.select_for_update().get(id=UUID(reference))
    except (TopUp.DoesNotExist, ValueError):
        raise NotFound("There is no such payment.") from None


def _wallet(topup: TopUp) -> Place:
    return Place(Book.FAN_WALLET, topup.account_id)
