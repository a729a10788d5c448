"""Rules that speak far more than they used to: they lose their effect until a human looked.

A clock task counts hits from the records of verdicts. A rule with more than `FLOOD_HITS_MIN` hits
within an hour and more than `FLOOD_FACTOR` times its hourly median falls back to shadow in every
process (`queries.shadowed_rules`), its cases become one group on the desk, and the moderators on
duty are told. At severity 4 the rule keeps holding: its cases are only grouped.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import TruncHour

from accounts.errors import NotFound
from safety import events, policies
from safety.commands import _log
from safety.models import (
    TWO_HUMANS_SEVERITY,
    Case,
    CaseState,
    RuleHour,
    ShadowedRule,
    Source,
    VerdictRecord,
)

HOUR = timedelta(hours=1)
BASELINE = timedelta(days=7)
BASELINE_HOURS_MIN = 24
FLOOD_FACTOR = 10
FLOOD_HITS_MIN = 50
LATE_COMMIT = timedelta(minutes=1)  # a record may be seen this long after its `at`
GROUP_BATCH = 1_000


def watch_rules(*, now: datetime) -> int:
    """Notice new floods and group the cases of open ones; answers with how many were noticed.

    Safe beside another worker: one flood is open per rule.
    """
    count_closed_hours(now=now)
    noticed = [flood for rule in _loud_rules(now) if (flood := _notice(rule, now))]
    _group_cases()
    return len(noticed)


def count_closed_hours(*, now: datetime) -> int:
    """Keep the hits of every full hour not counted yet; answers with how many counts were kept."""
    until = _hour_of(now - LATE_COMMIT)
    last = RuleHour.objects.aggregate(last=Max("hour"))["last"]
    since = max(until - BASELINE, last + HOUR) if last else until - BASELINE
    if since >= until:
        return 0
    rows = _suspects(since).filter(at__lt=until).annotate(hour=TruncHour("at")).order_by()
    hits: dict[datetime, Counter[str]] = defaultdict(Counter)
    for hour, rules, times in rows.values_list("hour", "rules").annotate(times=Count("*")):
        for rule in rules.split():
            hits[hour][rule] += times
    counts = [
        RuleHour(rule=rule, hour=hour, hits=times)
        for hour, counted in hits.items()
        for rule, times in counted.items()
    ]
    RuleHour.objects.bulk_create(counts, ignore_conflicts=True)
    return len(counts)


@transaction.atomic
def put_back(*, flood_id: int, moderator_id: UUID, now: datetime) -> None:
    """A human gives the rule its effect again; what is left of its group returns to the queues.

    Doing it twice changes nothing. Raises `NotFound`, `NotAllowed`.
    """
    policies.require_moderator(moderator_id)
    flood = ShadowedRule.objects.select_for_update().filter(id=flood_id).first()
    if flood is None:
        raise NotFound("There is no such flood.")
    if flood.put_back_at is not None:
        return
    flood.put_back_at, flood.put_back_by_id = now, moderator_id
    flood.save()
    Case.objects.filter(flood=flood).update(flood=None)
    _log.announce([events.RulePutBack(**_facts(flood))])


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _suspects(since: datetime) -> QuerySet[VerdictRecord]:
    return VerdictRecord.objects.exclude(action="pass").filter(at__gte=since)


def _loud_rules(now: datetime) -> dict[str, int]:
    """Rules without an open flood that left their baseline within the last hour, with their hits.

    What a rule did before a human put it back is not held against it.
    """
    loud = {rule: n for rule, n in _hits(now - HOUR).items() if n > FLOOD_HITS_MIN}
    if not loud:
        return {}
    past = ShadowedRule.objects.filter(rule__in=loud).order_by()
    for rule, put_back_at in past.values_list("rule", "put_back_at"):
        if put_back_at is None:
            loud[rule] = 0
        elif put_back_at > now - HOUR:
            loud[rule] = _hits(put_back_at)[rule]
    medians = hourly_medians(loud, now=now)
    return {
        rule: n
        for rule, n in loud.items()
        if n > FLOOD_HITS_MIN and n > FLOOD_FACTOR * medians[rule]
    }


def _hits(since: datetime) -> Counter[str]:
    hits: Counter[str] = Counter()
    rows = _suspects(since).exclude(rules="").order_by()
    for rules, times in rows.values_list("rules").annotate(times=Count("*")):
        for rule in rules.split():
            hits[rule] += times
    return hits


def hourly_medians(rules: Collection[str], *, now: datetime) -> dict[str, int]:
    """The median hits an hour of each rule over the last week, silent hours included.

    A history shorter than a week counts from its first hour, and one shorter than a day has
    silent hours before it: a flood in the first hours is no baseline.
    """
    this_hour = _hour_of(now)
    week = RuleHour.objects.filter(hour__gte=this_hour - BASELINE, hour__lt=this_hour)
    first = week.aggregate(first=Min("hour"))["first"]
    hours = max((this_hour - first) // HOUR if first else 0, BASELINE_HOURS_MIN)
    heard: dict[str, list[int]] = defaultdict(list)
    for rule, hits in week.filter(rule__in=rules).values_list("rule", "hits"):
        heard[rule].append(hits)
    silent = {rule: max(0, hours - len(heard[rule])) for rule in rules}
    return {rule: median_low(heard[rule] + [0] * silent[rule]) for rule in rules}


@transaction.atomic
def _notice(rule: str, now: datetime) -> ShadowedRule | None:
    found = _policy_of(rule, since=now - HOUR)
    if found is None:
        return None
    policy, severity = found
    flood, is_new = ShadowedRule.objects.get_or_create(
        rule=rule,
        put_back_at=None,
        defaults={
            "policy": policy,
            "severity": severity,
            "without_effect": severity < TWO_HUMANS_SEVERITY,
            "hits": _hits(now - HOUR)[rule],
            "hourly_median": hourly_medians([rule], now=now)[rule],
            "since": now,
        },
    )
    if not is_new:
        return None
    _log.announce([events.RuleFlooded(**_facts(flood))])
    return flood


def _policy_of(rule: str, *, since: datetime) -> tuple[str, int] | None:
    """Policy and severity as the rule's own findings say: each hit with effect has a case."""
    rows = Case.objects.filter(opened_at__gte=since, source=Source.MACHINE).order_by("-opened_at")
    for findings in rows.values_list("findings", flat=True).iterator(chunk_size=100):
        for finding in findings:
            if finding["rule"] == rule:
                return finding["policy"], finding["severity"]
    return None


