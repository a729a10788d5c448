"""How a statement of reasons is frozen: every fact it needs, read once from the log of the case."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.events import wire_time
from accounts.models import Account
from safety.models import Case, CaseEvent, Decision, Happening, Source, Statement
from safety.queries import rulebook
from safety.queries.statements import url_of

APPEAL_WINDOW = timedelta(days=183)  # six months at least: DSA art. 20(1)
LANGUAGES = ("fr", "en")


def state_reasons(case: Case, decision: Decision, *, moderator: str) -> Statement:
    """Store what the author of a withheld subject is told. `moderator` is the pseudonym."""
    rule = rulebook.rule(decision.rule)
    facts = {
        **_facts(case, rule, decision.at, decision.policy_version),
        "kind": "decision",
        "reason": decision.reason,
        "decided_by": moderator,
        "effect": _effect(case),
        "payee_at_fault": decision.payee_at_fault,
        "automated_decision": _automated_decision(case),
        "appeal_until": wire_time(decision.at + APPEAL_WINDOW),
    }
    facts["public_record"] = _public_record(case, decision, rule, facts)
    return Statement.objects.create(
        id=uuid7(),
        addressee_id=case.author_id,
        case=case,
        decision=decision,
        language=_language(case.author),
        facts=facts,
        at=decision.at,
    )


def expiry_notices(cases: Sequence[Case], *, now: datetime) -> dict[UUID, str]:
    """Store the notice of each ended hold; answers with its address, by case id."""
    authors = Account.objects.in_bulk([case.author_id for case in cases])
    notices = [
        Statement(
            id=uuid7(),
            addressee_id=case.author_id,
            case=case,
            language=_language(authors[case.author_id]),
            facts={
                **_facts(case, rulebook.rule(case.policy), now, case.policy_version),
                "kind": "expiry",
                "effect": "expired",
            },
            at=now,
        )
        for case in cases
    ]
    Statement.objects.bulk_create(notices)
    return {notice.case_id: url_of(notice.id) for notice in notices}


def _facts(case: Case, rule: rulebook.Rule, at: datetime, version: str) -> dict[str, Any]:
    return {
        "subject_kind": case.kind,
        "subject_id": str(case.subject_id),
        "opened_at": wire_time(case.opened_at),
        "at": wire_time(at),
        "body": case.body,
        "rule": {
            "id": rule.id,
            "title": {"fr": rule.title_fr, "en": rule.title_en},
            "article": {"fr": rule.article_fr, "en": rule.article_en},
            "legal_basis": rule.legal_basis,
            "ground": rule.decision_ground,
        },
        "policy_version": version,
        "source": case.source,
        "automated_detection": _detected_by_machine(case),
    }


def _detected_by_machine(case: Case) -> bool:
    """From the log, never typed: whether a machine's finding opened or joined the case."""
    found = CaseEvent.objects.filter(
        case=case,
        kind__in=(Happening.OPENED, Happening.JOINED),
        data__action__in=("flag", "hold"),
    )
    return found.exists()


def _automated_decision(case: Case) -> str:
    """A human decided, so never `FULLY`; `PARTIALLY` when a machine found it."""
    part = "PARTIALLY" if _detected_by_machine(case) else "NOT_AUTOMATED"
    return f"AUTOMATED_DECISION_{part}"


def _effect(case: Case) -> str:
    if case.kind == "revision":
        return "not_changed"
    return "not_delivered" if case.verdict == "hold" else "removed"


def _language(account: Account) -> str:
    return account.language if account.language in LANGUAGES else "fr"


def _public_record(
    case: Case, decision: Decision, rule: rulebook.Rule, facts: dict[str, Any]
) -> dict[str, Any]:
    """The copy for the public database: the fields of its schema, nothing personal."""
    source = "SOURCE_VOLUNTARY" if case.source == Source.MACHINE else "SOURCE_ARTICLE_16"
    return {
        "puid": f"aparte-{decision.id}",
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
        "category": rule.dsa_category,
        "category_specification": list(rule.dsa_keywords),
        "decision_ground": rule.decision_ground,
        **_ground(rule),
        "content_type": ["CONTENT_TYPE_TEXT"],
        "territorial_scope": ["FR"],
        "content_date": case.opened_at.date().isoformat(),
        "application_date": decision.at.date().isoformat(),
        "decision_facts": f"A private {case.kind} was not kept in its conversation under the "
        f"rule {rule.id} of rule book {decision.policy_version}, by decision of a moderator.",
        "source_type": source,
        "automated_detection": "Yes" if facts["automated_detection"] else "No",
        "automated_decision": facts["automated_decision"],
    }


def _ground(rule: rulebook.Rule) -> dict[str, str]:
    if rule.decision_ground == "DECISION_GROUND_ILLEGAL_CONTENT":
        return {
            "illegal_content_legal_ground": rule.legal_basis,
            "illegal_content_explanation": rule.article_en,
        }
    return {
        "incompatible_content_ground": f"{rule.id}: {rule.title_en}",
        "incompatible_content_explanation": rule.article_en,
        "incompatible_content_illegal": "No",
    }
