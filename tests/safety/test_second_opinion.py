"""The second stage: what its answer changes, and that nothing passes when there is none."""

from dataclasses import replace
from typing import Any

import pytest

from safety.rules.taxonomy import policy
from safety.screening import MODEL_RULE, TECHNICAL, Action, Engine, Verdict, in_force
from safety.second_opinion import stage
from safety.second_opinion.breaker import FAILURES_MAX, Breaker
from tests.safety.second_stage import FAN, doubtful


@pytest.fixture
def engine() -> Engine:
    return in_force()


@pytest.fixture
def second_opinion_on(settings: Any) -> None:
    settings.SECOND_OPINION = True


def limits(engine: Engine, name: str) -> tuple[float, float]:
    row = engine.book.thresholds[name]
    return row.second_flag, row.second_hold


def test_what_it_is_sure_of_is_found_as_far_as_the_policy_allows(engine: Engine) -> None:
    seen = set()
    for _, verdict in doubtful(grave=True) + doubtful(grave=False):
        for name in verdict.uncertain:
            chances = dict.fromkeys(verdict.uncertain, 0.0) | {name: 0.9999}
            found = engine.settled(verdict, chances, FAN)
            flag, hold = limits(engine, name)
            wanted = Action.HOLD if hold < 1 and verdict.language else Action.FLAG
            if flag < 1:
                capped = min(wanted, policy(name).in_flight, key=lambda one: one.rank)
                assert [f.action for f in found.findings if f.rule == MODEL_RULE + name] == [capped]
                assert (found.cause, found.second) == ("", chances)
                seen.add(capped)
    assert seen == {Action.FLAG, Action.HOLD}


def test_what_it_finds_harmless_passes_unless_it_was_found_without_a_doubt(engine: Engine) -> None:
    passed = 0
    for _, verdict in doubtful(grave=True) + doubtful(grave=False):
        found = engine.settled(verdict, dict.fromkeys(verdict.uncertain, 0.0), FAN)
        sure = [one for one in verdict.findings if one.policy not in verdict.uncertain]
        assert found.action is max(
            (one.action for one in sure), key=lambda one: one.rank, default=Action.PASS
        )
        passed += found.action is Action.PASS
    assert passed


def test_without_an_answer_severity_three_is_held_and_the_rest_is_flagged(engine: Engine) -> None:
    for _, verdict in doubtful(grave=True):
        found = engine.settled(verdict, None, FAN)
        assert (found.action, found.cause, found.second) == (Action.HOLD, TECHNICAL, {})
    for _, verdict in doubtful(grave=False):
        found = engine.settled(verdict, None, FAN)
        assert (found.action, found.cause) == (Action.FLAG, TECHNICAL)
        assert {one.policy for one in found.findings} >= set(verdict.uncertain)


def test_no_finding_goes_beyond_what_its_policy_allows_in_flight(engine: Engine) -> None:
    for _, verdict in doubtful(grave=True) + doubtful(grave=False):
        for finding in engine.settled(verdict, None, FAN).findings:
            assert finding.action.rank <= policy(finding.policy).in_flight.rank


def test_what_flooded_is_recorded_without_effect_here_as_well(engine: Engine) -> None:
    for _, verdict in doubtful(grave=False):
        rules = [MODEL_RULE + name for name in verdict.uncertain]
        if any((policy(name).severity or 0) >= 4 for name in verdict.uncertain):
            continue  # never without effect
        quiet = engine.with_shadowed(rules).settled(verdict, None, FAN)
        assert not [one for one in quiet.findings if one.rule in rules]
        assert {one.rule for one in quiet.shadow} >= set(rules)
        assert quiet.cause == ""


def test_only_what_is_in_doubt_and_may_lawfully_be_asked_is_asked(
    engine: Engine, second_opinion_on: None
) -> None:
    _, verdict = doubtful(grave=True)[0]
    assert stage.wanted(verdict)
    assert not stage.wanted(replace(verdict, uncertain=()))
    assert not stage.wanted(replace(verdict, off=("second_opinion",)))


def test_switched_off_the_first_stage_stands_as_it_is(settings: Any) -> None:
    settings.SECOND_OPINION = False
    text, verdict = doubtful(grave=True)[0]
    assert not stage.wanted(verdict)
    assert stage.settled(verdict, None, FAN) == verdict
    assert stage.screen_with(text, FAN, None) == verdict


def test_the_circuit_opens_after_failures_in_a_row_and_one_answer_closes_it() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MAX - 1):
        assert not breaker.failed()
    breaker.answered()
    opened = [breaker.failed() for _ in range(FAILURES_MAX + 2)]
    assert opened.count(True) == 1
    assert breaker.open
    breaker.answered()
    assert not breaker.open


def test_a_verdict_says_what_judged_it_the_second_time(engine: Engine) -> None:
    _, verdict = doubtful(grave=True)[0]
    found = engine.settled(verdict, dict.fromkeys(verdict.uncertain, 0.5), FAN)
    same = ("version", "content_sha256", "scores", "uncertain", "book_hash", "model", "profile")
    assert all(getattr(found, name) == getattr(verdict, name) for name in same)
    assert isinstance(found, Verdict)
