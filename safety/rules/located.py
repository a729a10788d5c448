"""Which patterns one view of a text may meet, and where they stand in it, found when asked for.

Hides how little of a text is read: the keys of its words call the patterns, and an expression runs
only on the blocks of words around what called it, so that a long text costs what its words cost,
not its length times every rule.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import accumulate, islice
from operator import or_
from typing import NamedTuple

from safety.rules.extractors import Extract
from safety.rules.needs import DIGIT, ENDS, INSIDE
from safety.rules.normalise import Span, View
from safety.rules.patterns import ANY_TEXT, Pattern, one_byte

OCCURRENCES_MAX = 32  # of one pattern in one text
WHOLE_BYTES = 400  # read whole: faster than looking for windows
BLOCK_WORDS = 4  # in which long texts are cut
STEPS_MAX = 1_500  # patterns asked for and runs of them in one view: the longest chat takes 800
WINDOWS_MAX = 8  # of one pattern; beyond, all that lies between is read at once
MARGIN = 1  # beside a window: the sign that ends a word
WORDS_KEPT = 8_192  # whose keys are remembered
WORD_KEPT_BYTES = 24
_WORD = re.compile(rb"\w+")  # of ASCII letters, digits and _, as RE2 has it
_SIGN = re.compile(rb"[^\w\s\x00-\x1f]")
_DIGITS = re.compile(rb"\d")
_DIGIT, _REST = DIGIT.encode(), b"*"

Atom = Pattern | str  # a pattern, or the name of a kind of extract


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
        self.signs = frozenset(key for key in self._known if len(key) == 1 and _SIGN.match(key))
        self._not_signs = bytes(code for code in range(256) if bytes((code,)) not in self.signs)

    def of(self, data: bytes, words: Iterable[bytes]) -> set[bytes]:
        """The known keys of a text, of which `words` are the words."""
        keys = set(ANY_TEXT).union(*map(self.__getitem__, words))
        keys.update(bytes((code,)) for code in data.translate(None, self._not_signs))
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
    """A pattern that a key calls, and what else must be in the text for it to match."""

    pattern: Pattern
    words: frozenset[bytes]  # each of them
    others: tuple[frozenset[bytes], ...]  # one of each of them


class Calls(NamedTuple):
    """The patterns that one key calls: those that need nothing else, and the others."""

    free: set[Pattern]
    bound: list[Call]


def called(keys: Set[bytes], calls: Mapping[bytes, Calls]) -> set[Pattern]:
    """The patterns that have all they need among the keys of a text."""
    found: set[Pattern] = set()
    for key in keys & calls.keys():
        free, bound = calls[key]
        found |= free
        for pattern, words, others in bound:
            if words <= keys and (not others or not any(map(keys.isdisjoint, others))):
                found.add(pattern)
    return found


class TooDense(Exception):
    """The words of a text call so many expressions that it would take long to look for all."""


class Text:
    """One view as patterns read it, the keys of its words, and where in it a pattern may stand."""

    def __init__(self, view: View, known: Keys) -> None:
        self.view = view
        self.data = one_byte(view.text)
        self.keys = known.of(self.data, words_of(self.data))
        self._known = known
        self._whole = ((0, len(self.data)),)
        self._any: dict[frozenset[bytes], int] = {}
        self._steps = 0

    def spans(self, pattern: Pattern) -> Iterator[Span]:
        """Where a pattern stands, from left to right. Raises `TooDense` after `STEPS_MAX`, a
        count and no clock: the same text always has the same end."""
        windows = self._windows(pattern)
        self._steps += 1 + len(windows)
        if self._steps > STEPS_MAX:
            raise TooDense
        for start, end in windows:
            yield from pattern.spans(self.data, start, end)

    def _windows(self, pattern: Pattern) -> Sequence[Span]:
        """The parts of the text that hold every match.

        A match passes from one word to the next `gaps` times at most, so all it needs stands in
        blocks of words that are no further apart.
        """
        gaps = pattern.gaps
        if len(self.data) <= WHOLE_BYTES or gaps is None or pattern.keys is ANY_TEXT:
            return self._whole
        reach = -(-gaps // BLOCK_WORDS)
        near = self._having_any(pattern.keys)
        for keys in pattern.also:
            if not near:
                return ()
            near &= _spread(self._having_any(keys), reach)
        windows = [self._window(*run) for run in _runs(_spread(near, reach))]
        return windows if len(windows) <= WINDOWS_MAX else ((windows[0][0], windows[-1][1]),)

    def _window(self, first: int, last: int) -> Span:
        start, end = self._edges[first] - MARGIN, self._edges[min(last, len(self._edges) - 1)]
        return max(start, 0), min(end + MARGIN, len(self.data))

    @cached_property
    def _edges(self) -> list[int]:
        """Where the blocks begin, and the end of the text."""
        starts = [found.start() for found in _WORD.finditer(self.data)]
        return [0, *starts[BLOCK_WORDS::BLOCK_WORDS], len(self.data)]

    @cached_property
    def _having(self) -> dict[bytes, int]:
        """The blocks that have each key, as the bits of a number."""
        words: dict[bytes, int] = defaultdict(int)
        for place, word in enumerate(words_of(self.data)):
            words[word] |= 1 << place // BLOCK_WORDS
        having: dict[bytes, int] = defaultdict(int)
        for word, blocks in words.items():
            for key in self._known[word]:
                having[key] |= blocks
        for sign in self._known.signs & self.keys:
            for found in re.finditer(re.escape(sign), self.data):
                having[sign] |= 1 << bisect_right(self._edges, found.start()) - 1
        return having

    def _having_any(self, keys: frozenset[bytes]) -> int:
        """The blocks that have one of these keys."""
        if keys not in self._any:
            self._any[keys] = reduce(or_, (self._having[key] for key in keys & self.keys), 0)
        return self._any[keys]


def _spread(bits: int, reach: int) -> int:
    """`bits`, and those at most `reach` places away from one of them."""
    for _ in range(reach):
        bits |= bits << 1 | bits >> 1
    return bits


def _runs(bits: int) -> Iterator[Span]:
    """The runs of neighbours among the bits of a number: the first, and the first one after."""
    done = 0
    while bits:
        gap = (bits & -bits).bit_length() - 1
        bits >>= gap
        size = (bits + 1 & ~bits).bit_length() - 1
        yield done + gap, done + gap + size
        bits >>= size
        done += gap + size


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
    """One text, the patterns it may match and its extracts, each looked for once."""

    def __init__(self, text: Text, called: Set[Pattern], extracts: Sequence[Extract]) -> None:
        self.view = text.view
        self._text = text
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
        return map(self._place, self._text.spans(pattern))


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
