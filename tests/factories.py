"""Actors for tests: a fan, a creator, a moderator, made as the product makes them."""

from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password

from accounts.models import Account, Certification, Role

PASSWORD = "correct-horse-42"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_numbers = count(1)


def make_account(role: Role, **fields: Any) -> Account:
    number = next(_numbers)
    fields = {"name": f"{role.value} {number}", **fields}
    email = f"{role.value}{number}@example.org"
    return Account.objects.create(email=email, password=_password_hash(), role=role, **fields)


@cache
def _password_hash() -> str:
    """Hashed once: it is slow on purpose, and every actor has the same."""
    return make_password(PASSWORD)


def make_fan(**fields: Any) -> Account:
    return make_account(Role.FAN, **fields)


def make_moderator(**fields: Any) -> Account:
    return make_account(Role.MODERATOR, **fields)


def make_creator(*, certified: bool = True, **fields: Any) -> Account:
    creator = make_account(Role.CREATOR, **fields)
    if certified:
        Certification.objects.create(
            account=creator, certified_by=make_moderator(), certified_at=START
        )
    return creator
