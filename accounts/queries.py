"""Reading who people are; nothing here changes anything."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from accounts.db import Question, answer, rows_of
from accounts.models import Account, Certification, Role

CREATORS_PAGE = 100  # the client takes a shorter one for the last


class Person(NamedTuple):
    """What one person may know of another."""

    id: UUID
    name: str
    role: str


def people(account_ids: Collection[UUID]) -> dict[UUID, Person]:
    """The accounts among these ids, by id."""
    return answer(who_they_are(account_ids))


def who_they_are(account_ids: Collection[UUID]) -> Question[dict[UUID, Person]]:
    """As `people`, to be asked together with others."""
    among = [(account_id,) for account_id in account_ids]
    found = rows_of(Account, ("id", "name", "role"), where=("id",), among=among)
    return Question([found], lambda rows: {row[0]: Person(*row) for row in rows})


def certified(account_ids: Collection[UUID]) -> set[UUID]:
    """Those among these accounts whose certification stands."""
    return answer(who_is_certified(account_ids))


def who_is_certified(account_ids: Collection[UUID]) -> Question[set[UUID]]:
    """As `certified`, to be asked together with others."""
    standing = rows_of(
        Certification,
        ("account_id",),
        where=("account_id",),
        among=[(account_id,) for account_id in account_ids],
        matching="revoked_at IS NULL",
    )
    return Question([standing], lambda rows: {account_id for (account_id,) in rows})


def certified_since(account_id: UUID) -> datetime | None:
    """When this creator's standing certification was given; None without one."""
    rows = Certification.objects.filter(account_id=account_id, revoked_at=None)
    return rows.values_list("certified_at", flat=True).first()


def certified_creators(*, after: UUID | None = None, name: str = "") -> list[Person]:
    """A page of the creators whose certification stands and whose account is open, by name.

    `name`: those alone whose name has this in it, in capitals or not. `after` is the last creator
    of the page before, certified and open still or not; nobody follows one who never was.
    """
    rows = _open_creators().order_by("name", "id")
    if wanted := name.replace("\0", "").strip():
        rows = rows.filter(name__icontains=wanted)
    if after is not None:
        last = Account.objects.filter(id=after).values_list("name", flat=True).first()
        if last is None:
            return []
        # The first condition finds the place in the index, the second leaves out its ties.
        rows = rows.filter(name__gte=last).exclude(name=last, id__lte=after)
    return [Person(*row) for row in rows.values_list("id", "name", "role")[:CREATORS_PAGE]]


def certified_creator(creator_id: UUID) -> Person | None:
    """This creator, if certified and open."""
    row = _open_creators().filter(id=creator_id).values_list("id", "name", "role").first()
    return None if row is None else Person(*row)


def _open_creators() -> QuerySet[Account]:
    return Account.objects.filter(
        role=Role.CREATOR,
        is_active=True,
        certification__isnull=False,
        certification__revoked_at=None,
    )
