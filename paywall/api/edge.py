"""What the money routes share: who may ask, and which refusals they declare."""

from typing import cast
from uuid import UUID

from django.http import HttpRequest

from accounts.models import Account, Role
from accounts.web import SignedIn

fan_only, creator_only = SignedIn(Role.FAN), SignedIn(Role.CREATOR)
fan_or_creator = SignedIn(Role.FAN, Role.CREATOR)

PAGE_LINES = 50


def account_id(request: HttpRequest) -> UUID:
    """Who asks; only in a route with one of the `auth` above."""
    return cast(Account, request.auth).id  # type: ignore[attr-defined]
