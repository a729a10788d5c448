"""What paywall does again and again: tell webhooks of the test provider, ask about open top-ups."""

import logging
from datetime import datetime

import httpx
from django.conf import settings

from accounts.clock import Task
from paywall.commands import credits, media
from paywall.commands.releases import release_earnings
from paywall.gateway import outbox

logger = logging.getLogger(__name__)

WEBHOOKS_AT_ONCE = 20
WEBHOOK_TIMEOUT_SECONDS = 5.0


def deliver_webhooks(*, now: datetime) -> int:
    """POST what the test provider has to tell to the address in force; returns how many arrived."""
    envelopes = outbox.take_due(now=now, limit=WEBHOOKS_AT_ONCE)
    if not envelopes:
        return 0
    # Straight to our own server: a proxy of the environment has no part in this.
    with httpx.Client(timeout=WEBHOOK_TIMEOUT_SECONDS, trust_env=False) as client:
        return sum(_deliver(client, envelope, now) for envelope in envelopes)


def reconcile_topups(*, now: datetime) -> int:
    """Ask the provider about top-ups whose webhook is overdue; returns how many were closed."""
    return credits.reconcile(now=now)


def _deliver(client: httpx.Client, envelope: outbox.Envelope, now: datetime) -> bool:
    try:
        answer = client.post(
            settings.PAYMENT_WEBHOOK_URL, content=envelope.body, headers=envelope.headers
        )
    except httpx.HTTPError as error:
        logger.warning("webhook not delivered (%s), again later", type(error).__name__)
        outbox.postponed(envelope.webhook, now=now)
        return False
    if not answer.is_success:
        logger.warning("webhook answered %d, again later", answer.status_code)
        outbox.postponed(envelope.webhook, now=now)
        return False
    outbox.delivered(envelope.webhook, now=now)
    return True


TASKS: tuple[Task, ...] = (
    Task("deliver_webhooks", deliver_webhooks, every_seconds=0.5),
    Task("reconcile_topups", reconcile_topups, every_seconds=30.0),
    Task("release_earnings", release_earnings, every_seconds=60.0),
    Task("resume_processing", media.resume_processing, every_seconds=30.0),
    Task("abandon_uploads", media.abandon_uploads, every_seconds=600.0),
    Task("rewrap_keys", media.rewrap_keys, every_seconds=60.0),
    Task("sweep_store", media.sweep_store, every_seconds=3600.0),
)
