"""The payment provider that ships with Aparté: a small bank in our own database.

It behaves as a provider across the network does: it has its own tables, remembers idempotency
keys, answers before it is believed, and tells the outcome by signed webhook. It takes its own
card numbers alone, so no real card can be charged or stored by mistake.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db import transaction

from accounts.events import wire_time
from paywall.gateway import port, signature
from paywall.gateway.port import EventKind, MagicCard, Payment, PaymentState, ProviderEvent
from paywall.models.payments import ProviderPayment, ProviderRefund, ProviderWebhook

CARDS: tuple[MagicCard, ...] = (
    MagicCard("4242424242424242", "Acceptée", "Accepted", PaymentState.SUCCEEDED),
    MagicCard(
        "4000002760003184",
        "Demande une confirmation (3-D Secure)",
        "Asks for a confirmation (3-D Secure)",
        PaymentState.REQUIRES_ACTION,
    ),
    MagicCard(
        "4000000000000002",
        "Refusée par la banque",
        "Declined by the bank",
        PaymentState.DECLINED,
        "card_declined",
    ),
    MagicCard(
        "4000000000009995",
        "Refusée, solde insuffisant",
        "Declined, insufficient funds",
        PaymentState.DECLINED,
        "insufficient_funds",
    ),
)
_CARDS = {card.number: card for card in CARDS}


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What goes wrong on the way, for those who test the other side; by default nothing."""

    down: bool = False  # every request fails, and nothing is done
    lose_answers: bool = False  # the work is done, the answer never arrives
    copies: int = 1  # how often each webhook is sent
    delay: timedelta = timedelta(0)  # how late


