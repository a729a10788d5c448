"""How a moderator takes a case, keeps it and lets it go; who is on duty."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from accounts.errors import NotFound
from accounts.events import wire_time
from accounts.models import Account
from safety import policies
from safety.commands import _log
from safety.models import Case, CaseEvent, CaseState, Duty, Happening

LAPSED_BATCH = 500


class Lease(NamedTuple):
    """The right to decide until `until`; `token` fences off every earlier lease."""

    token: int
    until: datetime


@transaction.atomic
def claim(*, case_id: UUID, moderator_id: UUID, now: datetime) -> Lease:
    """Take a free case for three minutes. Claiming one's own live lease returns it unchanged.

    Raises `ClaimedByAnother` while a colleague holds it, `LeaseLost` when it is closed, `NotYours`
    for who is part of it or judged it already.
    """
    moderator = policies.require_moderator(moderator_id)
    case = Case.objects.filter(id=case_id).first()
    if case is None:
        raise NotFound("There is no such case.")
    policies.require_impartial(case, moderator_id)
    if _take(case_id, moderator_id, now):
        case.refresh_from_db()
        CaseEvent.objects.bulk_create(
            [_log.note(case, Happening.CLAIMED, now, actor_id=moderator_id)]
        )
        _log.announce([_log.claimed(case, moderator.name)])
        return Lease(case.lease_token, now + settings.CASE_LEASE)
    case.refresh_from_db()
    if case.holder_id == moderator_id and case.lease_until:
        return Lease(case.lease_token, case.lease_until)
    raise _why_not(case)


def heartbeat(*, case_id: UUID, moderator_id: UUID, lease_token: int, now: datetime) -> Lease:
    """Keep a live lease for three minutes more, at most 15 minutes after the claim."""
    with transaction.atomic():
        case = leased(case_id, moderator_id, lease_token, now)
        latest = (case.claimed_at or now) + settings.CASE_LEASE_MAX
        case.lease_until = min(now + settings.CASE_LEASE, latest)
        case.save(update_fields=["lease_until"])
    return Lease(case.lease_token, case.lease_until)


def give_back(*, case_id: UUID, moderator_id: UUID, lease_token: int, now: datetime) -> None:
    """End one's lease without a decision: the case is free at once."""
    with transaction.atomic():
        case = leased(case_id, moderator_id, lease_token, now)
        free(case)
        CaseEvent.objects.bulk_create(
            [_log.note(case, Happening.GIVEN_BACK, now, actor_id=moderator_id)]
        )
        _log.announce([_log.released(case)])


def announce_lapsed(*, now: datetime) -> int:
    """Clear leases that ended in silence and tell the queues; answers with how many.

    Nobody depends on it to claim: a lapsed lease is free the moment its time is over.
    """
    with transaction.atomic():
        rows = Case.objects.select_for_update(skip_locked=True).filter(
            holder__isnull=False, lease_until__lte=now
        )
        cases = list(rows.order_by("id")[:LAPSED_BATCH])
        log = [_log.note(case, Happening.LAPSED, now, actor_id=case.holder_id) for case in cases]
        for case in cases:
            free(case)
        CaseEvent.objects.bulk_create(log)
        _log.announce([_log.released(case) for case in cases])
    return len(cases)


def set_duty(*, moderator_id: UUID, on: bool, now: datetime) -> datetime | None:
    """Start or end being told about cases; answers with since when, or none when off."""
    policies.require_moderator(moderator_id)
    if not on:
        Duty.objects.filter(moderator_id=moderator_id).delete()
        return None
    duty, _ = Duty.objects.get_or_create(moderator_id=moderator_id, defaults={"since": now})
    return duty.since


def leased(case_id: UUID, moderator_id: UUID, lease_token: int, now: datetime) -> Case:
    """The case, locked, if this lease on it is alive; else raises. Assumes a transaction."""
    case = Case.objects.select_for_update().filter(id=case_id).first()
    if case is None:
        raise NotFound("There is no such case.")
    policies.require_lease(case, moderator_id, lease_token, now)
    return case


def free(case: Case) -> None:
    """End the lease; the token stays, so that the old holder cannot decide any more."""
    case.holder = case.lease_until = case.claimed_at = None
    case.save(update_fields=["holder", "lease_until", "claimed_at"])


def _take(case_id: UUID, moderator_id: UUID, now: datetime) -> bool:
    """One guarded update: of many moderators at the same moment exactly one changes the row."""
    free_now = Case.objects.filter(id=case_id, state=CaseState.OPEN).filter(
        Q(holder=None) | Q(lease_until__lte=now)
    )
    return bool(
        free_now.update(
            holder_id=moderator_id,
            claimed_at=now,
            lease_until=now + settings.CASE_LEASE,
            lease_token=F("lease_token") + 1,
        )
    )


def _why_not(case: Case) -> Exception:
    if case.state != CaseState.OPEN or case.holder_id is None or case.lease_until is None:
        return policies.LeaseLost("This case is decided or closed already.")
    holder = Account.objects.get(id=case.holder_id).name
    return policies.ClaimedByAnother(
        f"{holder} works on this case.", holder=holder, until=wire_time(case.lease_until)
    )
