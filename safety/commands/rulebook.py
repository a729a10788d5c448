"""The life of a rule book: proposed and tried, activated by two people, rolled back by one.

A change is a row here; every process looks for it (`safety.book_watch`) and follows within
seconds. What was decided under an older version keeps naming it.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import inbox
from accounts.errors import Malformed, NotAllowed, NotFound
from accounts.models import Account, Role
from safety import events, seal
from safety.models import (
    Duty,
    PolicyEvent,
    PolicyVersion,
    ShadowRun,
    VersionHappening,
    VersionState,
)
from safety.queries import versions
from safety.rules import rulebook
from safety.rules.rulebook import RuleBook

TRIAL = timedelta(days=7)
TRIAL_MESSAGES = 10_000  # whichever is reached first
REASON_MAX_CHARACTERS = 500
COMMAND_LINE = "command line"  # the author of a seal made by a release

logger = logging.getLogger(__name__)


class NotFit(Malformed):
    """The book does not load, or nobody whom this installation trusts sealed it."""


def author_of(email: str) -> Account:
    """The active moderator with this address; raises `NotAllowed` for anybody else."""
    people = Account.objects.filter(email=email.lower(), role=Role.MODERATOR, is_active=True)
    if (person := people.first()) is None:
        raise NotAllowed("Only an active moderator decides about rule books.")
    return person


@transaction.atomic
def propose(*, folder: Path, by: Account, now: datetime) -> PolicyVersion:
    """Store the book of `folder` and try it in shadow, in the place of the one tried before.

    It keeps the seal of its folder when a trusted key made it, and is sealed here otherwise.
    Proposing the same book again starts its trial again. Raises `NotFit`.
    """
    wrong, book = versions.problems(folder, rules_only=settings.SCREENING_RULES_ONLY)
    if wrong:
        raise NotFit(" ".join(wrong), field="folder", accepted="a book that `check` accepts")
    version = PolicyVersion.objects.select_for_update().filter(sha256=book.sha256).first()
    if version is None:
        version = _store(book, _seal_of(folder, book, by.name), now, proposed_by=by)
        _note(version, VersionHappening.PROPOSED, now, actor=by)
    elif version.state in (VersionState.ACTIVE, VersionState.SHADOW):
        raise NotAllowed(f"{version.name} is {version.state} already.")
    _try_in_shadow(version, by, now)
    return version


@transaction.atomic
def activate(*, name: str, by: Account, now: datetime, urgent: str = "") -> PolicyVersion:
    """Approve a version; the second person's approval puts it in force everywhere.

    Raises `NotAllowed` before its trial is long enough, unless it changes rules of severity 4
    alone or `urgent` says why it cannot wait; and always when the same person approves twice.
    """
    version = _locked(versions.find(name).id)
    if version.state not in (VersionState.SHADOW, VersionState.PROPOSED):
        raise NotAllowed(f"{version.name} is {version.state}: propose it again.")
    _require_trial(version, urgent, now)
    if version.approved_by_id is None:
        version.approved_by, version.approved_at = by, now
        version.urgent = urgent[:REASON_MAX_CHARACTERS]
        version.save(update_fields=["approved_by", "approved_at", "urgent"])
        _note(version, VersionHappening.APPROVED, now, actor=by, urgent=version.urgent)
        return version
    if version.approved_by_id == by.id:
        raise NotAllowed("You approved it already: another person must confirm.")
    _retire_active(now)
    _put_in_force(version, now, activated_by=by)
    _note(version, VersionHappening.ACTIVATED, now, actor=by, urgent=urgent)
    return version


@transaction.atomic
def roll_back(*, by: Account, now: datetime) -> PolicyVersion:
    """Put the version in force that was so before the active one; one person is enough.

    Raises `NotFound` when there is none.
    """
    active = _active_locked()
    before = _before(active)
    if active is None or before is None:
        raise NotFound("There is no earlier version to go back to.")
    _retire_active(now)
    PolicyVersion.objects.filter(id=active.id).update(rolled_back_at=now)
    _put_in_force(_locked(before.id), now)
    _note(active, VersionHappening.ROLLED_BACK, now, actor=by, to=before.name)
    _note(before, VersionHappening.ACTIVATED, now, actor=by, instead_of=active.name)
    return _locked(before.id)


def adopt_shipped(*, book: RuleBook, now: datetime) -> PolicyVersion | None:
    """Store the book of this release where it is news, and put it in force if nothing else is.

    Off https it also takes the place of an earlier shipped one: there, an edited pack takes effect
    with a restart. On https a release only brings a book; people put it in force. Returns the
    version it put in force, None when it was so already, or another process was first. Raises
    `SealBroken` when no trusted key sealed it.
    """
    try:
        return _adopt(book, now)
    except IntegrityError:  # several processes start on a new release: one of the others stored it
        return _adopt(book, now)


@transaction.atomic
def _adopt(book: RuleBook, now: datetime) -> PolicyVersion | None:
    active = _active_locked()
    if active is not None and (active.sha256 == book.sha256 or not _follows_release(active)):
        return None
    version = PolicyVersion.objects.filter(sha256=book.sha256).first()
    if version is None:
        sealed = _seal_of(rulebook.SHIPPED, book, COMMAND_LINE)
        version = _store(book, sealed, now, shipped=True)
        _note(version, VersionHappening.SHIPPED, now)
    elif not version.shipped:
        return None  # somebody proposed these very bytes: people decide about them
    _retire_active(now)
    _put_in_force(version, now)
    _note(version, VersionHappening.ACTIVATED, now)
    return version


def require_sealed(book: RuleBook) -> None:
    """Raise `SealBroken` unless the book of this release may be used here at all."""
    _seal_of(rulebook.SHIPPED, book, COMMAND_LINE)


def note_trouble(*, sha256: str, kind: VersionHappening, reason: str, now: datetime) -> None:
    """A process refused this version, or it failed there: log it, and tell those on duty.

    `reason` quotes no message. Idempotent for one version, kind and reason.
    """
    version = PolicyVersion.objects.filter(sha256=sha256).first()
    logger.error("rule book %s %s: %s", version.name if version else sha256[:12], kind, reason)
    if version is None:
        return
    with transaction.atomic():
        known = version.events.filter(kind=kind, data__reason=reason)
        if not known.exists():
            _note(version, kind, now, reason=reason)
        on_duty = frozenset(Duty.objects.values_list("moderator_id", flat=True))
        alarm = events.RuleBookAlarm(version=version.name, kind=kind.value, reason=reason)
        inbox.publish(on_duty, alarm)


def _seal_of(folder: Path, book: RuleBook, author: str) -> seal.Seal:
    """The seal that lies in the folder if it holds, else one made here with our own key."""
    path = folder / rulebook.SEAL
    if path.is_file():
        try:
            found = seal.from_json(path.read_bytes())
            seal.verify(book.files, found, trusted=seal.trusted_keys())
            return found
        except seal.SealBroken as broken:
            logger.info("%s: %s", path.name, broken)
    made = seal.sign(book, author=author, key=seal.signing_key())
    seal.verify(book.files, made, trusted=seal.trusted_keys())
    return made


def _store(
    book: RuleBook,
    sealed: seal.Seal,
    now: datetime,
    *,
    proposed_by: Account | None = None,
    shipped: bool = False,
) -> PolicyVersion:
    return PolicyVersion.objects.create(
        name=book.version,
        sha256=book.sha256,
        bundle=versions.bundle_of(book.files),
        seal=sealed.as_json(),
        key_id=sealed.key_id,
        state=VersionState.PROPOSED,
        shipped=shipped,
        proposed_by=proposed_by,
        proposed_at=now,
    )


def _try_in_shadow(version: PolicyVersion, by: Account, now: datetime) -> None:
    for other in PolicyVersion.objects.select_for_update().filter(state=VersionState.SHADOW):
        PolicyVersion.objects.filter(id=other.id).update(state=VersionState.PROPOSED)
        _note(other, VersionHappening.SET_ASIDE, now, actor=by, instead=version.name)
    version.state, version.tried_since = VersionState.SHADOW, now
    version.approved_by = version.approved_at = version.activated_by = None
    version.save(
        update_fields=["state", "tried_since", "approved_by", "approved_at", "activated_by"]
    )
    _note(version, VersionHappening.TRIED, now, actor=by)


def _require_trial(version: PolicyVersion, urgent: str, now: datetime) -> None:
    tried_on = (
        ShadowRun.objects.filter(version=version.name).values_list("messages", flat=True).first()
    ) or 0
    since = version.tried_since
    if tried_on >= TRIAL_MESSAGES or (since is not None and now - since >= TRIAL):
        return
    if urgent.strip() or version.urgent or versions.changes_against_active(version).grave_only:
        return
    raise NotAllowed(
        f"{version.name} must be tried for {TRIAL.days} days or on {TRIAL_MESSAGES} messages "
        f"first ({tried_on} so far), unless it changes severity 4 alone or --urgent says why."
    )


def _active_locked() -> PolicyVersion | None:
    return PolicyVersion.objects.select_for_update().filter(state=VersionState.ACTIVE).first()


def _locked(version_id: UUID) -> PolicyVersion:
    return PolicyVersion.objects.select_for_update().get(id=version_id)


def _before(active: PolicyVersion | None) -> PolicyVersion | None:
    """The version that was in force last before this one, and was not rolled back itself."""
    rows = PolicyVersion.objects.filter(state=VersionState.RETIRED, rolled_back_at=None)
    return rows.order_by("-retired_at").first() if active else None


def _follows_release(active: PolicyVersion) -> bool:
    return bool(settings.RULEBOOK_DEVELOPMENT) and active.shipped


def _retire_active(now: datetime) -> None:
    if active := _active_locked():
        PolicyVersion.objects.filter(id=active.id).update(
            state=VersionState.RETIRED, retired_at=now
        )
        _note(active, VersionHappening.RETIRED, now)


def _put_in_force(
    version: PolicyVersion, now: datetime, *, activated_by: Account | None = None
) -> None:
    version.state, version.active_since = VersionState.ACTIVE, now
    version.retired_at = version.rolled_back_at = None
    changed = ["state", "active_since", "retired_at", "rolled_back_at"]
    if activated_by is not None:
        version.activated_by = activated_by
        changed.append("activated_by")
    version.save(update_fields=changed)


def _note(
    version: PolicyVersion,
    kind: VersionHappening,
    now: datetime,
    *,
    actor: Account | None = None,
    **data: str,
) -> None:
    PolicyEvent.objects.create(version=version, kind=kind, actor=actor, at=now, data=data)
