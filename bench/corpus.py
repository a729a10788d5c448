"""What `aparte bench screening` reads: shipped texts, hostile texts, and books of any size."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from random import Random

from bench.texts import Texts
from safety.rules.patterns import choices, expand
from safety.rules.rulebook import Rule, RuleBook
from safety.screening import TEXT_MAX_CHARACTERS
from tests.safety.in_domain import development

PHRASES = 25  # in each of the two groups of a generated rule
_WORD = re.compile(r"[a-z]{4,}")


def harmless_and_hostile(most: int) -> dict[str, list[str]]:
    """Development texts of both languages, hits and twins as they come, and generated chat."""
    random, generated = Random(1), Texts(1)
    found = {lang: [one.text for one in development() if one.lang == lang] for lang in ("fr", "en")}
    for texts in found.values():
        random.shuffle(texts)
    chat = [generated.next() for _ in range(most)]
    return {"development fr": found["fr"][:most], "development en": found["en"][:most],
            "chat": chat}  # fmt: skip


def pattern_count(rules: Iterable[Rule]) -> int:
    """Distinct patterns of the folded view."""
    return len({one for rule in rules for one in _patterns(rule)})


def _patterns(rule: Rule) -> set[object]:
    atoms = (atom for atom in _atoms(rule) if not atom.startswith("@"))
    each = (choices(expand(atom, rule.words), squeezed=False) for atom in atoms)
    return set().union(*each)


def _atoms(rule: Rule) -> Iterable[str]:
    return chain(rule.all, rule.any, rule.none)


def grown(book: RuleBook, patterns: int) -> RuleBook:
    """`book` with generated rules until it has `patterns` patterns.

    Each asks for two lists of phrases made of words that the development texts use, so that
    ordinary texts share words with them as they do with the rules people wrote.
    """
    random = Random(2)
    words = sorted({word for one in development() for word in _WORD.findall(one.text.lower())})

    def phrases() -> tuple[str, ...]:
        return tuple(" ".join(random.sample(words, random.randint(1, 3))) for _ in range(PHRASES))

    more: list[Rule] = []
    distinct = {one for rule in book.rules for one in _patterns(rule)}
    while len(distinct) < patterns:
        rule = replace(
            book.rules[0], id=f"generated.{len(more)}", all=("<first>", "<second>"), any=(),
            none=(), words={"first": phrases(), "second": phrases()}, matches=(), twins=(),
        )  # fmt: skip
        more.append(rule)
        distinct |= _patterns(rule)
    return replace(book, rules=(*book.rules, *more))


def hostile(rules: Sequence[Rule]) -> dict[str, str]:
    """The longest texts a message can be: ordinary chat, and each made to cost all it can."""
    random = Random(3)
    words = list(dict.fromkeys(word for rule in rules for word in _words(rule)))
    examples = [one[-1] for rule in rules for one in (*rule.matches, *rule.twins)]
    chat = Texts(3)
    plain = {
        "ordinary chat": " ".join(chat.next() for _ in range(TEXT_MAX_CHARACTERS // 50)),
        "words of the packs, shortest first": " ".join(sorted(words, key=len)),
        "words of the packs, shuffled": " ".join(random.sample(words, len(words))),
        "examples of the packs": " ".join(random.sample(examples, len(examples))),
        "examples, disguised": "s.n.a.p 1l1 " + " ".join(random.sample(examples, len(examples))),
        "every character from U+3000": "".join(map(chr, range(0x3000, 0x3000 + 5200))),
    }
    repeated = (
        "combien te voir ", "je ne fais pas combien te voir ", "hotel 50e je te paie ", "a.b ",
        "i1i ", "@a.b ", "06 ", "é1", "🙂 te voir ", "t\u0301\u0302e v\u0301oi\u0301r ", "a-",
        "sss ", "zero six trente ", "𝐭𝐞 𝐯𝐨𝐢𝐫 ", "t e v o i r ", "😂", "\u202e06 ",
        "w.w.w. ", "a", "1", "//",
    )  # fmt: skip
    texts = plain | {f"{one!r} again and again": one * TEXT_MAX_CHARACTERS for one in repeated}
    return {name: text[:TEXT_MAX_CHARACTERS] for name, text in texts.items()}


def _words(rule: Rule) -> list[str]:
    atoms = (expand(atom, rule.words) for atom in _atoms(rule) if not atom.startswith("@"))
    return [word for atom in atoms for word in re.findall(r"\w+", re.sub(r"\\.", " ", atom))]
