"""The in-domain texts of this suite: where they lie, and their two parts.

A text belongs to the part kept apart when sha256 of "<family>/<wording>" modulo 3 is 0, so that
variations of one wording never stand on both sides. `data/README.md` is the datasheet.
"""

from functools import cache
from pathlib import Path

from safety.report import texts
from safety.report.texts import Text

__all__ = ["FOLDER", "LANGUAGES", "Text", "development", "every_text", "files", "held_out"]

FOLDER = Path(__file__).parent / "data"
LANGUAGES = ("en", "fr")


def development() -> tuple[Text, ...]:
    """The texts to learn from, write rules against and calibrate on: two thirds."""
    return tuple(text for text in every_text() if not text.kept_apart)


def held_out() -> tuple[Text, ...]:
    """The texts kept apart: read them to publish a figure, never to change a rule or a weight."""
    return tuple(text for text in every_text() if text.kept_apart)


@cache
def every_text() -> tuple[Text, ...]:
    """Both parts, every language, in the order of the files; ValidationError on a wrong row."""
    return texts.read(FOLDER)


def files(lang: str) -> tuple[Path, ...]:
    """The files of a language, one per family, sorted by name; empty when there are none."""
    return tuple(sorted((FOLDER / lang).glob("*.toml")))
