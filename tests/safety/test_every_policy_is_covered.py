"""Every policy is read in both languages, or says in public why it is not; and can be explained."""

import json
import tomllib
from collections.abc import Mapping

import pytest

from safety.queries.statement_words import LANGUAGES, WORDS
from safety.rules import rulebook
from safety.rules.classifier import MODEL, Classifier
from safety.rules.taxonomy import DATA, Policy, policies

REASONS: Mapping[str, Mapping[str, str]] = tomllib.loads((DATA / "coverage.toml").read_text())
RULES = rulebook.load().rules
HEADS = frozenset(Classifier.load(MODEL).policies)
SPOKEN = frozenset((rule.policy, rule.lang) for rule in RULES)
ENUMS = json.loads((DATA / "dsa_enums.json").read_text())


def is_read(policy: str) -> bool:
    """True when texts of both languages are looked at for this policy, by rules or the model."""
    by_rules = (policy, "any") in SPOKEN or {(policy, "fr"), (policy, "en")} <= SPOKEN
    return by_rules or policy in HEADS


def faults(policy: Policy, reasons: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What is wrong with the way `policy` is covered; empty when it is read or says why not."""
    reason = reasons.get(policy.id)
    if is_read(policy.id):
        return [] if reason is None else ["read, but still says why it is not"]
    if reason is None:
        return ["neither read nor explained"]
    wrong = []
    for field in ("reason_fr", "reason_en"):
        if not reason.get(field, "").endswith("."):
            wrong.append(f"{field} is not a sentence")
    where = reason.get("read_from")
    if where not in {"media", "account", "reports"}:
        wrong.append(f"read from {where!r}")
    elif where != "reports" and where not in policy.applies_to:
        wrong.append(f"the taxonomy does not read it from {where}")
    return wrong


@pytest.mark.parametrize("policy", policies().values(), ids=lambda policy: policy.id)
def test_each_policy_is_read_in_both_languages_or_says_why_not(policy: Policy) -> None:
    assert faults(policy, REASONS) == []


def test_a_reason_that_is_stale_missing_or_misplaced_is_found() -> None:
    read, unread = policies()["violence.threat"], policies()["violence.graphic"]
    entry = REASONS[unread.id]
    assert faults(read, {read.id: entry}) == ["read, but still says why it is not"]
    assert faults(unread, {}) == ["neither read nor explained"]
    assert faults(unread, {unread.id: {**entry, "read_from": "account"}}) != []
    assert faults(unread, {unread.id: {**entry, "reason_fr": ""}}) != []


def test_no_reason_names_an_unknown_policy() -> None:
    assert set(REASONS) <= set(policies())


@pytest.mark.parametrize("policy", policies().values(), ids=lambda policy: policy.id)
def test_each_policy_has_a_public_article_and_the_words_of_its_statement(policy: Policy) -> None:
    for said in (policy.title_fr, policy.title_en, policy.article_fr, policy.article_en):
        assert said.strip()
    assert policy.article_fr != policy.article_en
    for language in LANGUAGES:
        assert WORDS[language][policy.decision_ground]
    assert policy.legal_basis.strip()
    assert policy.dsa_category in ENUMS["STATEMENT_CATEGORIES"]
    assert set(policy.dsa_keywords) <= set(ENUMS["KEYWORDS"])