def _group_cases() -> None:
    """Put the open cases that only flooded rules point at into the group of their gravest flood."""
    floods = {flood.rule: flood for flood in ShadowedRule.objects.filter(put_back_at=None)}
    if not floods:
        return
    rows = Case.objects.filter(
        state=CaseState.OPEN,
        flood=None,
        source=Source.MACHINE,
        reports=None,
        policy__in={flood.policy for flood in floods.values()},
        opened_at__gte=min(flood.since for flood in floods.values()) - HOUR,
    )
    members: dict[int, list[UUID]] = defaultdict(list)
    found = rows.order_by("-opened_at").values_list("id", "findings")[:GROUP_BATCH]
    for case_id, findings in found:
        rules = [finding["rule"] for finding in findings]
        if rules and all(rule in floods for rule in rules):
            gravest = max((floods[rule] for rule in rules), key=lambda one: one.severity)
            members[gravest.id].append(case_id)
    for flood_id, case_ids in members.items():
        Case.objects.filter(id__in=case_ids, flood=None).update(flood_id=flood_id)


def _facts(flood: ShadowedRule) -> dict[str, Any]:
    return {
        "flood_id": flood.id,
        "rule": flood.rule,
        "category": flood.policy,
        "severity": flood.severity,
        "without_effect": flood.without_effect,
    }
