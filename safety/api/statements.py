"""Routes for the people concerned: their statements of reasons, their reports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from accounts.db import in_db
from accounts.models import Account
from accounts.web import RefusalOut, SignedIn
from safety import queries

router = Router(tags=["statements"], auth=SignedIn())


class SectionOut(Schema):
    heading: str
    text: str
    quote: str


class StatementOut(Schema):
    id: UUID
    url: str
    language: str
    kind: str
    title: str
    at: datetime
    rule: str
    policy_version: str
    sections: list[SectionOut]


class ReportOut(Schema):
    id: UUID
    reason: str
    state: str
    at: datetime


class ReasonOut(Schema):
    id: str
    title_fr: str
    title_en: str


def _account_id(request: HttpRequest) -> UUID:
    account: Account = request.auth  # type: ignore[attr-defined]
    return account.id


def _statement(view: queries.StatementView) -> StatementOut:
    return StatementOut.model_validate(view, from_attributes=True)


@router.get("/statements", response=list[StatementOut], operation_id="statements")
async def statements(request: HttpRequest) -> Any:
    """What was decided about me, newest first."""
    views = await in_db(queries.statements_of)(account_id=_account_id(request))
    return [_statement(view) for view in views]


@router.get(
    "/statements/{uuid:statement_id}",
    response={200: StatementOut, 404: RefusalOut},
    operation_id="statement",
)
async def statement(request: HttpRequest, statement_id: UUID, language: str | None = None) -> Any:
    """One statement of mine, in its own language or in the one asked for."""
    return _statement(
        await in_db(queries.statement_for)(
            account_id=_account_id(request), statement_id=statement_id, language=language
        )
    )


@router.get("/reports", response=list[ReportOut], operation_id="reports")
async def reports(request: HttpRequest) -> Any:
    """What I reported, newest first."""
    rows = await in_db(queries.reports_of)(account_id=_account_id(request))
    return [ReportOut.model_validate(row, from_attributes=True) for row in rows]


@router.get("/report-reasons", response=list[ReasonOut], operation_id="report_reasons")
async def report_reasons(request: HttpRequest) -> Any:
    """The reasons a report may give, with the title of the rule each points at."""
    return [
        ReasonOut(id=reason, title_fr=rule.title_fr, title_en=rule.title_en)
        for reason, rule in queries.report_reasons()
    ]
