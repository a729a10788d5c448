"""How a text is written down for rules to read: folded and squeezed, each mapped to the original.

*Folded*: the order in which it is shown, lower case, look-alikes and compatibility forms replaced
by plain letters, accents and invisible characters removed, words kept. *Squeezed*: the folded text
with its disguises undone (letter spacing, inner signs, leet, masks, swapped letters, respelling)
and repeated letters written once, so that `n u m.é r 0` reads `numero`. Every character of a view
knows where it stands in the original.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from safety.rules import characters, order
from safety.rules.disguise import Reading, hasty_reading, set_apart_reading, word_readings
from safety.rules.lexicon import lexicon

Span = tuple[int, int]
_LINE_END = re.compile("\n")
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"[a-z]+|[0-9]+")  # the digits of a folded text are these ten
_SPACED = bytes(code if chr(code).isalnum() else 0x20 for code in range(0x80)).ljust(0x100)


class View:
    """A text as rules read it, and the way back: `starts[i]` is the original place of `text[i]`.

    Places rise along the text, except where the original was typed in another order than shown.
    """

    def __init__(self, text: str, starts: Sequence[int], *, rising: bool = True) -> None:
        self.text = text
        self.starts = starts
        self.rising = rising

    def original(self, span: Span) -> Span:
        """The span of the original text that a non-empty span of this view stands for."""
        if self.rising:
            return self.starts[span[0]], self.starts[span[1] - 1] + 1
        places = self.starts[span[0] : span[1]]
        return min(places), max(places) + 1

    def here(self, original: Span) -> Span:
        """Where a span of the original text lies in this view."""
        if self.rising:
            start = bisect_left(self.starts, original[0])
            return start, max(start + 1, bisect_left(self.starts, original[1]))
        inside = [
            here for here, place in enumerate(self.starts) if original[0] <= place < original[1]
        ]
        return (inside[0], inside[-1] + 1) if inside else (0, 1)

    def lined(self, original: str) -> str:
        """The text of this view with the line ends of its original, which it has as spaces."""
        if "\n" not in original or not self.rising:
            return self.text
        shown = list(self.text)
        for end in _LINE_END.finditer(original):
            here = bisect_right(self.starts, end.start()) - 1
            if here >= 0 and shown[here] == " ":
                shown[here] = "\n"
        return "".join(shown)

    @cached_property
    def tokens(self) -> list[str]:
        """The words, of plain letters, and the numbers of a folded text, in order."""
        return tokens_of(self.text)

    def word_at(self, position: int) -> int:
        """The ordinal of the word that holds `position`."""
        return bisect_right(self._words, position)

    @cached_property
    def _words(self) -> list[int]:
        return [found.start() for found in _WORD.finditer(self.text)]


def tokens_of(text: str) -> list[str]:
    """As `View.tokens`, of a text that has no view."""
    if not text.isascii():
        return _TOKEN.findall(text)
    words = text.encode().translate(_SPACED).decode().split()  # half of what the expression takes
    if all(map(str.isalpha, words)):
        return words
    tokens: list[str] = []
    for word in words:
        if word.isalpha() or word.isdigit():
            tokens.append(word)
        else:
            tokens += _TOKEN.findall(word)
    return tokens


# -- Folded --------------------------------------------------------------------------------------


def fold(text: str) -> View:
    """The folded view of `text`. Folding it again changes nothing."""
    if text.isascii():
        if text.isprintable():
            return View(text.lower(), range(len(text)))
    elif shown := order.shown(text, _known_words):
        read, places = characters.read(shown[0])
        return View(read, [shown[1][place] for place in places], rising=False)
    return View(*characters.read(text))


def _known_words(text: str) -> int:
    return lexicon().count(_WORD.findall(characters.plain(text)))


# -- Squeezed ------------------------------------------------------------------------------------

VIEWS_MAX = 4  # readings of one text
_READ_MAX = 6_000  # characters: more than a message has, unless one of its signs reads as many
_LONG = 1_000  # characters; above, only the best reading of each word
_EFFORT_MAX = 200  # spent on looking closely; what follows is read hastily
_BACKWARD_MIN = 2  # known words that appear when a text is read from its end
_PLAIN_MAX = 30_000  # words remembered as nobody's disguise
_ALWAYS_PLAIN = frozenset({"", "a", "y", "i"})
_PLAIN: set[str] = set(_ALWAYS_PLAIN)
_REMEMBERED = re.compile(
    r"\W*(?:[a-z]{1,2}'[a-z]{1,24}|[a-z]{2,24}(?:['-][a-z]{1,24})?)\W*"
    r"|\W+|\W*\d{1,4}(?:[a-z]{1,3}\d{0,2})?\W*"
)
_REMEMBERED_MAX = 40  # characters
_FLAGS = r"\U0001F1E6-\U0001F1FF"
_RUN_MAX = 200  # lone letters in a row
_LONE = rf"(?:[^\W_]|[@$€{_FLAGS}])"
_SIGN = rf"[^\w*@$€|!{_FLAGS}]"  # that may stand between two lone letters
_BETWEEN = rf"(?:'(?= ){_SIGN}{{1,4}}|(?!'){_SIGN}{{1,6}}| \* )"
_CHUNK = re.compile(
    rf"(?P<apart>(?<![\w{_FLAGS}])(?<!\w\w'){_LONE}"
    rf"(?:{_BETWEEN}{_LONE}(?![\w{_FLAGS}]|'[^ ])){{2,{_RUN_MAX}}}"
    rf"(?![^\w ]{{1,3}}\w))"
    r"|(?P<word>[^ ']+)"
)
_LEET_MIN = 3  # disguised words that make digits and signs of their own suspect
_LEET = re.compile(r"[0-9@$€!|][a-z]|[a-z][0-9@$€!|]")
_LONE_MAX = 4
_LONE_SIGNS = re.compile(r"[0-9@$€!|]{1,4}[a-z]{0,2}[0-9@$€!|]{0,2}")
_APART_LENGTH_MIN = 4  # characters of three letters and what stands between them
_DOUBLE = re.compile(r"([^\W\d_])\1+")


class _Piece(NamedTuple):
    """A disguised piece of a folded text, and what it may stand for, best reading first."""

    start: int
    end: int
    readings: tuple[Reading, ...]


def squeeze(folded: View) -> tuple[View, ...]:
    """The squeezed readings of a folded view, at most `VIEWS_MAX`; none when nothing is disguised.

    Each ambiguous word has its best reading in the first view, its next one in the second. A text
    written backwards has one more view, read from its end.
    """
    if len(folded.text) > _READ_MAX:
        folded = View(folded.text[:_READ_MAX], folded.starts[:_READ_MAX], rising=folded.rising)
    text = folded.text
    words = text.split(" ")
    if _PLAIN.issuperset(words):
        return ()
    odd = len(words) - sum(map(_PLAIN.__contains__, words))
    pieces = _pieces(text, words)
    count = max((len(piece.readings) for piece in pieces), default=0)
    count = min(count, VIEWS_MAX - 1 if len(text) <= _LONG else 1)
    views = [_view(folded, pieces, at) for at in range(count)]
    if odd * 2 >= len(words) and _is_backward(text):
        views.insert(0, _single(text[::-1], folded.starts[::-1], rising=False))
    elif len(text) <= _LONG:
        _remember(set(words).difference(_disguised(text, pieces)))
    return tuple({view.text: view for view in views}.values())


def _disguised(text: str, pieces: list[_Piece]) -> Iterator[str]:
    """The words between spaces that any of `pieces` touches."""
    for start, end, _ in pieces:
        last = text.find(" ", end)
        yield from text[text.rfind(" ", 0, start) + 1 : last if last >= 0 else None].split(" ")


def _remember(words: set[str]) -> None:
    """Note ordinary words, which then cost nothing. Only what a text of usual length shows."""
    if len(_PLAIN) > _PLAIN_MAX:
        _PLAIN.clear()
        _PLAIN.update(_ALWAYS_PLAIN)
    _PLAIN.update(
        word
        for word in words.difference(_PLAIN)
        if len(word) <= _REMEMBERED_MAX
        and _REMEMBERED.fullmatch(word)
        and not lexicon().is_part(word)
    )


def _is_backward(text: str) -> bool:
    known = lexicon().count
    backward = known(_WORD.findall(text[::-1]))
    return backward >= _BACKWARD_MIN and backward > known(_WORD.findall(text))


def _chunks(text: str, words: list[str]) -> Iterator[re.Match[str]]:
    """The words and runs of lone letters around what is not known to be plain, in order.

    `words` are those between the spaces of `text`; a plain one beside an odd one is seen as well.
    """
    regions: list[list[int]] = []
    at = previous = 0
    carry = False
    for word in words:
        end = at + len(word)
        odd = word not in _PLAIN
        if odd and not (regions and previous <= regions[-1][1] + 1):
            regions.append([previous, end])
        elif odd or carry:
            regions[-1][1] = end
        carry = odd or (carry and len(word) < 2)
        previous, at = at, end + 1
    for start, end in regions:
        yield from _CHUNK.finditer(text, start, end)


def _pieces(text: str, words: list[str]) -> list[_Piece]:
    """The disguised pieces of `text`, in order. What is beyond the effort is read hastily."""
    heads = lexicon().heads
    pieces: list[_Piece] = []
    lone: list[re.Match[str]] = []
    before: re.Match[str] | None = None  # the word just before, if it may be the head of one
    effort = 0 if len(text) <= _LONG else _EFFORT_MAX // 2
    leet = 0
    for found in _chunks(text, words):
        word = found.group()
        if before is not None and (joined := _joined(before, found)):
            if pieces and pieces[-1].start == before.start():
                pieces.pop()
            pieces.append(joined)
            before = None
            continue
        before = found if word in heads else None
        if word in _PLAIN:
            if len(word) <= _LONE_MAX and not word.isalpha() and _LONE_SIGNS.fullmatch(word):
                lone.append(found)
            continue
        if effort > _EFFORT_MAX:
            pieces.append(_Piece(found.start(), len(text), (hasty_reading(text[found.start() :]),)))
            break
        readings, spent = _readings(found)
        effort += spent
        if readings:
            pieces.append(_Piece(found.start(), found.end(), readings))
            leet += _LEET.search(word) is not None
        elif _LONE_SIGNS.fullmatch(word):
            lone.append(found)
    if leet >= _LEET_MIN:
        pieces = sorted([*pieces, *_lone_signs(lone)], key=lambda piece: piece.start)
    return pieces


def _readings(found: re.Match[str]) -> tuple[tuple[Reading, ...], int]:
    """What a chunk may stand for, and the effort it took (one is about two microseconds)."""
    word = found.group()
    if found.lastgroup == "apart" and len(word) > _APART_LENGTH_MIN:
        reading = set_apart_reading(word)
        return ((reading,) if reading else ()), len(word) // 3
    return word_readings(word), 1 if word.isalpha() else 4


def _lone_signs(lone: list[re.Match[str]]) -> Iterator[_Piece]:
    """`@`, `!` or `50` read as words too, where much of the text is written with signs."""
    for found in lone:
        text, places = hasty_reading(found.group())
        if len(text) == 1 or text in lexicon().known:
            yield _Piece(*found.span(), ((text, places), (found.group(), places)))


def _joined(first: re.Match[str], second: re.Match[str]) -> _Piece | None:
    """One word cut by a gap, such as `tele gram`, or a pair such as `c mb1`."""
    words = lexicon()
    if second.start() - first.end() != 1:
        return None
    left, right = first.group(), second.group()
    if left in words.pairs and (pair := words.respelled.get(f"{left} {right}")):
        joined = pair
    elif (left not in words.known or right not in words.known) and left + right in words.known:
        joined = left + right
    else:
        return None
    length = second.end() - first.start()
    places = [place * length // len(joined) for place in range(len(joined))]
    return _Piece(first.start(), second.end(), ((joined, places),))


def _view(folded: View, pieces: list[_Piece], at: int) -> View:
    """The view whose every piece has its reading number `at`, or its last one."""
    text: list[str] = []
    places: list[int] = []
    done = 0
    for start, end, readings in pieces:
        read, there = readings[min(at, len(readings) - 1)]
        text += (folded.text[done:start], read)
        places += range(done, start)
        places += [start + place for place in there]
        done = end
    text.append(folded.text[done:])
    places += range(done, len(folded.text))
    if not isinstance(folded.starts, range):
        starts = folded.starts
        places = [starts[place] for place in places]
    return _single("".join(text), places, rising=folded.rising)


def _single(text: str, starts: Sequence[int], *, rising: bool) -> View:
    """`text` with repeated letters written once."""
    written: list[str] = []
    places: list[int] = []
    done = 0
    for double in _DOUBLE.finditer(text):
        written.append(text[done : double.start() + 1])
        places += starts[done : double.start() + 1]
        done = double.end()
    written.append(text[done:])
    places += starts[done:]
    return View("".join(written), places, rising=rising)


def squeeze_word(word: str) -> str:
    """`word` with each repeated letter written once: `adresse` becomes `adrese`."""
    return _DOUBLE.sub(r"\1", word)
