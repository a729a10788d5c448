"""What a disguised word stands for: leet, masks, inner signs, letters set apart or swapped.

Works on pieces of a folded text. A reading is a text and, for each of its characters, the place in
the piece it was read from; the best reading comes first, and known words beat unknown ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise, product

from safety.rules.characters import read
from safety.rules.lexicon import READINGS_MAX, lexicon

Reading = tuple[str, Sequence[int]]
Signs = list[tuple[str, int]]  # the signs of a word and their places

_LEXICON = lexicon()
_CORE_MAX = 40  # characters of a word with more than one reading
_WORD_KEPT, _WORDS_KEPT = 24, 1_024  # characters, and words whose readings are remembered
_UNKNOWN_READINGS = 2  # kept of a word that none of its readings makes known
_EDGES = "\"'(~-_.,¡¿<[{:;#>=^"
_ENDS = "\"').,?;:!~-_]}>=^"
_MEASURE = re.compile(
    r"\d+(?:[.,:]\d+)?(?:e|er|re|eme|eur|euros?|€|\$|£|k|h|min|mn|m|cm|mm|km|kg|g|ans?|j|s|x|st|nd"
    r"|rd|th|pm|am|go|gb|mo|mb|d|y|yo|y/o|b|c|f|l|cl|%)?\d*"
)
_ADDRESS = re.compile(r"\w@[\w-]{2,}\.[a-z]{2}|://|[a-z]\.(?:com|fr|net|org|me|io|gg|ly|be)(?:/|$)")
# Digits that are a number, unless the whole word is a known one.
_NUMBERED = re.compile(r"^[^\W\d_]+[._-]?\d{2,}$|^\d{2,}[^\W\d_]+$|\d{3}")
_LETTER = re.compile(r"[^\W\d_]")
_FLAGS_MIN = 3  # two are the flag of a country
_FLAGS = {chr(0x1F1E6 + place): (chr(ord("a") + place),) for place in range(26)}
# What a sign inside a word may be; any other sign there is only in between.
_LEET = _FLAGS | {
    "0": ("o",), "1": ("i", "l"), "2": ("z",), "3": ("e",), "4": ("a",), "5": ("s",),
    "6": ("g", "b"), "7": ("t",), "8": ("b",), "9": ("g", "q"), "@": ("a", ""), "$": ("s",),
    "€": ("e",), "£": ("l",), "!": ("i", "l", ""), "|": ("i", "l", ""), "+": ("t", ""),
    "(": ("c", ""), "¥": ("y",), "¢": ("c",), "✖": ("x", ""), "✗": ("x", ""), "❌": ("x", ""),
    "♡": ("o", ""), "⭕": ("o", ""), "💲": ("s", ""), "¡": ("i", ""), "#": ("h", ""),
}  # fmt: skip
_HASTY = {ord(sign): letters[0] for sign, letters in _LEET.items()}
_DRAWN = re.compile(r"\|\\/\||/\\/\\|\\/\\/|\|\\\||/\\/|\\/|/\\|\|_\||\|-\||\|<|\|\)|\(\)|\[\]")
_DRAWINGS = {
    "|\\/|": "m", "/\\/\\": "m", "\\/\\/": "w", "|\\|": "n", "/\\/": "n", "\\/": "v", "/\\": "a",
    "|_|": "u", "|-|": "h", "|<": "k", "|)": "d", "()": "o", "[]": "o",
}  # fmt: skip
_MASKS = "*_.-•°#%^~=+·?"
_MASKED = str.maketrans(_MASKS, "*" * len(_MASKS))
_JOINT = re.compile(r"[-./&+_]")
_STRETCHED = re.compile(r"([^\W\d_])\1\1")


def word_readings(word: str) -> tuple[Reading, ...]:
    """What `word`, written without a gap, may stand for; nothing when it is just itself."""
    return _known_readings(word) if len(word) <= _WORD_KEPT else _word_readings(word)


def _word_readings(word: str) -> tuple[Reading, ...]:
    core = word.lstrip(_EDGES)
    lead = len(word) - len(core)
    core = core.rstrip(_ENDS) or core
    if len(core) > 2 and core[0] == core[-1] == "*":
        core, lead = core[1:-1], lead + 1
    tail = word[lead + len(core) :]
    quiet = core.isalpha() and not _LEXICON.forms(core)  # as most words are: told at once
    found = [] if quiet else list(islice(_core_readings(core), READINGS_MAX))
    if not found:
        if not _STRETCHED.search(core):
            return ()
        found = [(core, range(len(core)))]
    return tuple(_placed(reading, lead, word, tail) for reading in found)


_known_readings = lru_cache(_WORDS_KEPT)(_word_readings)


def hasty_reading(word: str) -> Reading:
    """`word` with its signs read as letters, one by one: for what is too long to be weighed."""
    return read(word, _HASTY)


def _placed(reading: Reading, lead: int, word: str, tail: str) -> Reading:
    text, places = reading
    end = range(len(word) - len(tail), len(word))
    return word[:lead] + text + tail, [*range(lead), *(lead + place for place in places), *end]


def _core_readings(core: str) -> Iterator[Reading]:
    if core.isalpha() or core in _LEXICON.respelled:
        yield from (_spread(form, len(core)) for form in _LEXICON.forms(core))
    elif len(core) > 1 and _is_disguise(core):
        yield from _signs_undone(core)


def _is_disguise(core: str) -> bool:
    if _MEASURE.fullmatch(core) or _ADDRESS.search(core):
        return False
    if core[0] == "@" and core[1:].isalnum():  # somebody's name, unless it is a word
        return core.translate(_HASTY) in _LEXICON.known
    if not _LETTER.search(core) and sum(map(_FLAGS.__contains__, core)) < _FLAGS_MIN:
        return core.translate(_HASTY) in _LEXICON.known
    parts = _JOINT.split(core)
    joined = "".join(parts)
    plain = joined.isalpha() and all(part in _LEXICON.known for part in parts)
    return not plain or joined in _LEXICON.known


def _spread(text: str, length: int) -> Reading:
    """`text` over `length` characters of the original, in order."""
    return text, [place * length // len(text) for place in range(len(text))]


def _signs_undone(core: str) -> Iterator[Reading]:
    if len(core) > _CORE_MAX:
        yield _read_at_once(core)
        return
    signs = _drawn(core)
    readings = [_read_signs(signs, choice) for choice in _choices(one for one, _ in signs)]
    masked = core.translate(_MASKED)
    forms = _LEXICON.unmasked(masked) if "*" in masked else ()
    known = [_spread(form, len(core)) for form in forms]
    known += [one for one in readings if one[0] in _LEXICON.known]
    if not known:
        known = [_spread(form, len(core)) for text, _ in readings for form in _LEXICON.forms(text)]
    if known:
        yield from known
    elif not _NUMBERED.search(core):
        yield from readings[:_UNKNOWN_READINGS]


def _choices(word: Iterable[str]) -> Iterator[dict[str, str]]:
    """Which letter each ambiguous sign of a word is: the same one everywhere in it."""
    signs = [sign for sign in dict.fromkeys(word) if len(_LEET.get(sign, ())) > 1]
    for choice in islice(product(*(_LEET[sign] for sign in signs)), READINGS_MAX):
        yield dict(zip(signs, choice, strict=True))


def _drawn(core: str) -> Signs:
    """The signs of `core` and their places; a letter drawn with several signs is one."""
    if "\\" not in core and "|" not in core and "(" not in core and "[" not in core:
        return list(zip(core, range(len(core)), strict=True))
    signs: Signs = []
    done = 0
    for found in _DRAWN.finditer(core):
        signs += ((core[place], place) for place in range(done, found.start()))
        signs.append((_DRAWINGS[found.group()], found.start()))
        done = found.end()
    return [*signs, *((core[place], place) for place in range(done, len(core)))]


def _read_signs(signs: Iterable[tuple[str, int]], choice: dict[str, str]) -> Reading:
    text: list[str] = []
    places: list[int] = []
    for sign, place in signs:
        letter = sign if sign.isalpha() else choice.get(sign, _LEET.get(sign, ("",))[0])
        if letter:
            text.append(letter)
            places.append(place)
    return "".join(text), places


def _read_at_once(core: str) -> Reading:
    """As `_read_signs` without a choice, for a core of any length."""
    if _DRAWN.search(core):
        return _read_signs(_drawn(core), {})
    unread = {one for one in set(core) if not one.isalpha() and one not in _LEET}
    return read(core, _HASTY | dict.fromkeys(map(ord, unread), ""))


# -- Letters set apart ---------------------------------------------------------------------------

_SET_APART = re.compile(
    r"([^\W_]|[@$€\U0001F1E6-\U0001F1FF])((?:[^\w@$€\U0001F1E6-\U0001F1FF]|_)*)"
)
_WORD_LETTERS = 14  # of one word written with signs between its letters
_APART_MIN = 3  # letters; with fewer, digits among them must make a known word
_ALONE = frozenset("aycdjlmnstui")  # words of one letter, and elided ones
_PART = re.compile(r"\d{2,}|(?:\D|(?<!\d)\d(?!\d))+|\d")


def set_apart_reading(run: str) -> Reading | None:
    """The words of a run of single letters, such as `s n a p` or `o n  y  v a`; None for digits.

    Gaps wider than the usual one of the run lie between words. A word nobody knows is cut where
    the lexicon finds words in it.
    """
    letters = [(found[1], found.start(), found[2]) for found in _SET_APART.finditer(run)]
    usual = Counter(gap for _, _, gap in letters[:-1]).most_common(1)[0][0]
    text: list[str] = []
    places: list[int] = []
    word: Signs = []
    marked = any("  " in gap for _, _, gap in letters) and usual == " "
    marked = marked or (" " not in run and len(letters) <= _WORD_LETTERS)
    if not marked and sum(one[0].isdigit() for one in letters) * 2 > len(letters):
        return None
    for letter, place, gap in letters:
        word.append((letter, place))
        if _ends_word(gap, usual) or place == letters[-1][1]:
            for reading, there in _apart(word, whole=marked):
                if text:
                    text.append(" ")
                    places.append(places[-1])
                text.append(reading)
                places += there
            word = []
    read = "".join(text)
    if sum(not one[0].isdigit() for one in letters) < _APART_MIN and read not in _LEXICON.known:
        return None
    return read, places


def _ends_word(gap: str, usual: str) -> bool:
    """Whether `gap` stands between two words rather than between two letters."""
    if usual.isspace():
        return len(gap) > len(usual) and " " in gap
    return gap != usual and " " in gap


def _apart(word: Signs, *, whole: bool) -> Iterator[Reading]:
    """The words that letters set apart make, signs undone; one word when it is `whole`."""
    written = "".join(sign for sign, _ in word)
    if _MEASURE.fullmatch(written) or written.isdigit():
        yield written, [place for _, place in word]
        return
    text, places = _read_signs(word, {})
    if text in _LEXICON.known:
        yield text, places
        return
    for found in _PART.finditer(written):
        part = word[found.start() : found.end()]
        if len(part) > 1 and part[0][0].isdigit() and part[1][0].isdigit():
            yield found.group(), [place for _, place in part]
        else:
            yield from _apart_letters(part, whole=whole)


def _apart_letters(word: Signs, *, whole: bool) -> Iterator[Reading]:
    choices = _choices(sign for sign, _ in word)
    readings = [_read_signs(word, choice) for choice in choices]
    text, places = next((one for one in readings if one[0] in _LEXICON.known), readings[0])
    done = 0
    for part in [text] if whole else segmented(text):
        form = next(iter(_LEXICON.forms(part)), part)
        there = places[done : done + len(part)]
        yield form, [there[place * len(part) // len(form)] for place in range(len(form))]
        done += len(part)


_UNKNOWN_COST, _ALONE_COST, _VOWEL_COST = 8.0, 5.0, 4.0  # of one letter by itself
_LETTER_COSTS = dict.fromkeys(_ALONE, _ALONE_COST) | dict.fromkeys("ay", _VOWEL_COST)
_NEVER = float("inf")
_SEGMENTED_MAX = 400  # letters; what follows stays one word
_FOREIGN_SHARE = 0.3  # of letters in no known word: then it is one unknown word


def segmented(letters: str) -> list[str]:
    """`letters` cut into known words where most of it can be; else in one piece."""
    if len(letters) < 4 or letters in _LEXICON.known:
        return [letters]
    head, rest = letters[:_SEGMENTED_MAX], letters[_SEGMENTED_MAX:]
    size = len(head)
    cost = [0.0] + [_NEVER] * size
    came = [0] * (size + 1)
    costs, prefixes = _LEXICON.costs, _LEXICON.prefixes
    for start in range(size):
        step = cost[start] + _LETTER_COSTS.get(head[start], _UNKNOWN_COST)
        if step < cost[start + 1]:
            cost[start + 1], came[start + 1] = step, start
        end = start + 1
        while end < size and head[start:end] in prefixes:
            end += 1
            step = cost[start] + costs.get(head[start:end], _NEVER)
            if step < cost[end]:
                cost[end], came[end] = step, start
    cuts = [size]
    while cuts[-1]:
        cuts.append(came[cuts[-1]])
    parts = [head[start:end] for end, start in pairwise(cuts)][::-1]
    foreign = sum(len(one) == 1 and one not in _ALONE for one in parts)
    if foreign > size * _FOREIGN_SHARE:
        return [letters]
    return [*parts, rest] if rest else parts
