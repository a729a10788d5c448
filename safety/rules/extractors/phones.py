"""Telephone numbers in every national writing, dictated or disguised, told from other numbers.

Hides how numbers of a text are gathered in runs, and which lengths, first digits and groupings
each country dials. Which countries there are and how long their numbers may be is told by the
metadata of `phonenumbers`, when a release is made; its parser, written for one number a text, would
cost 100 µs a candidate, and its metadata some milliseconds a country.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from safety.rules.extractors.glance import Glance, glanced
from safety.rules.extractors.kinds import NUMBER, PHONE, Found
from safety.rules.normalise import Span
from safety.rules.numerals import LINKS, REPEATS, VALUES, spoken_pieces

_DIALLED = json.loads(
    Path(__file__).with_name("dialled.json").read_bytes()
)  # by `scripts/generate`
_LENGTHS: dict[int, list[int]] = {int(code): lengths for code, lengths in _DIALLED.items()}
DIGITS_MIN = 7  # a number inside one town of North America
RUNS_MAX, TOKENS_MAX = 48, 160  # in one text: more is no message
GROUP_MAX = 20  # digits
FOUND_MAX = 8  # in one run
PIECES_MAX, LENGTH_MAX = 17, 17  # groups and digits of one number
_SAID = frozenset(VALUES) | frozenset(REPEATS)
_WORDS = "|".join(sorted({*_SAID, *LINKS}, key=len, reverse=True))
# Digits, letters that stand for them, number words, with little else between: one run. Every
# repeat is possessive, so that no text makes the search go back.
_RUN = re.compile(
    r"(?<![a-z€$£%@])(?=[\dozudtqcshnvfeil])"
    r"(?:(?:\d++|[oil](?=\d)|(?<=\d)[oilbs]{1,3}+(?![a-z])|o(?![a-z])"
    rf"|(?:{_WORDS})(?![a-z]))[^a-z0-9€$£%@+]{{0,6}}+){{1,{TOKENS_MAX}}}+"
)
_NEXT = rf"(?:\d|[oil]\d|(?:o|{_WORDS})(?:$|[^a-z]))"
_SEVERAL = glanced(  # how a run begins that may have seven digits, for a glance
    rf"(?<![a-z€$£%@])(?:\d{{{DIGITS_MIN}}}|(?:\d+[oilbs]{{0,3}}|[oilbs]{{1,3}})"
    rf"[^a-z0-9€$£%@+]{{0,6}}{_NEXT}|(?:o|{_WORDS})(?:\d|[^a-z0-9€$£%@+]{{1,6}}{_NEXT}))"
)
_TOKEN = re.compile(r"\d+|[a-z]+")
_LETTERS = str.maketrans("oilbs", "01185")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}([/.\- ])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([/.\-])\d{1,2}\2\d{1,2})(?!\d)"
)
_DATE_LENGTH = 10
_REVERSED = glanced(r"backward|revers|envers|invers")


class Piece(NamedTuple):
    """Digits that stand together in a text, and whether they were dictated in words."""

    digits: str
    span: Span
    said: bool


def phones(glance: Glance) -> Iterator[Found]:
    """The telephone numbers of a folded text, each once."""
    seen: set[str] = set()
    for kind, value, span in _all(glance):
        if value not in seen:
            seen.add(value)
            yield kind, value, span


def _all(glance: Glance) -> Iterator[Found]:
    text = glance.text
    budget, runs = TOKENS_MAX, 0
    backwards = any(glance.finditer(_REVERSED))
    for found in glance.finditer(_RUN, _SEVERAL):
        run = found.group()
        if len(run) < DIGITS_MIN:
            continue
        pieces = read_pieces(run, found.start())
        budget, runs = budget - max(len(pieces), len(run) // 4), runs + 1
        if sum(len(piece.digits) for piece in pieces) >= DIGITS_MIN:
            plus = text[max(0, found.start() - 2) : found.start()].rstrip(" (").endswith("+")
            yield from _in_run(text, pieces, plus=plus)
            if backwards:
                yield from _in_run(text, _turned(pieces), plus=False)
        if budget <= 0 or runs >= RUNS_MAX:
            return


def read_pieces(run: str, start: int = 0) -> list[Piece]:
    """The groups of digits of a run, number words read and letters replaced."""
    marks = list(_TOKEN.finditer(run))
    words = [_digits_of(mark.group()) for mark in marks]
    pieces: list[Piece] = []
    for mark, word, digits in zip(marks, words, spoken_pieces(words), strict=True):
        first, last = start + mark.start(), start + mark.end()
        if digits is None:
            if pieces:
                before = pieces[-1]
                pieces[-1] = Piece(before.digits, (before.span[0], last), before.said)
            continue
        said = not word.isdigit()
        if pieces and pieces[-1].span[1] == first and not said and not pieces[-1].said:
            before = pieces.pop()
            whole = before.digits if len(before.digits) > GROUP_MAX else before.digits + digits
            pieces.append(Piece(whole, (before.span[0], last), said=False))
        else:
            pieces.append(Piece(digits, (first, last), said))
    return pieces


def _digits_of(token: str) -> str:
    if token.isdigit() or token in _SAID or token in LINKS:
        return token
    return token.translate(_LETTERS)


def _turned(pieces: Sequence[Piece]) -> list[Piece]:
    return [Piece(one.digits[::-1], one.span, one.said) for one in reversed(pieces)]


def _in_run(text: str, pieces: Sequence[Piece], *, plus: bool) -> Iterator[Found]:
    """Numbers that begin and end where groups do; none begins inside another."""
    place = found = 0
    while place < len(pieces) and found < FOUND_MAX:
        signed = plus and place == 0
        taken = None
        if signed or _may_begin(pieces, place):
            taken = _number_at(text, pieces, place, signed=signed)
        if taken is None:
            place += 1
            continue
        kind, value, count = taken
        spans = [piece.span for piece in pieces[place : place + count]]
        yield kind, value, (min(spans)[0], max(spans)[1])
        place, found = place + count, found + 1


def _number_at(
    text: str, pieces: Sequence[Piece], place: int, *, signed: bool
) -> tuple[str, str, int] | None:
    digits = ""
    ends: dict[int, int] = {}
    for count, piece in enumerate(pieces[place : place + PIECES_MAX], 1):
        digits += piece.digits
        ends[len(digits)] = count
        if len(digits) > LENGTH_MAX:
            break
    for length, value, sure in _readings(digits, ends, signed=signed):
        window = pieces[place : place + ends[length]]
        alone = place == 0 and (length not in _SHORT or len(window) == len(pieces))
        if (not alone and not sure and digits[0] != "0") or _ordinary(text, window):
            continue
        sizes = tuple(len(piece.digits) for piece in window)
        if length in _SHORT:
            if sizes in _SHORT[length] or all(piece.said for piece in window):
                return NUMBER, value, len(window)
        elif value.startswith("+3538") and sizes not in _IRISH_GROUPS and not sure:
            continue  # 08 92 ... is a service of France
        else:
            kind = PHONE if sure or _regular(window, sizes) else NUMBER
            return kind, _by_grouping(value, sizes), len(window)
    return None


def _may_begin(pieces: Sequence[Piece], place: int) -> bool:
    """A cheap look at the first digits: most groups of a text begin no number."""
    own = pieces[place].digits
    if own[0] != "0":  # without its zero a number stands first, and not as a year or a price
        return place == 0 and not (own[0] == "1" and 1 < len(own) < 10)
    head = own if len(own) > 2 else "".join(one.digits for one in pieces[place : place + 3])
    return head[1:2] != "0" or head[2:3] not in ("", "0")


# -- What countries dial -------------------------------------------------------------------------

_TEN = re.compile(r"0[1-79]\d{8}")  # France, Morocco, Algeria, Belgium, Switzerland, Ireland
_NINE = re.compile(r"0[1-9]\d{7}")  # landlines of Belgium and Algeria
_IRISH = re.compile(r"08[35679]\d{7}")
_BRITISH = re.compile(r"0(?:7[1-57-9]\d{8}|[12]\d{9})|07700900\d{3}")
_NANP = re.compile(r"1?[2-9](?!11)\d\d[2-9](?!11)\d\d\d{4}")
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888", "900"})
_ZERO_WRITTEN = ("33", "44", "32", "41", "353", "212", "213", "49", "39")
_WITH_CODE = (("33", 11, "12345679"), ("44", 12, "127"), ("32", 11, "4"), ("41", 11, "7"),
              ("212", 12, "567"), ("213", 12, "567"), ("216", 11, "24579"),
              ("353", 12, "8"))  # fmt: skip


def _readings(
    digits: str, ends: Collection[int], *, signed: bool
) -> Iterator[tuple[int, str, bool]]:
    """Lengths of `ends` at which a number may end, its E.164 writing, and whether that is sure."""
    if signed or digits.startswith("00"):
        yield from _international(digits, ends, 0 if signed else 2)
    elif digits.startswith("0"):
        yield from (one for one in _national(digits) if one[0] in ends)
    else:
        for code, length, then in _WITH_CODE if digits[0] in "234" else ():
            if length in ends and digits.startswith(code) and digits[len(code)] in then:
                yield length, "+" + digits[:length], False
        for length in (11, 10):
            if length in ends and (value := north_american(digits[:length])):
                yield length, value, False
        if digits[0] in "23456789":
            yield from ((size, digits[:size], False) for size in _SHORT if size in ends)


def _international(
    digits: str, ends: Collection[int], skipped: int
) -> Iterator[tuple[int, str, bool]]:
    if digits[skipped : skipped + 1] in ("", "0"):
        return
    # `+33 (0)6 39 ...`: the national zero is written but not dialled.
    code = next((one for one in _ZERO_WRITTEN if digits.startswith(one + "0", skipped)), "")
    for length in range(min(LENGTH_MAX, len(digits)), skipped + 7, -1):
        if length in ends:
            bare = code + digits[skipped + len(code) + 1 if code else skipped : length]
            if value := e164(bare):
                yield length, value, True


def _national(digits: str) -> Iterator[tuple[int, str, bool]]:
    if _BRITISH.fullmatch(digits[:11]) and len(digits) != 10:
        yield 11, "+44" + digits[1:11], False
    if _TEN.fullmatch(digits[:10]):
        yield 10, "+33" + digits[1:10], False
    elif _IRISH.fullmatch(digits[:10]):
        yield 10, "+353" + digits[1:10], False
    if _NINE.fullmatch(digits[:9]):
        yield 9, digits[:9], False


def north_american(digits: str) -> str | None:
    """E.164 of ten digits, or eleven with the leading 1, that the United States or Canada dial."""
    if _NANP.fullmatch(digits) is None or digits[-10:-7] in _TOLL_FREE:
        return None
    return "+1" + digits[-10:]


def e164(digits: str) -> str | None:
    """`+digits` when `digits`, country code first, has a length that its country dials."""
    for size in (1, 2, 3):
        lengths = _LENGTHS.get(int(digits[:size]))
        if lengths is not None:
            return f"+{digits}" if len(digits) - size in lengths else None
    return None


def exact_phone(digits: str) -> str | None:
    """E.164 when `digits`, country or national zero first, are one number and nothing else."""
    for _, value, sure in _readings(digits, (len(digits),), signed=False):
        if sure or digits[0] == "0" or digits.startswith(("33", "44")):
            return value
    return None


# -- Numbers of other senses ---------------------------------------------------------------------

# Tunisia, towns of North America, landlines of Belgium and Algeria: only written like this, and
# even so only a number beside words of intent.
_SHORT: dict[int, set[tuple[int, ...]]] = {
    8: {(2, 3, 3)},
    7: {(3, 4)},
    9: {(2, 3, 2, 2), (3, 2, 2, 2)},
}
_IRISH_GROUPS = {(3, 3, 4), (3, 7)}
_GROUPS = {
    (3, 3, 4), (3, 7), (6, 4), (1, 3, 3, 4), (1, 10), (2, 1, 2, 2, 2, 2), (3, 2, 2, 2, 2), (2, 9),
    (2, 4, 6), (2, 4, 3, 3), (2, 10), (2, 5, 5), (3, 9), (3, 1, 2, 2, 2, 2), (3, 3, 2, 2, 2),
    (2, 2, 3, 4), (3, 2, 3, 4), (2, 3, 2, 2, 2), (3, 2, 3, 3),
}  # fmt: skip


def _by_grouping(value: str, sizes: tuple[int, ...]) -> str:
    """Countries that share ten digits and a zero group them differently; France otherwise."""
    if sizes[:1] == (4,) and value.startswith("+334") and value[4] in "56789":
        return "+32" + value[3:]
    if sizes == (3, 3, 2, 2) and value.startswith("+337") and value[4] in "56789":
        return "+41" + value[3:]
    return value


def _regular(window: Sequence[Piece], sizes: tuple[int, ...]) -> bool:
    """Whether the groups are those people write a number in, or the number was dictated."""
    said = sum(piece.said for piece in window)
    if said >= 3 or (said and len(window) > 2):
        return True
    if window[0].digits[0] != "0":
        return sizes in _GROUPS
    if rises(window):
        return False
    return max(sizes) == 1 or all(size > 1 for size in sizes[1:])


def rises(window: Sequence[Piece]) -> bool:
    """Whether pairs of digits only rise: a draw of lots, days of a month, as few numbers do."""
    pairs = [piece.digits for piece in window if len(piece.digits) == 2]
    return 4 < len(pairs) == len(window) and all(a < b for a, b in pairwise(pairs))


def _ordinary(text: str, window: Sequence[Piece]) -> bool:
    """Whether these digits are a date, a list that counts, times, or a run of one digit."""
    digits = "".join(piece.digits for piece in window)
    if len(set(digits[1:])) <= 1 or digits.startswith(("0123456789", "1234567890")):
        return True
    if window[0].digits[:2] in ("19", "20") and len(window[0].digits) == 4:
        return True  # an order number that begins with its year
    if len(window) > 3 and _counts(int(piece.digits) for piece in window):
        return True
    start, end = window[0].span[0], window[-1].span[1]
    around = max(0, start - _DATE_LENGTH), end + _DATE_LENGTH
    if any(a.start() < end and start < a.end() for a in _DATE.finditer(text, *around)):
        return True
    gaps = {text[a.span[1] : b.span[0]].strip() for a, b in pairwise(window)}
    if "," in gaps and len(gaps) > 1 and not any(piece.said for piece in window):
        return True  # 1 250,50
    return ":" in gaps and len(gaps) > 1


def _counts(numbers: Iterable[int]) -> bool:
    """1 2 3 4, or 5 10 15 20: the same step each time."""
    values = list(numbers)
    return len({b - a for a, b in pairwise(values)}) == 1
