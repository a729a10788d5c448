"""Texts as patterns read them: one byte a character, whatever the character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.rules import patterns
from safety.rules.patterns import PatternError, choices, one_byte

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

SIGNS = "€£🔥é"
MANY = "".join(map(chr, range(0x3041, 0x3041 + 80)))  # more than are replaced one after the other


@pytest.fixture(autouse=True, scope="module")
def _named() -> None:
    """Patterns that name a few signs."""
    for sign in SIGNS:
        choices(f"{sign} a", squeezed=False)


@given(
    st.text(st.sampled_from("ab 1?.\x7f\x80\x9f\xa0¥°÷ÿ😂ж日" + SIGNS)), st.sampled_from(("", MANY))
)
def test_each_character_is_the_byte_it_is_alone(text: str, more: str) -> None:
    assert one_byte(text + more) == b"".join(map(one_byte, text + more))


def test_signs_that_patterns_name_are_told_apart_and_others_are_alike() -> None:
    assert len({one_byte(sign) for sign in "a?" + SIGNS}) == len(SIGNS) + 2
    assert one_byte("♜") == one_byte("ÿ") == b"\xff"


def test_a_pattern_is_refused_when_no_byte_is_left_for_its_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patterns, "_FREE_BYTES", ())
    with pytest.raises(PatternError, match="too many different signs"):
        choices("♞ b", squeezed=False)
    assert choices(f"{SIGNS[0]} c", squeezed=False)