class _Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a webhook."""

    id: str
    kind: EventKind
    payment_id: str
    reference: str
    amount_cents: int
    at: datetime
    decline_code: str = ""


class TestModeGateway:
    """`PaymentGateway` without network or real money; deterministic: same keys, same ids."""

    name = "test"
    cards = CARDS

    def __init__(self, *, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()

    def start_payment(
        self,
        *,
        idempotency_key: str,
        amount_cents: int,
        currency: str,
        customer_ref: str,
        card: str,
        now: datetime,
    ) -> Payment:
        """As the port says: a key used again answers with its first payment, and with other terms
        raises `IdempotencyConflict`. The number of the magic card decides what happens."""
        self._receive()
        magic = _magic_card(card)
        digest = _hash(str(amount_cents), currency, customer_ref, magic.number)
        payment_id = f"pay_{_hash(idempotency_key)[:24]}"
        with transaction.atomic():
            row, created = ProviderPayment.objects.get_or_create(
                idempotency_key=idempotency_key,
                defaults={
                    "id": payment_id,
                    "request_digest": digest,
                    "amount_cents": amount_cents,
                    "currency": currency,
                    "customer_ref": customer_ref,
                    "state": magic.outcome,
                    "decline_code": magic.decline_code,
                    "challenge": _challenge(payment_id, magic),
                    "created_at": now,
                },
            )
            if row.request_digest != digest:
                raise port.IdempotencyConflict("This key was used for another payment.")
            if created:
                self._tell(row, EventKind.CREATED, row.amount_cents, now)
                self._tell(row, EventKind(f"payment.{row.state}"), row.amount_cents, now)
        return self._answer(row)

    def retrieve(self, *, payment_id: str) -> Payment:
        self._receive()
        try:
            return self._answer(ProviderPayment.objects.get(id=payment_id))
        except ProviderPayment.DoesNotExist:
            raise port.UnknownPayment("There is no such payment.") from None

    def find(self, *, reference: str) -> Payment | None:
        self._receive()
        row = ProviderPayment.objects.filter(idempotency_key=reference).first()
        return None if row is None else self._answer(row)

    def answer_challenge(self, *, payment_id: str, approve: bool, now: datetime) -> Payment:
        self._receive()
        with transaction.atomic():
            row = _locked(payment_id)
            if row.state != PaymentState.REQUIRES_ACTION:
                raise port.NotWaiting("This payment waits for no confirmation.")
            row.state = PaymentState.SUCCEEDED if approve else PaymentState.DECLINED
            row.decline_code = "" if approve else "authentication_failed"
            row.challenge = ""
            row.save()
            self._tell(row, EventKind(f"payment.{row.state}"), row.amount_cents, now)
        return self._answer(row)

    def refund(
        self, *, payment_id: str, amount_cents: int, idempotency_key: str, now: datetime
    ) -> Payment:
        """As the port says: once for each key, never more than was paid."""
        self._receive()
        with transaction.atomic():
            row = _locked(payment_id)
            known = ProviderRefund.objects.filter(idempotency_key=idempotency_key).first()
            if known is None:
                _give_back(row, amount_cents, idempotency_key, now)
                self._tell(row, EventKind.REFUNDED, amount_cents, now)
            elif (known.payment_id, known.amount_cents) != (payment_id, amount_cents):
                raise port.IdempotencyConflict("This key was used for another refund.")
        return self._answer(row)

    def parse_webhook(
        self, *, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> ProviderEvent:
        header = headers.get(signature.HEADER, "")
        secret = settings.PAYMENT_WEBHOOK_SECRET
        signature.verify(header=header, body=body, secret=secret, now=now)
        return ProviderEvent(**msgspec.structs.asdict(msgspec.json.decode(body, type=_Told)))

    def _receive(self) -> None:
        if self._faults.down:
            raise port.Unavailable("The provider does not answer.")

    def _answer(self, row: ProviderPayment) -> Payment:
        if self._faults.lose_answers:
            raise port.Unavailable("The answer did not arrive in time.")
        return Payment(
            id=row.id,
            reference=row.idempotency_key,
            state=PaymentState(row.state),
            amount_cents=row.amount_cents,
            refunded_cents=row.refunded_cents,
            decline_code=row.decline_code,
            challenge=row.challenge,
        )

    def _tell(self, row: ProviderPayment, kind: EventKind, cents: int, now: datetime) -> None:
        """Write the webhook in the outbox, in the transaction of the change it tells."""
        event_id = f"evt_{_hash(row.id, kind, str(row.refunded_cents))[:24]}"
        body = {
            "id": event_id,
            "kind": kind.value,
            "payment_id": row.id,
            "reference": row.idempotency_key,
            "amount_cents": cents,
            "at": wire_time(now),
            "decline_code": row.decline_code,
        }
        text = msgspec.json.encode(body).decode()
        due_at = now + self._faults.delay
        ProviderWebhook.objects.bulk_create(
            ProviderWebhook(event_id=event_id, body=text, created_at=now, due_at=due_at)
            for _ in range(self._faults.copies)
        )


def _magic_card(number: str) -> MagicCard:
    card = _CARDS.get(number.replace(" ", ""))
    if card is None:
        raise port.UnknownCard("Test mode takes its own card numbers alone, never a real card.")
    return card


def _challenge(payment_id: str, card: MagicCard) -> str:
    waits = card.outcome is PaymentState.REQUIRES_ACTION
    return f"chl_{_hash(payment_id, 'challenge')[:24]}" if waits else ""


def _locked(payment_id: str) -> ProviderPayment:
    try:
        return ProviderPayment.objects.select_for_update().get(id=payment_id)
    except ProviderPayment.DoesNotExist:
        raise port.UnknownPayment("There is no such payment.") from None


def _give_back(row: ProviderPayment, amount_cents: int, key: str, now: datetime) -> None:
    left = row.amount_cents - row.refunded_cents
    if row.state != PaymentState.SUCCEEDED or not 0 < amount_cents <= left:
        raise port.RefundTooLarge("More than was paid and not yet given back.")
    ProviderRefund.objects.create(
        idempotency_key=key, payment=row, amount_cents=amount_cents, at=now
    )
    row.refunded_cents += amount_cents
    row.save(update_fields=["refunded_cents"])


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
