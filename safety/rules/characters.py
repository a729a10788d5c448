"""What each character of Unicode is read as: one table, written by `scripts/generate`.

A character that is not in the table reads as itself, so a text never costs more than one look-up
a character, whoever wrote it.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path

from safety.rules.kernel import KERNEL

READINGS = Path(__file__).with_name("characters.json")  # by `scripts.generate_characters`
# Letters and digits upside down: each by itself reads as what it is when turned.
TURNED = dict(
    zip(
        "ɐɔǝɟƃɓɥᴉᵎɾʞןꞁɯɹʇʌʍʎⱯᗺƆᗡƎℲ⅁⋊⅂ꓶԀὉᴚ┴ꓕ⊥∩Ʌ⅄ƖᄅƐㄣϛㄥ",
        "acefgghiijkllmrtvwyABCDEFGKLLPQRTTTUVY123457",
        strict=True,
    )
)


def _table() -> Iterator[tuple[int, str]]:
    for start, run in json.loads(READINGS.read_bytes()).items():
        readings = repeat("", run) if isinstance(run, int) else run
        yield from enumerate(readings, int(start, 16))


TABLE = dict(_table())


def read(text: str, table: dict[int, str] = TABLE) -> tuple[str, Sequence[int]]:
    """`text` with each character read by `table`, and where each character of that was written."""
    if KERNEL:
        read, places = KERNEL.read(text, table)
        return read, range(len(text)) if places is None else places
    pieces = [table.get(ord(one), one) for one in text]
    lengths = map(len, pieces)
    return "".join(pieces), list(chain.from_iterable(map(repeat, range(len(text)), lengths)))


def plain(text: str) -> str:
    """`text` with each character read, for those who need no way back."""
    return read(text)[0]
