"""Numbers written as words, French and English, read as the digits of a telephone number."""

from collections.abc import Iterable

_FR = {
    "zero": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6,
    "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13,
    "quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20, "vingts": 20, "trente": 30,
    "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70, "huitante": 80,
    "octante": 80, "nonante": 90, "cent": 100, "cents": 100, "zeros": 0,
}  # fmt: skip
_EN = {
    "zero": 0, "oh": 0, "nought": 0, "nil": 0, "one": 1, "two": 2, "three": 3, "four": 4,
    "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
}  # fmt: skip
VALUES = _EN | _FR
REPEATS = {"double": 2, "triple": 3}
LINKS = frozenset(
    {"et", "and", "puis", "then", "apres", "ensuite", "tiret", "dash", "plus", "virgule", "pause"}
)
_HUNDRED = 100
_TENS_AND_TEN = -1  # soixante-dix and quatre-vingt-dix, which only sept, huit and neuf go on


def spoken_pieces(words: Iterable[str]) -> list[str | None]:
    """The digits that each word dictates, or None for a word that belongs to the one before.

    `zero six trente neuf` is 0, 6, 39 (and None); a token of digits stands for itself.
    """
    pieces: list[str | None] = []
    tens, repeat, last = 0, 1, -1
    for word in words:
        pieces.append(None)
        if word in LINKS:
            continue
        if word in REPEATS:
            repeat = REPEATS[word]
            continue
        value = VALUES.get(word)
        before = pieces[last] if last >= 0 else None
        if value is None:
            pieces[-1], tens = word * repeat, 0
        elif before and value == _HUNDRED and len(before) == 1:
            pieces[last], tens, repeat = f"{before}00", 0, 1
            continue
        elif before and tens and _completes(tens, value):
            whole = 80 if value == 20 else int(before) + value
            pieces[last], tens, repeat = str(whole), _open_tens(tens, value), 1
            continue
        else:
            pieces[-1] = str(value) * repeat
            tens = value if 20 <= value < _HUNDRED or value == 4 else 0
        last, repeat = len(pieces) - 1, 1
    return pieces


def _completes(tens: int, value: int) -> bool:
    """Whether `value` belongs to the number begun by `tens`: 60 then 17, 4 then 20, 30 then 9."""
    if tens == 4:
        return value == 20
    if tens in (60, 80):
        return 0 < value < 20
    if tens == _TENS_AND_TEN:
        return 6 < value < 10
    return 0 < value < 10


def _open_tens(tens: int, value: int) -> int:
    """The tens still open after `value`: soixante-dix waits for sept, quatre-vingt for dix."""
    if value == 10:
        return _TENS_AND_TEN
    return 80 if (tens, value) == (4, 20) else 0
