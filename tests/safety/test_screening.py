"""Pass, flag or hold: what the machine says, and what it does when it fails."""

import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import screening
from safety.rules import patterns, rulebook
from safety.rules.extractors import handles, places
from safety.rules.matcher import Hit, Reading
from safety.screening import Action, Context, Engine, rule_book_version, screen, warm_up
from safety.second_opinion import measuring, questions
from tests.safety.second_stage import FAN, doubtful, needs_encoder

BOOK = rulebook.load()
RULES = Engine(BOOK)
CONTEXT = Context(sender_role="fan", country="FR")
UNSEEN = tomllib.loads((Path(__file__).parent / "unseen.toml").read_text("utf-8"))
CAUGHT = [(name, text) for name, texts in UNSEEN["caught"].items() for text in texts]
PASSED = [text for texts in UNSEEN["passed"].values() for text in texts]
HOLDS = {
    "combien pour te voir": "prost.solicit",
    "on se voit à l'hôtel, je paie 200 €": "prost.solicit",
    "do you meet for money?": "prost.solicit",
    "mon num : 06 39 98 12 34": "fraud.off_platform_contact",
    "je vais te tuer": "violence.threat",
}
STYLES = {
    "accents and capitals": str.upper,
    "full width": lambda text: "".join(
        chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text
    ),
    "look-alikes": lambda text: text.translate(str.maketrans("aeopcx", "аеорсх")),
    "invisible": lambda text: "\u200b".join(text),
    "marks": lambda text: "".join(one + "\u0335" for one in text),
    "mathematical": lambda text: "".join(
        chr(0x1D41A + ord(one) - ord("a")) if "a" <= one <= "z" else one for one in text
    ),
}
WORD_STYLES = {
    "dots": ".".join,
    "spaces": " ".join,
    "leet": lambda word: word.translate(str.maketrans("aeo", "430")),
    "stretched": lambda word: "".join(one * 3 if one in "aeiou" else one for one in word),
}


class Faulty:
    """A matcher whose rule raises."""

    def match(self, reading: Reading) -> list[Hit]:
        raise RuntimeError(reading.folded.text)


class Silent:
    """A matcher that finds nothing."""

    def match(self, reading: Reading) -> list[Hit]:
        return []


class Compiling(Silent):
    """A matcher whose rules meet their first text."""

    def match(self, reading: Reading) -> list[Hit]:
        patterns.release_compiled()
        found = patterns.Pattern("e{70}").spans(
            patterns.line_of("pomme"), 0, 5, 1
        )  # which RE2 has to do
        return [] if found else super().match(reading)


def silent(clock: Callable[[], int]) -> Engine:
    return Engine(BOOK, matcher_of=lambda rules: Silent(), clock=clock)


def ticking(step: int) -> Iterator[int]:
    now = 0
    while True:
        yield now
        now += step


@pytest.mark.parametrize(("text", "policy"), HOLDS.items())
def test_a_forbidden_act_is_held_with_its_policy_and_its_place(text: str, policy: str) -> None:
    verdict = screen(text, CONTEXT)
    assert verdict.action is Action.HOLD
    assert verdict.findings[0].policy == policy
    for start, end in verdict.findings[0].spans:
        assert text[start:end].strip() == text[start:end] != ""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", HOLDS)
def test_decoration_does_not_hide_an_act(text: str, style: str) -> None:
    assert screen(STYLES[style](text), CONTEXT).action is Action.HOLD


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ["coucou, bien dormi ?", "j'ai adoré ton live", "how are you?"])
def test_decoration_alone_is_never_a_finding(text: str, style: str) -> None:
    assert screen(STYLES[style](text), CONTEXT).action is Action.PASS


@pytest.mark.parametrize("style", WORD_STYLES)
def test_a_disguised_word_is_read(style: str) -> None:
    disguised = WORD_STYLES[style]("telegram")
    assert screen(f"on continue sur {disguised} ?", CONTEXT).action is Action.HOLD
    assert RULES.screen(f"le mot {disguised} est joli", CONTEXT).action is Action.PASS


def test_unseen_acts_are_caught_and_unseen_harmless_texts_pass_every_rule() -> None:
    missed = [text for _, text in CAUGHT if RULES.screen(text, CONTEXT).action is Action.PASS]
    harmed = [text for text in PASSED if RULES.screen(text, CONTEXT).action is not Action.PASS]
    assert len(missed) <= 0.05 * len(CAUGHT), missed
    assert harmed == []


