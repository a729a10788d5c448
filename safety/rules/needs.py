r"""What a pattern cannot match without: words that tell, by a text's words, to leave it out.

Hides how an RE2 expression is read. Each way it may match is a *shape*: its plain letters, a space
for anything that surely ends a word, `\0` for what is unknown. Every shape names one key that its
matches contain, two words in a row where it can: few texts have them. A pattern whose shape has
none is tried on every text. A shape may promise less than the pattern does, never more: what is
left out could not have matched.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from itertools import pairwise, product
from math import prod

ENDS = range(2, 7)  # letters of a key that is the beginning or the end of a word
INSIDE = 4  # letters of a key that stands anywhere in a word
SPACE = r"(?:\W{1,3})"  # what the packs write as a space
UNKNOWN, DIGIT = "\0", "\1"
# What half of all talk is made of: the last to be keys.
_USUAL_WORDS = """
    a ai ans are as at au avec be but c ca can ce d dans de des do don du en es est et fais fait
    for from get go have he her here how i if il in is it j je just know l la le les like ll m ma
    mais me mes moi mon my n ne night no not nuit of on or ou our par pas passe photo photos plus
    pour prends que qui re s see she si so soir suis sur t ta take te tes that the they this to
    toi ton tonight tout tu un une up ve veux video videos viens vous want was we what when who
    will with would y you your
