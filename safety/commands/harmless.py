"""The negative bank: a content that humans found harmless again and again is not held again.

A pair of rule and content that was released `HARMLESS_TIMES` times in a row may only flag. One
human who withholds it gives the rule its hold back. Never applied at severity 4.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.db.models import F

from safety.models import TWO_HUMANS_SEVERITY, Case, CaseEvent, HarmlessHit, Outcome
from safety.queries.floods import harmless_hits
from safety.screening import Action, Finding, Verdict


def softened(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, those that hold only by pairs of the bank turned into flags.

    One statement when any of them holds, none otherwise. A technical hold stays one.
    """
    held = {one.content_sha256 for one in verdicts if one.action is Action.HOLD and not one.cause}
    known = harmless_hits(held) if held else set()
    return [_softened(one, known) if known else one for one in verdicts]


def learn(case: Case, outcome: str) -> None:
    """Count a release for each rule that pointed at the case's content; forget it on a withhold.

    Assumes the transaction of the decision.
    """
    content = _content_of(case)
    rules = {f["rule"] for f in case.findings if f["severity"] < TWO_HUMANS_SEVERITY}
    if not content or not rules:
        return
    pairs = HarmlessHit.objects.filter(content_sha256=content, rule__in=rules)
    if outcome == Outcome.WITHHOLD:
        pairs.delete()
        return
    HarmlessHit.objects.bulk_create(
        [HarmlessHit(rule=rule, content_sha256=content) for rule in sorted(rules)],
        ignore_conflicts=True,
    )
    pairs.update(times=F("times") + 1)


def _content_of(case: Case) -> str:
    """The fingerprint of the content that was judged: that of the last verdict on the subject."""
    said = CaseEvent.objects.filter(case=case, data__has_key="content_sha256").order_by(
        "-at", "-id"
    )
    return str(said.values_list("data__content_sha256", flat=True).first() or "")


def _softened(verdict: Verdict, known: set[tuple[str, str]]) -> Verdict:
    if verdict.action is not Action.HOLD or verdict.cause:
        return verdict
    findings = tuple(_capped(one, verdict.content_sha256, known) for one in verdict.findings)
    action = max((one.action for one in findings), key=lambda one: one.rank)
    return replace(verdict, action=action, findings=findings)


def _capped(finding: Finding, content: str, known: set[tuple[str, str]]) -> Finding:
    harmless = finding.severity < TWO_HUMANS_SEVERITY and (finding.rule, content) in known
    if harmless and finding.action is Action.HOLD:
        return replace(finding, action=Action.FLAG)
    return finding