def test_a_number_over_three_messages_is_held_at_the_last() -> None:
    assert screen("98 12", Context("fan", "FR", recent=("mon 06 39",))).action is Action.PASS
    last = screen("34", Context("fan", "FR", recent=("mon 06 39", "98 12")))
    assert last.action is Action.HOLD
    assert last.findings[0].spans == ((0, 2),)


def test_the_reason_is_in_the_language_of_the_conversation() -> None:
    text = "combien pour te voir"
    reasons = {
        language: screen(text, Context("fan", "FR", language=language)).findings[0].reason
        for language in ("fr", "en")
    }
    assert reasons["fr"] != reasons["en"]


def test_a_rule_that_raises_holds_for_a_technical_cause(caplog: pytest.LogCaptureFixture) -> None:
    verdict = Engine(BOOK, matcher_of=lambda rules: Faulty()).screen("un secret", CONTEXT)
    assert (verdict.action, verdict.cause) == (Action.HOLD, "technical")
    assert "secret" not in caplog.text


def test_a_late_run_holds_and_a_timely_one_passes() -> None:
    late, timely = ticking(20_000_001), ticking(20_000_000)
    held = silent(clock=lambda: next(late)).screen("a", CONTEXT)
    assert (held.action, held.cause) == (Action.HOLD, "technical")
    assert held.content_sha256 == screen("a", CONTEXT).content_sha256
    passed = silent(clock=lambda: next(timely)).screen("a", CONTEXT)
    assert (passed.action, passed.cause) == (Action.PASS, "")


def test_what_is_compiled_on_the_way_makes_no_message_late() -> None:
    ticks = ticking(20_000_001)
    first = Engine(BOOK, matcher_of=lambda rules: Compiling(), clock=lambda: next(ticks))
    assert (first.screen("a", CONTEXT).action, first.rules_only) == (Action.PASS, True)


def test_a_text_longer_than_a_message_is_held() -> None:
    assert screen("a" * 5_000, CONTEXT).action is Action.PASS
    assert screen("a" * 5_201, CONTEXT).cause == "technical"


def test_a_process_without_a_rule_book_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Engine:
        raise OSError

    monkeypatch.setattr("safety.screening._engine", None)
    monkeypatch.setattr("safety.screening.warm_up", broken)
    assert screen("bonjour", CONTEXT).cause == "technical"


@given(st.text(st.characters(), max_size=200), st.lists(st.text(max_size=30), max_size=6))
@settings(deadline=None)
def test_any_text_gets_the_same_verdict_twice_and_spans_inside_it(
    text: str, recent: list[str]
) -> None:
    context = Context("fan", "FR", recent=tuple(recent))
    verdict = screen(text, context)
    assert verdict == screen(text, context)
    assert verdict.cause == ""
    assert verdict.version == rule_book_version() == warm_up().version
    for finding in verdict.findings:
        for start, end in finding.spans:
            assert 0 <= start < end <= len(text)


@pytest.mark.parametrize("unit", ["0 6 ", "a.b ", "insta ", "je te paie ", "x1y ", "@a.b ", "é1"])
def test_the_longest_text_of_any_shape_stays_in_its_budget(unit: str) -> None:
    assert screen((unit * 5_000)[:5_000], CONTEXT).cause == ""


def test_screening_needs_no_framework() -> None:
    check = (
        "import sys; from safety.screening import screen, Context;"
        "screen('bonjour', Context('fan', 'FR'));"
        "assert not {'django', 'channels', 'redis'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_every_process_finds_the_same_in_a_text_that_has_much_of_everything() -> None:
    """What sets are made of lies in another order in each process."""
    networks = " ".join(f"{name} bob_{name}_7" for name in sorted(handles.NAMES))
    meetings = " ".join(f"{place} {number}h" for number, place in enumerate(sorted(places.PLACES)))
    said = {
        subprocess.run(
            [sys.executable, "-c",
             "import sys; from safety.screening import read;"
             "print([read(text).extracts for text in sys.stdin.read().splitlines()])"],
            input=f"{networks}\n{meetings}", text=True, capture_output=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(4)
    }  # fmt: skip
    assert len(said) == 1
    found = said.pop()
    assert "meeting" in found
    assert "handle" in found


def run_command(monkeypatch: pytest.MonkeyPatch, *lines: str, **options: object) -> list[str]:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))
    monkeypatch.setattr(sys, "stdout", out)
    call_command("screen", **options)
    return out.getvalue().splitlines()


