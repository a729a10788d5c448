"""Reading floods: which rules are without effect, and what the desk shows about them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from safety import policies
from safety.models import Case, CaseState, HarmlessHit, ShadowedRule

HARMLESS_TIMES = 3  # so many humans in a row, and a rule may not hold this content any more


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodView:
    """A rule whose hits left their baseline. `cases`: how many of its cases wait, grouped."""

    id: int
    rule: str
    policy: str
    severity: int
    without_effect: bool
    hits: int
    hourly_median: int
    since: datetime
    cases: int


def shadowed_rules() -> frozenset[str]:
    """The rules that every engine runs without effect now: what a process reads with its poll."""
    rows = ShadowedRule.objects.filter(put_back_at=None, without_effect=True)
    return frozenset(rows.values_list("rule", flat=True))


def open_floods(*, moderator_id: UUID) -> list[FloodView]:
    """Every flood that no human has ended, gravest first."""
    policies.require_moderator(moderator_id)
    floods = ShadowedRule.objects.filter(put_back_at=None).order_by("-severity", "since")
    grouped = Case.objects.filter(state=CaseState.OPEN, flood__in=floods).order_by()
    cases = Counter(dict(grouped.values_list("flood_id").annotate(cases=Count("*"))))
    return [
        FloodView(
            id=flood.id,
            rule=flood.rule,
            policy=flood.policy,
            severity=flood.severity,
            without_effect=flood.without_effect,
            hits=flood.hits,
            hourly_median=flood.hourly_median,
            since=flood.since,
            cases=cases[flood.id],
        )
        for flood in floods
    ]


def harmless_hits(contents: set[str]) -> set[tuple[str, str]]:
    """The (rule, content sha256) pairs that humans found harmless often enough."""
    rows = HarmlessHit.objects.filter(content_sha256__in=contents, times__gte=HARMLESS_TIMES)
    return set(rows.values_list("rule", "content_sha256"))
