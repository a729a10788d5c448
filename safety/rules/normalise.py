"""How a text is written down for rules to read: folded and squeezed, each mapped to the original.

*Folded*: the order in which it is shown, lower case, look-alikes and compatibility forms replaced
by plain letters, accents and invisible characters removed, words kept. *Squeezed*: the folded text
with its disguises undone (letter spacing, inner signs, leet, masks, swapped letters, respelling)
and repeated letters written once, so that `n u m.é r 0` reads `numero`. Every character of a view
knows where it stands in the original.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, Self

from safety.rules import characters, order
from safety.rules.disguise import Reading, hasty_reading, set_apart_reading, word_readings
from safety.rules.kernel import KERNEL
from safety.rules.lexicon import WORDS_OF_ONE_LETTER, lexicon

Span = tuple[int, int]
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"[a-z]+|[0-9]+")  # the digits of a folded text are these ten


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
        places = zip(self.text, self.starts, strict=True)
        return "".join("\n" if one == " " and original[at] == "\n" else one for one, at in places)

    @cached_property
    def tokens(self) -> list[str]:
        """The words, of plain letters, and the numbers of a folded text, in order."""
        return tokens_of(self.text)

    def word_at(self, position: int) -> int:
        """The ordinal of the word that holds `position`."""
        return bisect_right(self._words, position)

    @cached_property
    def _words(self) -> list[int]:
        if KERNEL:
            return KERNEL.begun(self.text)
        return [found.start() for found in _WORD.finditer(self.text)]


def tokens_of(text: str) -> list[str]:
    """As `View.tokens`, of a text that has no view."""
    return KERNEL.tokens(text) if KERNEL else _TOKEN.findall(text)


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
    return lexicon().count(tokens_of(characters.plain(text)))


# -- Squeezed ------------------------------------------------------------------------------------

VIEWS_MAX = 4  # readings of one text
_READ_MAX = 6_000  # characters: more than a message has, unless one of its signs reads as many
_LONG = 1_000  # characters; above, only the best reading of each word
# Spent on looking closely, one about half a microsecond; what follows is read hastily.
_EFFORT_MAX, _EFFORT_LONG = 1_000, 500
_NO_EFFORT, _LETTERS_EFFORT, _SIGNS_EFFORT = 1, 5, 20  # nothing found; letters alone; signs
# Known words that appear when a text is read from its end, and for each that it has as it is: where
# single words are turned, the others still read.
_BACKWARD_MIN, _BACKWARD_MANY = 2, 2
_PLAIN_MAX = 30_000  # words remembered as nobody's disguise
_ALWAYS_PLAIN = WORDS_OF_ONE_LETTER | {""}
_REMEMBERED = re.compile(
    r"\W*(?:[a-z]{1,2}'[a-z]{1,24}|[a-z]{2,24}(?:['-][a-z]{1,24})?)\W*"
    r"|\W+|\W*\d{1,4}(?:[a-z]{1,3}\d{0,2})?\W*"
)
_REMEMBERED_MAX = 40  # characters
_CHEAP = re.compile(r"\W*(?:[a-z]{0,24}(?:-[a-z]{1,24})?|\d{1,4}(?:[a-z]{1,3}\d{0,2})?)\W*")
_FLAGS = r"\U0001F1E6-\U0001F1FF"
_RUN_MAX = 200  # lone letters in a row
_LONE = rf"(?:[^\W_]|[@$€{_FLAGS}])"
_NO_WORD = rf"(?:[^\W_ayi]|[@$€{_FLAGS}])"  # a lone letter that is no word by itself
_LETTER, _SPELT_LETTER = re.compile(_LONE), re.compile(_NO_WORD)
_ALONE = re.compile(rf"(?<!\w)(?<!\w\w'){_NO_WORD}(?!\w|'\S)")  # where a run may begin or end
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
_LONE_SIGNS = re.compile(r"[0-9@$€!|]{1,4}[a-z]{0,2}[0-9@$€!|]{0,2}")
_APART_LENGTH_MIN = 4  # characters of three letters and what stands between them
_SHORTENED = frozenset({"m", "t", "s", "d", "ll", "re", "ve"})  # English words after an apostrophe
_DOUBLE = re.compile(r"([^\W\d_])\1+")


class _Piece(NamedTuple):
    """A disguised piece of a folded text, and what it may stand for, best reading first."""

    start: int
    end: int
    readings: tuple[Reading, ...]


class _Plain:
    """Words that are nobody's disguise, which cost nothing. What a text reads as hangs on none of
    them being noted: those are what they are beside any others. A long text, for which effort may
    not be enough, is read with the words alone that every process knows.
    """

    def __init__(self, words: Iterable[str] = (), first: Self | None = None) -> None:
        """Know these words, and those that `first` does."""
        self._first = first
        self.forget()
        self.note(words)

    def forget(self) -> None:
        """Know the first words alone."""
        first = self._first
        self.words: set[str] = set(first.words if first else _ALWAYS_PLAIN)
        self.loose: set[str] = set(first.loose if first else _ALWAYS_PLAIN)
        self._turned: set[str] = set(first._turned if first else ())

    def cover(self, words: Sequence[str]) -> bool:
        """Whether there is nothing to undo in a text of these words."""
        turned = self._turned.__contains__
        return self.words.issuperset(words) and sum(map(turned, words)) < _BACKWARD_MIN

    def note(self, words: Iterable[str]) -> None:
        """Note those of some words in which nothing was found that will be the same in any text."""
        if len(self.words) > _PLAIN_MAX:
            self.forget()
        for word in set(words).difference(self.words):
            if len(word) > _REMEMBERED_MAX or not _REMEMBERED.fullmatch(word):
                continue
            turned = lexicon().count(tokens_of(word[::-1]))
            if turned >= _BACKWARD_MIN or _ALONE.search(word) or lexicon().is_part(word):
                continue  # beside other words it may be something else
            self.words.add(word)
            if turned:
                self._turned.add(word)
            if not _LETTER.search(word):  # a run of lone letters may go on through it
                self.loose.add(word)


_KNOWN = _Plain(word for word in lexicon().known if not word_readings(word))
_SEEN = _Plain(first=_KNOWN)


def squeeze(folded: View) -> tuple[View, ...]:
    """The squeezed readings of a folded view, at most `VIEWS_MAX`; none when nothing is disguised.

    Each ambiguous word has its best reading in the first view, its next one in the second. A text
    written backwards has one more view, read from its end.
    """
    if len(folded.text) > _READ_MAX:
        folded = View(folded.text[:_READ_MAX], folded.starts[:_READ_MAX], rising=folded.rising)
    text = folded.text
    words = text.split(" ")
    plain = _SEEN if len(text) <= _LONG else _KNOWN
    if plain.cover(words):
        return ()
    pieces = _pieces(text, words, plain)
    count = max((len(piece.readings) for piece in pieces), default=0)
    count = min(count, VIEWS_MAX - 1 if len(text) <= _LONG else 1)
    views = [_view(folded, pieces, at) for at in range(count)]
    if _is_backward(text):
        views.insert(0, _single(text[::-1], folded.starts[::-1], rising=False))
    elif plain is _SEEN:
        plain.note(set(words).difference(_disguised(text, pieces)))
    return tuple({view.text: view for view in views}.values())


def _disguised(text: str, pieces: list[_Piece]) -> Iterator[str]:
    """The words between spaces that any of `pieces` touches."""
    for start, end, _ in pieces:
        last = text.find(" ", end)
        yield from text[text.rfind(" ", 0, start) + 1 : last if last >= 0 else None].split(" ")


def _is_backward(text: str) -> bool:
    known = lexicon().count
    backward = known(tokens_of(text[::-1]))
    return backward >= _BACKWARD_MIN and backward > _BACKWARD_MANY * known(tokens_of(text))


def _chunks(text: str, words: list[str], plain: _Plain) -> Iterator[re.Match[str]]:
    """The words and runs of lone letters around what is not known to be plain, in order.

    `words` are those between the spaces of `text`. Beside an odd one, whatever a run of lone
    letters may go on through is seen as well, and one word more.
    """
    start = last = -1  # of what is around the odd words so far
    at = near = 0  # where the last word begins that no run goes through
    inside = False
    for word in words:
        end = at + len(word)
        if word not in plain.words:
            if last < 0 or near > last + 1:
                yield from _CHUNK.finditer(text, start, last) if last >= 0 else ()
                start = near
            inside, last = True, end
        elif inside:
            inside, last = word in plain.loose, end
        if word not in plain.loose:
            near = at
        at = end + 1
    yield from _CHUNK.finditer(text, start, last) if last >= 0 else ()


def _pieces(text: str, words: list[str], plain: _Plain) -> list[_Piece]:
    """The disguised pieces of `text`, in order. What is beyond the effort is read hastily."""
    heads = lexicon().heads
    most = _EFFORT_LONG if plain is _KNOWN else _EFFORT_MAX
    pieces: list[_Piece] = []
    before: re.Match[str] | None = None  # the word just before, if it may be the head of one
    effort = 0
    leet = 0
    for found in _chunks(text, words, plain):
        word = found.group()
        if before is not None and (joined := _joined(before, found)):
            if pieces and pieces[-1].start == before.start():
                pieces.pop()
            pieces.append(joined)
            before = None
            continue
        before = found if word in heads else None
        if word in plain.words:
            continue
        if effort > most:
            pieces.append(_Piece(found.start(), len(text), (hasty_reading(text[found.start() :]),)))
            break
        readings, spent = _readings(found)
        if readings:
            pieces.append(_Piece(found.start(), found.end(), readings))
            leet += _LEET.search(word) is not None
        elif plain is not _KNOWN and _CHEAP.fullmatch(word):
            continue  # which may be noted, and then is not looked at
        effort += spent
    if leet >= _LEET_MIN:
        pieces = sorted([*pieces, *_lone_signs(text, pieces)], key=lambda piece: piece.start)
    return pieces


def _readings(found: re.Match[str]) -> tuple[tuple[Reading, ...], int]:
    """What a chunk may stand for, and the effort it took."""
    word = found.group()
    if found.lastgroup == "apart" and not _SPELT_LETTER.search(word):
        return (), 0  # words of one letter in a row: `a a y`
    if found.lastgroup == "apart" and len(word) > _APART_LENGTH_MIN:
        reading = set_apart_reading(word)
        return ((reading,) if reading else ()), len(word) // 3 * _LETTERS_EFFORT
    readings = word_readings(word)
    if word.isalpha():
        return readings, _LETTERS_EFFORT if readings else _NO_EFFORT
    return readings, max(_SIGNS_EFFORT, 2 * len(word))


def _lone_signs(text: str, pieces: list[_Piece]) -> Iterator[_Piece]:
    """`@`, `!` or `50` between `pieces` read as words too, where much is written with signs."""
    done = 0
    for start, end in (*((one.start, one.end) for one in pieces), (len(text), 0)):
        for found in _CHUNK.finditer(text, done, start):
            word = found.group()
            if _LONE_SIGNS.fullmatch(word):
                read, places = hasty_reading(word)
                if len(read) == 1 or read in lexicon().known:
                    yield _Piece(*found.span(), ((read, places), (word, places)))
        done = end


def _joined(first: re.Match[str], second: re.Match[str]) -> _Piece | None:
    """One word cut by a gap, such as `tele gram`, or a pair such as `c mb1`."""
    words = lexicon()
    left, right = first.group(), second.group()
    if second.start() - first.end() != 1 or right in WORDS_OF_ONE_LETTER:
        return None
    if right in _SHORTENED and first.string[first.end()] == "'":
        return None  # `don't` is no disguise of `dont`
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
    if KERNEL:
        return View(*KERNEL.once(text, starts), rising=rising)
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
