"""The policies of the platform as facts: how severe, how fast a human must look, what it is called.

Hides where they are written: `safety/data/taxonomy.json` (law and clocks) and `articles.toml`
(titles and the public article in French and English).
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

DATA = Path(__file__).parent.parent / "data"


class Action(StrEnum):
    """All that a machine may do about a text. It has no member that refuses."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FLAG = "flag"
    HOLD = "hold"

    @property
    def rank(self) -> int:
        """0 for pass, 1 for flag, 2 for hold."""
        return _RANKS[self]


_RANKS = {Action.PASS: 0, Action.FLAG: 1, Action.HOLD: 2}


class UnknownPolicy(LookupError):
    """No policy has this id."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. `severity` is 0-4, or None when triage sets it; `in_flight` caps the machine."""

    id: str
    title_fr: str
    title_en: str
    article_fr: str
    article_en: str
    source: str
    severity: int | None
    sla_minutes: int
    in_flight: Action
    applies_to: tuple[str, ...]
    suggested_measures: tuple[str, ...]
    bank_match: str | None
    dsa_category: str
    dsa_keywords: tuple[str, ...]
    decision_ground: str
    legal_basis: str
    duties: tuple[str, ...]

    @property
    def group(self) -> str:
        """The first part of the id: `prost` of `prost.solicit`."""
        return self.id.partition(".")[0]


@cache
def policies() -> Mapping[str, Policy]:
    """Every policy by its id, in the order of the taxonomy."""
    rows = json.loads((DATA / "taxonomy.json").read_text("utf-8"))["categories"]
    articles = tomllib.loads((DATA / "articles.toml").read_text("utf-8"))
    return MappingProxyType({row["id"]: _policy(row, articles) for row in rows})


def policy(policy_id: str) -> Policy:
    """The policy `policy_id`, or `UnknownPolicy`."""
    try:
        return policies()[policy_id]
    except KeyError:
        raise UnknownPolicy(policy_id) from None


def _policy(row: dict[str, Any], articles: dict[str, Any]) -> Policy:
    group, _, name = row["id"].partition(".")
    article = articles[group][name]
    return Policy(
        id=row["id"],
        title_fr=article["title_fr"],
        title_en=article["title_en"],
        article_fr=article["article_fr"],
        article_en=article["article_en"],
        source=row["source"],
        severity=row["severity"],
        sla_minutes=row["sla_minutes"],
        in_flight=Action(row["in_flight"]),
        applies_to=tuple(row["applies_to"]),
        suggested_measures=tuple(row["suggested_measures"]),
        bank_match=row["bank_match"],
        dsa_category=row["dsa_category"],
        dsa_keywords=tuple(row["dsa_keywords"]),
        decision_ground=row["decision_ground"],
        legal_basis=row["legal_basis"],
        duties=tuple(row["duties"]),
    )
