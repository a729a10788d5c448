"""Hides what a session is: whose it is, whether it still stands, and which ones ended lately."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from accounts.models import Account, SessionEnd, Suspension

ENDED_WINDOW = timedelta(seconds=10)  # looked at again and again: a row may commit late


class Standing(StrEnum):
    """What a socket's session is worth now."""

    OPEN = "open"
    OVER = "over"
    SUSPENDED = "suspended"


def account_of_session(session_key: str | None) -> Account | None:
    """The account signed in with this session cookie, if the session still stands."""
    if not session_key:
        return None
    request = HttpRequest()
    request.session = SessionStore(session_key)
    account = get_user(request)
    return account if isinstance(account, Account) else None


def standing(session_key: str, account_id: UUID) -> Standing:
    """Whether the session still belongs to this account, and why not."""
    account = account_of_session(session_key)
    if account is not None and account.id == account_id:
        return Standing.OPEN
    suspended = Suspension.objects.filter(account_id=account_id, lifted_at=None).exists()
    return Standing.SUSPENDED if suspended else Standing.OVER


def ended_lately(now: datetime) -> set[UUID]:
    """Accounts some session of which ended within the last seconds: look at their sockets again."""
    recent = SessionEnd.objects.filter(at__gt=now - ENDED_WINDOW)
    return set(recent.values_list("account_id", flat=True))
