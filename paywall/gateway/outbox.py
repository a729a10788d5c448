"""The test provider's outbox: what it still has to tell, signed at each attempt, with back-off."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from paywall.gateway import signature
from paywall.models.payments import ProviderWebhook

RETRY_FOR = timedelta(hours=72)
BACKOFF_MAX = timedelta(hours=1)
LEASE = timedelta(seconds=30)  # a worker that dies while sending costs this delay, no more


class Envelope(NamedTuple):
    """One attempt, ready to be sent; the signature is of this moment."""

    webhook: ProviderWebhook
    headers: dict[str, str]
    body: bytes


def take_due(*, now: datetime, limit: int) -> list[Envelope]:
    """Webhooks to send now, each given to one caller alone for `LEASE`."""
    rows = ProviderWebhook.objects.filter(
        delivered_at=None, due_at__lte=now, created_at__gt=now - RETRY_FOR
    ).order_by("due_at", "id")[:limit]
    return [seal(row, now=now) for row in rows if _claim(row, now)]


def seal(webhook: ProviderWebhook, *, now: datetime) -> Envelope:
    """The webhook signed as of now."""
    body = webhook.body.encode()
    header = signature.sign(body=body, secret=settings.PAYMENT_WEBHOOK_SECRET, now=now)
    headers = {signature.HEADER: header, "Content-Type": "application/json"}
    return Envelope(webhook, headers, body)


def delivered(webhook: ProviderWebhook, *, now: datetime) -> None:
    """The other side answered 2xx: never again."""
    ProviderWebhook.objects.filter(id=webhook.id).update(delivered_at=now)


def postponed(webhook: ProviderWebhook, *, now: datetime) -> None:
    """It did not: once more after 1 s, 2 s, 4 s ... up to an hour apart, for 72 hours in all."""
    wait = min(timedelta(seconds=2 ** min(webhook.attempts, 16)), BACKOFF_MAX)
    ProviderWebhook.objects.filter(id=webhook.id).update(
        attempts=webhook.attempts + 1, due_at=now + wait
    )


def _claim(webhook: ProviderWebhook, now: datetime) -> bool:
    """Compare and set: of two workers that saw the row, one wins."""
    unclaimed = ProviderWebhook.objects.filter(
        id=webhook.id, due_at=webhook.due_at, delivered_at=None
    )
    return unclaimed.update(due_at=now + LEASE) == 1
