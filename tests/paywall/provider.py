"""Builders for tests about top-ups: a fan's card, and the provider's webhooks in any order."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.models import Account
from paywall import ledger
from paywall.commands import credits, topups
from paywall.gateway import EventKind, outbox, testmode
from paywall.ledger import Book, Place
from paywall.models import ProviderWebhook, TopUp
from tests.factories import START

GOOD, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0002"
NO_FUNDS, CHALLENGE = "4000 0000 0000 9995", "4000 0027 6000 3184"


def begin(
    fan: Account,
    cents: int,
    *,
    card: str = GOOD,
    client_id: UUID | None = None,
    now: datetime = START,
    **faults: Any,
) -> TopUp:
    """A top-up begun with a provider that has these faults."""
    return topups.start_topup(
        account_id=fan.id,
        client_id=client_id or uuid7(),
        amount_cents=cents,
        card=card,
        now=now,
        provider=testmode.TestModeGateway(faults=testmode.Faults(**faults)),
    )


def webhooks(*kinds: EventKind) -> list[ProviderWebhook]:
    """What the provider still says or said, in order; only these kinds where some are named."""
    rows = ProviderWebhook.objects.order_by("created_at", "id")
    return [row for row in rows if not kinds or any(kind in row.body for kind in kinds)]


def hear(rows: Iterable[ProviderWebhook], *, now: datetime = START) -> list[bool]:
    """Each webhook through the signature to the ledger; whether it was new."""
    provider, heard = testmode.TestModeGateway(), []
    for row in rows:
        _, headers, body = outbox.seal(row, now=now)
        event = provider.parse_webhook(headers=headers, body=body, now=now)
        heard.append(credits.record_event(event=event, provider=provider.name, now=now))
    return heard


def funded_fan(fan: Account, cents: int) -> Account:
    """The fan, after a top-up that went well."""
    begin(fan, cents)
    hear(webhooks())
    return fan


def wallet_cents(fan: Account) -> int:
    return ledger.wallet(fan.id).balance_cents


def clearing_cents() -> int:
    place = Place(Book.PROCESSOR_CLEARING)
    return ledger.balances([place])[place]
