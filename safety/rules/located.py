"""Where patterns and extracts stand in one view of one text, each found when asked for.

Hides how little of a long text is read: an expression runs only around the words it needs, so that
a text made of the words of every rule costs what its words cost, not its length times every rule.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import accumulate, chain, islice
from operator import or_

from safety.rules.extractors import Extract
from safety.rules.needs import DIGIT, ENDS
from safety.rules.normalise import Span, View
from safety.rules.patterns import ANY_TEXT, Pattern

OCCURRENCES_MAX = 32  # of one pattern in one text
WINDOWS_MAX = 8  # around the words of a pattern; beyond, the whole text is read at once
SHORT_BYTES = 400  # read whole: faster than looking for windows
MARGIN = 1  # beside a window: the sign that ends a word
_WORD = re.compile(rb"\w+")  # of ASCII letters, digits and _, as RE2 has it
_SIGNS = re.compile(rb"[\x80-\xfe]")  # named by a pattern
_DIGITS = re.compile(rb"\d")
_DIGIT = DIGIT.encode()


@dataclass(frozen=True, slots=True)
class Place:
    """A span of the view, and the ordinals of its first and its last word."""

    span: Span
    first: int
    last: int


def keys_of(data: bytes, known: Set[bytes | str]) -> set[bytes]:
    """Which of the known keys a text has."""
    words = _WORD.findall(data)
    keys = {word for word in words if word in known}
    keys.update(ANY_TEXT)
    keys.update(key for end in {word[:ENDS] for word in words} if (key := end + b"*") in known)
    keys.update(key for end in {word[-ENDS:] for word in words} if (key := b"*" + end) in known)
    if _DIGITS.search(data):
        keys.add(_DIGIT)
    if not data.isascii():
        keys.update(sign for sign in _SIGNS.findall(data) if sign in known)
    return keys


class Located:
    """One view, its extracts, the keys of its words and the atoms that have one of them."""

    def __init__(
        self,
        view: View,
        data: bytes,
        keys: Set[bytes],
        atoms: Set[Pattern | str],
        extracts: Sequence[Extract],
    ) -> None:
        self.view = view
        self._data = data
        self._keys = keys
        self._atoms = atoms
        self._extracts = extracts
        self._bits: dict[frozenset[bytes], int] = {}
        self._places: dict[Pattern | str, list[Place]] = {}

    def present(self, atoms: frozenset[Pattern | str]) -> frozenset[Pattern | str]:
        """Those of some atoms that may be there."""
        return atoms & self._atoms

    def places(self, present: Iterable[Pattern | str]) -> list[Place]:
        """Every place of some atoms: patterns, or names of kinds of extracts."""
        return [place for atom in present for place in self._of(atom)]

    def _of(self, atom: Pattern | str) -> list[Place]:
        if atom not in self._places:
            spans = self._extracted(atom) if isinstance(atom, str) else self._found(atom)
            self._places[atom] = [self._place(span) for span in islice(spans, OCCURRENCES_MAX)]
        return self._places[atom]

    def _place(self, span: Span) -> Place:
        word = self.view.word_at
        return Place(span, word(span[0]), word(span[1] - 1))

    def _extracted(self, kind: str) -> Iterator[Span]:
        return (self.view.here(one.span) for one in self._extracts if one.kind == kind)

    def _found(self, pattern: Pattern) -> Iterator[Span]:
        if pattern.word is not None:
            return (self._words[index] for index in _bits(self._having[pattern.word]))
        if len(self._data) <= SHORT_BYTES:
            return pattern.spans(self._data, 0, len(self._data))
        windows = self._windows(pattern)
        return chain.from_iterable(pattern.spans(self._data, *window) for window in windows)

    @cached_property
    def _words(self) -> list[Span]:
        return [found.span() for found in _WORD.finditer(self._data)]

    @cached_property
    def _having(self) -> dict[bytes, int]:
        """The words that have each key, as the bits of a number."""
        indexes: dict[bytes, list[int]] = defaultdict(list)
        for index, (start, end) in enumerate(self._words):
            indexes[self._data[start:end]].append(index)
        having: dict[bytes, int] = defaultdict(int)
        for word, each in indexes.items():
            keys = [
                key for key in (word, word[:ENDS] + b"*", b"*" + word[-ENDS:]) if key in self._keys
            ]
            keys += [_DIGIT] * (_DIGITS.search(word) is not None)
            if keys:
                bits = sum(1 << index for index in each)
                for key in keys:
                    having[key] |= bits
        return having

    def _any_of(self, keys: frozenset[bytes]) -> int:
        """The words that have one of these keys."""
        if keys not in self._bits:
            self._bits[keys] = reduce(or_, (self._having[key] for key in keys & self._keys), 0)
        return self._bits[keys]

    def _windows(self, pattern: Pattern) -> Sequence[Span]:
        """The parts of the text that hold every match: what it reaches around the words it needs.

        A match holds a word with one of the keys and at most `reach` signs outside words, so it
        touches at most `reach` more words on either side, one with each other key among them.
        """
        reach = pattern.reach
        if reach is None or pattern.keys is ANY_TEXT:
            return [(0, len(self._data))]
        near = self._any_of(pattern.keys)
        for keys in pattern.also:
            near &= _spread(self._any_of(keys), reach)
            if not near:
                return ()
        if near.bit_count() > WINDOWS_MAX:
            return [(0, len(self._data))]
        windows: list[Span] = []
        for index in _bits(near):
            start = max(self._words[index - reach][0] - MARGIN, 0) if index > reach else 0
            after = self._words[index + reach : index + reach + 1]
            end = after[0][1] + MARGIN if after else len(self._data)
            if windows and start <= windows[-1][1]:
                start = windows.pop()[0]
            windows.append((start, min(end, len(self._data))))
        return windows


def _spread(bits: int, reach: int) -> int:
    """`bits`, and those at most `reach` places away from one of them."""
    done = 0
    while done < reach:
        step = min(done + 1, reach - done)
        bits |= bits << step | bits >> step
        done += step
    return bits


def _bits(number: int) -> Iterator[int]:
    """The places of the bits of a number, lowest first."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


class Nearness:
    """Whether any of some places lies near a window, in logarithmic time."""

    def __init__(self, places: Iterable[Place]) -> None:
        ordered = sorted((place.first, place.last) for place in places)
        self._firsts = [first for first, _ in ordered]
        self._lasts = list(accumulate((last for _, last in ordered), max))

    def touches(self, first: int, last: int) -> bool:
        """Whether one of them shares a word with those from `first` to `last`."""
        before = bisect_right(self._firsts, last)
        return before > 0 and self._lasts[before - 1] >= first
