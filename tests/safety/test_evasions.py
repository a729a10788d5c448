"""What is caught in clear is caught in disguise, and a disguise alone is never a finding.

Rules only: each verdict in disguise is compared with that of the plain text in the same run.
"""

import random
from functools import cache

import pytest

from safety.rules import rulebook
from safety.rules.matcher import Matcher
from safety.screening import read
from tests.safety.evasions import FAMILIES
from tests.safety.in_domain import Text, development

SAMPLE = 18  # one text in so many
KEPT_MIN = 0.85
FALSE_ALARMS_MAX = 0.03  # of harmless texts, beside those of the plain texts
TEXTS_MIN = 8  # that a family changes, for a share to say something
# Nothing marks where a word ends any more: names and addresses are lost on the way.
KEPT_MIN_OF = {"spaced_without_gaps": 0.65}


@cache
def _matcher() -> Matcher:
    return Matcher(rulebook.load().rules)


def caught(text: str, recent: tuple[str, ...] = ()) -> bool:
    return bool(_matcher().match(read(text, recent)))


@cache
def sample() -> tuple[tuple[Text, ...], tuple[Text, ...]]:
    """Hits caught in clear and harmless texts that pass in clear, drawn over all families."""
    hits = [one for one in development() if one.label == "hit"][:: SAMPLE // 3]
    twins = [one for one in development() if one.label != "hit"][:: SAMPLE // 2]
    return (
        tuple(one for one in hits if caught(one.text, one.recent)),
        tuple(one for one in twins if not caught(one.text, one.recent)),
    )


def disguised(texts: tuple[Text, ...], family: str) -> list[tuple[Text, str]]:
    """The texts that `family` changes, each with its disguise: the same ones at every run."""
    both = ((one, FAMILIES[family](one.text, random.Random(one.id))) for one in texts)
    return [(one, hidden) for one, hidden in both if hidden != one.text]


def share_caught(texts: list[tuple[Text, str]]) -> float:
    return sum(caught(hidden, one.recent) for one, hidden in texts) / len(texts)


def test_the_sample_says_something() -> None:
    hits, twins = sample()
    assert len(hits) >= 40
    assert len(twins) >= 100


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_caught_in_clear_is_caught_in_disguise(family: str) -> None:
    texts = disguised(sample()[0], family)
    if len(texts) >= TEXTS_MIN:
        assert share_caught(texts) >= KEPT_MIN_OF.get(family, KEPT_MIN)


def test_over_all_families_nearly_everything_is_kept() -> None:
    texts = [pair for family in FAMILIES for pair in disguised(sample()[0][::3], family)]
    assert share_caught(texts) >= 0.9


@pytest.mark.parametrize("family", FAMILIES)
def test_a_harmless_text_in_disguise_stays_harmless(family: str) -> None:
    texts = disguised(sample()[1], family)
    if len(texts) >= TEXTS_MIN:
        assert share_caught(texts) <= FALSE_ALARMS_MAX


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_gives_the_same_disguise_for_the_same_seed(family: str) -> None:
    text = "Viens demain à l'hôtel, 200 € et mon numéro est le 06 39 98 12 34"
    first, second = (FAMILIES[family](text, random.Random(7)) for _ in range(2))
    assert first == second
