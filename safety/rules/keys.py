"""The keys of a text, and which patterns they call: a few of thousands, told by a text's words.

Hides how keys are held: as words in sets, or, where the kernel is compiled, as their hashes. Both
call the same patterns, but that two keys may share a hash: a pattern is then run in vain.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, pairwise
from typing import Any, NamedTuple, Protocol

from safety.rules import kernel as compiled
from safety.rules.kernel import Kernel
from safety.rules.needs import DIGIT, ENDS, INSIDE
from safety.rules.patterns import ANY_TEXT, Key, KeySet, Pattern

WORDS_KEPT = 8_192  # whose keys are remembered
WORD_KEPT_BYTES = 24
KERNEL = compiled.load()  # as this process found it
NOTED_BYTES = 1 << 16  # as `kernel.c` has it: a bit for each of the highest 19 of a hash
_NOTED_SHIFT = 45
_WORD = re.compile(rb"\w+")  # of ASCII letters, digits and _, as RE2 has it
_SIGN = re.compile(rb"[^\w\s\x00-\x1f]")
_DIGITS = re.compile(rb"\d")
_DIGIT, _REST = DIGIT.encode(), b"*"
_BYTES = [bytes((code,)) for code in range(256)]
_SPACED = bytes(code if _WORD.match(bytes((code,))) else 0x20 for code in range(256))

Present = Any  # the keys of a part of a text, for the calls made beside these keys


class Keys(Protocol):
    """Tells which of the known keys a text has."""

    def of(self, data: bytes, start: int, end: int) -> Present:
        """The known keys of `data[start:end]`, which holds whole words."""
        ...


class Calls[Called](Protocol):
    """What keys call: patterns, or what hangs on them."""

    def called(self, part: Present, text: Present) -> list[Called]:
        """What the keys of a part of a text call, some of it more than once."""
        ...


def keys_of(known: Set[Key]) -> Keys:
    """These keys, known."""
    return _Hashes(known, KERNEL) if KERNEL else _Words(known)


def calls_of[Called](patterns: Iterable[tuple[Pattern, Called]]) -> Calls[Called]:
    """What each pattern calls where its keys are: one of `rarest`, all of `each` and one of each of
    `others`. They are near each other, unless it is `far`: then all but the first are somewhere in
    the text."""
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

    def of(self, data: bytes, start: int, end: int) -> Set[Key]:
        part = data[start:end]
        words = words_of(part)
        keys: set[Key] = set(self[part.translate(None, self._not_signs)])
        keys.update(*map(self.__getitem__, words), self._pairs.intersection(pairwise(words)))
        return keys

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

    def called(self, part: Set[Key], text: Set[Key]) -> list[Called]:
        found: list[Called] = []
        for key in self._calls.keys() & part:
            for far, each, others, one in self._calls[key]:
                there = text if far else part
                if each <= there and not any(map(there.isdisjoint, others)):
                    found.append(one)
        return found


# -- As hashes ----------------------------------------------------------------------------------


class _Hashes:
    """Notes which keys are known, roughly: a key that is not may be told of a text as well."""

    def __init__(self, known: Set[Key], kernel: Kernel) -> None:
        noted = bytearray(NOTED_BYTES)
        for key in known:
            place = _hash(key, kernel) >> _NOTED_SHIFT
            noted[place // 8] |= 1 << place % 8
        self._noted, self._present = bytes(noted), kernel.present

    def of(self, data: bytes, start: int, end: int) -> bytes:
        return self._present(self._noted, data, start, end)


class _ByHash[Called]:
    """Calls in one table of numbers, as `kernel.c` describes it."""

    def __init__(self, patterns: Iterable[tuple[Pattern, Called]], kernel: Kernel) -> None:
        objects: list[Called] = []
        calls = array("Q")
        by_hash: dict[int, list[int]] = defaultdict(list)

        def hashes(keys: Iterable[Key]) -> list[int]:
            return [_hash(key, kernel) for key in keys]

        for pattern, called in patterns:
            for one in hashes(pattern.rarest):
                by_hash[one].append(len(calls))
            choices = [hashes(keys) for keys in pattern.others]
            each = hashes(pattern.each)
            calls.extend((pattern.far, len(objects), len(each), *each, len(choices)))
            calls.extend(chain.from_iterable((len(choice), *choice) for choice in choices))
            objects.append(called)
        self._table, self._objects = _table(calls, by_hash).tobytes(), tuple(objects)
        self._called = kernel.called

    def called(self, part: bytes, text: bytes) -> list[Called]:
        return self._called(self._table, part, text, self._objects)


def _table(calls: Sequence[int], by_hash: dict[int, list[int]]) -> "array[int]":
    """Places, lists and calls, in this order; in the end all say where things stand in it."""
    places = 1
    while places < 2 * len(by_hash):
        places *= 2
    lists_at = 1 + 2 * places
    calls_at = lists_at + sum(1 + len(each) for each in by_hash.values())
    table, lists = array("Q", [places, *[0] * (2 * places)]), array("Q")
    for one, each in by_hash.items():
        place = one & (places - 1)
        while table[1 + 2 * place]:
            place = (place + 1) & (places - 1)
        table[1 + 2 * place], table[2 + 2 * place] = one, lists_at + len(lists)
        lists.extend((len(each), *(calls_at + at for at in each)))
    return table + lists + array("Q", calls)


def _hash(key: Key, kernel: Kernel) -> int:
    return kernel.key(key if isinstance(key, bytes) else b" ".join(key))
