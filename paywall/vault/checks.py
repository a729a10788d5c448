"""Refuses to start with a `MEDIA_URL` that names no place."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from paywall.vault.store import misconfiguration


@register
def media_have_a_place(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error when `MEDIA_URL` is malformed or its extra is missing; nobody is asked over a
    network, since a bucket may be away when a server starts."""
    problem = misconfiguration()
    return [Error(problem, id="paywall.E002")] if problem else []
