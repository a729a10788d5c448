"""Characters and words are told alike by expressions and by what is compiled."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench import corpus
from safety.rules import characters, kernel, normalise, patterns, rulebook
from safety.rules.kernel import Kernel
from safety.rules.normalise import fold, squeeze
from safety.screening import read
from tests.safety.in_domain import development

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

ANY = st.text(st.characters(), max_size=60)  # any code point, lone surrogates included
LIKELY = st.text("aab Zz09_ é€ﬁ½٣字'.-\u200b\u0301\u202e🇫🙂\n", max_size=60)
TEXTS = [one.text for one in development()[::5]]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    found = kernel.load(kernel.build(tmp_path_factory.mktemp("kernel")).parent)
    assert found
    return found


def by_expressions(text: str) -> list[object]:
    """All that is told of a text, as a process without a compiler tells it."""
    folded = fold(text)
    views = [folded, *squeeze(folded)]
    return [
        [(one.text, list(one.starts), one.rising, one.tokens, one._words) for one in views],
        read(text, TEXTS[:3]).extracts,
    ]


def agree(texts: Sequence[str], compiled: Kernel) -> None:
    with pytest.MonkeyPatch.context() as patch:
        told = []
        for each in (compiled, None):
            for module in (characters, normalise, patterns):
                patch.setattr(module, "KERNEL", each)
            normalise._SEEN.forget()
            told.append([by_expressions(one) for one in texts])
        assert told[0] == told[1]


def test_both_tell_the_same_of_what_people_wrote_and_of_what_is_hostile(compiled: Kernel) -> None:
    agree([*TEXTS, *corpus.hostile(rulebook.load().rules).values()], compiled)


@given(ANY | LIKELY)
@example("\ud800a\ud800")
@example("")
def test_both_tell_the_same_of_any_text(compiled: Kernel, text: str) -> None:
    agree([text], compiled)


@given(ANY | LIKELY)
def test_what_is_compiled_knows_words_and_letters_as_expressions_do(
    compiled: Kernel, text: str
) -> None:
    assert compiled.begun(text) == [one.start() for one in re.finditer(r"\w+", text)]
    assert compiled.tokens(text) == re.findall("[a-z]+|[0-9]+", text)
    once, places = compiled.once(text, range(len(text)))
    assert once == re.sub(r"([^\W\d_])\1+", r"\1", text)
    assert [text[place] for place in places] == list(once)
    table = {ord("é"): 0x80, ord("🙂"): 0xC0}
    assert list(compiled.one_byte(text, table, 0xFF)) == [
        ord(one) if one.isascii() else table.get(ord(one), 0xFF) for one in text
    ]


def test_what_cannot_be_is_refused(compiled: Kernel) -> None:
    with pytest.raises(ValueError, match="has a place"):
        compiled.once("abc", range(2))
    with pytest.raises(ValueError, match="more than it can"):
        compiled.read("é", {ord("é"): "e" * 256})
    with pytest.raises(TypeError):
        compiled.read("é", {ord("é"): 1})  # type: ignore[dict-item]
