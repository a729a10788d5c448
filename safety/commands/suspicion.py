"""What a verdict makes of a case: its policy, its deadlines, and the facts that the log keeps."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from safety.queries import rulebook
from safety.screening import Finding, Verdict


def policy_facts(policy: str, now: datetime) -> dict[str, Any]:
    """The columns of a case that follow from its policy; its clocks start at `now`."""
    rule = rulebook.rule(policy)
    return {
        "policy": policy,
        "queue": rule.queue,
        "opened_at": now,
        "evidence_changed_at": now,
        "due_at": now + timedelta(minutes=rule.sla_minutes),
    }


def gravest(verdict: Verdict) -> Finding | None:
    """By severity first: a sign of danger outranks a contact that is held beside it."""
    return max(
        verdict.findings,
        key=lambda finding: (finding.severity, finding.action.rank),
        default=None,
    )


def decide_before(policy: str, now: datetime) -> datetime:
    """Holding time of a policy: 8 x its SLA, within 2 h and 24 h."""
    sla = timedelta(minutes=rulebook.rule(policy).sla_minutes)
    wanted = sla * settings.DECIDE_BEFORE_SLA_FACTOR
    return now + min(max(wanted, settings.DECIDE_BEFORE_MIN), settings.DECIDE_BEFORE_MAX)


def verdict_facts(verdict: Verdict) -> dict[str, Any]:
    """What the log of a case keeps of a verdict."""
    return {
        "action": verdict.action.value,
        "cause": verdict.cause,
        "version": verdict.version,
        "content_sha256": verdict.content_sha256,
        "findings": findings_of(verdict),
    }


def findings_of(verdict: Verdict) -> list[dict[str, Any]]:
    """The findings as a case shows them."""
    return [
        {
            "policy": finding.policy,
            "action": finding.action.value,
            "rule": finding.rule,
            "view": finding.view,
            "spans": [list(span) for span in finding.spans],
            "reason": finding.reason,
            "severity": finding.severity,
            "fragments": list(finding.fragments),
        }
        for finding in verdict.findings
    ]
