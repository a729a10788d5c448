"""Which patterns one view of a text may meet, and where they stand in it, found when asked for.

Hides how little of a text is read: the keys of its words call the patterns, and an expression runs
only on the blocks of words around what called it, so that a long text costs what its words cost,
not its length times every rule.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from typing import NamedTuple

from safety.rules.extractors import Extract
from safety.rules.needs import DIGIT, ENDS, INSIDE
from safety.rules.normalise import Span, View
from safety.rules.patterns import ANY_TEXT, Pattern

OCCURRENCES_MAX = 32  # of one pattern in one text
BLOCK_WORDS = 12  # of a long text
WHOLE_WORDS = 3 * BLOCK_WORDS  # of a text that is one block
MARGIN = 1  # beside a window: the sign that ends a word
WORDS_KEPT = 8_192  # whose keys are remembered
WORD_KEPT_BYTES = 24
_WORD = re.compile(rb"\w+")  # of ASCII letters, digits and _, as RE2 has it
_SIGN = re.compile(rb"[^\w\s\x00-\x1f]")
_DIGITS = re.compile(rb"\d")
_DIGIT, _REST = DIGIT.encode(), b"*"

Atom = Pattern | str  # a pattern, or the name of a kind of extract
Windows = Sequence[Span]  # parts of a text


def words_of(data: bytes) -> list[bytes]:
    """The words of a text, as patterns see them."""
    return _WORD.findall(data)


class Keys(dict[bytes, tuple[bytes, ...]]):
    """Which of the known keys each word has, told once a word; and which a text has."""

    def __init__(self, known: Iterable[bytes]) -> None:
        super().__init__()
        self._known = frozenset(known)
        self._heads = frozenset(key[:2] for key in self._known if key.endswith(_REST))
        self._tails = frozenset(key[-2:] for key in self._known if key.startswith(_REST))
        self._inside = tuple(key[1:-1] for key in self._known if key[:1] == key[-1:] == _REST)
        self._signs = tuple(key for key in self._known if len(key) == 1 and _SIGN.match(key))

    def of(self, data: bytes, words: Iterable[bytes]) -> set[bytes]:
        """The known keys of a text, of which `words` are the words."""
        keys = set(ANY_TEXT).union(*map(self.__getitem__, words))
        keys.update(sign for sign in self._signs if sign in data)
        return keys

    def __missing__(self, word: bytes) -> tuple[bytes, ...]:
        keys = tuple(self._of_word(word))
        if len(word) <= WORD_KEPT_BYTES:
            if len(self) >= WORDS_KEPT:
                self.clear()
            self[word] = keys
        return keys

    def _of_word(self, word: bytes) -> Iterator[bytes]:
        known = self._known
        if word in known:
            yield word
        if word[:2] in self._heads:
            yield from (key for size in ENDS if (key := word[:size] + _REST) in known)
        if word[-2:] in self._tails:
            yield from (key for size in ENDS if (key := _REST + word[-size:]) in known)
        if len(word) >= INSIDE:
            yield from (b"*%b*" % part for part in self._inside if part in word)
        if _DIGITS.search(word):
            yield _DIGIT


class Call(NamedTuple):
    """A pattern that a key calls, and what else must stand near for it to match."""

    pattern: Pattern
    words: frozenset[bytes]  # each of them
    others: tuple[frozenset[bytes], ...]  # one of each of them


Calls = Mapping[bytes, Sequence[Call]]


def called(data: bytes, known: Keys, calls: Calls) -> Mapping[Pattern, Windows]:
    """The patterns that a text may match, and the parts of it that hold every match.

    A match holds what called it and at most `gaps` more words on either side.
    """
    words = words_of(data)
    if len(words) > WHOLE_WORDS:
        return _Blocks(data, known).called(calls)
    whole = ((0, len(data)),)
    keys = known.of(data, words)
    return {one: whole for key in keys if key in calls for one in _met(calls[key], keys)}


def _met(calls: Iterable[Call], keys: set[bytes]) -> Iterator[Pattern]:
    """The patterns of some calls that have all they need among `keys`."""
    for pattern, words, others in calls:
        if words <= keys and not any(map(keys.isdisjoint, others)):
            yield pattern


class _Blocks:
    """A long text cut in blocks of words, each with its keys."""

    def __init__(self, data: bytes, known: Keys) -> None:
        starts = [found.start() for found in _WORD.finditer(data)][::BLOCK_WORDS]
        self._edges = [0, *starts[1:], len(data)]
        pieces = [data[start:end] for start, end in zip(self._edges, self._edges[1:], strict=False)]
        self._keys = [known.of(piece, words_of(piece)) for piece in pieces]
        self._around: dict[tuple[int, int], set[bytes]] = {}

    def called(self, calls: Calls) -> dict[Pattern, Windows]:
        """As `called`."""
        found: dict[Pattern, list[Span]] = {}
        for block, keys in enumerate(self._keys):
            for key in keys:
                for call in calls.get(key, ()):
                    reach = self._reach(call.pattern)
                    near = self._near(block, reach)
                    if call.words <= near and not any(map(near.isdisjoint, call.others)):
                        found.setdefault(call.pattern, []).append((block - reach, block + reach))
        return {pattern: self._windows(spans) for pattern, spans in found.items()}

    def _reach(self, pattern: Pattern) -> int:
        """How many blocks a match may go on into, on either side."""
        if pattern.gaps is None or pattern.keys is ANY_TEXT:
            return len(self._keys)
        return -(-pattern.gaps // BLOCK_WORDS)

    def _near(self, block: int, reach: int) -> set[bytes]:
        """The keys of a block and of those at most `reach` away."""
        near = self._around.get((block, reach))
        if near is None:
            near = set().union(*self._keys[max(0, block - reach) : block + reach + 1])
            self._around[block, reach] = near
        return near

    def _windows(self, blocks: Iterable[Span]) -> Windows:
        """The parts of the text that some ranges of blocks are, each once."""
        windows: list[Span] = []
        for first, last in blocks:
            start = max(0, self._edges[max(0, first)] - MARGIN)
            end = self._edges[min(last + 1, len(self._keys))] + MARGIN
            if windows and start <= windows[-1][1]:
                start = min(start, windows.pop()[0])
            windows.append((start, min(end, self._edges[-1])))
        return windows


@dataclass(frozen=True, slots=True)
class Place:
    """A span of the view, and the ordinals of its first and its last word.

    `fragments`: the earlier messages that an extract was joined from.
    """

    span: Span
    first: int
    last: int
    fragments: tuple[int, ...] = ()


class Located:
    """One view, its extracts, and the parts of it in which each pattern may be."""

    def __init__(
        self,
        view: View,
        data: bytes,
        called: Mapping[Pattern, Windows],
        extracts: Sequence[Extract],
    ) -> None:
        self.view = view
        self._data = data
        self._called = called
        self._extracts = extracts
        self._atoms = frozenset[Atom]((*called, *(extract.kind for extract in extracts)))
        self._places: dict[Atom, list[Place]] = {}

    def present(self, atoms: frozenset[Atom]) -> frozenset[Atom]:
        """Those of some atoms that may be there."""
        return atoms & self._atoms

    def places(self, present: Iterable[Atom]) -> list[Place]:
        """Every place of some atoms: patterns, or names of kinds of extracts."""
        return [place for atom in present for place in self._of(atom)]

    def _of(self, atom: Atom) -> list[Place]:
        if atom not in self._places:
            found = self._extracted(atom) if isinstance(atom, str) else self._found(atom)
            self._places[atom] = list(islice(found, OCCURRENCES_MAX))
        return self._places[atom]

    def _place(self, span: Span, fragments: tuple[int, ...] = ()) -> Place:
        word = self.view.word_at
        return Place(span, word(span[0]), word(span[1] - 1), fragments)

    def _extracted(self, kind: str) -> Iterator[Place]:
        of_kind = (one for one in self._extracts if one.kind == kind)
        return (self._place(self.view.here(one.span), one.fragments) for one in of_kind)

    def _found(self, pattern: Pattern) -> Iterator[Place]:
        windows = self._called[pattern]
        spans = (pattern.spans(self._data, *window) for window in windows)
        return map(self._place, chain.from_iterable(spans))


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
