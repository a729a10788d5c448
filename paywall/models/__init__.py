"""The tables of paywall. Those of the ledger are here to be read; only the ledger writes them."""

from paywall.ledger.models import (
    ArchivedPeriod,
    ArchivedPosting,
    Hold,
    HoldState,
    LedgerAccount,
    Transfer,
)
from paywall.models.media import (
    KeyKind,
    Media,
    MediaKey,
    MediaObject,
    MediaState,
    ObjectRole,
    Offer,
    OfferItem,
    Ownership,
    Unlock,
)
from paywall.models.payments import (
    PaymentEvent,
    ProviderPayment,
    ProviderRefund,
    ProviderWebhook,
    TopUp,
    TopUpState,
)
from paywall.models.prices import CreatorRule, FanRule
from paywall.models.receipts import Receipt, ReceiptKind, SubjectKind

__all__ = [
    "ArchivedPeriod",
    "ArchivedPosting",
    "CreatorRule",
    "FanRule",
    "Hold",
    "HoldState",
    "KeyKind",
    "LedgerAccount",
    "Media",
    "MediaKey",
    "MediaObject",
    "MediaState",
    "ObjectRole",
    "Offer",
    "OfferItem",
    "Ownership",
    "PaymentEvent",
    "ProviderPayment",
    "ProviderRefund",
    "ProviderWebhook",
    "Receipt",
    "ReceiptKind",
    "SubjectKind",
    "TopUp",
    "TopUpState",
    "Transfer",
    "Unlock",
]
