"""Words and hashes of words call the same patterns, whichever of the two a process has."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from operator import or_

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench import corpus
from safety.rules import kernel, keys, located, matcher, rulebook
from safety.rules.kernel import Kernel, Key
from safety.rules.keys import PARTS_MAX, Calls, Keys, Parts
from safety.rules.matcher import Matcher
from safety.rules.needs import ENDS, INSIDE
from safety.rules.normalise import fold, squeeze
from safety.rules.patterns import Pattern, choices, expand, one_byte
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
        """How many patterns both say a text may have, in which of two parts that overlap."""
        data = one_byte(text)
        half = data.find(b" ", len(data) // 2) + 1 or len(data)
        last = data.find(b" ", half * 3 // 2)
        parts = [(0, last if last >= half else len(data)), (half, len(data))]
        called: list[dict[Pattern, Parts]] = []
        for known, calls in self.by:
            there = known.of(data, parts)
            found: defaultdict[Pattern, Parts] = defaultdict(int)
            for where, one in calls.called(there):
                found[one] |= where
            called.append(dict(found))
            assert calls.where(there) == reduce(or_, found.values(), 0)
        assert called[0] == called[1], text
        return len(called[0])


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


def test_a_part_that_is_none_and_a_table_that_is_none_are_refused(compiled: Kernel) -> None:
    noted = compiled.noted([b"word"])
    some = compiled.keys(noted, b"a word", [(0, 6)])
    for wrong in ((-1, 3), (3, 2), (0, 7)):
        with pytest.raises(ValueError, match="within it"):
            compiled.keys(noted, b"a word", [wrong])
    with pytest.raises(ValueError, match="fixed size"):
        compiled.keys(noted[1:], b"a word", [(0, 6)])
    with pytest.raises(ValueError, match="at most 64"):
        compiled.keys(noted, b"a word", [(0, 6)] * (PARTS_MAX + 1))
    table = bytes(array("Q", [1, 0, 0]))
    assert compiled.called(table, some, ()) == []
    assert compiled.where(table, some) == 0
    full = bytes(array("Q", [1] * 32))
    for wrong_keys in (b"", some[16:], some[1:], full):
        with pytest.raises(ValueError, match="broken"):
            compiled.called(table, wrong_keys, ())
        with pytest.raises(ValueError, match="broken"):
            compiled.where(table, wrong_keys)


def test_a_pattern_that_is_none_is_refused(compiled: Kernel) -> None:
    some: frozenset[Key] = frozenset((b"a", (b"a", b"b")))
    assert compiled.calls([]) == bytes(array("Q", [1, 0, 0]))
    for wrong in (None, (True, some, some), (True, some, some, [some]), (True, None, some, ())):
        with pytest.raises((TypeError, ValueError)):
            compiled.calls([wrong])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        compiled.calls([(True, frozenset(("a",)), some, ())])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="in a list"):
        compiled.calls(())  # type: ignore[arg-type]


@given(st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**64 - 1)), max_size=40))
def test_a_broken_table_is_refused_or_calls_what_there_is(compiled: Kernel, table: list[int]):
    known = bytes([0xFF]) * len(compiled.noted([]))
    some = compiled.keys(known, b"ab", [(0, 2), (0, 1)])
    hashes = [one for one in array("Q", some)[::2] if one]
    numbers = [hashes[one % len(hashes)] if 30 < one < 40 else one for one in table]
    said: list[tuple[Parts, str]] = []
    with suppress(ValueError):
        said = compiled.called(bytes(array("Q", numbers)), some, ("one", "two"))
    assert {one for _, one in said} <= {"one", "two"}
    assert all(0 < parts < 4 for parts, _ in said)


def test_python_and_c_hide_the_same_numbers() -> None:
    source = (kernel.SOURCES / "keys.c").read_text()
    assert f"#define SHORTEST {ENDS[0]} " in source
    assert f"#define LONGEST {ENDS[-1]}\n" in source
    assert f"#define INSIDE {INSIDE} " in source
    assert f"#define PARTS_MAX {PARTS_MAX}\n" in source
