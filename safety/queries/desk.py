"""What the desk reads: queues, a case and its window, duty. Blind to money and audience."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.errors import Malformed, NotFound, Refusal
from safety import decisions, policies
from safety.models import (
    Case,
    CaseEvent,
    CaseState,
    Decision,
    Duty,
    Happening,
    Outcome,
)
from safety.queries import rulebook
from safety.queries.circumstances import Circumstances, circumstances_of

PAGE_SIZE = 50
ALL_QUEUES = "all"
MINE = "mine"
FLOOD = "flood"  # cases of rules that flood, grouped there and in no other queue
_HIDDEN_FROM_THE_DESK = (Happening.PROPOSED,)  # the second human judges before seeing the first


class NoOpenCase(Refusal):
    """Nobody steps into a conversation without an open case of that conversation."""

    code = "no_open_case"
    status = 403


class Holder(NamedTuple):
    name: str
    until: datetime
    is_me: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One line of a queue."""

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
    holder: Holder | None


class Page(NamedTuple):
    """Rows in order; `next` is the cursor of the following page, or none at the end."""

    rows: list[CaseRow]
    next: str | None


class History(NamedTuple):
    """How often the rule of this case met its author before: cases, and what humans decided."""

    cases: int
    withheld: int
    released: int


class LogLine(NamedTuple):
    kind: str
    at: datetime
    actor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case as its page shows it; `findings` are signals, not a decision.

    The `fragments` of a finding are the ids of the earlier messages its value was split over.
    """

    row: CaseRow
    conversation_id: UUID
    body: str
    cause: str
    policy_version: str
    findings: list[dict[str, Any]]
    reports: list[tuple[str, str]]  # reason and note, never who
    lines: tuple[decisions.ContextLine, ...]
    history: History
    log: list[LogLine]
    may_decide: bool
    screening: Circumstances


class Standing(NamedTuple):
    """A moderator at the desk: on duty since when, and how many open cases per queue."""

    on_duty_since: datetime | None
    counts: dict[str, int]


def queue(
    *, moderator_id: UUID, name: str = ALL_QUEUES, before: str | None = None, now: datetime
) -> Page:
    """A page of open cases, gravest first, then the one due first. `before` is a page's `next`."""
    policies.require_moderator(moderator_id)
    rows = _in_queue(name, moderator_id)
    if before:
        rows = _after(rows, before)
    ordered = rows.select_related("holder").order_by("-severity", "due_at", "id")
    cases = list(ordered[: PAGE_SIZE + 1])
    page = cases[:PAGE_SIZE]
    proposed = _proposed(page)
    return Page(
        [_row(case, moderator_id, now, proposed) for case in page],
        _cursor(page[-1]) if len(cases) > PAGE_SIZE else None,
    )


def counts(*, moderator_id: UUID) -> dict[str, int]:
    """Open cases of every queue, zeros included."""
    open_cases = Case.objects.filter(state=CaseState.OPEN)
    alone = open_cases.filter(flood=None)
    per_queue = alone.values("queue").annotate(cases=Count("*")).order_by("queue")
    found = dict(per_queue.values_list("queue", "cases"))
    return {
        ALL_QUEUES: sum(found.values()),
        MINE: Case.objects.filter(holder_id=moderator_id).count(),
        FLOOD: open_cases.exclude(flood=None).count(),
        **{name: found.get(name, 0) for name in rulebook.QUEUES},
    }


def standing(*, moderator_id: UUID) -> Standing:
    """Whether this moderator is on duty, and how full the queues are."""
    policies.require_moderator(moderator_id)
    since = Duty.objects.filter(moderator_id=moderator_id).values_list("since", flat=True).first()
    return Standing(since, counts(moderator_id=moderator_id))


def case_view(*, case_id: UUID, moderator_id: UUID, now: datetime) -> CaseView:
    """The whole page of a case. The caller logs the opening first (`commands.open_evidence`)."""
    policies.require_moderator(moderator_id)
    case = Case.objects.select_related("holder").filter(id=case_id).first()
    if case is None:
        raise NotFound("There is no such case.")
    lines = decisions.context(case.kind, case.subject_id).lines
    return CaseView(
        row=_row(case, moderator_id, now, _proposed([case])),
        conversation_id=case.conversation_id,
        body=case.body,
        cause=case.cause,
        policy_version=case.policy_version,
        findings=[_located(finding, lines) for finding in case.findings],
        reports=list(case.reports.order_by("at").values_list("reason", "note")),
        lines=lines,
        history=_history(case),
        log=_log(case),
        may_decide=policies.is_impartial(case, moderator_id),
        screening=circumstances_of(case),
    )