def test_the_command_answers_each_line_and_survives_bad_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, bad, last = run_command(
        monkeypatch,
        json.dumps({"id": 1, "text": "je vais te tuer", "lang": "fr"}),
        "not json",
        json.dumps({"id": 2, "text": "34", "recent": ["mon 06 39", "98 12"]}),
    )
    answer = json.loads(first)
    assert answer.keys() == {"id", "verdict", "policies", "scores", "abuse", "spans", "cpu_us"}
    assert (answer["verdict"], answer["scores"]["violence.threat"]) == ("hold", 1.0)
    assert answer["policies"][0] == "violence.threat"
    assert set(answer["scores"]) >= set(warm_up().book.thresholds)
    assert 0.9 <= answer["abuse"] <= 1.0
    assert json.loads(bad)["line"] == 2
    assert "fraud.off_platform_contact" in json.loads(last)["policies"]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        '{"text": "a"}',
        '{"id": 1}',
        '{"id": 1, "text": 3}',
        '{"id":1,"text":"a","recent":"b"}',
    ],
)
def test_the_command_says_what_is_wrong_with_a_line(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    assert set(json.loads(run_command(monkeypatch, line)[0])) == {"line", "error"}


def test_the_command_explains_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(
        run_command(monkeypatch, '{"id": 1, "text": "je vais te tuer"}', "{", explain=True)
    )
    assert f"rule book {rule_book_version()}" in text
    assert "Threat of violence" in text
    assert "model: abuse" in text
    assert "line 2" in text


@needs_encoder
def test_the_command_asks_the_second_stage_about_what_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, first = doubtful(grave=False)[0]
    lines = [json.dumps({"id": 1, "text": one, "lang": "fr"}) for one in ("a", text)]
    clear, doubted = map(json.loads, run_command(monkeypatch, *lines))
    with measuring.measuring(warm_up()) as settle:
        settled = settle(text, first, FAN)
    assert clear["verdict"] == "pass"
    assert set(settled.second) == set(first.uncertain)
    assert doubted["verdict"] == settled.action.value
    assert all(doubted["scores"][name] == round(one, 5) for name, one in settled.second.items())
    said = run_command(monkeypatch, lines[1], second_opinion=True, explain=True)
    assert sum("second opinion:" in line for line in said) == len(first.uncertain)
    (alone,) = map(json.loads, run_command(monkeypatch, lines[1], second_opinion=False))
    assert alone["verdict"] == first.action.value
    assert all(alone["scores"][name] == round(first.scores[name], 5) for name in settled.second)


@needs_encoder
def test_a_second_stage_that_dies_or_is_of_another_model_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, first = doubtful(grave=False)[0]
    another = replace(first, model="another")
    with (
        measuring.measuring(warm_up()) as settle,
        pytest.raises(measuring.Silent, match="another model"),
    ):
        settle(text, another, FAN)
    monkeypatch.setattr(measuring, "MEASURED_SECONDS", 0.0)
    lines = [json.dumps({"id": one, "text": text, "lang": "fr"}) for one in (1, 2)]
    with pytest.raises(CommandError, match="--no-second-opinion"):
        run_command(monkeypatch, *lines, second_opinion=True)
    told = io.StringIO()
    for answer in map(json.loads, run_command(monkeypatch, *lines, stderr=told)):
        assert answer["verdict"] == first.action.value
    assert told.getvalue().count("first stages alone") == 1


def test_nothing_in_doubt_starts_no_second_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "kept", None)
    (answer,) = map(json.loads, run_command(monkeypatch, '{"id": 1, "text": "a"}'))
    assert answer["verdict"] == "pass"


def test_without_the_encoder_or_a_model_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(questions, "installed", lambda: False)
        with pytest.raises(CommandError, match="second-opinion"):
            run_command(patch, second_opinion=True)
    monkeypatch.setattr(screening, "_engine", Engine(BOOK))
    with pytest.raises(CommandError, match="without a model"):
        run_command(monkeypatch, second_opinion=True)
