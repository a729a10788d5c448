"""The payment provider's door: no session, no CSRF token; the signature is the only key."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from accounts.db import in_db
from accounts.errors import Refusal
from accounts.web import RefusalOut
from paywall.commands import credits
from paywall.gateway import InvalidSignature, gateway

router = Router(tags=["payments"])


class WebhookRefused(Refusal):
    """Not signed by the provider, or too long ago. Nothing of it was read."""

    code = "not_allowed"
    status = 403


class WebhookOut(Schema):
    """`first_time` is false for an event that was known."""

    first_time: bool


@router.post(
    "/payments/webhook",
    response={200: WebhookOut, 403: RefusalOut, 404: RefusalOut, 422: RefusalOut},
    auth=None,
    operation_id="payment_webhook",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {}}}},
)
async def payment_webhook(request: HttpRequest) -> Any:
    """What the provider says about a payment; saying it twice changes nothing."""
    provider, now = gateway(), timezone.now()
    try:
        event = provider.parse_webhook(headers=request.headers, body=request.body, now=now)
    except InvalidSignature as error:
        raise WebhookRefused(str(error)) from None
    first_time = await in_db(credits.record_event)(event=event, provider=provider.name, now=now)
    return WebhookOut(first_time=first_time)