def open_case(*, case_id: UUID, conversation_id: UUID) -> Case:
    """The open case of this conversation that a step into it stands on; raises `NoOpenCase`."""
    case = Case.objects.filter(
        id=case_id, conversation_id=conversation_id, state=CaseState.OPEN
    ).first()
    if case is None:
        raise NoOpenCase("This conversation has no such open case.")
    return case


def _in_queue(name: str, moderator_id: UUID) -> QuerySet[Case]:
    if name == MINE:  # a closed case is held by nobody
        return Case.objects.filter(holder_id=moderator_id)
    rows = Case.objects.filter(state=CaseState.OPEN, flood__isnull=name != FLOOD)
    if name in (ALL_QUEUES, FLOOD):
        return rows
    if name not in rulebook.QUEUES:
        known = [ALL_QUEUES, MINE, FLOOD, *rulebook.QUEUES]
        raise Malformed("There is no such queue.", field="queue", accepted=known)
    return rows.filter(queue=name)


def _cursor(case: Case) -> str:
    return f"{case.severity}~{case.due_at.isoformat()}~{case.id}"


def _after(rows: QuerySet[Case], cursor: str) -> QuerySet[Case]:
    try:
        severity_text, due_text, id_text = cursor.split("~")
        severity, due, last = int(severity_text), datetime.fromisoformat(due_text), UUID(id_text)
    except ValueError:
        raise Malformed("Not a cursor.", field="before", accepted="`next` of a page") from None
    same_moment = Q(severity=severity, due_at=due, id__gt=last)
    later = Q(severity=severity, due_at__gt=due)
    return rows.filter(Q(severity__lt=severity) | later | same_moment)


def _proposed(cases: list[Case]) -> set[UUID]:
    """Those of the cases on which a first human has judged already."""
    return set(
        CaseEvent.objects.filter(case__in=cases, kind=Happening.PROPOSED).values_list(
            "case_id", flat=True
        )
    )


def _row(case: Case, moderator_id: UUID, now: datetime, proposed: set[UUID]) -> CaseRow:
    return CaseRow(
        id=case.id,
        kind=case.kind,
        queue=case.queue,
        policy=case.policy,
        severity=case.severity,
        language=case.language,
        source=case.source,
        verdict=case.verdict,
        state=case.state,
        opened_at=case.opened_at,
        due_at=case.due_at,
        decide_before=case.decide_before,
        needs_second=case.state == CaseState.OPEN and case.id in proposed,
        holder=_holder(case, moderator_id, now),
    )


def _holder(case: Case, moderator_id: UUID, now: datetime) -> Holder | None:
    if case.holder is None or case.lease_until is None or case.lease_until <= now:
        return None
    return Holder(case.holder.name, case.lease_until, case.holder_id == moderator_id)


def _located(finding: dict[str, Any], lines: tuple[decisions.ContextLine, ...]) -> dict[str, Any]:
    """A finding whose fragments are ids: they are kept as how many messages ago the author of the
    subject wrote them."""
    subject = next((at for at, line in enumerate(lines) if line.is_subject), 0)
    mine = [one.message_id for one in lines[:subject] if one.author == lines[subject].author]
    ago = [one for one in finding.get("fragments", ()) if one <= len(mine)]
    return {**finding, "fragments": [mine[-one] for one in sorted(ago, reverse=True)]}


def _history(case: Case) -> History:
    others = Case.objects.filter(author_id=case.author_id, policy=case.policy).exclude(id=case.id)
    per_outcome = Decision.objects.filter(case__in=others).values("outcome")
    decided = dict(
        per_outcome.annotate(times=Count("*")).order_by("outcome").values_list("outcome", "times")
    )
    return History(
        cases=others.count(),
        withheld=decided.get(Outcome.WITHHOLD, 0),
        released=decided.get(Outcome.RELEASE, 0),
    )


def _log(case: Case) -> list[LogLine]:
    rows = case.events.exclude(kind__in=_HIDDEN_FROM_THE_DESK).select_related("actor")
    return [
        LogLine(event.kind, event.at, event.actor.name if event.actor else None)
        for event in rows.order_by("at", "id")
    ]
