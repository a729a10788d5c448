"""Asking a provider for money. Nothing here moves a cent: `credits` does, when it is certain."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils.crypto import salted_hmac

from accounts.errors import Malformed, NotAllowed, NotFound, Refusal
from accounts.models import Account, Role
from paywall import ledger
from paywall.commands.credits import note_answer
from paywall.gateway import (
    IdempotencyConflict,
    NotWaiting,
    Payment,
    PaymentGateway,
    Unavailable,
    UnknownCard,
    gateway,
)
from paywall.models.payments import OPEN_STATES, TopUp, TopUpState


class PaymentDeclined(Refusal):
    """The bank said no; nothing was charged. `decline_code` is the bank's reason."""

    code = "payment_declined"
    status = 402


class PaymentUnavailable(Refusal):
    """The provider gave no answer. The same client_id again never pays twice."""

    code = "payment_unavailable"
    status = 503


class ClientIdReused(Refusal):
    """This client_id began another top-up."""

    code = "client_id_reused"


def start_topup(
    *,
    account_id: UUID,
    client_id: UUID,
    amount_cents: int,
    card: str,
    now: datetime,
    provider: PaymentGateway | None = None,
) -> TopUp:
    """Ask the provider for money for this fan's wallet; the wallet changes when a webhook says so.

    Idempotent by (account_id, client_id): a replay answers as the first time, and asks the
    provider again (with the same key) only when its answer never arrived. Raises `NotAllowed`
    for who is no fan, `Malformed` outside the bounds, over the wallet's ceiling or for an unknown
    card, `ClientIdReused`, `PaymentDeclined`, `PaymentUnavailable`.
    """
    provider = provider or gateway()
    topup = _open(account_id, client_id, amount_cents, card, now)
    if topup.state == TopUpState.STARTED and topup.payment_id is None:
        topup = _ask(topup, card, provider, now)
    if topup.state == TopUpState.DECLINED:
        raise PaymentDeclined(
            "The bank declined this card.", decline_code=topup.decline_code, topup_id=str(topup.id)
        )
    return topup


def answer_challenge(
    *,
    account_id: UUID,
    topup_id: UUID,
    approve: bool,
    now: datetime,
    provider: PaymentGateway | None = None,
) -> TopUp:
    """The fan's yes or no to the bank's question; a second answer changes nothing.

    Raises `NotFound` for a top-up of somebody else, `PaymentUnavailable`.
    """
    provider = provider or gateway()
    topup = TopUp.objects.filter(id=topup_id, account_id=account_id).first()
    if topup is None:
        raise NotFound("There is no such top-up.")
    if topup.state != TopUpState.REQUIRES_ACTION:
        return topup
    try:
        return _note(topup.id, _answer(provider, topup.payment_id or "", approve, now))
    except Unavailable:
        raise _unavailable(topup) from None


def _open(account_id: UUID, client_id: UUID, cents: int, card: str, now: datetime) -> TopUp:
    """The top-up of this client_id, made when it is new and may be."""
    digest = _digest(cents, card)
    with transaction.atomic():
        # The row lock serialises the top-ups of one fan, so that the ceiling holds among them.
        account = Account.objects.select_for_update(no_key=True).get(id=account_id)
        if account.role != Role.FAN:
            raise NotAllowed("Only a fan has a wallet.")
        known = TopUp.objects.filter(account_id=account_id, client_id=client_id).first()
        if known is None:
            _require_bounds(account_id, cents)
            return TopUp.objects.create(
                account_id=account_id,
                client_id=client_id,
                request_digest=digest,
                amount_cents=cents,
                created_at=now,
            )
    if known.request_digest != digest:
        raise ClientIdReused("This client_id began another top-up.")
    return known


def _require_bounds(account_id: UUID, cents: int) -> None:
    """Raise `Malformed` unless this amount may be added to this wallet today."""
    open_cents = TopUp.objects.filter(account_id=account_id, state__in=OPEN_STATES).aggregate(
        cents=Sum("amount_cents", default=0)
    )["cents"]
    room = settings.WALLET_CEILING_CENTS - ledger.wallet(account_id).balance_cents - open_cents
    highest = max(min(settings.TOPUP_MAX_CENTS, room), 0)
    if settings.TOPUP_MIN_CENTS <= cents <= highest:
        return
    raise Malformed(
        "This amount cannot be added to this wallet.",
        field="amount_cents",
        accepted=_accepted(highest),
        min_cents=settings.TOPUP_MIN_CENTS,
        max_cents=highest,
    )


def _accepted(highest_cents: int) -> str:
    lowest_cents = settings.TOPUP_MIN_CENTS
    if highest_cents < lowest_cents:
        return "0.00"
    return f"{lowest_cents / 100:.2f}–{highest_cents / 100:.2f} {settings.CURRENCY}"


def _ask(topup: TopUp, card: str, provider: PaymentGateway, now: datetime) -> TopUp:
    """Start the payment, outside any transaction: a provider may be slow."""
    try:
        payment = provider.start_payment(
            idempotency_key=str(topup.id),
            amount_cents=topup.amount_cents,
            currency=settings.CURRENCY,
            customer_ref=str(topup.account_id),
            card=card,
            now=now,
        )
    except UnknownCard as error:
        topup.delete()  # a refusal stores nothing; the client_id is free again
        accepted = ", ".join(known.number for known in provider.cards)
        raise Malformed(str(error), field="card_number", accepted=accepted) from None
    except IdempotencyConflict:
        raise ClientIdReused("This client_id began another top-up.") from None
    except Unavailable:
        raise _unavailable(topup) from None
    return _note(topup.id, payment)


def _answer(provider: PaymentGateway, payment_id: str, approve: bool, now: datetime) -> Payment:
    try:
        return provider.answer_challenge(payment_id=payment_id, approve=approve, now=now)
    except NotWaiting:  # an earlier answer arrived, although its own answer got lost
        return provider.retrieve(payment_id=payment_id)


def _note(topup_id: UUID, payment: Payment) -> TopUp:
    with transaction.atomic():
        topup = TopUp.objects.select_for_update().get(id=topup_id)
        note_answer(topup, payment)
    return topup


def _unavailable(topup: TopUp) -> PaymentUnavailable:
    return PaymentUnavailable("The payment provider does not answer.", topup_id=str(topup.id))


def _digest(amount_cents: int, card: str) -> str:
    """What this top-up asked for, keyed, so that a card number cannot be guessed from it."""
    content = f"{amount_cents}:{card.replace(' ', '')}"
    return salted_hmac("paywall.topup", content, algorithm="sha256").hexdigest()
