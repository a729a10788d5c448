"""Refuses to start with payment settings that would pretend."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from paywall.gateway import misconfiguration


@register
def payments_are_configured(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error when `PAYMENTS` names no provider, or test mode stands on a public server."""
    problem = misconfiguration()
    return [Error(problem, id="paywall.E001")] if problem else []
