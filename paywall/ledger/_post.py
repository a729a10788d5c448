"""Hides how postings are recognised, decided one by one, and written together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils import uuid7

from accounts.db import insert_rows, rows_of
from paywall.ledger._accounts import Accounts, lock_accounts
from paywall.ledger.books import (
    USER_BOOKS,
    Book,
    Leg,
    Outcome,
    Place,
    Posting,
    Remembered,
    check_leg,
    is_same,
)
from paywall.ledger.models import ArchivedPosting, Transfer

_COLUMNS = (
    "posting_key",
    "leg",
    "kind",
    "source_book",
    "source_owner_id",
    "target_book",
    "target_owner_id",
    "amount_cents",
    "subject_id",
)


@dataclass(slots=True)
class _Batch:
    accounts: Accounts
    known: dict[str, Posting | Remembered]
    fresh: list[Posting]


def post(postings: Sequence[Posting], *, now: datetime) -> list[Outcome]:
    """Make each posting happen once, whole or not at all; one outcome each, in the same order.

    Refused without effect: `insufficient_funds` (a user account would go below zero) and
    `key_reused` (the key made another posting happen). `replayed`: this very posting happened
    before. Assumes an open transaction; the number of statements does not depend on the batch.
    """
    if not postings:
        return []
    for posting in postings:
        _check(posting)
    accounts = lock_accounts(place for posting in postings for place in _places(posting))
    batch = _Batch(accounts, known_postings(p.key for p in postings), [])
    outcomes = [_decide(batch, posting) for posting in postings]
    write_transfers(batch.fresh, now=now)
    accounts.write()
    return outcomes


def known_postings(keys: Iterable[str]) -> dict[str, Posting | Remembered]:
    """The postings that happened under these keys, archived ones included.

    Transfers are looked at first: what an archive takes away meanwhile is remembered by then.
    """
    wanted = set(keys)
    standing = _standing(wanted)
    archived = rows_of(
        ArchivedPosting,
        ("posting_key", "fingerprint"),
        where=("posting_key",),
        among=[(key,) for key in wanted - set(standing)],
    ).run()
    return {key: Remembered(key, told) for key, told in archived} | standing


def _standing(keys: Iterable[str]) -> dict[str, Posting]:
    rows = rows_of(Transfer, _COLUMNS, where=("posting_key",), among=[(key,) for key in keys]).run()
    legs: dict[str, list[tuple[int, Leg]]] = {}
    about: dict[str, tuple[str, UUID]] = {}
    for key, number, kind, source, source_id, target, target_id, cents, subject_id in rows:
        leg = Leg(Place(Book(source), source_id), Place(Book(target), target_id), cents)
        legs.setdefault(key, []).append((number, leg))
        about[key] = (kind, subject_id)
    return {
        key: Posting(key, about[key][0], tuple(leg for _, leg in sorted(found)), about[key][1])
        for key, found in legs.items()
    }


def write_transfers(postings: Iterable[Posting], *, now: datetime) -> None:
    """Append the legs of these postings, in one statement.

    Rows alone see the ids: they may be of the kind that is made in a third of the time.
    """
    insert_rows(
        Transfer,
        ("id", *_COLUMNS, "at"),
        [
            (
                *(uuid7(), p.key, number, p.kind),
                *leg.source,
                *leg.target,
                *(leg.amount_cents, p.subject_id, now),
            )
            for p in postings
            for number, leg in enumerate(p.legs)
        ],
    )


def _check(posting: Posting) -> None:
    if not posting.legs:
        raise ValueError(f"a posting has legs: {posting}")
    for leg in posting.legs:
        check_leg(leg)


def _decide(batch: _Batch, posting: Posting) -> Outcome:
    concerned = next((p for p in _places(posting) if p.book in USER_BOOKS), None)
    balance = batch.accounts.balance(concerned) if concerned else 0
    if (known := batch.known.get(posting.key)) is not None:
        same = is_same(known, posting)
        return Outcome("replayed" if same else "key_reused", None, balance)
    if missing := _missing(batch.accounts, posting):
        return Outcome("insufficient_funds", None, balance, missing)
    batch.accounts.move(posting.legs)
    batch.known[posting.key] = posting
    batch.fresh.append(posting)
    return Outcome("done", None, batch.accounts.balance(concerned) if concerned else 0)


def _missing(accounts: Accounts, posting: Posting) -> int:
    """How many cents the shortest user account lacks once all legs are counted."""
    change: Counter[Place] = Counter()
    for leg in posting.legs:
        change[leg.source] -= leg.amount_cents
        change[leg.target] += leg.amount_cents
    user = [(place, cents) for place, cents in change.items() if place.book in USER_BOOKS]
    return max(0, *(-accounts.balance(place) - cents for place, cents in user), 0)


def _places(posting: Posting) -> Iterable[Place]:
    for leg in posting.legs:
        yield leg.source
        yield leg.target
