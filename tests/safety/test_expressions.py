"""The expressions of the packs stand where RE2 finds them, whoever looks."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench import corpus
from safety.rules import kernel, patterns, rulebook
from safety.rules.kernel import Kernel
from safety.rules.needs import SPACE
from safety.rules.normalise import fold
from safety.rules.patterns import Line, Pattern, line_of, one_byte
from safety.screening import Engine
from tests.safety.in_domain import development

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

RULES = rulebook.load().rules
ATOMS = st.sampled_from(
    ["a", "b", "ab", "é", "€", r"\w", r"\W", r"\d", r"\.", SPACE, "[ab]", "[^a-z]", r"[\w']",
     "[a-c9]", "^", "$", "[]a]", "[a-]", "0"]
)  # fmt: skip
TIMES = st.sampled_from(
    ["", "", "", "?", "*", "+", "??", "*?", "+?", "{2}", "{0,2}", "{1,3}?", "{2,}", "{0,}", "{1}"]
)


def repeated(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    rows = st.lists(st.tuples(part, TIMES).map("".join), min_size=1, max_size=4).map("".join)
    return st.lists(rows, min_size=1, max_size=6).map("|".join).map("(?:{})".format)


EXPRESSIONS = st.recursive(ATOMS, repeated, max_leaves=12)
TEXTS = st.text("ab é€.,'_ 09", max_size=30)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    found = kernel.load(kernel.build(tmp_path_factory.mktemp("kernel")).parent)
    assert found
    return found


def by_both(
    compiled: Kernel, source: str, data: bytes, start: int, end: int, most: int
) -> Iterator[list[tuple[int, int]] | None]:
    """What the kernel finds, None where it gives up, and what RE2 does."""
    patterns.name_signs(source)
    program = compiled.expression(one_byte(source))
    yield compiled.spans(program, data, compiled.starts(data), start, end, most)
    pattern = Pattern.__new__(Pattern)
    pattern.source = source
    yield pattern._searched(data, start, end, most)


@given(EXPRESSIONS, TEXTS, st.integers(0, 6), st.integers(0, 30), st.integers(1, 4))
@example("(?:a|ab|abc|b)(?:c|bc|d|)", "abcd abc", 0, 8, 4)
@example("a??(?:b|a)*", "aab ba", 0, 6, 4)
@example("(?:(?:a|b|ab|$)*?){0,3}", "ab", 0, 2, 4)
@example("(?:a{2}|[ab]+|a|b|)", " a ", 0, 3, 4)
def test_the_kernel_finds_what_re2_does(
    compiled: Kernel, source: str, text: str, start: int, end: int, most: int
) -> None:
    data = one_byte(text)
    start, end = min(start, len(data)), min(end, len(data))
    found, expected = by_both(compiled, source, data, start, end, most)
    assert found is None or found == expected


def test_every_expression_of_the_book_is_found_alike(compiled: Kernel) -> None:
    calls: list[tuple[str, bytes, int, int, int]] = []

    def noted(self: Pattern, line: Line, start: int, end: int, most: int) -> list[tuple[int, int]]:
        calls.append((self.source, line.data, start, min(end, len(line.data)), most))
        return searched(self, line, start, end, most)

    searched = Pattern.spans
    engine = Engine(rulebook.load())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pattern, "spans", noted)
        texts = [one[-1] for rule in RULES for one in (*rule.matches, *rule.twins)]
        texts += [one.text for one in development()[::4]]
        for text in (*texts, *corpus.hostile(RULES).values()):
            engine.rules_of([text])
    assert len({source for source, *_ in calls}) > 1_000
    given_up = 0
    for call in calls:
        found, expected = by_both(compiled, *call)
        given_up += found is None
        assert found is None or found == expected, call[0]
    assert given_up == 0


def test_a_search_that_takes_long_is_given_up_and_left_to_re2(compiled: Kernel) -> None:
    source = "(?:(?:a|a|ab){0,12}){0,12}c"
    line = line_of(fold("a" * 400).text)
    found, expected = by_both(compiled, source, line.data, 0, len(line.data), 4)
    assert (found, expected) == (None, [])
    assert Pattern("(?:(?:ab?){0,12}){0,12}c").spans(line, 0, len(line.data), 4) == []


@pytest.mark.parametrize(
    "source",
    ["(a)", "(?=a)", "a**", "*a", "(?:a", "a)", "[a", "[b-a]", r"\b", r"[\q]", "a{", "a{2",
     "a{3,2}", "a{0}", "a{0,0}", "a{999}", "(?:" * 40 + ")" * 40, "(?:(?:(?:a{60}){60}){60})"],
)  # fmt: skip
def test_what_is_outside_the_language_is_refused(compiled: Kernel, source: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        compiled.expression(source.encode())


def test_what_the_kernel_does_not_read_is_left_to_re2() -> None:
    assert Pattern("a{70}").spans(line_of(" " + "a" * 70), 0, 71, 1) == [(1, 71)]


def test_what_is_no_program_no_part_and_no_start_is_refused(compiled: Kernel) -> None:
    program, starts = compiled.expression(b"a"), compiled.starts(b"a")
    for start, end in ((-1, 1), (0, 2), (0, -1)):
        with pytest.raises(ValueError, match="within it"):
            compiled.spans(program, b"a", starts, start, end, 1)
    for wrong in (None, b"a", object()):
        with pytest.raises((ValueError, TypeError)):
            compiled.spans(wrong, b"a", starts, 0, 1, 1)
    with pytest.raises(ValueError, match="starts"):
        compiled.spans(program, b"a", b"\0", 0, 1, 1)
    assert compiled.spans(program, b"a", b"\xff" * 8, 0, 1, 1) == []  # beyond the text
    assert compiled.spans(program, b"a", starts, 1, 0, 1) == []
