"""The rules over one text, the slow and obvious way: what the fast matcher must agree with.

No key, no window, no order: every pattern of every rule is looked for over the whole of every view
with Python's own `re`, and every choice of places is tried. Only the language of the packs
(`patterns.expand`, `alternatives`, `translate`) is shared with the engine.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import product

from safety.rules.extractors import Extract
from safety.rules.located import OCCURRENCES_MAX
from safety.rules.matcher import Reading
from safety.rules.normalise import Span, View
from safety.rules.patterns import alternatives, bounded, expand, translate
from safety.rules.rulebook import FOLDED, SQUEEZED, Rule

Choices = set[tuple[Span, ...]]  # spans of the original, sorted, any of which is a good answer


def match(rules: Sequence[Rule], reading: Reading) -> dict[tuple[str, str], Choices]:
    """By rule and view, each way it matches in the first view where it does."""
    views = [(FOLDED, reading.folded), *((SQUEEZED, view) for view in reading.squeezed)]
    known: dict[tuple[int, str], list[Span]] = {}
    found: dict[tuple[str, str], Choices] = {}
    for rule in rules:
        for number, (name, view) in enumerate(views):
            if name in rule.views and (
                choices := _choices(rule, name, number, view, reading, known)
            ):
                found[rule.id, name] = choices
                break
    return found


def _choices(
    rule: Rule,
    name: str,
    number: int,
    view: View,
    reading: Reading,
    known: dict[tuple[int, str], list[Span]],
) -> Choices:
    def places(atoms: Sequence[str]) -> list[Span]:
        return [
            span
            for atom in atoms
            for one in _sources(atom, rule, squeezed=name == SQUEEZED)
            for span in _spans(one, number, view, reading.extracts, known)
        ]

    groups = [places([atom]) for atom in rule.all] + ([places(rule.any)] if rule.any else [])
    if not all(groups):
        return set()
    barred = places(rule.none)
    return {
        tuple(sorted({view.original(span) for span in choice}))
        for choice in product(*groups)
        if _close(choice, view, rule) and not any(_near(one, choice, view, rule) for one in barred)
    }


def _close(choice: Sequence[Span], view: View, rule: Rule) -> bool:
    first, last = _words(choice, view)
    return len(choice) == 1 or last - first <= rule.within


def _near(barred: Span, choice: Sequence[Span], view: View, rule: Rule) -> bool:
    first, last = _words(choice, view)
    start, end = _words([barred], view)
    return max(first - end, start - last, 0) <= rule.none_within


def _words(choice: Sequence[Span], view: View) -> tuple[int, int]:
    """The ordinals of the first and of the last word of some spans."""
    start, end = min(one[0] for one in choice), max(one[1] for one in choice)
    return view.word_at(start), view.word_at(end - 1)


def _sources(atom: str, rule: Rule, *, squeezed: bool) -> Sequence[str]:
    return (atom,) if atom.startswith("@") else _translated(expand(atom, rule.words), squeezed)


@cache
def _translated(expanded: str, squeezed: bool) -> tuple[str, ...]:
    each = (translate(one, squeezed=squeezed) for one in alternatives(expanded))
    return tuple(dict.fromkeys(each))


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(bounded(source), re.ASCII)


def _spans(
    source: str,
    number: int,
    view: View,
    extracts: Sequence[Extract],
    known: dict[tuple[int, str], list[Span]],
) -> list[Span]:
    if (number, source) not in known:
        spans = (
            [view.here(one.span) for one in extracts if one.kind == source[1:]]
            if source.startswith("@")
            else _scanned(_compiled(source), view.text)
        )
        known[number, source] = spans[:OCCURRENCES_MAX]
    return known[number, source]


def _scanned(pattern: re.Pattern[str], text: str) -> list[Span]:
    """Every occurrence from left to right; each begins where the one before ended, or later."""
    spans, place = [], 0
    while place < len(text) and (found := pattern.search(text, place)):
        start, end = found.span(1)
        if end > start:
            spans.append((start, end))
        place = max(end, place + 1)
    return spans
