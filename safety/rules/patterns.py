"""The small language of the packs: plain words in, one bounded RE2 expression out.

Written in a pack          read as
`à l'hôtel`                folded like the text: `a`, up to 3 separators, `l`, perhaps one, `hotel`
`combien`                  whole words only, at both ends
`prostitu*`                the rest of the word, up to 12 characters
`(?:a |b )*`               the group, up to 4 times
`<meet>`                   any expression of the list `meet` in the `[words]` of the pack
`(?:a|b)?`, `[0-9]{2,4}`   RE2 as usual, without capturing groups
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from threading import local
from time import thread_time_ns
from typing import Any, NamedTuple

import re2

from safety.rules import needs, needs_file
from safety.rules.kernel import KERNEL, Kernel, Key, KeySet, Program
from safety.rules.needs import Unreadable
from safety.rules.normalise import Span, fold, squeeze_word

Words = Mapping[str, tuple[str, ...]]

REST_OF_WORD = r"\w{0,12}"
SEPARATORS = r"(?:\W{1,3})"
ELISION = r"\W?"
REPEATED = "{0,4}"  # what `*` means after a group: bounded, like everything else
MEMORY_BYTES = 1 << 20  # ceiling of one compiled expression, its automaton included
_SIGNS = ((" ", SEPARATORS), ("-", ELISION), ("'", ELISION), ("*", REST_OF_WORD))
_KEPT_WHOLE = frozenset("\\[{")  # what follows is read as it is written
_NESTED = frozenset("()\\[{")
_NAME = re.compile(r"<([a-z_]+)>")
_PIECE = re.compile(r"\\.|\[[^\]]*\]|\{[^}]*\}|.", re.DOTALL)
_CHOICE = re.compile(r"\\.|\[[^\]]*\]|\{[^}]*\}|[()|]", re.DOTALL)  # what tells alternatives
_DEPTH_MAX = 5
COMPILED_KEPT = 1_024  # expressions; each takes some 40 KB when it has found something
GAPS_MAX = 24  # that a match may have between its words without being far
_NO_KEYS: KeySet = frozenset()
ANY_TEXT: KeySet = frozenset((b"",))  # the keys of a pattern that has none: every text has this one
PATTERNS_KEPT = 16_384  # of the books in use and of those just left
_OPTIONS, _WHOLE = re2.Options(), re2.Options()
for _each in (_OPTIONS, _WHOLE):
    _each.max_mem = MEMORY_BYTES
    _each.log_errors = False
    _each.encoding = re2.Options.Encoding.LATIN1  # one byte a character, see `one_byte`
_WHOLE.never_capture = True


class PatternError(ValueError):
    """A pattern that cannot be read; the message says why."""


def expand(pattern: str, words: Words, depth: int = 0) -> str:
    """`pattern` with every `<name>` replaced by the alternatives of that list."""
    if depth > _DEPTH_MAX:
        raise PatternError("word lists refer to each other without end")

    def alternatives(found: re.Match[str]) -> str:
        if found[1] not in words:
            raise PatternError(f"no word list is called <{found[1]}>")
        each = (expand(word, words, depth + 1) for word in words[found[1]])
        return f"(?:{'|'.join(each)})"

    return _NAME.sub(alternatives, pattern)


def alternatives(choice: str) -> list[str]:
    """The expressions that an expanded pattern is a choice of: itself, unless it is one choice.

    One by one they are told apart by their keys, and only those present are run.
    """
    if not (choice.startswith("(?:") and choice.endswith(")")):
        return [choice]
    if _NESTED.isdisjoint(choice[3:-1]):
        return choice[3:-1].split("|")
    parts, depth, start = [], 1, 3
    for piece in _CHOICE.finditer(choice, start, len(choice) - 1):
        depth += {"(": 1, ")": -1}.get(piece.group(), 0)
        if depth == 0:
            return [choice]  # `(?:a|b) (?:c|d)` begins and ends with two different groups
        if depth == 1 and piece.group() == "|":
            parts.append(choice[start : piece.start()])
            start = piece.end()
    parts.append(choice[start:-1])
    return [one for part in parts for one in alternatives(part)]


def translate(expanded: str, *, squeezed: bool) -> str:
    """The RE2 source of an expanded pattern for the folded view, or for the squeezed one."""
    if expanded.isascii() and _KEPT_WHOLE.isdisjoint(expanded):  # nearly all, four times as fast
        plain = squeeze_word(expanded.lower()) if squeezed else expanded.lower()
        for sign, read in _SIGNS:
            plain = plain.replace(sign, read)
        return plain.replace(f"){REST_OF_WORD}", f"){REPEATED}")
    pieces = [_piece(one) for one in _PIECE.findall(expanded)]
    for before, place in zip(pieces, range(1, len(pieces)), strict=False):
        if before == ")" and pieces[place] == REST_OF_WORD:
            pieces[place] = REPEATED
    return "".join(_letters_once(pieces) if squeezed else pieces)


def bounded(source: str) -> str:
    """`source` between two ends of words or signs such as `€`, as the one group."""
    return rf"(?:^|\W)({source})(?:\W|$)"


@cache
def _piece(one: str) -> str:
    if len(one) > 1:
        return one
    plain = dict(_SIGNS).get(one)
    return plain if plain is not None else fold(one).text


def _letters_once(pieces: list[str]) -> list[str]:
    """Literal letters as the squeezed view writes them: never twice in a row."""
    kept: list[str] = []
    for one in pieces:
        word = squeeze_word(one) if one.isalpha() else one
        if not (kept and word.isalpha() and kept[-1] == word):
            kept.append(word)
    return kept


class _Bytes(dict[int, int]):
    """One byte for each character: its own in ASCII, one for each sign that a pattern names."""

    def __init__(self) -> None:
        super().__init__(zip(range(0x80), range(0x80), strict=True))
        self.odd = {_ASKED}  # what is replaced: signs that are named, and whose code stands for one
        self.read = b""  # each byte as it is read in the end, when all others are one
        self._tell()

    def __missing__(self, code: int) -> int:
        return _ALIKE

    def name(self, source: str) -> None:
        """Give every sign of a pattern a byte of its own, for the life of the process.

        A sign of Latin-1 keeps its code, so that no byte stands for one sign and is another.
        """
        for code in map(ord, () if source.isascii() else source):
            if code not in self:
                taken = set(self.values())
                wanted = (code,) if code < _ALIKE else _FREE_BYTES
                free = next((one for one in wanted if one not in taken), None)
                if free is None:
                    raise PatternError(f"too many different signs, {chr(code)} among them")
                self[code] = free
                self.odd |= {chr(code), chr(free)}
                self._tell()

    def _tell(self) -> None:
        told = {one: one for one in self.values()} | {ord("?"): _ALIKE, ord(_ASKED): ord("?")}
        self.read = bytes(told.get(byte, _ALIKE) for byte in range(0x100))


_ALIKE = 0xFF
_ASKED = "\x9f"  # stands for the question mark, while that stands for what has no byte
_FREE_BYTES = (*range(0x80, 0x9F), *range(0xC0, 0xFF))  # no sign of a folded text has these codes
_BYTES = _Bytes()


name_signs = _BYTES.name


def one_byte(text: str) -> bytes:
    """`text` as patterns read it: one byte a character, so that places are the same in both.

    RE2 on UTF-8 would need automata several times as large to tell where a character ends. Signs
    that no pattern names are all alike.
    """
    if text.isascii():
        return text.encode()
    if KERNEL:
        return KERNEL.one_byte(text, _BYTES, _ALIKE)
    for one in sorted(_BYTES.odd.intersection(text)):  # Latin-1 first: no byte is read again
        text = text.replace(one, chr(_BYTES[ord(one)]))
    return text.replace("?", _ASKED).encode("latin-1", "replace").translate(_BYTES.read)


class Line(NamedTuple):
    """A text as patterns read it, and where in it one may begin, if there is a kernel."""

    data: bytes
    starts: bytes


def line_of(text: str) -> Line:
    """The line of a text."""
    data = one_byte(text)
    return Line(data, KERNEL.starts(data) if KERNEL else b"")


def compile_pattern(source: str, *, groups: bool = True) -> Any:
    """The compiled RE2 expression, or `PatternError` with the reason RE2 gives.

    Without `groups` it tells only where it matches as a whole, which costs less.
    """
    try:
        return re2.compile(one_byte(source), _OPTIONS if groups else _WHOLE)
    except re2.error as refused:
        reason = refused.args[0] if refused.args else "refused"
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(text) from None


# Words, pairs and sets of words are the same objects in all patterns.
_byte = cache(one_byte)
_pairs: dict[Key, Key] = {}
_sets: dict[KeySet, KeySet] = {}


def _key(key: str) -> Key:
    first, paired, second = key.partition(" ")
    if not paired:
        return _byte(key)
    pair = _byte(first), _byte(second)
    return _pairs.setdefault(pair, pair)


def _in_bytes(keys: frozenset[str]) -> KeySet:
    read = frozenset(map(_key, keys))
    return _sets.setdefault(read, read)


_UNREAD = object()  # the program of a pattern that no text has needed


def _program(source: str, kernel: Kernel) -> Program:
    """The program of an expression; None where RE2 has to do it."""
    try:
        return kernel.expression(one_byte(source))
    except ValueError:
        return None


class Pattern:
    """One expression of the packs: what a text needs for it, and where it stands in one.

    A text that matches has one of the keys `rarest`, all of `each` and one of each of `others`;
    see `needs`. `odds` is a rough share of texts that have one of `rarest`.
    It is `far` when nothing says how many words a match may have, or they are many.

    Raises `PatternError` when the expression is outside the language.
    """

    __slots__ = ("_program", "each", "far", "odds", "others", "rarest", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._program: Program = _UNREAD
        name_signs(source)
        try:
            needed = needs_file.needs_of(source)
        except Unreadable as wrong:
            raise PatternError(f"{wrong} in {source}") from None
        self.rarest, *also = map(_in_bytes, needed.keys) if needed.keys else (ANY_TEXT,)
        self.far = needed.gaps is None or needed.gaps > GAPS_MAX
        self.odds = needed.odds
        self.each = frozenset(key for keys in also if len(keys) == 1 for key in keys) or _NO_KEYS
        self.others = tuple(keys for keys in also if len(keys) > 1)

    def spans(self, line: Line, start: int, end: int, most: int) -> list[Span]:
        """The first places in a part of a line, left to right; each begins after the last."""
        data, starts = line
        end = min(end, len(data))
        if KERNEL and self._program is _UNREAD:
            self._program = _program(self.source, KERNEL)
        if KERNEL and self._program:
            found = KERNEL.spans(self._program, data, starts, start, end, most)
            if found is not None:
                return found
        return self._searched(data, start, end, most)

    def _searched(self, data: bytes, start: int, end: int, most: int) -> list[Span]:
        """As `spans`, by RE2."""
        spans: list[Span] = []
        place, search = start, _compiled(self.source).search
        while place < end and len(spans) < most and (found := search(data, place, end)):
            first, last = found.span(1)
            if last > first:
                spans.append((first, last))
            place = max(last, place + 1)
        return spans


@lru_cache(COMPILED_KEPT)
def _compiled(source: str) -> Any:
    """Compiled when a text first needs it: most patterns wait long for theirs."""
    begun = thread_time_ns()
    try:
        return compile_pattern(bounded(source))
    finally:
        _compiling.nanoseconds = compiling_nanoseconds() + thread_time_ns() - begun


_compiling = local()


def compiling_nanoseconds() -> int:
    """CPU that this thread has spent on compiling: the book's cost, and no fault of a text."""
    return int(getattr(_compiling, "nanoseconds", 0))


def release_read() -> None:
    """Forget what was kept while patterns were read: for when a book has all of its own."""
    _pairs.clear()
    _sets.clear()
    needs.forget()
    needs_file.forget()


def release_compiled() -> None:
    """Forget what was compiled: after the examples of a book, which run all of it, most is idle."""
    _compiled.cache_clear()


_pattern = lru_cache(PATTERNS_KEPT)(Pattern)


@lru_cache(PATTERNS_KEPT)
def choices(expanded: str, *, squeezed: bool) -> frozenset[Pattern]:
    """The patterns that an expanded pattern is a choice of, read once for every book that has it.

    Raises `PatternError`.
    """
    sources = (translate(one, squeezed=squeezed) for one in alternatives(expanded))
    return frozenset(map(_pattern, sources))
