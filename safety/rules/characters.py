"""What each character of Unicode is read as: one table, written by `scripts/generate`.

A character that is not in the table reads as itself, so a text never costs more than one look-up
a character, whoever wrote it.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from string import ascii_lowercase, digits

READINGS = Path(__file__).with_name("characters.json")  # by `scripts.generate_characters`
# Letters and digits upside down: each by itself reads as what it is when turned.
TURNED = dict(
    zip(
        "ɐɔǝɟƃɓɥᴉᵎɾʞןꞁɯɹʇʌʍʎⱯᗺƆᗡƎℲ⅁⋊⅂ꓶԀὉᴚ┴ꓕ⊥∩Ʌ⅄ƖᄅƐㄣϛㄥ",
        "acefgghiijkllmrtvwyABCDEFGKLLPQRTTTUVY123457",
        strict=True,
    )
)
_PLAIN = frozenset(ascii_lowercase + digits + " .,;:!?'\"-()/")  # most of any text, as it is
_ODD_MAX = 100  # different characters beyond those, replaced one after the other


def _table() -> Iterator[tuple[int, str]]:
    for start, run in json.loads(READINGS.read_bytes()).items():
        readings = repeat("", run) if isinstance(run, int) else run
        yield from enumerate(readings, int(start, 16))


TABLE = dict(_table())
_IRREGULAR = frozenset(chr(code) for code, read in TABLE.items() if len(read) != 1)


def read(text: str) -> tuple[str, Sequence[int]]:
    """`text` with each character read, and where each character of that was written."""
    odd = set(text).difference(_PLAIN)
    get = TABLE.get
    if odd.isdisjoint(_IRREGULAR):
        if len(odd) > _ODD_MAX:
            return text.translate(TABLE), range(len(text))
        for one in odd:  # what a character reads as reads as itself: no order shows
            text = text.replace(one, get(ord(one), one))
        return text, range(len(text))
    pieces = [get(code, one) for code, one in zip(map(ord, text), text, strict=True)]
    lengths = map(len, pieces)
    return "".join(pieces), list(chain.from_iterable(map(repeat, range(len(text)), lengths)))


def plain(text: str) -> str:
    """`text` with each character read, for those who need no way back."""
    return read(text)[0]
