"""The text model: one pass over a folded text, one score for each policy, for abuse and language.

Hides how a text becomes numbers (character 3- to 5-grams, words, pairs of words that stand near
each other, in their order, all hashed by their place in the text) and how the weights lie in a file
(bytes, mapped into memory and shared by every process of the machine). Linear on purpose: a score
is a sum of weights, the same input always gives the same score, and no input makes it slow.
`safety.training` writes the files; `docs/model-card.md` says what the scores are worth. Where the
kernel is compiled (`safety.rules.kernel`) it says the same, bit for bit, and numpy is not asked.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from math import exp, log, sqrt
from operator import add, itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.rules import kernel as compiled
from safety.rules.kernel import Kernel

MODEL = Path(__file__).parent / "model"
CARD, WEIGHTS, CHECKSUMS = "model.json", "weights.bin", "SHA256SUMS"
FORMAT = 3
GRAMS = (3, 4, 5)  # without a gap
LESSON_CHARACTERS = 480  # of a text that is learnt, or judged at once: what is beyond is not read
WINDOW_CHARACTERS = 120  # a longer text is judged sentence by sentence, and the strongest counts:
SENTENCE_CHARACTERS = 30  # beside harmless ones, a sum of words would forget it
DOUBT = 0.5  # of the logarithm of how many were read: one of many seems harmful sooner by mistake
TEXT_MAX_CHARACTERS = 5_200  # what stands beyond is not read: no message is longer
NEAR_WORDS = 5  # how far apart two words may stand and still make a pair
LANGUAGES = ("fr", "en")

Hashes = NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C15  # odd, hence invertible modulo 2**64
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_FIRST = np.uint64(0x9FB21C651E98DF25)  # sets a word apart from an n-gram, and who is first of two
_END = np.zeros(NEAR_WORDS, np.uint64)  # stands after the last word, for whatever is near it
_TAG_SHIFT = np.uint64(30)  # bits that no slot is chosen by, as long as there are 2**18 of them


def _powers(base: int) -> Hashes:
    powers = [1]
    for _ in range(LESSON_CHARACTERS + 2):
        powers.append(powers[-1] * base % 2**64)
    return np.array(powers, dtype=np.uint64)


_UP, _DOWN = _powers(_BASE), _powers(pow(_BASE, -1, 2**64))
_ONES = np.ones(8 * LESSON_CHARACTERS, np.float32)  # more than so many characters have features
_SENTENCE_END = re.compile(r"[.!?…;:]\s+|\n+")
_WORDLY = np.zeros(0x250, dtype=bool)  # letters and digits of a folded text; the rest separates
_WORDLY[[code for code in range(0x250) if chr(code).isalnum()]] = True


class ModelError(ValueError):
    """The model cannot be used: a file is missing, cut short, altered or of another format."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model says of a text: probabilities on the development mix, never a verdict.

    `language` is "fr", "en" or "" when unsure. `scores` follow `Classifier.policies`: the likeliest
    policy has the chance that the text does any harm at all, the others have as much less as they
    are less likely, so that policies do not add up false alarms. `abuse` is general toxicity. All
    lie in 0..1.
    """

    language: str
    scores: tuple[float, ...]
    abuse: float


def features(window: str) -> Hashes:
    """The hashes of a window: of its n-grams, of its words, then of pairs of words.

    A span from i to j hashes as the polynomial of its characters, read from prefix sums, so that
    every n-gram and every word of the window costs two subtractions and one product.
    `window` is folded and has at most `LESSON_CHARACTERS` characters.
    """
    codes = np.frombuffer(f" {window} ".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    size = codes.size
    sums = np.empty(size + GRAMS[-1], dtype=np.uint64)
    sums[0] = 0
    np.add.accumulate(codes * _UP[:size], out=sums[1 : size + 1])
    sums[size + 1 :] = sums[size]  # an n-gram that would pass the end is the shorter one
    starts = ngrams_of(window) // len(GRAMS)
    ends = np.ndarray((len(GRAMS), starts), np.uint64, sums, 8 * GRAMS[0], (8, 8))
    grams = (ends - sums[:starts]) * _DOWN[:starts]
    word = _WORDLY.take(codes, mode="clip")
    edges = (word[1:] != word[:-1]).nonzero()[0] + 1
    first = edges[0::2]
    words = (sums[edges[1::2]] - sums[first]) * _DOWN[first]
    padded = np.concatenate((words, _END))
    later = np.ndarray((NEAR_WORDS, words.size), np.uint64, padded, 8, (8, 8))
    words *= _FIRST
    hashes = np.concatenate((grams.ravel(), words, (words + later).ravel()))
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    return hashes


def ngrams_of(window: str) -> int:
    """How many of the hashes of `features` are n-grams: they come first."""
    return len(GRAMS) * max(len(window) + 3 - GRAMS[0], 0)


def windows(folded: str) -> list[str]:
    """The pieces of a folded text that are judged apart: one when it is short, else sentence by
    sentence (short ones together), and one that is longer in parts that overlap by half.

    `folded` may still have its line ends (`View.lined`), which end sentences; pieces have none.
    """
    text = folded[:TEXT_MAX_CHARACTERS]
    if len(text) <= WINDOW_CHARACTERS:
        return [text.replace("\n", " ")]
    text, start = text.rstrip(), 0
    pieces: list[str] = []
    for end in (*(found.end() for found in _SENTENCE_END.finditer(text)), len(text)):
        rest = len(text) - end
        if not rest or min(end - start, rest) >= SENTENCE_CHARACTERS:
            pieces += _parts(text[start:end].replace("\n", " ").strip())
            start = end
    return pieces


def _parts(sentence: str) -> Iterator[str]:
    start, half = 0, WINDOW_CHARACTERS // 2
    while len(sentence) - start > WINDOW_CHARACTERS:
        end = sentence.rfind(" ", start + half, start + WINDOW_CHARACTERS + 1)
        yield sentence[start : end if end > 0 else start + WINDOW_CHARACTERS]
        start = sentence.rfind(" ", start, start + half) + 1 or start + half
    yield sentence[start:]


class Table:
    """Rows of weights found by hash: one slot for each, and a tag that says whose row it is.

    A hash that is not there contributes nothing, except by one chance in 65,536 for each slot.
    """

    def __init__(self, tags: NDArray[np.uint16], weights: NDArray[np.int8]) -> None:
        self.tags, self.weights = tags, weights
        self._shift = np.uint64(64 - (tags.size.bit_length() - 1))

    def sums(self, slots: NDArray[np.intp]) -> NDArray[np.float32]:
        """The sum of the rows of `slots`, column by column.

        Sums of a few thousand bytes are exact in float32, so no order of addition shows.
        """
        rows = self.weights.take(slots, axis=0).astype(np.float32)
        return _ONES[: slots.size] @ rows

    def slots(self, hashes: Hashes) -> NDArray[np.intp]:
        """The slots of those hashes that have one, in order."""
        slots = (hashes >> self._shift).view(np.int64)
        known: NDArray[np.intp] = slots[self.tags[slots] == tags_of(hashes)]
        return known


def distinct(slots: NDArray[np.intp]) -> NDArray[np.intp]:
    """Each slot once: repeating a word makes nothing louder. Sorts `slots` in place."""
    slots.sort()
    fresh = np.empty(slots.size, dtype=bool)
    fresh[:1] = True
    np.not_equal(slots[1:], slots[:-1], out=fresh[1:])
    return slots[fresh]


def tags_of(hashes: Hashes) -> NDArray[np.uint16]:
    """What a slot remembers of its owner; never 0, which marks an empty slot."""
    return (hashes >> _TAG_SHIFT).astype(np.uint16) | np.uint16(1)


class Classifier:
    """A trained model. Threads share it; it is never written to."""

    def __init__(
        self, card: Mapping[str, Any], weights: memoryview, checksum: str, kernel: Kernel | None
    ) -> None:
        self.checksum = checksum
        self._kernel = kernel
        self.policies: tuple[str, ...] = tuple(card["policies"])
        columns = len(self.policies) + 3  # then harm, abuse, language
        self._table = _table(weights, card["slots"], columns)
        self._scale = np.array(card["scale"], np.float64)
        self._bias = np.array(card["bias"], np.float64)
        self._margin = float(card["language_margin"])
        self._coverage = float(card["language_coverage"])
        self._calibration = {
            language: [-np.array(column, float) for column in card["calibration"][language]]
            for language in ("", *LANGUAGES)
        }

    @classmethod
    def load(
        cls, folder: Path = MODEL, *, kernel_in: Path | None = compiled.FOLDER
    ) -> "Classifier":
        """The model of `folder`, mapped and not read in; `ModelError` when it cannot be trusted.

        `checksum` is the SHA-256 of the list of checksums, hence of every byte of the model.
        `kernel_in` is where the compiled kernel may lie; None: numpy does it all.
        """
        try:
            sums = (folder / CHECKSUMS).read_bytes()
            lines = [line.split() for line in sums.decode("ascii").splitlines()]
            stated = {name: digest for digest, name in lines}
            if unlisted := {file.name for file in folder.iterdir()} - {CHECKSUMS, *stated}:
                raise ModelError(f"{CHECKSUMS} does not list {', '.join(sorted(unlisted))}")
            for name in (CARD, WEIGHTS):
                with (folder / name).open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != stated.get(name):
                        raise ModelError(f"{name} is not the file that was trained")
            card = json.loads((folder / CARD).read_bytes())
            if card["format"] != FORMAT:
                raise ModelError(f"format {card['format']} of the model is not {FORMAT}")
            weights = memoryview(np.memmap(folder / WEIGHTS, mode="r"))
            kernel = compiled.load(kernel_in) if kernel_in else None
            return cls(card, weights, hashlib.sha256(sums).hexdigest(), kernel)
        except (OSError, KeyError, TypeError, UnicodeDecodeError) as wrong:
            raise ModelError(f"no model in {folder.name}: {type(wrong).__name__}") from None
        except ModelError:
            raise
        except ValueError as wrong:
            raise ModelError(f"the model of {folder.name} is malformed: {wrong}") from None

    @property
    def compiled(self) -> bool:
        """Whether the kernel says it, and not numpy."""
        return self._kernel is not None

    def judge(self, *readings: str) -> Judgement:
        """What the model says of the clearest of these readings of one folded text.

        Every finite string has an answer.
        """
        told = list(map(self._told, readings))
        logits, known, pieces = told[0] if len(told) == 1 else max(told, key=itemgetter(1))
        language = self._language(float(logits[-1]), known)
        slope, beside, offset = self._calibration[language]
        if pieces > 1:
            offset = offset.copy()
            offset[-2] += DOUBT * log(pieces)
        chances = self._kernel.chances if self._kernel else _chances
        return Judgement(language, *chances(logits, slope, beside, offset))

    def logits(self, window: str) -> tuple[NDArray[np.float64], float]:
        """One raw score for each column of a window, and which share of its features is known."""
        if self._kernel:
            return self._compiled(self._kernel, [window])
        hashes = features(window)
        known = self._table.slots(hashes)
        share = known.size / max(hashes.size, 1)
        logits: NDArray[np.float64] = self._scale * self._table.sums(distinct(known))
        logits /= sqrt(max(hashes.size, 1))
        logits += self._bias
        return logits, share

    def clearest(self, *readings: str) -> str:
        """The reading of which most features are known, the first of equals: a text in disguise is
        made of unknown ones, and one that was undone without need too."""
        return max(readings, key=lambda reading: self._told(reading)[1])

    def _told(self, folded: str) -> tuple[NDArray[np.float64], float, int]:
        """The raw scores of a text, which share of its features is known, and in how many windows
        it was read: the highest of each column counts, but for the language and the share all
        alike."""
        pieces = windows(folded)
        if self._kernel:
            return *self._compiled(self._kernel, pieces), len(pieces)
        each = [self.logits(piece) for piece in pieces]
        logits: NDArray[np.float64] = np.maximum.reduce([one for one, _ in each])
        logits[-1] = _mean(one[-1] for one, _ in each)
        return logits, _mean(share for _, share in each), len(each)

    def _compiled(self, kernel: Kernel, pieces: list[str]) -> tuple[NDArray[np.float64], float]:
        told = np.empty(self._scale.size)
        table = _WORDLY, self._table.tags, self._table.weights
        return told, kernel.logits(pieces, *table, self._scale, self._bias, told)

    def _language(self, score: float, known: float) -> str:
        if abs(score) < self._margin or known < self._coverage:
            return ""
        return LANGUAGES[0] if score > 0 else LANGUAGES[1]


def _mean(numbers: Iterable[float]) -> float:
    """Added one after the other: `sum` would make up for what is rounded off, and C does not."""
    each = list(numbers)
    return reduce(add, each) / len(each)


def _chances(
    logits: NDArray[np.float64],
    slope: NDArray[np.float64],
    beside: NDArray[np.float64],
    offset: NDArray[np.float64],
) -> tuple[tuple[float, ...], float]:
    """Calibrated scores, and abuse. The calibration has the other sign: it speaks against.

    A policy hears *harm* beside itself, and *harm* the likeliest policy: what many columns learnt
    together and what the best of them learnt alone err on different texts. Bounded, so that no
    chance reaches 1.0, which thresholds use for never.
    """
    against = slope * logits[:-1]
    against[:-2] += beside[:-2] * logits[-3]
    against[:-2] += offset[:-2]
    against[-2:] += beside[-2:] * -against[:-2].min()
    against[-2:] += offset[-2:]
    np.clip(against, -30.0, 30.0, out=against)
    *own, any_harm, abuse = (1.0 / (exp(one) + 1.0) for one in against.tolist())
    share = any_harm / max(own)
    return tuple(one * share for one in own), abuse


def _table(weights: memoryview, slots: int, columns: int) -> Table:
    """The table that a file of weights holds; ValueError when it does not fit."""
    if slots < 2 or slots & (slots - 1):
        raise ValueError("the number of slots is no power of two")
    if len(weights) != slots * (np.uint16().nbytes + columns):
        raise ValueError("the file of weights has another size than its table")
    tags = np.frombuffer(weights, np.uint16, slots)
    return Table(tags, np.frombuffer(weights, np.int8, -1, tags.nbytes).reshape(slots, columns))
