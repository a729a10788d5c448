"""Reading a statement of reasons: only its addressee can, in either language."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.errors import NotFound
from safety.models import Report, Statement
from safety.queries.statement_words import LANGUAGES, MONTHS, WORDS

LIST_MAX = 100


@dataclass(frozen=True, slots=True)
class Section:
    """One titled paragraph of a statement; `quote` marks what is cited word for word."""

    heading: str
    text: str
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """A statement in words. `language` is the one it is rendered in."""

    id: UUID
    url: str
    language: str
    kind: str
    title: str
    at: datetime
    rule: str
    policy_version: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReport:
    """What a person may know of a report they made: no name, no decision on somebody else."""

    id: UUID
    reason: str
    state: str
    at: datetime


def url_of(statement_id: UUID) -> str:
    """Where its addressee reads it."""
    return f"/statements/{statement_id}"


def statement_for(
    *, account_id: UUID, statement_id: UUID, language: str | None = None
) -> StatementView:
    """The statement, in `language` or its own; `NotFound` for anybody but its addressee."""
    row = Statement.objects.filter(id=statement_id, addressee_id=account_id).first()
    if row is None:
        raise NotFound("There is no such statement.")
    return _view(row, language if language in LANGUAGES else row.language)


def statements_of(*, account_id: UUID) -> list[StatementView]:
    """The latest statements addressed to this account, newest first."""
    rows = Statement.objects.filter(addressee_id=account_id).order_by("-at", "-id")
    return [_view(row, row.language) for row in rows[:LIST_MAX]]


def statement_urls(*, case_ids: Collection[UUID]) -> dict[UUID, str]:
    """Where the author of each case reads its latest statement, if there is one."""
    rows = Statement.objects.filter(case_id__in=case_ids).order_by("at", "id")
    return {case_id: url_of(id_) for case_id, id_ in rows.values_list("case_id", "id")}


def reports_of(*, account_id: UUID) -> list[OwnReport]:
    """The latest reports this account made, newest first."""
    rows = Report.objects.filter(reporter_id=account_id).order_by("-at", "-id")
    return [
        OwnReport(id=row.id, reason=row.reason, state=row.state, at=row.at)
        for row in rows[:LIST_MAX]
    ]


def _view(row: Statement, language: str) -> StatementView:
    facts = row.facts
    return StatementView(
        id=row.id,
        url=url_of(row.id),
        language=language,
        kind=facts["kind"],
        title=WORDS[language][f"title_{facts['kind']}"],
        at=row.at,
        rule=facts["rule"]["id"],
        policy_version=facts["policy_version"],
        sections=_decision(facts, language)
        if facts["kind"] == "decision"
        else _expiry(facts, language),
    )


def _decision(facts: dict[str, Any], language: str) -> tuple[Section, ...]:
    words, rule = WORDS[language], facts["rule"]
    return (
        Section(
            words["facts"],
            words["facts_text"].format(date=_day(facts["opened_at"], language)),
            facts["body"],
        ),
        Section(
            words["rule"],
            f"{rule['title'][language]} ({rule['id']}). {words[rule['ground']]} "
            f"{rule['legal_basis']}. {_version(facts, language)}",
            rule["article"][language],
        ),
        Section(words["reason"], words["reason_text"], facts["reason"]),
        Section(words["found"], words[f"found_{facts['source']}"]),
        Section(words["machine"], words[facts["automated_decision"]]),
        Section(
            words["decided"],
            words["decided_text"].format(
                moderator=facts["decided_by"], date=_day(facts["at"], language)
            ),
        ),
        Section(words["effect"], _effect(facts, language)),
        Section(
            words["redress"],
            words["redress_text"].format(
                date=_day(facts["appeal_until"], language), contact=settings.APPEALS_EMAIL
            ),
        ),
    )


def _expiry(facts: dict[str, Any], language: str) -> tuple[Section, ...]:
    words, rule = WORDS[language], facts["rule"]
    return (
        Section(
            words["facts"],
            words["expiry_text"].format(date=_day(facts["opened_at"], language)),
            facts["body"],
        ),
        Section(
            words["suspected"],
            f"{rule['title'][language]} ({rule['id']}). {_version(facts, language)}",
            rule["article"][language],
        ),
        Section(words["effect"], words["effect_expired"]),
        Section(words["redress"], words["redress_expiry"]),
    )


def _effect(facts: dict[str, Any], language: str) -> str:
    words = WORDS[language]
    earned = words["earned_returned"] if facts["payee_at_fault"] else words["earned_kept"]
    parts = [words[f"effect_{facts['effect']}"], words["reserved_returned"]]
    return " ".join([*parts, earned] if facts["effect"] == "removed" else parts)


def _version(facts: dict[str, Any], language: str) -> str:
    return WORDS[language]["version"].format(version=facts["policy_version"])


def _day(moment: str, language: str) -> str:
    day: date = datetime.fromisoformat(moment).date()
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"
