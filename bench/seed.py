"""Fills a bench's world: accounts with sessions, certified creators, conversations, wallets.

Run as `python -m bench seed CAST` in that world, CAST being a `Cast` as JSON; prints `Seeded`.
"""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import transaction

from accounts.commands import certify
from accounts.models import Account, Role
from bench.world import Cast
from chat.commands import open_conversation
from chat.models import Conversation, ConversationState
from paywall import ledger
from paywall.commands.prices import set_default_price
from paywall.ledger import Book, Leg, Place, Posting

PRICE_CENTS = 50  # the least a message may cost: wallets last longest
PAUSED_FOR = timedelta(days=1)
ROWS = 1_000  # inserted at once


class Seeder:
    """Makes the people of a cast, numbered as they come."""

    def __init__(self, now: datetime) -> None:
        self._now, self._count = now, 0
        self._moderator = self._account(Role.MODERATOR)
        self._moderator.save()

    def pairs(self, number: int, *, wallet_cents: int, paused: bool = False) -> list[Any]:
        """That many fans, each in conversation with a creator of its own."""
        made = [self._pair() for _ in range(number)]
        if wallet_cents:
            ledger.post([_top_up(fan, wallet_cents) for _, fan, _ in made], now=self._now)
        if paused:
            Conversation.objects.filter(id__in=[place_id for place_id, _, _ in made]).update(
                state=ConversationState.PAUSED, paused_until=self._now + PAUSED_FOR
            )
        people = _with_cookies([one for _, fan, creator in made for one in (fan, creator)])
        return [
            {"conversation_id": str(place_id), "fan": people[fan.id], "creator": people[creator.id]}
            for place_id, fan, creator in made
        ]

    def onlookers(self, number: int) -> list[dict[str, str]]:
        """Fans who are only there."""
        made = [self._account(Role.FAN) for _ in range(number)]
        Account.objects.bulk_create(made, batch_size=ROWS)
        return list(_with_cookies(made).values())

    def _pair(self) -> tuple[Any, Account, Account]:
        fan, creator = self._account(Role.FAN), self._account(Role.CREATOR)
        Account.objects.bulk_create([fan, creator])
        certify(creator_id=creator.id, moderator_id=self._moderator.id, now=self._now)
        set_default_price(creator_id=creator.id, cents=PRICE_CENTS)
        place = open_conversation(fan_id=fan.id, creator_id=creator.id, now=self._now)
        return place.id, fan, creator

    def _account(self, role: Role) -> Account:
        self._count += 1
        return Account(
            email=f"{role.value}{self._count}@bench.example",
            name=f"{role.value} {self._count}",
            role=role,
            language="fr" if self._count % 2 else "en",
            password=make_password(None),  # nobody signs in by password: sessions are made below
        )


def seed(cast: Cast, *, now: datetime) -> dict[str, Any]:
    """Everybody of the cast, by the names of `Seeded`."""
    with transaction.atomic():
        seeder = Seeder(now)
        return {
            "pairs": seeder.pairs(cast.pairs, wallet_cents=cast.wallet_cents),
            "onlookers": seeder.onlookers(cast.onlookers),
            "spare": seeder.pairs(cast.spare, wallet_cents=cast.wallet_cents),
            "broke": seeder.pairs(cast.broke, wallet_cents=0),
            "paused": seeder.pairs(cast.paused, wallet_cents=cast.wallet_cents, paused=True),
        }


def _top_up(fan: Account, cents: int) -> Posting:
    leg = Leg(Place(Book.PROCESSOR_CLEARING), Place(Book.FAN_WALLET, fan.id), cents)
    return Posting(f"topup:bench:{fan.id}", "topup", (leg,), fan.id)


def _with_cookies(accounts: list[Account]) -> dict[Any, dict[str, str]]:
    """Each account with the cookie that signing in would have set, by id."""
    store = SessionStore()
    keys = {account.id: secrets.token_hex(16) for account in accounts}
    sessions = [
        Session(
            session_key=keys[account.id],
            session_data=store.encode(_signed_in(account)),
            expire_date=store.get_expiry_date(),
        )
        for account in accounts
    ]
    Session.objects.bulk_create(sessions, batch_size=ROWS)
    name = settings.SESSION_COOKIE_NAME
    return {id: {"id": str(id), "cookie": f"{name}={key}"} for id, key in keys.items()}


def _signed_in(account: Account) -> dict[str, str]:
    return {
        SESSION_KEY: str(account.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: account.get_session_auth_hash(),
    }


def main(cast: str) -> None:
    """Migrate, seed and print."""
    call_command("migrate", verbosity=0, interactive=False)
    print(json.dumps(seed(Cast(**json.loads(cast)), now=datetime.now(UTC))))
