"""What Aparté asks of any payment provider; no rule of the product knows which one it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol


class PaymentError(Exception):
    """The provider could not, or would not; nothing may be concluded about money."""


class Unavailable(PaymentError):
    """No answer in time, or an answer that it is down: the payment may exist all the same."""


class UnknownPayment(PaymentError):
    """The provider has no such payment."""


class UnknownCard(PaymentError):
    """Not a card this provider takes. Nothing was created."""


class IdempotencyConflict(PaymentError):
    """The idempotency key was used before, with another body."""


class RefundTooLarge(PaymentError):
    """More than was paid and not yet given back, or the payment never succeeded."""


class NotWaiting(PaymentError):
    """The payment waits for no challenge."""


class InvalidSignature(PaymentError):
    """Not signed by the provider, or too long ago: not a word of it may be believed."""


class PaymentState(StrEnum):
    """`processing`: the bank has not decided; a webhook will say."""

    SUCCEEDED = "succeeded"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    PROCESSING = "processing"


class EventKind(StrEnum):
    CREATED = "payment.created"
    REQUIRES_ACTION = "payment.requires_action"
    SUCCEEDED = "payment.succeeded"
    DECLINED = "payment.declined"
    REFUNDED = "payment.refunded"


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A payment as the provider sees it now; `reference` is the idempotency key it began with."""

    id: str
    reference: str
    state: PaymentState
    amount_cents: int
    refunded_cents: int = 0
    decline_code: str = ""
    challenge: str = ""  # not empty: what the card holder must still answer


@dataclass(frozen=True, kw_only=True)
class ProviderEvent:
    """Something that happened to a payment; `amount_cents` is what was paid or given back."""

    id: str
    kind: EventKind
    payment_id: str
    reference: str
    amount_cents: int
    at: datetime
    decline_code: str = ""


class MagicCard(NamedTuple):
    """A card number of test mode and what it does; no real card is ever taken there."""

    number: str
    label_fr: str
    label_en: str
    outcome: PaymentState
    decline_code: str = ""


class PaymentGateway(Protocol):
    """A payment provider. Every verb may raise `Unavailable`; amounts are integer cents."""

    name: str
    cards: tuple[MagicCard, ...]  # empty where real money moves

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
        """Ask for money. The same key again answers the same payment and never charges twice.

        Raises `UnknownCard`, and `IdempotencyConflict` for the same key with another body.
        """
        ...

    def retrieve(self, *, payment_id: str) -> Payment:
        """The payment as it is now. Raises `UnknownPayment`."""
        ...

    def find(self, *, reference: str) -> Payment | None:
        """The payment begun with this idempotency key, if any: for an answer that got lost."""
        ...

    def answer_challenge(self, *, payment_id: str, approve: bool, now: datetime) -> Payment:
        """The card holder's yes or no, where the challenge is ours to show. Raises `NotWaiting`."""
        ...

    def refund(
        self, *, payment_id: str, amount_cents: int, idempotency_key: str, now: datetime
    ) -> Payment:
        """Give back all or a part, once per key. Raises `RefundTooLarge`, `IdempotencyConflict`."""
        ...

    def parse_webhook(
        self, *, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> ProviderEvent:
        """What the provider says in this request. Raises `InvalidSignature` before reading it."""
        ...
