"""Which patterns one view of a text may meet, and where they stand in it, found when asked for.

Hides how little of a text is read: the keys of its words call the patterns, and an expression runs
only on the blocks of words around what called it, so that a long text costs what its words cost,
not its length times every rule.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate, islice
from typing import Any, NamedTuple

from safety.rules.extractors import Extract
from safety.rules.keys import PARTS_MAX, Calls, Keys, Parts, calls_of, words_of
from safety.rules.normalise import Span, View
from safety.rules.patterns import Pattern, line_of

OCCURRENCES_MAX = 32  # of one pattern in one text
PART_STRIDES = 3  # each as many words as a rule may reach; the last is the first of the next part
STEPS_MAX = (
    1_500  # patterns asked for and runs of them in one view: all words of the packs take 440
)
MARGIN = 1  # beside a part: the sign that ends a word
KIND_ODDS = 0.02  # of a text with one kind of extract
ALONE_KEPT = 1_024  # of long texts, of which it is remembered what calls them
# A letter RE2 does not know beside one it knows: one word for people. Led by what is rare.
_GLUED = re.compile(r"[^\W\0-\x7f](?:(?a:\w)|(?<=(?a:\w).))")

Atom = Pattern | str  # a pattern, or the name of a kind of extract


@lru_cache(ALONE_KEPT)
def _alone(pattern: Pattern) -> Calls[Pattern]:
    return calls_of([(pattern, pattern)])


class Group:
    """Atoms of which a rule wants one, or none: found by the keys of a text."""

    __slots__ = ("_calls", "kinds", "odds", "patterns")

    def __init__(self, atoms: frozenset[Atom]) -> None:
        self.kinds = frozenset(atom for atom in atoms if isinstance(atom, str))
        self.patterns = tuple(atom for atom in atoms if isinstance(atom, Pattern))
        self.odds = sum(one.odds for one in self.patterns) + KIND_ODDS * len(self.kinds)
        self._calls: Calls[Atom] | None = None

    @property
    def calls(self) -> Calls[Atom]:
        """What each key calls of the patterns; made when asked for, as the fewest groups are."""
        if self._calls is None:
            self._calls = calls_of((pattern, pattern) for pattern in self.patterns)
        return self._calls


class TooDense(Exception):
    """The words of a text call so many expressions that it would take long to look for all."""


class Text:
    """One view as patterns read it, in parts that overlap: every `reach` words in a row of a text
    stand in one of them, and so does whatever holds several groups of a rule together."""

    def __init__(self, view: View, known: Keys, reach: int) -> None:
        self.view = view
        self._line = line_of(view.text)
        data = self._line.data
        self._steps = 0
        self._bounds = [(0, len(data))]
        glued = not view.text.isascii() and _GLUED.search(view.text) is not None
        if not glued and _has_words(data, PART_STRIDES * reach + 1):
            self._bounds = list(_parts(data, reach))
        self._keys = known.of(data, self._bounds)
        self.everywhere: Parts = (1 << len(self._bounds)) - 1
        self._windows: dict[Parts, tuple[Span, ...]] = {}

    def called[Called](self, calls: Calls[Called]) -> list[tuple[Parts, Called]]:
        """What the keys of the text call, after the parts they are in."""
        return calls.called(self._keys)

    def where(self, calls: Calls[Any]) -> Parts:
        """The parts whose keys call anything."""
        return calls.where(self._keys)

    def spans(self, pattern: Pattern) -> list[Span]:
        """The first places of a pattern, left to right. Raises `TooDense` after `STEPS_MAX`, a
        count and no clock: the same text always has the same end."""
        whole = pattern.far or self.everywhere == 1
        windows = self._joined(self.everywhere if whole else self.where(_alone(pattern)))
        self._steps += 1 + len(windows)
        if self._steps > STEPS_MAX:
            raise TooDense
        spans: list[Span] = []
        for start, end in windows:
            spans += pattern.spans(self._line, start, end, OCCURRENCES_MAX - len(spans))
        return spans

    def _joined(self, parts: Parts) -> tuple[Span, ...]:
        """Some parts with what ends a word on both sides, joined where they meet."""
        if parts == self.everywhere:
            return ((0, len(self._line.data)),)
        if parts not in self._windows:
            windows: list[Span] = []
            for place, (start, end) in enumerate(self._bounds):
                if not parts >> place & 1:
                    continue
                if windows and start - MARGIN <= windows[-1][1]:
                    windows[-1] = windows[-1][0], end + MARGIN
                else:
                    windows.append((max(start - MARGIN, 0), end + MARGIN))
            self._windows[parts] = tuple(windows)
        return self._windows[parts]


def _parts(data: bytes, reach: int) -> Iterator[Span]:
    """Where the parts of a text lie, at most `PARTS_MAX`."""
    strides = [found.span() for found in _stride(reach).finditer(data)]
    step = max(PART_STRIDES - 1, -(-len(strides) // PARTS_MAX))  # however many words there are
    for first in range(0, len(strides) - 1, step):
        yield strides[first][0], strides[min(first + step, len(strides) - 1)][1]


def _has_words(data: bytes, count: int) -> bool:
    """Whether a text has so many words: the shortest are a letter and a space."""
    return len(data) >= 2 * count - 1 and len(words_of(data)) >= count


@cache
def _stride(words: int) -> re.Pattern[bytes]:
    return re.compile(rb"\W*(?:\w+\W*){1,%d}" % words)


class Place(NamedTuple):
    """A span of the view; `fragments`: the earlier messages that an extract was joined from."""

    span: Span
    fragments: tuple[int, ...] = ()


class Located:
    """One text and its extracts: what of each group may be there, looked for once and on demand."""

    def __init__(self, text: Text, extracts: Sequence[Extract]) -> None:
        self.view, self.everywhere = text.view, text.everywhere
        self._text = text
        self._kinds = frozenset(extract.kind for extract in extracts) if extracts else frozenset()
        self._extracts = extracts
        self._places: dict[Atom, list[Place]] = {}
        self._where: dict[Group, Parts] = {}

    def called[Called](self, calls: Calls[Called]) -> list[tuple[Parts, Called]]:
        """What the words of the text call, after the parts they are in."""
        return self._text.called(calls)

    def where(self, group: Group) -> Parts:
        """The parts of the text that may have an atom of a group."""
        parts = self._where.get(group)
        if parts is None:
            here = not group.kinds.isdisjoint(self._kinds)
            parts = self._where[group] = self.everywhere if here else self._text.where(group.calls)
        return parts

    def present(self, group: Group, parts: Parts) -> set[Atom]:
        """The atoms of a group that may be in some parts of the text."""
        found = {atom for there, atom in self._text.called(group.calls) if there & parts}
        return found | (group.kinds & self._kinds)

    def places(self, atoms: Iterable[Atom]) -> list[Place]:
        """Every place of some atoms."""
        return [place for atom in atoms for place in self._of(atom)]

    def barring(self, group: Group) -> list[Place]:
        """Every place of the atoms of a group, wherever it is."""
        return self.places(self.present(group, self.everywhere))

    def words(self, places: Sequence[Place]) -> tuple[int, int]:
        """The ordinals of the first and of the last word of some places."""
        word = self.view.word_at
        first, last = min(one.span[0] for one in places), max(one.span[1] for one in places)
        return word(first), word(last - 1)

    def _of(self, atom: Atom) -> list[Place]:
        places = self._places.get(atom)
        if places is None:
            found = self._extracted(atom) if isinstance(atom, str) else self._found(atom)
            places = self._places[atom] = list(found)
        return places

    def _extracted(self, kind: str) -> Iterator[Place]:
        of_kind = (one for one in self._extracts if one.kind == kind)
        first = islice(of_kind, OCCURRENCES_MAX)
        return (Place(self.view.here(one.span), one.fragments) for one in first)

    def _found(self, pattern: Pattern) -> Iterator[Place]:
        return map(Place, self._text.spans(pattern))


class Nearness:
    """Whether any of some places lies near a window, in logarithmic time."""

    def __init__(self, words: Iterable[tuple[int, int]]) -> None:
        """`words`: the ordinals of the first and of the last word of each place."""
        ordered = sorted(words)
        self._firsts = [first for first, _ in ordered]
        self._lasts = list(accumulate((last for _, last in ordered), max))

    def touches(self, first: int, last: int) -> bool:
        """Whether one of them shares a word with those from `first` to `last`."""
        before = bisect_right(self._firsts, last)
        return before > 0 and self._lasts[before - 1] >= first
