"""Writes safety/rules/characters.json: what each character of Unicode is read as.

Hides where look-alikes come from: compatibility forms and confusables of `disarm`, and our own
list of what it leaves (upper-case marks of other scripts, letters in boxes, signs worth keeping).
"""

import json
import sys
import unicodedata
from collections.abc import Iterable
from itertools import groupby

import disarm

from safety.rules.characters import READINGS, TURNED

# Characters the library leaves, or replaces in a way that would lose a sign the rules read.
_OWN = {
    "œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ħ": "h", "€": "€", "£": "£", "¥": "¥",
    "«": '"', "»": '"', "“": '"', "”": '"', "`": "'", "´": "'", "ʼ": "'", "—": "-", "―": "-",
    "ð": "d", "þ": "p", "ə": "e", "§": "s", "🔟": "10", "⓿": "0", "∂": "d", "ʘ": "o",
    "Σ": "e", "ɓ": "b",
}  # fmt: skip
_LOOK_ALIKES = dict(
    zip(
        "ᗩᗅᗷᑕᗪᗴᖴᕼᒍᒪᗰᑎᑭᑫᖇᑌᐯᗯ᙭ᘔ" "ᐱᔕᎶᏃ" "яиλσςθωξκδεφψц" "тмнкбвшщзлдгжчф"
        "տռքֆցհղզօրվ" "丂几卂卩乇匚尺丅ㄒ丨工口ㄩ山ㄖ千ㄚ乙ㄥᄂ刀下れㄗ" "𐌀𐌁𐌂𐌃𐌄𐌍𐌏𐌐𐌓𐌔𐌕𐌖",
        "aabcdefhjlmnpqruvwxz" "asgz" "rnaocowekdefwu" "tmnkbbwwenarx4f"
        "snpsghnqorv" "snapecrtti" "iouwofyzlldtnp" "abcdenoprstu",
        strict=True,
    )
)  # fmt: skip
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})
# Everything that can read as something else, digits apart; ideographs, syllables and private use
# cannot.
_RANGES = (
    (0x0000, 0x3400), (0x4E00, 0x9FB0), (0xA4D0, 0xAC00), (0xD800, 0xE000),
    (0xFB00, 0x10000), (0x10280, 0x10600), (0x16F00, 0x16FA0), (0x1D000, 0x1E000),
    (0x1F000, 0x1FC00), (0xE0000, 0xE1000),
)  # fmt: skip
_IDEOGRAPHS = range(0x4E00, 0x9FB0)  # a few of ours, none of the library's
_IGNORED = range(0xE0000, 0xE1000)  # tags and selectors, reserved ones included
_LENGTH_MAX = 4  # of what one character reads as: some stand for a whole sentence


def _once(character: str) -> str:
    if character in _OWN:
        return _OWN[character]
    if character in TURNED:
        return TURNED[character].lower()
    if character in _LOOK_ALIKES:
        return _LOOK_ALIKES[character]
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in _DROPPED or ord(character) in _IGNORED:
        return ""
    if category == "Cn":
        return character
    if character.isascii():
        return character.lower()
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    boxed = unicodedata.normalize("NFKC", character)
    if len(boxed) == 3 and boxed[0] == "(" and boxed[1].isalpha():
        return boxed[1].lower()
    if (small := character.lower()) != character:
        return small
    # Between two letters, since the library trims the ends of a text.
    return disarm.strip_obfuscation(f"x{character}x")[1:-1].lower() or " "


def _settled(character: str) -> str:
    """`character` read until reading changes nothing more: a second pass finds nothing."""
    read = character
    for _ in range(5):
        again = "".join(map(_once, read))
        if again == read:
            return read[:_LENGTH_MAX]
        read = again
    return "".join(one for one in read if _once(one) == one)[:_LENGTH_MAX]


def _table() -> dict[int, str]:
    codes: Iterable[int] = (
        code
        for start, end in _RANGES
        for code in range(start, end)
        if code not in _IDEOGRAPHS or chr(code) in _LOOK_ALIKES
    )
    digits = (code for code in range(sys.maxunicode + 1) if chr(code).isdecimal())
    pairs = ((code, chr(code), _settled(chr(code))) for code in {*codes, *digits})
    return {code: read for code, one, read in pairs if read != one}


def page() -> str:
    """The file: each run of neighbours by its first code, as what they read as or, where nothing
    is left of them, as their number."""
    table = _table()
    codes = sorted(table)
    runs: dict[str, list[str] | int] = {}
    places = {code: (code - place, not table[code]) for place, code in enumerate(codes)}
    for (_, dropped), run in groupby(codes, key=places.__getitem__):
        each = list(run)
        runs[f"{each[0]:x}"] = len(each) if dropped else [table[code] for code in each]
    return json.dumps(runs, separators=(",", ":")).replace("],", "],\n") + "\n"


if __name__ == "__main__":
    READINGS.write_text(page(), "ascii")
