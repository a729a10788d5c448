"""No detector runs without an active lawful basis, and everybody can see which ones were off."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from safety.rules import basis
from safety.rules.basis import BasisError, midnight
from safety.screening import Action, Context, Engine
from tests.safety import books

GROUPS = {"fruit", "contact"}
DAY = date(2026, 4, 3)
FRENCH = Context("fan", "FR")
SWISS = Context("fan", "CH")


def line(detector: str = "*", country: str = "*", channel: str = "*", **more: object) -> str:
    facts = {"basis": '"terms"', "note": '"Why."'} | {k: str(v) for k, v in more.items()}
    named = f'detector = "{detector}"\ncountry = "{country}"\nchannel = "{channel}"\n'
    return "[[basis]]\n" + named + "".join(f"{k} = {v}\n" for k, v in facts.items())


def engine(folder: Path, *lines: str, day: date = DAY, **model: float) -> Engine:
    book = books.book_of(folder, books.rule(), basis="\n".join(lines), model=books.ChosenModel.TEXT)
    scores = {name.replace("__", "."): score for name, score in model.items()}
    return Engine(book, books.ChosenModel(scores), now=lambda: midnight(day))


def test_with_a_basis_a_detector_runs_and_without_one_it_is_off_and_named(tmp_path: Path) -> None:
    screen = engine(tmp_path, line("rules.*", "EU"), line("memory"), line("model")).screen
    french, swiss = screen("une pomme", FRENCH), screen("une pomme", SWISS)
    assert (french.action, french.off) == (Action.HOLD, ("second_opinion",))
    assert (swiss.action, swiss.off) == (Action.PASS, ("rules.fruit", "second_opinion"))
    assert (french.profile, swiss.profile) == ("FR/*", "*/*")


def test_the_closest_line_decides_even_when_it_says_none(tmp_path: Path) -> None:
    lines = (line(), line("*", "FR", basis='"none"'), line("*", "FR", "tip"))
    screen = engine(tmp_path, *lines).screen
    assert screen("une pomme", FRENCH).action is Action.PASS
    assert screen("une pomme", SWISS).action is Action.HOLD
    assert screen("une pomme", Context("fan", "FR", channel="tip")).action is Action.HOLD


def test_a_line_runs_through_its_last_day_and_not_a_moment_longer(tmp_path: Path) -> None:
    lines = (line(), line("rules.fruit", "EU", basis='"derogation"', valid_until="2026-04-03"))
    book = books.book_of(tmp_path, basis="\n".join(lines))
    now = [midnight(date(2026, 4, 4)) - 1]
    screen = Engine(book, now=lambda: now[0]).screen
    assert screen("une pomme", FRENCH).action is Action.HOLD
    now[0] += 1
    verdict = screen("une pomme", FRENCH)
    assert (verdict.action, verdict.off) == (Action.PASS, ("rules.fruit",))
    assert screen("une pomme", SWISS).action is Action.HOLD


def test_memory_and_model_have_bases_of_their_own(tmp_path: Path) -> None:
    screen = engine(tmp_path, line("rules.*"), fraud__scam=0.9).screen
    verdict = screen("bonjour", FRENCH)
    assert (verdict.action, verdict.scores, verdict.abuse) == (Action.PASS, {}, 0.0)
    assert verdict.off == ("memory", "model", "second_opinion")
    allowed = engine(tmp_path, line(), fraud__scam=0.9).screen("bonjour", FRENCH)
    assert (allowed.action, allowed.off) == (Action.HOLD, ())


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("", "without a line"),
        (line("rules.vegetable"), "no detector"),
        (line(basis='"because"'), "no basis"),
        (line(country="fr"), "no country"),
        (line(country="FRA"), "no country"),
        (line(valid_until='"2026-04-03"'), "a date"),
        (line(valid_until="2026-04-03T00:00:00Z"), "a date"),
        (line(note='""'), "not empty"),
        (line(colour='"red"'), "a line has"),
        (line() + line(), "two lines"),
    ],
)
def test_a_table_that_cannot_be_meant_does_not_load(lines: str, wrong: str) -> None:
    with pytest.raises(BasisError, match=wrong):
        basis.parse(tomllib.loads(lines), GROUPS)


def test_countries_outside_the_table_share_one_profile(tmp_path: Path) -> None:
    screen = engine(tmp_path, line(), line("model", "CH", basis='"consent"')).screen
    profiles = {screen("bonjour", Context("fan", country)).profile for country in ("FR", "US", "")}
    assert profiles == {"*/*"}
    assert screen("bonjour", SWISS).profile == "CH/*"