"""
COMMON = frozenset(_USUAL_WORDS.split()).union(".,;:!?'\"-()/")
_OPEN = re.compile(f"[{UNKNOWN}{DIGIT}]")
PAIRED = 2.0  # how much rarer two words in a row are than each by itself
SHAPES_MAX = 400  # of one part; beyond, it counts as unknown
SEAM_MAX = 64  # pairs of words around one gap
CONDITIONS_MAX = 5  # of one pattern: more would leave out hardly any text
# Read once: the lists of the packs come again and again.
SEGMENTS_KEPT, SHAPES_KEPT, GROUPS_KEPT = 4_096, 4_096, 1_024
_TOKEN = re.compile(
    r"[a-z]+(?![*+?{])|\(\?:\\W\{1,3\}\)"  # a run of letters, the packs' space
    r"|\\.|\[(?:\\.|[^\]\\])+\]|\(\?:|\((?!\?)|\)|\||[*+?]\??|\{\d+(?:,\d*)?\}\??|[^()\[\]{}*+?]",
    re.DOTALL,
)
_FEW_DIGITS = re.compile(r"(\d)-(\d)")
_NUMBERS = re.compile(r"\d+")
_WORD = re.compile(r"\w", re.ASCII)
_IN_WORDS = re.compile(rf"[\w{UNKNOWN}{DIGIT}]", re.ASCII)
_CLASSES = {r"\d": DIGIT, r"\w": UNKNOWN, r"\W": " ", r"\s": " "}


class Unreadable(ValueError):
    """An expression outside the language of the packs; the message says where."""


Keys = frozenset[str]


@dataclass(frozen=True, slots=True)
class Needs:
    """One of the keys of each of `keys`, the rarest first, is in every text that matches.

    A key is a word, two words in a row with a space between, `abc*`, `*abc` or `*abcd*` for one
    that begins, ends or goes on so, `DIGIT`, or a sign. `gaps`: how many times a match may pass
    from one word to the next; None without a bound.
    """

    keys: tuple[Keys, ...]
    gaps: int | None

    @property
    def odds(self) -> float:
        """A rough share of texts that have one of the rarest keys."""
        return sum(0.3 ** _rarity(key) for key in self.keys[0]) if self.keys else 1.0


@dataclass(frozen=True, slots=True)
class _Part:
    shapes: tuple[str, ...]
    gaps: float  # infinity without a bound


_NOTHING = _Part(("",), 0)
_GAP = _Part((), 1)  # what keeps two chunks apart


def is_phrase(source: str) -> bool:
    """Whether a pattern is plain words in a row, as most are: that is told at once."""
    return source.isascii() and all(map(str.isalnum, source.split(SPACE)))


def needs(source: str) -> Needs:
    """What every match of `source`, between two ends of words, contains. Raises `Unreadable`."""
    if is_phrase(source):
        words = source.split(SPACE)
        pairs = {f"{one} {other}" for one, other in pairwise(words)} or set(words)
        rarest = sorted(pairs, key=lambda key: (-_rarity(key), key))
        return Needs(tuple(frozenset((one,)) for one in rarest), len(words) - 1)
    keys, gaps = _Reader(source).whole()
    return Needs(keys, int(gaps) if gaps < float("inf") else None)


@lru_cache(SHAPES_KEPT)
def _key(shape: str) -> str:
    """The rarest thing of a shape: two whole words, a word or sign, else a part of a word."""
    segments = shape.split()
    if len(segments) < 2:
        return _segment_key(segments[0])[1] if segments else ""
    pairs = (
        (_rarity(one) + _rarity(other) + PAIRED, f"{one} {other}")
        for one, other in pairwise(segments)
        if _is_word(one) and _is_word(other)
    )
    return max((*map(_segment_key, segments), *pairs))[1]


def _is_word(segment: str) -> bool:
    """Whether this is all of a word, of ASCII letters and digits."""
    return segment.isascii() and segment.isalnum()


@lru_cache(SEGMENTS_KEPT)
def _segment_key(segment: str) -> tuple[float, str]:
    """The rarest key of what stands between two gaps, after how rare it is."""
    return max(((_rarity(key), key) for key in _segment_keys(segment)), default=(0, ""))


def _segment_keys(segment: str) -> Iterator[str]:
    first, *others = _OPEN.split(segment)
    if not others:
        yield segment
        return
    last = others.pop()
    if len(first) >= ENDS.start:
        yield f"{first[: ENDS[-1]]}*"
    if len(last) >= ENDS.start:
        yield f"*{last[-ENDS[-1] :]}"
    yield from (f"*{one[:INSIDE]}*" for one in others if len(one) >= INSIDE)
    if DIGIT in segment or any(map(str.isdigit, segment)):
        yield DIGIT


@lru_cache(SHAPES_KEPT)
def _rarity(key: str) -> float:
    """A rough order: longer words are rarer, signs rarer still, parts of words commoner."""
    if key in COMMON:
        return 0.5
    if " " in key:
        return sum(map(_rarity, key.split())) + PAIRED
    if "*" in key:
        return len(key) - 1.5 - (key[0] == key[-1])
    if key == DIGIT:
        return 1
    return len(key) if _WORD.match(key) else 6


def _conditions(chunks: Sequence[_Part]) -> tuple[Keys, ...]:
    """The keys of each chunk that surely has some, those whose commonest key is rarest first."""
    each = {frozenset(map(_key, chunk.shapes)) for chunk in chunks}
    each.update(_seam(chunks[place - 1], chunks[place + 1])
                for place, chunk in enumerate(chunks[1:-1], 1) if chunk is _GAP)  # fmt: skip
    known = [keys for keys in each if keys and "" not in keys]
    known.sort(key=lambda keys: (-min(map(_rarity, keys)), len(keys), min(keys)))
    return tuple(known[:CONDITIONS_MAX])


def _seam(before: _Part, after: _Part) -> Keys:
    """The pairs of words on both sides of a gap, if all of them are known and they are few."""
    lasts = {segments[-1] if (segments := shape.split()) else "" for shape in before.shapes}
    firsts = {segments[0] if (segments := shape.split()) else "" for shape in after.shapes}
    if len(lasts) * len(firsts) > SEAM_MAX or not all(map(_is_word, lasts | firsts)):
        return frozenset()
    return frozenset(f"{last} {first}" for last, first in product(lasts, firsts))


class _Reader:
    """One pass over an expression, from left to right."""

    def __init__(self, source: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(source)
        if sum(map(len, self._tokens)) != len(source):
            raise Unreadable("an unexpected sign")
        self._at = 0

    def whole(self) -> tuple[tuple[Keys, ...], float]:
        """The conditions of the expression, and its gaps."""
        chunks = list(self._chunks())
        if self._next() == "|":  # a bare choice: nothing is common to its branches but the whole
            self._at = 0
            chunks = [self.choice()]
        elif self._next():
            raise Unreadable("unexpected )")
        return _conditions(chunks), sum(chunk.gaps for chunk in chunks)

    def _chunks(self) -> Iterator[_Part]:
        """The parts of a sequence that separators keep apart; most patterns are a few of them."""
        chunk: list[_Part] = []
        for part in self._parts():
            if part.shapes == (" ",):
                yield from _told(chunk)
                yield _GAP
                chunk = []
            else:
                chunk.append(part)
        yield from _told(chunk)

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def choice(self) -> _Part:
        """The whole as one choice between branches."""
        parts = [reduce(_joined, self._parts(), _NOTHING)]
        while self._next() == "|":
            self._take()
            parts.append(reduce(_joined, self._parts(), _NOTHING))
        if self._next():
            raise Unreadable("unexpected )")
        shapes = tuple(dict.fromkeys(shape for part in parts for shape in part.shapes))
        return _capped(_Part(shapes, max(part.gaps for part in parts)))

    def _parts(self) -> Iterator[_Part]:
        while self._next() not in ("", "|", ")"):
            yield self._repeated(self._one())

    def _one(self) -> _Part:
        token = self._take()
        if token in ("(", "(?:"):
            return _group(self._body())
        if token[0] in "*+?{":
            raise Unreadable(f"nothing before {token}")
        return _single(token)

    def _body(self) -> str:
        """What stands up to the end of the group just begun, taken with its end."""
        begun, depth = self._at, 1
        while depth:
            if self._at == len(self._tokens):
                raise Unreadable("missing )")
            depth += {"(": 1, "(?:": 1, ")": -1}.get(self._take(), 0)
        return "".join(self._tokens[begun : self._at - 1])

    def _repeated(self, part: _Part) -> _Part:
        token = self._next()
        if not token or token[0] not in "*+?{":
            return part
        least, most = _bounds(self._take().removesuffix("?") or "?")
        shapes = ("",) * (least == 0) + part.shapes * (least <= 1)
        gap = not any(map(_IN_WORDS.search, part.shapes))  # several are as good as one
        if gap or part.shapes == (DIGIT,):
            shapes = ("",) * (least == 0) + part.shapes
        elif most > 1:
            shapes += _unknown(part.shapes)
        gaps = part.gaps * (1 if gap else most) if part.gaps else 0
        return _capped(_Part(tuple(dict.fromkeys(shapes)), gaps))


def forget() -> None:
    """Forget what was kept of the patterns read so far."""
    for one in (_key, _segment_key, _rarity, _group):
        one.cache_clear()


@lru_cache(GROUPS_KEPT)
def _group(body: str) -> _Part:
    """What stands between two parentheses, read once: packs have the same lists all over."""
    return _Reader(body).choice()


def _bounds(token: str) -> tuple[int, float]:
    fixed: dict[str, tuple[int, float]] = {
        "?": (0, 1), "*": (0, float("inf")), "+": (1, float("inf"))
    }  # fmt: skip
    if token[0] in fixed:
        return fixed[token[0]]
    numbers = [int(one) for one in _NUMBERS.findall(token)]
    return numbers[0], float("inf") if token.endswith(",}") else numbers[-1]


@cache
def _single(token: str) -> _Part:
    """A letter, a sign, an escape or a class; `SPACE` among them."""
    if token.startswith("(?:"):
        return _Part((" ",), 1)
    if token.isalpha() and token.isascii():
        return _Part((token,), 0)
    if len(token) == 1:
        if token == ".":  # noqa: S105  the sign of an expression
            return _Part((UNKNOWN,), 1)
        return _Part((token,), 0) if _WORD.match(token) else _sign(token)
    if token[0] == "[":
        return _class(token[1:-1])
    known = _CLASSES.get(token)
    if known is None:  # \b and its like take no character, \. is the sign itself
        return _Part((UNKNOWN,), 1) if token[1].isalnum() else _sign(token[1])
    return _Part((known,), int(known == " "))


def _sign(sign: str) -> _Part:
    return _Part((" ",) if sign in " ^$" else (f" {sign} ",), 1)


def _class(body: str) -> _Part:
    if body == "0-9":
        return _Part((DIGIT,), 0)
    if few := _FEW_DIGITS.fullmatch(body):
        return _Part(tuple(map(str, range(int(few[1]), int(few[2]) + 1))), 0)
    if body[0] == "^" or "\\" in body or "-" in body[1:-1]:
        return _Part((UNKNOWN,), 1)
    each = [_Part((one,), 0) if _WORD.match(one) else _sign(one) for one in dict.fromkeys(body)]
    return _Part(tuple(part.shapes[0] for part in each), max(part.gaps for part in each))


def _told(chunk: Sequence[_Part]) -> Iterator[_Part]:
    """What a chunk says: all its shapes when they are few, else those of each part by itself."""
    if prod(len(part.shapes) for part in chunk) <= SHAPES_MAX:
        yield reduce(_joined, chunk, _NOTHING)
        return
    for place, part in enumerate(chunk):
        before = UNKNOWN * any(_glues(one, -1) for one in _neighbours(reversed(chunk[:place])))
        after = UNKNOWN * any(_glues(one, 0) for one in _neighbours(chunk[place + 1 :]))
        yield _Part(tuple(before + shape + after for shape in part.shapes), part.gaps)


def _neighbours(parts: Iterable[_Part]) -> Iterator[_Part]:
    """The parts that may stand next: up to the first that cannot be empty."""
    for part in parts:
        yield part
        if "" not in part.shapes:
            return


def _glues(part: _Part, end: int) -> bool:
    """Whether a shape may join a word to what stands at this end of it."""
    return any(shape and shape[end] != " " for shape in part.shapes)


def _joined(first: _Part, second: _Part) -> _Part:
    if first is _NOTHING:
        return second
    if len(first.shapes) * len(second.shapes) > SHAPES_MAX:
        if len(first.shapes) < len(second.shapes):
            first = _Part(_unknown(first.shapes), first.gaps)
        else:
            second = _Part(_unknown(second.shapes), second.gaps)
    shapes = dict.fromkeys(one + other for one, other in product(first.shapes, second.shapes))
    return _capped(_Part(tuple(shapes), first.gaps + second.gaps))


def _capped(part: _Part) -> _Part:
    if len(part.shapes) <= SHAPES_MAX:
        return part
    return _Part(_unknown(part.shapes), part.gaps)


def _unknown(shapes: Iterable[str]) -> tuple[str, ...]:
    """Anything, but still between ends of words where each of `shapes` is."""
    each = (
        " " * shape.startswith(" ") + UNKNOWN + " " * shape.endswith(" ") if shape else ""
        for shape in shapes
    )
    return tuple(dict.fromkeys(each))
