"""Fills a bench's world: accounts with sessions, certified creators, conversations, wallets.

Run as `python -m bench seed PAIRS WALLET_CENTS` in that world; prints the pairs as JSON.
"""

import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import transaction

from accounts.commands import certify
from accounts.models import Account, Role
from chat.commands import open_conversation
from paywall import ledger
from paywall.commands.prices import set_default_price
from paywall.ledger import Book, Leg, Place, Posting

PRICE_CENTS = 50  # the least a message may cost: wallets last longest


def seed(*, pairs: int, wallet_cents: int, now: datetime) -> list[dict[str, Any]]:
    """Make that many fans and creators in conversation; each fan has `wallet_cents`."""
    moderator = _account(Role.MODERATOR, 0)
    made = []
    with transaction.atomic():
        for number in range(pairs):
            fan, creator = _account(Role.FAN, number), _account(Role.CREATOR, number)
            certify(creator_id=creator.id, moderator_id=moderator.id, now=now)
            set_default_price(creator_id=creator.id, cents=PRICE_CENTS)
            place = open_conversation(fan_id=fan.id, creator_id=creator.id, now=now)
            made.append((place.id, fan, creator))
        ledger.post([_top_up(fan, wallet_cents) for _, fan, _ in made], now=now)
    return [
        {"conversation_id": str(place_id), "fan": _person(fan), "creator": _person(creator)}
        for place_id, fan, creator in made
    ]


def _account(role: Role, number: int) -> Account:
    return Account.objects.create(
        email=f"{role.value}{number}@bench.example",
        name=f"{role.value} {number}",
        role=role,
        language="fr" if number % 2 else "en",
        password=make_password(None),  # nobody signs in by password here: sessions are made below
    )


def _top_up(fan: Account, cents: int) -> Posting:
    leg = Leg(Place(Book.PROCESSOR_CLEARING), Place(Book.FAN_WALLET, fan.id), cents)
    return Posting(f"topup:bench:{fan.id}", "topup", (leg,), fan.id)


def _person(account: Account) -> dict[str, str]:
    """The account with the cookie that signing in would have set."""
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    return {
        "id": str(account.id),
        "cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}",
    }


def main(pairs: str, wallet_cents: str) -> None:
    """Migrate, seed and print the pairs."""
    call_command("migrate", verbosity=0, interactive=False)
    seeded = seed(pairs=int(pairs), wallet_cents=int(wallet_cents), now=datetime.now(UTC))
    print(json.dumps(seeded))
