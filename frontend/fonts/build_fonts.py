"""Subsets the three families to French and English letters; the results are committed.

Run once, when a family changes: needs `fonttools` and `brotli` in the interpreter that runs it
(`uv run --no-project --with fonttools --with brotli python frontend/fonts/build_fonts.py`).
Sources are the @fontsource-variable packages of node_modules; the OFL texts travel along.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = Path(__file__).resolve().parent
PACKAGES = HERE.parent / "node_modules" / "@fontsource-variable"
TARGET = HERE.parent / "src" / "ui" / "fonts"

ASCII = "".join(map(chr, range(0x20, 0x7F)))
LETTERS = ASCII + "\u00a0«»àâäæçéèêëîïôöœùûüÿÀÂÄÆÇÉÈÊËÎÏÔÖŒÙÛÜŸñÑ€–—‘’“”…·•−×°→←↑↓✓"
FIGURES = ASCII + "\u00a0€−·"


class Family(NamedTuple):
    package: str
    file: str
    axes: dict[str, tuple[float, float] | float]
    letters: str
    target: str


FAMILIES = (
    Family("fraunces", "fraunces-latin-wght-normal.woff2", {"wght": 600}, LETTERS, "fraunces"),
    Family("inter", "inter-latin-wght-normal.woff2", {"wght": (400, 600)}, LETTERS, "inter"),
    Family(
        "jetbrains-mono", "jetbrains-mono-latin-wght-normal.woff2", {"wght": 500}, FIGURES, "mono"
    ),
)


def build(family: Family) -> int:
    """Write one subset and its licence; return its size in bytes."""
    font = TTFont(PACKAGES / family.package / "files" / family.file)
    options = subset.Options(flavor="woff2", layout_features=["kern", "liga", "mark"])
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=family.letters)
    subsetter.subset(font)
    font = instancer.instantiateVariableFont(font, family.axes)
    path = TARGET / f"{family.target}.woff2"
    subset.save_font(font, str(path), options)
    shutil.copy(PACKAGES / family.package / "LICENSE", TARGET / f"{family.target}-OFL.txt")
    return path.stat().st_size


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for family in FAMILIES:
        print(f"{family.target:10}{build(family):8} bytes")  # noqa: T201
