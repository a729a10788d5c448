"""Hides which payment provider serves this installation: `gateway()` is the one in force."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from paywall.gateway.port import (
    EventKind,
    IdempotencyConflict,
    InvalidSignature,
    MagicCard,
    NotWaiting,
    Payment,
    PaymentError,
    PaymentGateway,
    PaymentState,
    ProviderEvent,
    RefundTooLarge,
    Unavailable,
    UnknownCard,
    UnknownPayment,
)
from paywall.gateway.testmode import TestModeGateway

__all__ = [
    "EventKind",
    "IdempotencyConflict",
    "InvalidSignature",
    "MagicCard",
    "NotWaiting",
    "Payment",
    "PaymentError",
    "PaymentGateway",
    "PaymentState",
    "ProviderEvent",
    "RefundTooLarge",
    "Unavailable",
    "UnknownCard",
    "UnknownPayment",
    "gateway",
    "misconfiguration",
]


def gateway() -> PaymentGateway:
    """The configured provider. Raises `ImproperlyConfigured` rather than pretend."""
    if problem := misconfiguration():
        raise ImproperlyConfigured(problem)
    return TestModeGateway()


def misconfiguration() -> str | None:
    """What is wrong with the payment settings, in plain words, or nothing."""
    if settings.PAYMENTS != "test":
        return (
            f"PAYMENTS is {settings.PAYMENTS!r}, but this version knows one payment provider: "
            '"test", which moves no real money.'
        )
    if settings.PUBLIC_URL.startswith("https://") and not settings.PAYMENTS_TEST_ALLOWED:
        return (
            "This server is public (PUBLIC_URL is https) and PAYMENTS is test mode: anybody could "
            "fill a wallet with a test card. Set PAYMENTS_TEST_ALLOWED=1 if that is what you want."
        )
    return None
