"""The engine: what the model adds, what is tried without effect, who takes over a failure."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.texts import Texts
from safety import screening
from safety.rules import located, rulebook
from safety.rules.classifier import Classifier
from safety.rules.matcher import Hit, Matcher, Reading
from safety.rules.rulebook import PackError, Rule
from safety.screening import Action, Context, Engine, content_sha256
from tests.safety import books, in_domain

CONTEXT = Context("fan", "FR")
FRUIT, GRAVE = books.FRUIT, books.GRAVE
# Their clock stands still: what a text means does not hang on who else is busy on this machine.
ENGINES = tuple(
    Engine(rulebook.parse(rulebook.read()), Classifier.load(), clock=lambda: 0) for _ in range(2)
)


class Refusing:
    """A matcher that raises for texts with one word, and otherwise does its work."""

    def __init__(self, rules: Sequence[Rule], word: str) -> None:
        self._matcher, self._word = Matcher(rules), word

    def match(self, reading: Reading) -> list[Hit]:
        if self._word in reading.folded.text:
            raise RuntimeError
        return self._matcher.match(reading)


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    with books.own_process():
        yield


@pytest.fixture
def judging(tmp_path: Path) -> Callable[..., Engine]:
    """Makes the engine of a book with a model of these scores."""

    def make(language: str = "fr", abuse: float = 0.0, **scores: float) -> Engine:
        chosen = {name.replace("__", "."): score for name, score in scores.items()}
        book = books.book_of(tmp_path, model=books.ChosenModel.TEXT)
        return Engine(book, books.ChosenModel(chosen, language=language, abuse=abuse))

    return make


@pytest.mark.parametrize(
    ("score", "action", "uncertain"),
    [
        (0.19, Action.PASS, ()),
        (0.2, Action.PASS, ("fraud.scam",)),
        (0.5, Action.FLAG, ("fraud.scam",)),
        (0.8, Action.HOLD, ("fraud.scam",)),  # a second look may see that it is harmless
    ],
)
def test_the_thresholds_of_the_book_turn_scores_into_findings(
    judging: Callable[..., Engine], score: float, action: Action, uncertain: tuple[str, ...]
) -> None:
    verdict = judging(fraud__scam=score).screen("bonjour", CONTEXT)
    assert (verdict.action, verdict.uncertain) == (action, uncertain)
    assert verdict.scores == {"fraud.scam": score}
    assert [one.rule for one in verdict.findings] == ["model:fraud.scam"] * (score >= 0.5)


def test_a_faint_second_guess_of_the_model_is_no_finding_unless_it_is_grave(tmp_path: Path) -> None:
    low = books.THRESHOLDS.replace("0.8", "0.3").replace("0.5", "0.3")
    book = books.book_of(tmp_path, thresholds=low, model=books.ChosenModel.TEXT)

    def found(**scores: float) -> set[str]:
        chosen = {name.replace("__", "."): score for name, score in scores.items()}
        verdict = Engine(book, books.ChosenModel(chosen)).screen("x", CONTEXT)
        return {one.policy for one in verdict.findings}

    assert found(fraud__scam=0.4) == {"fraud.scam"}
    assert found(fraud__scam=0.4, abuse__spam=0.9) == {"fraud.scam", "abuse.spam"}
    assert found(fraud__scam=0.9, abuse__spam=0.4) == {"fraud.scam"}
    assert found(fraud__scam=0.9, csae__grooming=0.4) == {"fraud.scam", "csae.grooming"}


def test_a_threshold_of_1_is_never_reached(tmp_path: Path) -> None:
    never = books.THRESHOLDS.replace("0.8", "1.0").replace("0.5", "1.0")
    book = books.book_of(tmp_path, thresholds=never, model=books.ChosenModel.TEXT)
    verdict = Engine(book, books.ChosenModel({"fraud.scam": 1.0})).screen("x", CONTEXT)
    assert (verdict.action, verdict.uncertain) == (Action.PASS, ("fraud.scam",))


def test_the_model_never_goes_beyond_the_policy(judging: Callable[..., Engine]) -> None:
    (finding,) = judging(abuse__spam=0.99).screen("bonjour", CONTEXT).findings
    assert (finding.action, finding.view, finding.spans) == (Action.FLAG, "model", ())


def test_in_an_unknown_language_the_model_flags_and_does_not_hold(
    judging: Callable[..., Engine],
) -> None:
    assert judging(language="", fraud__scam=0.99).screen("x", CONTEXT).action is Action.FLAG
    assert judging(language="en", fraud__scam=0.99).screen("x", CONTEXT).action is Action.HOLD


@pytest.mark.parametrize(
    ("language", "word"),
    [("fr", "ressemble"), ("en", "resembles"), ("de", "ressemble"), (None, "ressemble")],
)
def test_the_model_gives_its_reason_in_the_language_of_the_reader(
    judging: Callable[..., Engine], language: str | None, word: str
) -> None:
    verdict = judging(fraud__scam=0.9).screen("x", Context("fan", "FR", language=language))
    assert word in verdict.findings[0].reason


def test_a_verdict_names_all_that_judged_it(judging: Callable[..., Engine]) -> None:
    engine = judging(abuse=0.3, fraud__scam=0.1)
    verdict = engine.screen("bonjour", CONTEXT)
    assert (verdict.version, verdict.book_hash) == (engine.book.version, engine.book.sha256)
    assert verdict.model == books.ChosenModel({}).checksum
    assert (verdict.language, verdict.abuse, verdict.profile) == ("fr", 0.3, "*/*")


def test_a_book_and_a_model_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    model = books.ChosenModel({"fraud.scam": 0.0})
    with pytest.raises(PackError, match="the book names model"):
        Engine(books.book_of(tmp_path, model="another model"), model)
    bare = books.book_of(tmp_path, model=books.ChosenModel.TEXT, thresholds="")
    with pytest.raises(PackError, match=r"no thresholds for fraud\.scam"):
        Engine(bare, model)


def test_a_rule_on_trial_is_recorded_without_effect(tmp_path: Path) -> None:
    tried = books.engine_of(tmp_path, books.rule(more='stage = "shadow"'))
    verdict = tried.screen("une pomme", CONTEXT)
    assert (verdict.action, verdict.findings) == (Action.PASS, ())
    assert [one.rule for one in verdict.shadow] == [FRUIT]


def test_a_demoted_rule_loses_its_effect_and_gets_it_back(tmp_path: Path) -> None:
    engine = books.engine_of(tmp_path, books.rule(), books.rule("other", pattern="poire"))
    demoted = engine.with_shadowed({FRUIT})
    assert demoted.screen("une pomme", CONTEXT).action is Action.PASS
    assert [one.rule for one in demoted.screen("une pomme", CONTEXT).shadow] == [FRUIT]
    assert demoted.screen("une poire", CONTEXT).action is Action.HOLD
    assert demoted.with_shadowed(()).screen("une pomme", CONTEXT).action is Action.HOLD
    assert engine.screen("une pomme", CONTEXT).action is Action.HOLD


def test_severity_4_keeps_holding_whatever_is_demoted(tmp_path: Path) -> None:
    book = books.book_of(tmp_path, books.grave(), model=books.ChosenModel.TEXT)
    scores = {"csae.grooming": 0.9, "fraud.scam": 0.9}
    engine = Engine(book, books.ChosenModel(scores))
    rules = {GRAVE, "model:csae.grooming", "model:fraud.scam"}
    verdict = engine.with_shadowed(rules).screen("une cerise", CONTEXT)
    assert {one.rule for one in verdict.findings} == {GRAVE, "model:csae.grooming"}
    assert {one.rule for one in verdict.shadow} == {"model:fraud.scam"}


def test_what_is_demoted_stays_so_under_the_next_book(tmp_path: Path) -> None:
    screening.install(books.engine_of(tmp_path / "a"))
    screening.demote({FRUIT})
    assert screening.screen("une pomme", CONTEXT).action is Action.PASS
    screening.install(books.engine_of(tmp_path / "b", version=2))
    assert screening.screen("une pomme", CONTEXT).action is Action.PASS
    screening.demote(())
    assert screening.screen("une pomme", CONTEXT).action is Action.HOLD


def test_the_verdict_is_bound_to_the_text_and_to_what_travels_with_it(tmp_path: Path) -> None:
    engine = books.engine_of(tmp_path)
    bound = engine.screen("a", Context("fan", "FR", attachments=("1", "2"))).content_sha256
    assert bound == content_sha256("a", ("1", "2"))
    others = [("b", ("1", "2")), ("a", ("2", "1")), ("a", ("12",)), ("a", ())]
    assert bound not in {content_sha256(*other) for other in others}


def failing(folder: Path, word: str) -> Engine:
    book = books.book_of(folder, books.rule(pattern="poire"))
    return Engine(book, matcher_of=lambda rules: Refusing(rules, word))


def test_the_last_good_book_takes_over_where_only_the_newer_one_fails(tmp_path: Path) -> None:
    good, bad = books.engine_of(tmp_path / "good"), failing(tmp_path / "bad", "pomme")
    screening.install(bad, spare=good)
    assert screening.screen("une poire", CONTEXT).version == bad.version
    verdict = screening.screen("une pomme", CONTEXT)
    assert (verdict.action, verdict.cause) == (Action.HOLD, "")
    assert verdict.book_hash == good.book.sha256
    assert screening.screen("une poire", CONTEXT).action is Action.PASS
    assert screening.failed_books() == (bad.book.sha256,)


def test_a_text_that_every_book_fails_on_is_held_and_no_book_is_replaced(tmp_path: Path) -> None:
    spare, bad = failing(tmp_path / "a", "pomme"), failing(tmp_path / "b", "pom")
    screening.install(bad, spare=spare)
    verdict = screening.screen("une pomme", CONTEXT)
    assert (verdict.action, verdict.cause) == (Action.HOLD, "technical")
    assert screening.in_force().book is bad.book
    assert screening.failed_books() == ()


def test_a_failure_that_does_not_repeat_is_judged_at_once_by_the_same_book(tmp_path: Path) -> None:
    lates = iter([0, 20_000_001, 0, 1])
    engine = Engine(books.book_of(tmp_path / "a"), clock=lambda: next(lates))
    screening.install(engine, spare=books.engine_of(tmp_path / "b", books.rule(pattern="poire")))
    verdict = screening.screen("une pomme", CONTEXT)
    assert (verdict.action, verdict.cause) == (Action.HOLD, "")
    assert verdict.book_hash == engine.book.sha256
    assert screening.failed_books() == ()


def test_a_text_too_long_for_any_book_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screening.install(books.engine_of(tmp_path / "a"), spare=books.engine_of(tmp_path / "b"))
    tried: list[str] = []
    judged = Engine.screen

    def screen(engine: Engine, text: str, context: Context) -> screening.Verdict:
        tried.append(engine.book.sha256)
        return judged(engine, text, context)

    monkeypatch.setattr(Engine, "screen", screen)
    verdict = screening.screen("a" * (screening.TEXT_MAX_CHARACTERS + 1), CONTEXT)
    assert (verdict.action, verdict.cause, tried) == (Action.HOLD, "technical", tried[:1])


def test_without_a_last_good_book_a_failing_one_holds(tmp_path: Path) -> None:
    screening.install(failing(tmp_path, "pomme"))
    assert screening.screen("une pomme", CONTEXT).cause == "technical"
    assert screening.screen("une chaise", CONTEXT).action is Action.PASS


@given(
    st.text(st.characters(codec="utf-16", exclude_categories=()), max_size=300),
    st.sampled_from(["FR", "CH", "", "zz", "\N{SNOWMAN}"]),
    st.text(max_size=8),
    st.lists(st.text(max_size=40), max_size=8),
)
@settings(deadline=None, max_examples=150)
def test_the_same_input_gives_the_same_verdict_in_two_engines(
    text: str, country: str, channel: str, recent: list[str]
) -> None:
    context = Context("fan", country, channel=channel, recent=tuple(recent))
    first, second = ENGINES
    assert first.screen(text, context) == second.screen(text, context)


def long_text(texts: Sequence[str], seed: int) -> str:
    """As long as a message can be, of texts in an order of our own."""
    return " ".join(Random(seed).sample(texts, len(texts)))[: screening.TEXT_MAX_CHARACTERS]


@pytest.mark.parametrize("seed", range(3))
def test_the_longest_texts_of_people_are_read_to_their_end(seed: int) -> None:
    talk, chat = [one.text for one in in_domain.development()], Texts(seed)
    for texts in (talk, [chat.next() for _ in range(100)]):
        assert ENGINES[0].screen(long_text(texts, seed), CONTEXT).cause == ""


def test_a_text_that_calls_too_many_expressions_is_held_each_time_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twins = [one[-1] for rule in ENGINES[0].book.rules for one in rule.twins]
    monkeypatch.setattr(located, "STEPS_MAX", 200)
    verdicts = {str(engine.screen(long_text(twins, 0), CONTEXT)) for engine in ENGINES}
    assert len(verdicts) == 1
    held = ENGINES[0].screen(long_text(twins, 0), CONTEXT)
    assert (held.action, held.cause, held.findings) == (Action.HOLD, "technical", ())
    assert ENGINES[0].screen("bonjour, belle photo", CONTEXT).action is Action.PASS


@pytest.mark.parametrize("text", ["a" * 5_201, "\ud800", "\ud800" * 5_200, "\0" * 5_200])
def test_no_text_raises_whatever_it_is(text: str) -> None:
    assert ENGINES[0].screen(text, CONTEXT).action in Action
