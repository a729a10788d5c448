"""The fast matcher answers as the slow reference on 100,000 generated messages.

Most are read by small generated books whose patterns and texts share a few words, so that near
misses are common; the others by the shipped book, on texts made of its own words and examples.
`AGREEMENT_MESSAGES=10000 pytest --timeout 0` reads that many with the shipped book, ten a second.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from random import Random

import pytest

from safety.rules import rulebook
from safety.rules.matcher import HITS_MAX, Matcher, Reading
from safety.rules.normalise import fold, squeeze
from safety.rules.patterns import expand
from safety.rules.rulebook import FOLDED, SQUEEZED, Rule
from safety.screening import read
from tests.safety import reference_matcher

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

SMALL_BOOKS, MESSAGES_OF_A_SMALL_BOOK = 200, 498
SHIPPED_PARTS = 10
MESSAGES_OF_A_PART = int(os.environ.get("AGREEMENT_MESSAGES", "400")) // SHIPPED_PARTS
BOOK = rulebook.load()
WORDS = (
    "a", "ab", "abc", "abcd", "abcde", "b", "bbc", "l'ab", "été", "1", "12", "a1", "€", "50€", "🙂",
    "x_y", "ça", "abcabcabcabcabcabcabc", "%", "c",
)  # fmt: skip
GAPS = (" ", " ", " ", ", ", "  ", " - ", "", "'", ".", "....", " 🙂 ", " é", "€", "/")
SHAPES = (
    "{0}", "{0}", "{0} {1}", "{0} {1}", "{0}?", "{0}*", "(?:{0}|{1})", "(?:{0}|{1}) {2}",
    "(?:{0} )?{1}", "{0} (?:\\w+ ){{0,2}}{1}", "(?:{0} ?){{1,2}}{1}", "[ab]{0}", "\\d+",
    "[0-9]{{1,3}} ?(?:{0}|{1})", "(?:{0} )*{1}", "(?:{0}|{1}|(?:{2} )?{0})", "{0}'{1}", "[^a] {0}",
    "[€$] ?[0-9]{{2}}", "{0}[ .]+{1}", "{0}|{1} {2}", "{0}.{1}", "(?:{0}|{1})(?:{2}|{0})",
    "{0}\\W{{1,4}}{1}", "{0}b{{2}}", "^{0}", "{0}$", "^\\W{{0,2}}{0} ?{1}$", "[1-3]{0}", "{0}\\W*",
    "(?:a|ab|abc|b)(?:a|ab|abc|c)(?:{0}|{1} |b)(?:a|ab|1|c)(?:a|b|c|{2})",
)  # fmt: skip


def small_book(random: Random) -> list[Rule]:
    """A dozen rules over a few words, every feature of the language among them."""

    def pattern() -> str:
        shape = random.choice(SHAPES)
        return shape.format(*(random.choice(WORDS[:-2]) for _ in range(3)))

    def atoms(most: int) -> tuple[str, ...]:
        return tuple(pattern() for _ in range(random.randint(0, most)))

    def rule(number: int) -> Rule:
        return replace(
            BOOK.rules[0], id=f"rule.{number}", words={}, any=atoms(4), none=atoms(2),
            all=tuple("<few>" if random.random() < 0.2 else one for one in (*atoms(1), pattern())),
            within=random.randint(0, 6), none_within=random.randint(0, 3),
            views=random.choice(((FOLDED,), (FOLDED, SQUEEZED))),
        )  # fmt: skip

    words = {"few": tuple(pattern() for _ in range(5))}
    return [replace(rule(number), words=words) for number in range(12)]


def small_text(random: Random) -> str:
    """A few words; now and then lost among others, so that only parts of the text are looked at."""
    few = random.sample(WORDS, random.randint(2, len(WORDS)))
    count = random.randint(0, 12)
    if random.random() < 0.1:
        few, count = [*few, *["indifferent"] * 6 * len(few)], 200
    return "".join(random.choice(few) + random.choice(GAPS) for _ in range(count))


def texts_of_the_shipped_book(random: Random) -> Iterator[str]:
    """Examples of rules, mixed with each other, mutated, and drowned in the words of the packs."""
    examples = [one[-1] for rule in BOOK.rules for one in (*rule.matches, *rule.twins)]
    atoms = [
        expand(atom, rule.words)
        for rule in BOOK.rules
        for atom in chain(rule.all, rule.any, rule.none)
    ]
    fragments = [piece for atom in atoms for piece in _plain_pieces(atom)]
    while True:
        example, other = random.choice(examples), random.choice(examples)
        yield random.choice((
            example,
            f"{example} {other}",
            _mutated(example, random),
            _mutated(f"{other}, {example}", random),
            random.choice(GAPS[:4]).join(random.choices(fragments, k=random.randint(1, 15))),
            f"{' '.join(random.choices(fragments, k=60))} {example}",
        ))  # fmt: skip


def _plain_pieces(atom: str) -> list[str]:
    return [piece for piece in atom.replace("(?:", "|").replace(")", "|").split("|") if piece]


def _mutated(text: str, random: Random) -> str:
    letters = list(text)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(letters))
        letters[place] = random.choice(("", " ", "-", letters[place] * 3, "1", "é", "🙂", "x"))
    return "".join(letters)


def assert_agreement(rules: Sequence[Rule], matcher: Matcher, reading: Reading) -> int:
    """Same rules in the same views, with spans that are one of the reference's choices.

    Where a text meets so many rules that only some are told, these are among the reference's.
    """
    expected = reference_matcher.match(rules, reading)
    hits = {(hit.rule.id, hit.view): hit.spans for hit in matcher.match(reading)}
    if len(hits) == HITS_MAX:
        assert hits.keys() <= expected.keys(), reading.folded.text
    else:
        assert hits.keys() == expected.keys(), reading.folded.text
    for rule, spans in hits.items():
        assert spans in expected[rule], (rule, reading.folded.text)
    return len(hits)


@pytest.mark.parametrize("seed", range(SMALL_BOOKS // 2))
def test_a_small_book_reads_as_the_reference_does(seed: int) -> None:
    hits = 0
    for random in (Random(2 * seed), Random(2 * seed + 1)):
        rules = small_book(random)
        matcher = Matcher(rules)
        for _ in range(MESSAGES_OF_A_SMALL_BOOK):
            folded = fold(small_text(random))
            hits += assert_agreement(rules, matcher, Reading(folded, squeeze(folded), ()))
    assert hits > 10  # the texts do meet the rules


@pytest.mark.parametrize("part", range(SHIPPED_PARTS))
def test_the_shipped_book_reads_as_the_reference_does(part: int) -> None:
    matcher, hits = Matcher(BOOK.rules), 0
    texts = texts_of_the_shipped_book(Random(part))
    for _, text in zip(range(MESSAGES_OF_A_PART), texts, strict=False):
        hits += assert_agreement(BOOK.rules, matcher, read(text))
    assert hits > MESSAGES_OF_A_PART // 4
