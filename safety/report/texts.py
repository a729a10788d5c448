"""The in-domain texts as a reader meets them: hides their files, their split and their checksum.

Also reads the training corpus, on which rules alone can be measured: no rule was written from it.
"""

import tomllib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from safety.training.texts import kept_apart

Axis = Literal[
    "", "other_sense", "speech_about", "figure_play", "lawful_business", "style_only"
]  # fmt: skip
HARMLESS_FAMILIES = ("adult", "everyday")  # twins only


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message, profile or caption, and what a careful reader says of it.

    `recent` are earlier messages of the same sender, oldest first. `axis` says why a twin is
    harmless and is empty on a hit.
    """

    family: str
    lang: str
    id: str
    wording: str
    label: Literal["hit", "twin"]
    policy: str
    axis: Axis
    text: str
    recent: tuple[str, ...] = ()

    @property
    def kept_apart(self) -> bool:
        """True for the third that is opened only to measure."""
        return kept_apart(self.family, self.wording)

    @property
    def is_hit(self) -> bool:
        """Whether it is the act of its policy."""
        return self.label == "hit"

    @property
    def group(self) -> str:
        """The policy group: `prost` of `prost.solicit`."""
        return self.policy.partition(".")[0]


def read(folder: Path) -> tuple[Text, ...]:
    """Every text of `folder/<lang>/<family>.toml`, in order; ValidationError on a wrong row.

    Raises `FileNotFoundError` when there is none.
    """
    found = tuple(text for file in _files(folder, "toml") for text in _of_file(file))
    if not found:
        raise FileNotFoundError(f"{folder} holds no texts: expected <language>/<family>.toml")
    return found


def _of_file(file: Path) -> tuple[Text, ...]:
    """The texts of one file, in order; ValidationError on a wrong row."""
    own = {"family": file.stem, "lang": file.parent.name}
    rows = tomllib.loads(file.read_text("utf-8"))["text"]
    return tuple(msgspec.convert(row | own, Text) for row in rows)


def read_corpus(folder: Path) -> tuple[Text, ...]:
    """Every text of the training corpus, in order: a line is label, policy and text, by tabs.

    Empty when there is no such folder.
    """
    return tuple(text for file in _files(folder, "tsv") for text in _lines(file))


def checksum(files: Iterable[Path]) -> str:
    """SHA-256 over the contents of these files, in the given order."""
    digests = (sha256(file.read_bytes()).hexdigest() for file in files)
    return sha256("\n".join(digests).encode()).hexdigest()


def texts_checksum(folder: Path) -> str:
    """What names the in-domain texts of a folder."""
    return checksum(_files(folder, "toml"))


def corpus_checksum(folder: Path) -> str:
    """What names the training corpus of a folder."""
    return checksum(_files(folder, "tsv"))


def _files(folder: Path, ending: str) -> list[Path]:
    return sorted(folder.glob(f"*/*.{ending}"))


def _lines(file: Path) -> Iterator[Text]:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if line and not line.startswith("#"):
            label, policy, text = line.split("\t", 2)
            row = {
                "family": file.stem.rpartition("-")[0],
                "lang": file.parent.name,
                "id": f"{file.stem}-{number}",
                "wording": f"{file.stem}-{number}",
                "label": label,
                "policy": policy,
                "axis": "",
                "text": text,
            }
            yield msgspec.convert(row, Text)
