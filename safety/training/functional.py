"""Texts generated from sentences of our own: who is spoken of, and what is said of them."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from safety.training.texts import HATE, Example, clean

FILE = Path(__file__).with_name("functional.toml")
SOURCE = "template"
FROM_SENTENCE, FROM_FRAME = 8, 60  # texts from one sentence, and from one frame of several blanks
LISTS = {
    "hateful": FROM_SENTENCE, "harmless": FROM_SENTENCE,
    "hateful_frames": FROM_FRAME, "harmless_frames": FROM_FRAME,
}  # fmt: skip
_BLANK = re.compile(r"\{(\w+)\}")


def generated(file: Path = FILE) -> list[Example]:
    """Every sentence with its blanks filled in, the same each time; a sentence is one group."""
    book = tomllib.loads(file.read_text("utf-8"))
    found = [
        _example(text, lang, name.startswith("hateful"), sentence)
        for lang, lists in sorted(book.items())
        for name, times in LISTS.items()
        for sentence in lists[name]
        for text in _filled(sentence, lists, times)
    ]
    return list({(one.lang, one.text): one for one in found}.values())


def _example(text: str, lang: str, hateful: bool, sentence: str) -> Example:
    return Example(
        text=clean(text),
        lang=lang,
        source=SOURCE,
        group=f"{SOURCE}/{lang}/{sentence}",
        abuse=float(hateful),
        policies={HATE: float(hateful)},
        harmless=not hateful,
    )


def _filled(sentence: str, lists: Mapping[str, list[str]], times: int) -> Iterator[str]:
    if not _BLANK.search(sentence):
        yield sentence
        return
    for turn in range(times):

        def word(blank: re.Match[str], turn: int = turn) -> str:
            words = lists[{"group": "groups", "thing": "things"}.get(blank[1], blank[1])]
            return words[_number(f"{sentence}/{blank[1]}/{turn}") % len(words)]

        yield _BLANK.sub(word, sentence)


def _number(words: str) -> int:
    return int.from_bytes(sha256(words.encode()).digest()[:8])
