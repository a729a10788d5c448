"""Routes of the moderators' desk. No field here knows an amount or an audience."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from accounts.db import in_db
from accounts.models import Account, Role
from accounts.web import RefusalOut, SignedIn
from safety import commands, queries

router = Router(tags=["desk"], auth=SignedIn(Role.MODERATOR))
NO = {403: RefusalOut, 404: RefusalOut, 409: RefusalOut, 422: RefusalOut}


class HolderOut(Schema):
    name: str
    until: datetime
    is_me: bool


class CaseRowOut(Schema):
    id: UUID
    kind: str
    queue: str
    policy: str
    severity: int
    language: str
    source: str
    verdict: str
    state: str
    opened_at: datetime
    due_at: datetime
    decide_before: datetime | None
    needs_second: bool
    holder: HolderOut | None


class PageOut(Schema):
    cases: list[CaseRowOut]
    next: str | None


class FindingOut(Schema):
    """`fragments`: the earlier messages of the same author that the found value was split over."""

    policy: str
    action: str
    rule: str
    view: str
    spans: list[tuple[int, int]]
    reason: str
    severity: int
    fragments: list[UUID]


class NoticeOut(Schema):
    reason: str
    note: str


class LineOut(Schema):
    message_id: UUID
    author: str
    author_kind: str
    body: str
    sent_at: datetime
    state: str
    is_subject: bool


class HistoryOut(Schema):
    cases: int
    withheld: int
    released: int


class LogLineOut(Schema):
    kind: str
    at: datetime
    actor: str | None


class DetectorOffOut(Schema):
    """`ended`: its lawful basis did, after the day `until`. `missing`: nothing allows it here.
    `unknown`: the rule book of that day is gone."""

    detector: str
    why: Literal["ended", "missing", "unknown"]
    until: date | None


class CircumstancesOut(Schema):
    """`off`: detectors without a lawful basis for this country and channel. `shadow`: rules that
    spoke without effect."""

    country: str
    channel: str
    off: list[DetectorOffOut]
    shadow: list[str]


class CaseOut(CaseRowOut):
    conversation_id: UUID
    body: str
    cause: str
    policy_version: str
    findings: list[FindingOut]
    reports: list[NoticeOut]
    lines: list[LineOut]
    history: HistoryOut
    log: list[LogLineOut]
    may_decide: bool
    screening: CircumstancesOut


class LeaseOut(Schema):
    lease_token: int
    until: datetime


class LeaseIn(Schema):
    lease_token: int


class DecisionIn(LeaseIn):
    outcome: Literal["release", "withhold"]
    rule: str = ""
    reason: str = ""
    note: str = ""
    payee_at_fault: bool = False


class DecisionOut(Schema):
    """`awaiting_second`: the judgement is kept, and another moderator must judge."""

    state: Literal["decided", "awaiting_second"]
    decision_id: UUID | None


class RuleOut(Schema):
    id: str
    group: str
    queue: str
    severity: int
    title_fr: str
    title_en: str
    article_fr: str
    article_en: str


class FloodOut(Schema):
    """A rule whose hits left their baseline; `cases` of it wait, grouped, in the queue `flood`."""

    id: int
    rule: str
    policy: str
    severity: int
    without_effect: bool
    hits: int
    hourly_median: int
    since: datetime
    cases: int


class DutyIn(Schema):
    on: bool


class StandingOut(Schema):
    """`rules_only`: the text model is off on this server, and the desk says so."""

    name: str
    on_duty_since: datetime | None
    counts: dict[str, int]
    rules_only: bool


def _moderator(request: HttpRequest) -> Account:
    account: Account = request.auth  # type: ignore[attr-defined]
    return account


def _row(row: queries.CaseRow) -> CaseRowOut:
    return CaseRowOut.model_validate(row, from_attributes=True)


def _case(view: queries.CaseView) -> CaseOut:
    return CaseOut(
        **_row(view.row).model_dump(),
        conversation_id=view.conversation_id,
        body=view.body,
        cause=view.cause,
        policy_version=view.policy_version,
        findings=[FindingOut(**finding) for finding in view.findings],
        reports=[NoticeOut(reason=reason, note=note) for reason, note in view.reports],
        lines=[LineOut.model_validate(line, from_attributes=True) for line in view.lines],
        history=HistoryOut(**view.history._asdict()),
        log=[LogLineOut(**line._asdict()) for line in view.log],
        may_decide=view.may_decide,
        screening=CircumstancesOut.model_validate(view.screening, from_attributes=True),
    )


@router.get("/desk/cases", response={200: PageOut, **NO}, operation_id="desk_cases")
async def cases(request: HttpRequest, queue: str = "all", before: str | None = None) -> Any:
    """A page of open cases, gravest first, then the one due first."""
    page = await in_db(queries.queue)(
        moderator_id=_moderator(request).id, name=queue, before=before, now=timezone.now()
    )
    return PageOut(cases=[_row(row) for row in page.rows], next=page.next)


@router.get("/desk/cases/{uuid:case_id}", response={200: CaseOut, **NO}, operation_id="desk_case")
async def case(request: HttpRequest, case_id: UUID) -> Any:
    """Open the evidence of a case: logged, and needed before deciding."""
    return _case(
        await in_db(commands.read_case)(
            case_id=case_id, moderator_id=_moderator(request).id, now=timezone.now()
        )
    )


@router.post(
    "/desk/cases/{uuid:case_id}/claim", response={200: LeaseOut, **NO}, operation_id="claim_case"
)
async def claim(request: HttpRequest, case_id: UUID) -> Any:
    """Take a free case for three minutes."""
    lease = await in_db(commands.claim)(
        case_id=case_id, moderator_id=_moderator(request).id, now=timezone.now()
    )
    return LeaseOut(lease_token=lease.token, until=lease.until)


@router.post(
    "/desk/cases/{uuid:case_id}/heartbeat",
    response={200: LeaseOut, **NO},
    operation_id="keep_case",
)
async def heartbeat(request: HttpRequest, case_id: UUID, body: LeaseIn) -> Any:
    """Keep the lease for three minutes more, at most fifteen in all."""
    lease = await in_db(commands.heartbeat)(
        case_id=case_id,
        moderator_id=_moderator(request).id,
        lease_token=body.lease_token,
        now=timezone.now(),
    )
    return LeaseOut(lease_token=lease.token, until=lease.until)


@router.post(
    "/desk/cases/{uuid:case_id}/give-back",
    response={204: None, **NO},
    operation_id="give_back_case",
)
async def give_back(request: HttpRequest, case_id: UUID, body: LeaseIn) -> Any:
    """End the lease without a decision."""
    await in_db(commands.give_back)(
        case_id=case_id,
        moderator_id=_moderator(request).id,
        lease_token=body.lease_token,
        now=timezone.now(),
    )
    return Status(204, None)


@router.post(
    "/desk/cases/{uuid:case_id}/decide",
    response={200: DecisionOut, **NO},
    operation_id="decide_case",
)
async def decide(request: HttpRequest, case_id: UUID, body: DecisionIn) -> Any:
    """Release or withhold; against a person with a rule and a reason."""
    judged = await in_db(commands.decide)(
        case_id=case_id,
        moderator_id=_moderator(request).id,
        now=timezone.now(),
        **body.model_dump(),
    )
    if judged.decision is None:
        return DecisionOut(state="awaiting_second", decision_id=None)
    return DecisionOut(state="decided", decision_id=judged.decision.id)


@router.get("/desk/rules", response=list[RuleOut], operation_id="desk_rules")
async def rules(request: HttpRequest) -> Any:
    """Every rule a decision may quote."""
    return [RuleOut.model_validate(rule, from_attributes=True) for rule in queries.rules()]


@router.get("/desk/floods", response={200: list[FloodOut], **NO}, operation_id="desk_floods")
async def floods(request: HttpRequest) -> Any:
    """Every rule that floods, gravest first, until a human puts it back."""
    found = await in_db(queries.open_floods)(moderator_id=_moderator(request).id)
    return [FloodOut.model_validate(flood, from_attributes=True) for flood in found]


@router.post(
    "/desk/floods/{int:flood_id}/put-back",
    response={204: None, **NO},
    operation_id="put_back_rule",
)
async def put_back(request: HttpRequest, flood_id: int) -> Any:
    """Give the rule its effect again; what is left of its cases returns to the queues."""
    await in_db(commands.put_back)(
        flood_id=flood_id, moderator_id=_moderator(request).id, now=timezone.now()
    )
    return Status(204, None)


@router.put("/desk/duty", response={200: StandingOut, **NO}, operation_id="set_duty")
async def duty(request: HttpRequest, body: DutyIn) -> Any:
    """Start or end being told about cases."""
    moderator = _moderator(request)
    await in_db(commands.set_duty)(moderator_id=moderator.id, on=body.on, now=timezone.now())
    return await _standing(moderator)


@router.get("/desk/me", response={200: StandingOut, **NO}, operation_id="desk_me")
async def me(request: HttpRequest) -> Any:
    """On duty or not, and how full the queues are."""
    return await _standing(_moderator(request))


async def _standing(moderator: Account) -> StandingOut:
    standing = await in_db(queries.standing)(moderator_id=moderator.id)
    return StandingOut(
        name=moderator.name,
        on_duty_since=standing.on_duty_since,
        counts=standing.counts,
        rules_only=queries.rules_only(),
    )
