"""A desk for tests: a fake kind of subject that remembers its rulings, and moderators at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from uuid_utils.compat import uuid7

from accounts import inbox
from accounts.bus import Parcel
from accounts.models import Account
from safety import commands, decisions
from safety.models import Case
from safety.rules.taxonomy import Action, policy
from safety.screening import Finding, Verdict
from tests.factories import START

KIND = "parcel"
BODY = "Retrouvons-nous ce soir."


@dataclass
class Parcels:
    """The app that owns the fake kind: it keeps what it was told."""

    rulings: list[decisions.Ruling] = field(default_factory=list)
    refuse_with: Exception | None = None

    def apply(self, ruling: decisions.Ruling, now: datetime) -> None:
        if self.refuse_with:
            raise self.refuse_with
        self.rulings.append(ruling)

    def context(self, subject_id: UUID) -> decisions.SubjectContext:
        line = decisions.ContextLine(
            message_id=subject_id,
            author="fan",
            author_kind="in_person",
            body=BODY,
            sent_at=START,
            state="held",
            is_subject=True,
        )
        return decisions.SubjectContext(lines=(line,))


def finding(
    policy_id: str, action: Action, spans: tuple[tuple[int, int], ...] = ((0, 5),)
) -> Finding:
    return Finding(
        policy=policy_id,
        action=action,
        rule=f"{policy_id}.1",
        view="folded",
        spans=spans,
        reason="a sign",
        severity=policy(policy_id).severity or 0,
    )


def verdict(*findings: Finding, cause: str = "") -> Verdict:
    action = max((f.action for f in findings), key=lambda a: a.rank, default=Action.HOLD)
    return Verdict(
        action=action, findings=findings, version="v1", cause=cause, content_sha256="0" * 64
    )


def draft(
    author: Account,
    policy_id: str = "prost.solicit",
    action: Action = Action.HOLD,
    *,
    subject_id: UUID | None = None,
    conversation_id: UUID | None = None,
    body: str = BODY,
) -> commands.CaseDraft:
    return commands.CaseDraft(
        kind=KIND,
        subject_id=subject_id or uuid7(),
        author_id=author.id,
        conversation_id=conversation_id or uuid7(),
        body=body,
        verdict=verdict(finding(policy_id, action)),
        language="fr",
    )


def open_one(
    author: Account, policy_id: str = "prost.solicit", action: Action = Action.HOLD
) -> Case:
    with transaction.atomic():
        opened = commands.open_cases([draft(author, policy_id, action)], now=START)
    return Case.objects.get(id=opened[0].case_id)


def take(case: Case, moderator: Account, now: datetime = START) -> int:
    """Look at the case and claim it, as the desk does; answers with the lease token."""
    commands.open_evidence(case_id=case.id, moderator_id=moderator.id, now=now)
    return commands.claim(case_id=case.id, moderator_id=moderator.id, now=now).token


def withhold(
    case: Case,
    moderator: Account,
    token: int,
    *,
    rule: str = "prost.solicit",
    now: datetime = START,
    payee_at_fault: bool = False,
) -> commands.Judged:
    return commands.decide(
        case_id=case.id,
        moderator_id=moderator.id,
        lease_token=token,
        outcome="withhold",
        rule=rule,
        reason="Une rencontre payante est proposée.",
        payee_at_fault=payee_at_fault,
        now=now,
    )


def release(
    case: Case, moderator: Account, token: int, *, now: datetime = START
) -> commands.Judged:
    return commands.decide(
        case_id=case.id,
        moderator_id=moderator.id,
        lease_token=token,
        outcome="release",
        now=now,
    )


@contextmanager
def hearing() -> Iterator[list[tuple[set[UUID], dict[str, object]]]]:
    """Everything the inbox hands over inside the block: (addressees, frame)."""
    heard: list[tuple[set[UUID], dict[str, object]]] = []
    before = inbox._hand_over

    def listen(parcels: list[Parcel]) -> None:
        heard.extend((set(p.account_ids), msgspec.json.decode(p.json)) for p in parcels)

    inbox._hand_over = listen  # type: ignore[assignment]
    try:
        yield heard
    finally:
        inbox._hand_over = before
