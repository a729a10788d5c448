"""`aparte bench screening` runs, prints every row, and its books and goals mean what they say."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from bench import corpus
from bench.report import Goal
from bench.screening import PATTERNS, Report, Row
from safety.rules import rulebook

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

CASES = (
    "0 normalise", "1b extractors", "1a rules", "2 model", "2 model, by numpy",
    "stages 0-2, shipped book",
    f"stages 0-2, {PATTERNS} patterns", f"stages 0-2, {PATTERNS} patterns, each once",
    "beside: re, the same patterns",
    "beside: better_profanity",
)  # fmt: skip


def report(p99_us: float) -> Report:
    row = Row(f"stages 0-2, {PATTERNS} patterns", "chat", 10, 50, p99_us, 55, 900)
    fresh = {
        "idle": {"pss_mb": 85.0},
        "model": {"pss_mb": 110.0},
        "screen": {"engine_s": 0.2, "pss_mb": 90.0},
    }
    return Report({}, {}, rows=[row], hostile={"a": 4.0}, fresh=fresh)


def test_the_quick_bench_prints_every_row_for_every_set_of_texts(tmp_path: Path) -> None:
    out, file = StringIO(), tmp_path / "run.json"
    call_command("bench", "screening", quick=True, json=file, stdout=out, stderr=StringIO())
    table, found = out.getvalue(), json.loads(file.read_text())
    rows = {(row["case"], row["texts"]): row for row in found["rows"]}
    for texts in ("development fr", "development en", "chat"):
        for case in CASES:
            assert 0 < rows[case, texts]["p50_us"] <= rows[case, texts]["p99_us"]
            assert case in table
    assert {"idle", "rules", "model", "screen"} == found["fresh"].keys()
    assert found["settings"]["large"] >= PATTERNS
    assert len(found["hostile_ms"]) > 20
    assert [goal["status"] in ("goal", "must", "missed") for goal in found["goals"]] == [True] * 6
    assert all(goal["name"] in table for goal in found["goals"])


def test_a_goal_is_missed_when_one_set_of_texts_misses_it() -> None:
    status = {goal.name: goal.status for goal in report(p99_us=501).goals()}
    assert status["stages 0-2, 5,000 patterns: p99 µs"] == "missed"
    assert status["stages 0-2, 5,000 patterns: p50 µs"] == "goal"
    assert [goal.name for goal in report(p99_us=501).missed("all")] == [
        "stages 0-2, 5,000 patterns: p99 µs", "memory of a process that screens: MB",
    ]  # fmt: skip


def test_a_goal_kept_does_not_close_the_gate() -> None:
    kept = report(p99_us=199)
    kept.fresh["screen"]["pss_mb"] = 59.0
    assert kept.missed("all") == []
    assert all(isinstance(goal, Goal) for goal in kept.goals())


@pytest.mark.parametrize("name", ["words of the packs, shuffled", "'a.b ' again and again"])
def test_hostile_texts_are_as_long_as_a_message_may_be(name: str) -> None:
    assert len(corpus.hostile(rulebook.load().rules)[name]) == 5_200


def test_a_grown_book_has_the_patterns_asked_for_and_keeps_the_shipped_rules() -> None:
    book = rulebook.load()
    count = corpus.pattern_count(book.rules)
    grown = corpus.grown(book, count + 200)
    assert count + 150 <= corpus.pattern_count(grown.rules) <= count + 250
    assert grown.rules[: len(book.rules)] == book.rules
