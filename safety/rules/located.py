"""Which patterns one view of a text may meet, and where they stand in it, found when asked for.

Hides how little of a text is read: the keys of its words call the patterns, and an expression runs
only on the blocks of words around what called it, so that a long text costs what its words cost,
not its length times every rule.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache, lru_cache
from itertools import accumulate, islice
from typing import NamedTuple

from safety.rules.extractors import Extract
from safety.rules.keys import Calls, Keys, Present, calls_of, words_of
from safety.rules.normalise import Span, View
from safety.rules.patterns import Pattern, one_byte

OCCURRENCES_MAX = 32  # of one pattern in one text
PART_STRIDES = 4  # each as many words as a rule may reach; the last is the first of the next part
STEPS_MAX = 1_500  # patterns asked for and runs of them in one view: the longest chat takes 800
MARGIN = 1  # beside a part: the sign that ends a word
KIND_ODDS = 0.02  # of a text with one kind of extract
ALONE_KEPT = 1_024  # of long texts, of which it is remembered what calls them
_GLUED = re.compile(r"(?a:\w)[^\W\0-\x7f]|[^\W\0-\x7f](?a:\w)")  # one word for people, not for RE2

Atom = Pattern | str  # a pattern, or the name of a kind of extract


class Part:
    """A part of a text: from where to where, and the keys it has; `text` are those of it all."""

    __slots__ = ("_keys", "_present", "_text", "end", "start")

    def __init__(self, start: int, end: int, keys: Present, text: Present) -> None:
        self.start, self.end, self._keys, self._text = start, end, keys, text
        self._present: dict[Group, Set[Atom]] = {}

    def called[Called](self, calls: Calls[Called]) -> list[Called]:
        """What the keys of this part call."""
        return calls.called(self._keys, self._text)

    def present(self, group: "Group", kinds: Set[str]) -> Set[Atom]:
        """Those atoms of a group that may be here, in a text with these kinds of extracts."""
        found = self._present.get(group)
        if found is None:
            found = self._present[group] = {*self.called(group.calls), *(group.kinds & kinds)}
        return found

    def may_have(self, pattern: Pattern) -> bool:
        """Whether a pattern that is not far may be here."""
        return bool(_alone(pattern).called(self._keys, self._keys))


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
        self.data = one_byte(view.text)
        self._steps = 0
        every = known.of(self.data, 0, len(self.data))
        self.whole = Part(0, len(self.data), every, every)
        glued = not view.text.isascii() and _GLUED.search(view.text) is not None
        if glued or not _has_words(self.data, PART_STRIDES * reach + 1):
            self.parts = [self.whole]
            return
        self.parts = []
        strides = [found.span() for found in _stride(reach).finditer(self.data)]
        for first in range(0, len(strides) - 1, PART_STRIDES - 1):
            start, last = strides[first][0], min(first + PART_STRIDES, len(strides)) - 1
            end = strides[last][1]
            keys = known.of(self.data, start, end)
            self.parts.append(Part(max(start - MARGIN, 0), end + MARGIN, keys, every))

    def spans(self, pattern: Pattern) -> list[Span]:
        """The first places of a pattern, left to right. Raises `TooDense` after `STEPS_MAX`, a
        count and no clock: the same text always has the same end."""
        windows = self._windows(pattern)
        self._steps += 1 + len(windows)
        if self._steps > STEPS_MAX:
            raise TooDense
        spans: list[Span] = []
        for start, end in windows:
            spans += pattern.spans(self.data, start, end, OCCURRENCES_MAX - len(spans))
        return spans

    def _windows(self, pattern: Pattern) -> Sequence[Span]:
        """What holds every match: the parts that have all it needs, joined where they meet."""
        if pattern.far or len(self.parts) == 1:
            return ((0, len(self.data)),)
        windows: list[Span] = []
        for part in self.parts:
            if part.may_have(pattern):
                if windows and part.start <= windows[-1][1]:
                    windows[-1] = windows[-1][0], part.end
                else:
                    windows.append((part.start, part.end))
        return windows


def _has_words(data: bytes, count: int) -> bool:
    """Whether a text has so many words: the shortest are a letter and a space."""
    return len(data) >= 2 * count - 1 and len(words_of(data)) >= count


@cache
def _stride(words: int) -> re.Pattern[bytes]:
    return re.compile(rb"\W*(?:\w+\W*){1,%d}" % words)


class Place(NamedTuple):
    """A span of the view, and the ordinals of its first and its last word.

    `fragments`: the earlier messages that an extract was joined from.
    """

    span: Span
    first: int
    last: int
    fragments: tuple[int, ...] = ()


class Located:
    """One text and its extracts: what of each group may be there, looked for once and on demand."""

    def __init__(self, text: Text, extracts: Sequence[Extract]) -> None:
        self.view = text.view
        self._text = text
        self._kinds = frozenset(extract.kind for extract in extracts) if extracts else frozenset()
        self._extracts = extracts
        self._places: dict[Atom, list[Place]] = {}

    def may_have(self, part: Part, groups: Iterable[Group]) -> bool:
        """Whether a part of the text may have an atom of each of some groups."""
        return all(part.present(group, self._kinds) for group in groups)

    def present(self, group: Group, parts: Iterable[Part]) -> set[Atom]:
        """The atoms of a group that may be in some parts of the text."""
        return {atom for part in parts for atom in part.present(group, self._kinds)}

    def places(self, atoms: Iterable[Atom]) -> list[Place]:
        """Every place of some atoms."""
        return [place for atom in atoms for place in self._of(atom)]

    def barring(self, group: Group) -> list[Place]:
        """Every place of the atoms of a group, wherever it is."""
        return self.places(self._text.whole.present(group, self._kinds))

    def _of(self, atom: Atom) -> list[Place]:
        places = self._places.get(atom)
        if places is None:
            found = self._extracted(atom) if isinstance(atom, str) else self._found(atom)
            places = self._places[atom] = list(found)
        return places

    def _place(self, span: Span, fragments: tuple[int, ...] = ()) -> Place:
        word = self.view.word_at
        return Place(span, word(span[0]), word(span[1] - 1), fragments)

    def _extracted(self, kind: str) -> Iterator[Place]:
        of_kind = (one for one in self._extracts if one.kind == kind)
        first = islice(of_kind, OCCURRENCES_MAX)
        return (self._place(self.view.here(one.span), one.fragments) for one in first)

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
