"""Words and hashes of words call the same patterns, whichever of the two a process has."""

from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench import corpus
from safety.rules import kernel, keys, located, matcher, rulebook
from safety.rules.kernel import Kernel
from safety.rules.keys import Calls, Keys
from safety.rules.matcher import Matcher
from safety.rules.needs import ENDS, INSIDE
from safety.rules.normalise import fold, squeeze
from safety.rules.patterns import Key, Pattern, choices, expand, one_byte
from safety.rules.rulebook import Rule
from safety.screening import read
from tests.safety.in_domain import development

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

RULES = rulebook.load().rules
COMMON = ("je", "te", "vois", "ce", "soir", "a", "l", "hotel", "combien", "50e", "06", "whatsapp",
          "insta", "snap", "paypal", "cash", "meet", "tonight", "how", "much")  # fmt: skip


def patterns_of(rules: tuple[Rule, ...]) -> Iterator[Pattern]:
    """All of a book, as both views have them."""
    for rule in rules:
        for atom in (*rule.all, *rule.any, *rule.none):
            if not atom.startswith("@"):
                for squeezed in (False, True):
                    yield from choices(expand(atom, rule.words), squeezed=squeezed)


class Both:
    """Every pattern of a book, called by words and by hashes."""

    def __init__(self, compiled: Kernel) -> None:
        self.patterns = list(dict.fromkeys(patterns_of(tuple(RULES))))
        known: set[Key] = set()
        for one in self.patterns:
            known.update(one.rarest, one.each, *one.others)
        pairs = [(one, one) for one in self.patterns]
        self.by: tuple[tuple[Keys, Calls[Pattern]], ...] = (
            (keys._Words(known), keys._ByWord(pairs)),
            (keys._Hashes(known, compiled), keys._ByHash(pairs, compiled)),
        )

    def agree(self, text: str) -> int:
        """How many patterns both say a text may have, as a whole and beside its second half."""
        data = one_byte(text)
        half = data.find(b" ", len(data) // 2) + 1 or len(data)
        called = []
        for known, calls in self.by:
            whole, part = known.of(data, 0, len(data)), known.of(data, half, len(data))
            called.append([set(calls.called(one, whole)) for one in (whole, part)])
        assert called[0] == called[1], text
        return len(called[0][0])


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    found = kernel.load(kernel.build(tmp_path_factory.mktemp("kernel")).parent)
    assert found
    return found


@pytest.fixture(scope="module")
def both(compiled: Kernel) -> Both:
    return Both(compiled)


def test_both_call_the_same_patterns_of_all_that_people_wrote_and_what_is_hostile(both: Both):
    texts = [one.text for one in development()[::3]]
    texts += corpus.hostile(RULES).values()
    called = 0
    for text in texts:
        folded = fold(text)
        for view in (folded, *squeeze(folded)):
            called += both.agree(view.text)
    assert called > 5 * len(texts)


@given(st.text("ab_9 é€,.'\x01?\x7f\U0001f642", max_size=60))
@example("a")
@example("")
def test_both_agree_on_where_words_and_signs_are(both: Both, text: str):
    both.agree(text)


@given(st.lists(st.sampled_from(COMMON), max_size=30))
def test_both_agree_on_words_that_rules_are_made_of(both: Both, words: list[str]):
    both.agree(" ".join(words))


def test_rules_find_the_same_without_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget() -> None:  # groups are shared by books, and keep what calls them
        matcher._group.cache_clear()
        located._alone.cache_clear()

    readings = [read(one.text) for one in development()[::7]]
    readings.append(read(" ".join(one.text for one in development()[:60])[:5_000]))
    by_hashes = Matcher(RULES)
    expected = [by_hashes.match(one) for one in readings]
    assert sum(map(bool, expected)) > len(readings) / 8
    try:
        forget()
        monkeypatch.setattr(keys, "KERNEL", None)
        by_words = Matcher(RULES)
        assert [by_words.match(one) for one in readings] == expected
    finally:
        forget()


def test_a_part_that_is_none_and_a_set_that_is_none_are_refused(compiled: Kernel) -> None:
    noted = bytes(keys.NOTED_BYTES)
    some = compiled.present(noted, b"a word", 0, 6)
    for wrong in ((-1, 3), (3, 2), (0, 7)):
        with pytest.raises(ValueError, match="within it"):
            compiled.present(noted, b"a word", *wrong)
    with pytest.raises(ValueError, match="fixed size"):
        compiled.present(noted[1:], b"a word", 0, 6)
    table = bytes(array("Q", [1, 0, 0]))
    assert compiled.called(table, some, some, ()) == []
    full = bytes(array("Q", [1] * 16))
    for wrong_set in (b"", some[8:], some[1:], full):
        with pytest.raises(ValueError, match="as `present` makes them"):
            compiled.called(table, wrong_set, some, ())


@given(st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**64 - 1)), max_size=40))
def test_a_broken_table_is_refused_or_calls_what_there_is(compiled: Kernel, table: list[int]):
    known = bytes([0xFF]) * keys.NOTED_BYTES
    some = compiled.present(known, b"ab", 0, 2)
    hashes = [one for one in array("Q", some) if one]
    numbers = [hashes[one % len(hashes)] if 30 < one < 40 else one for one in table]
    said: list[str] = []
    with suppress(ValueError):
        said = compiled.called(bytes(array("Q", numbers)), some, some, ("one", "two"))
    assert set(said) <= {"one", "two"}


def test_python_and_c_hide_the_same_numbers() -> None:
    source = Path(kernel.SOURCE).read_text()
    assert f"#define SHORTEST {ENDS[0]} " in source
    assert f"#define LONGEST {ENDS[-1]}\n" in source
    assert f"#define INSIDE {INSIDE} " in source
    assert f"#define NOTED_SHIFT {keys._NOTED_SHIFT} " in source
    assert keys.NOTED_BYTES == 1 << (64 - keys._NOTED_SHIFT - 3)
