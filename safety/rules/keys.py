"""The keys of a text, and which patterns they call: a few of thousands, told by a text's words.

Hides how keys are held: as words in sets, or, where the kernel is compiled, as their hashes. Both
call the same patterns, but that two keys may share a hash: a pattern is then run in vain.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any, NamedTuple, Protocol

from safety.rules.kernel import KERNEL, Kernel, Key, KeySet
from safety.rules.needs import DIGIT, ENDS, INSIDE
from safety.rules.normalise import Span
from safety.rules.patterns import ANY_TEXT, Pattern

PARTS_MAX = 64  # of a text
_EVERYWHERE = (1 << PARTS_MAX) - 1
WORDS_KEPT = 8_192  # whose keys are remembered
WORD_KEPT_BYTES = 24
_WORD = re.compile(rb"\w+")  # of ASCII letters, digits and _, as RE2 has it
_SIGN = re.compile(rb"[^\w\s\x00-\x1f]")
_DIGITS = re.compile(rb"\d")
_DIGIT, _REST = DIGIT.encode(), b"*"
_BYTES = [bytes((code,)) for code in range(256)]
_SPACED = bytes(code if _WORD.match(bytes((code,))) else 0x20 for code in range(256))

Present = Any  # the keys of a text, for the calls made beside these keys
Parts = int  # of a text, a bit for each, the lowest for the first


class Keys(Protocol):
    """Tells which of the known keys a text has."""

    def of(self, data: bytes, parts: list[Span]) -> Present:
        """The known keys of at most `PARTS_MAX` parts of a text, which hold whole words."""
        ...


class Calls[Called](Protocol):
    """What keys call: patterns, or what hangs on them."""

    def called(self, keys: Present) -> list[tuple[Parts, Called]]:
        """What the keys of a text call, after the parts they are in, some of it more than once."""
        ...

    def where(self, keys: Present) -> Parts:
        """In which parts of a text its keys call anything."""
        ...


def keys_of(known: Set[Key]) -> Keys:
    """These keys, known."""
    return _Hashes(known, KERNEL) if KERNEL else _Words(known)


def calls_of[Called](patterns: Iterable[tuple[Pattern, Called]]) -> Calls[Called]:
    """What each pattern calls where its keys are: one of `rarest`, all of `each` and one of each of
    `others`. They are in one part, unless it is `far`: then all but the first are anywhere in the
    text."""
    return _ByHash(patterns, KERNEL) if KERNEL else _ByWord(patterns)


def words_of(data: bytes) -> list[bytes]:
    """The words of a text, as patterns see them."""
    return data.translate(_SPACED).split()


# -- As words -----------------------------------------------------------------------------------


class _Words(dict[bytes, tuple[Key, ...]]):
    """The known keys of each word, told once a word."""

    def __init__(self, known: Set[Key]) -> None:
        super().__init__()
        self._pairs: set[Key] = {key for key in known if isinstance(key, tuple)}
        self._known = {key: key for key in known if isinstance(key, bytes)}
        self._heads = frozenset(key[:2] for key in self._known if key.endswith(_REST))
        self._tails = frozenset(key[-2:] for key in self._known if key.startswith(_REST))
        self._inside = tuple(key[1:-1] for key in self._known if key[:1] == key[-1:] == _REST)
        signs = {key for key in self._known if len(key) == 1 and _SIGN.match(key)}
        self._not_signs = bytes(code for code in range(256) if bytes((code,)) not in signs)

    def of(self, data: bytes, parts: Sequence[Span]) -> dict[Key, Parts]:
        found: defaultdict[Key, Parts] = defaultdict(int)
        for place, (start, end) in enumerate(parts):
            part = data[start:end]
            words = words_of(part)
            keys: set[Key] = set(self[part.translate(None, self._not_signs)])
            keys.update(*map(self.__getitem__, words), self._pairs.intersection(pairwise(words)))
            for key in keys:
                found[key] |= 1 << place
        return dict(found)

    def __missing__(self, word: bytes) -> tuple[Key, ...]:
        """The keys of a word, or of the signs of a text one after the other."""
        keys = tuple(self._of_word(word) if _WORD.match(word) else _of_signs(word))
        if len(word) <= WORD_KEPT_BYTES:
            if len(self) >= WORDS_KEPT:
                self.clear()
            self[word] = keys
        return keys

    def _of_word(self, word: bytes) -> Iterator[bytes]:
        known = self._known
        parts = [word]
        if word[:2] in self._heads:
            parts += (word[:size] + _REST for size in ENDS)
        if word[-2:] in self._tails:
            parts += (_REST + word[-size:] for size in ENDS)
        yield from (known[part] for part in parts if part in known)
        if len(word) >= INSIDE:
            yield from (known[b"*%b*" % part] for part in self._inside if part in word)
        if _DIGITS.search(word):
            yield _DIGIT


def _of_signs(signs: bytes) -> Iterator[Key]:
    yield from ANY_TEXT
    yield from map(_BYTES.__getitem__, set(signs))


class _Call[Called](NamedTuple):
    far: bool
    each: KeySet
    others: tuple[KeySet, ...]
    called: Called


class _ByWord[Called]:
    """Calls by the words of their rarest keys."""

    def __init__(self, patterns: Iterable[tuple[Pattern, Called]]) -> None:
        calls: dict[Key, list[_Call[Called]]] = defaultdict(list)
        for pattern, called in patterns:
            call = _Call(pattern.far, pattern.each, pattern.others, called)
            for key in pattern.rarest:
                calls[key].append(call)
        self._calls = {key: tuple(each) for key, each in calls.items()}

    def called(self, keys: Mapping[Key, Parts]) -> list[tuple[Parts, Called]]:
        found: list[tuple[Parts, Called]] = []
        there_are = keys.keys()
        for key in self._calls.keys() & there_are:
            for far, each, others, one in self._calls[key]:
                if not each <= there_are or any(map(there_are.isdisjoint, others)):
                    continue  # as of most: told at once
                parts = keys[key]
                for choice in (*((key,) for key in each), *others):
                    there = reduce(or_, (keys.get(key, 0) for key in choice))
                    parts &= _EVERYWHERE if far and there else there
                if parts:
                    found.append((parts, one))
        return found

    def where(self, keys: Mapping[Key, Parts]) -> Parts:
        return reduce(or_, (parts for parts, _ in self.called(keys)), 0)


# -- As hashes ----------------------------------------------------------------------------------


class _Hashes:
    """Notes which keys are known, roughly: a key that is not may be told of a text as well."""

    def __init__(self, known: Set[Key], kernel: Kernel) -> None:
        self._noted, self._keys = kernel.noted(known), kernel.keys

    def of(self, data: bytes, parts: list[Span]) -> bytes:
        return self._keys(self._noted, data, parts)


class _ByHash[Called]:
    """Calls in one table of numbers, as `native/keys.c` describes it."""

    def __init__(self, patterns: Iterable[tuple[Pattern, Called]], kernel: Kernel) -> None:
        each = list(patterns)
        self._objects = tuple(called for _, called in each)
        self._table = kernel.calls([(one.far, one.rarest, one.each, one.others) for one, _ in each])
        self._called, self._where = kernel.called, kernel.where

    def called(self, keys: bytes) -> list[tuple[Parts, Called]]:
        return self._called(self._table, keys, self._objects)

    def where(self, keys: bytes) -> Parts:
        return self._where(self._table, keys)
