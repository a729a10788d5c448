"""What changes an account: made, certified, suspended, signed out."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.errors import Malformed, NotAllowed, NotFound
from accounts.models import Account, Certification, Role, SessionEnd, Suspension


def create_account(
    *, email: str, password: str, name: str, role: Role, language: str = "fr"
) -> Account:
    """A new account, its e-mail address confirmed. Raises `Malformed` when the address is taken."""
    from allauth.account.models import EmailAddress

    with transaction.atomic():
        if Account.objects.filter(email=email.lower()).exists():
            raise Malformed("This address has an account already.", field="email")
        account = Account.objects.create_user(
            email, password, name=name, role=role, language=language
        )
        EmailAddress.objects.create(user=account, email=account.email, verified=True, primary=True)
    return account


@transaction.atomic
def certify(*, creator_id: UUID, moderator_id: UUID, now: datetime) -> Certification:
    """Record that a moderator saw the five proofs; certifying again changes nothing."""
    _require_moderator(moderator_id)
    if not Account.objects.filter(id=creator_id, role=Role.CREATOR).exists():
        raise NotFound("There is no creator with this id.")
    certification, _ = Certification.objects.get_or_create(
        account_id=creator_id, defaults={"certified_by_id": moderator_id, "certified_at": now}
    )
    return certification


@transaction.atomic
def suspend(*, account_id: UUID, moderator_id: UUID, reason: str, now: datetime) -> Suspension:
    """Close the account and, within two seconds, its sockets; suspending again changes nothing."""
    _require_moderator(moderator_id)
    if not Account.objects.filter(id=account_id).exists():
        raise NotFound("There is no account with this id.")
    suspension, _ = Suspension.objects.get_or_create(
        account_id=account_id,
        lifted_at=None,
        defaults={"decided_by_id": moderator_id, "reason": reason, "at": now},
    )
    Account.objects.filter(id=account_id).update(is_active=False)
    end_sessions(account_id=account_id, now=now)
    return suspension


@transaction.atomic
def reinstate(*, account_id: UUID, moderator_id: UUID, now: datetime) -> None:
    """Lift the running suspension, if there is one."""
    _require_moderator(moderator_id)
    Suspension.objects.filter(account_id=account_id, lifted_at=None).update(lifted_at=now)
    Account.objects.filter(id=account_id).update(is_active=True)


def end_sessions(*, account_id: UUID, now: datetime) -> None:
    """Note that a session of this account ended: every server checks its sockets again."""
    SessionEnd.objects.create(account_id=account_id, at=now)


def set_language(*, account_id: UUID, language: str) -> None:
    """The language this person reads: `fr` or `en`."""
    if language not in ("fr", "en"):
        raise Malformed("Choose fr or en.", field="language", accepted="fr, en")
    Account.objects.filter(id=account_id).update(language=language)


def _require_moderator(account_id: UUID) -> None:
    moderators = Account.objects.filter(id=account_id, role=Role.MODERATOR, is_active=True)
    if not moderators.exists():
        raise NotAllowed("Only a moderator decides this.")
