"""The text model: one pass over a folded text, one score for each policy, for abuse and language.

Hides how a text becomes numbers (character 2- to 5-grams, words, pairs of words that stand near
each other, in their order, all hashed by their place in the text) and how the weights lie in a file
(bytes, mapped into memory and shared by every process of the machine). Linear on purpose: a score
is a sum of weights, the same input always gives the same score, and no input makes it slow.
`safety.training` writes the files; `docs/model-card.md` says what the scores are worth.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODEL = Path(__file__).parent / "model"
CARD, WEIGHTS, CHECKSUMS = "model.json", "weights.bin", "SHA256SUMS"
FORMAT = 1
GRAMS = (2, 3, 4, 5)  # without a gap
WINDOW_CHARACTERS = 480  # a longer text is judged window by window, and the strongest counts
STRIDE_CHARACTERS = 400
TEXT_MAX_CHARACTERS = 5_200  # what stands beyond is not read: no message is longer
NEAR_WORDS = 5  # how far apart two words may stand and still make a pair
FEW_WORDS = 3  # added to the number of words of a mean, so that one word alone never shouts
LANGUAGES = ("fr", "en")

Hashes = NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C15  # odd, hence invertible modulo 2**64
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_PAIR = np.uint64(0xA24BAED4963EE407)  # sets a pair of words apart from the words
_NEAR = np.uint64(0x9FB21C651E98DF25)  # and a pair in this order, however far apart
_END = np.zeros(NEAR_WORDS, np.uint64)  # stands after the last word, for whatever is near it
_TAG_SHIFT = np.uint64(16)


def _powers(base: int) -> Hashes:
    powers = [1]
    for _ in range(WINDOW_CHARACTERS + 2):
        powers.append(powers[-1] * base % 2**64)
    return np.array(powers, dtype=np.uint64)


_UP, _DOWN = _powers(_BASE), _powers(pow(_BASE, -1, 2**64))
_ONES = np.ones(8 * WINDOW_CHARACTERS, np.float32)  # more than a window has features
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


def features(window: str) -> tuple[Hashes, Hashes]:
    """The hashes of a window: of its n-grams and pairs of words (in that order), and of its words.

    A span from i to j hashes as the polynomial of its characters, read from prefix sums, so that
    every n-gram and every word of the window costs two subtractions and one product.
    `window` is folded and has at most `WINDOW_CHARACTERS` characters.
    """
    codes = np.frombuffer(f" {window} ".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    size = codes.size
    sums = np.empty(size + GRAMS[-1], dtype=np.uint64)
    sums[0] = 0
    np.cumsum(codes * _UP[:size], out=sums[1 : size + 1])
    sums[size + 1 :] = sums[size]  # an n-gram that would pass the end is the shorter one
    ends = np.ndarray((size - 1, len(GRAMS)), np.uint64, sums, 8 * GRAMS[0], (8, 8))
    grams = (ends - sums[: size - 1, None]) * _DOWN[: size - 1, None]
    word = _WORDLY.take(codes, mode="clip")
    edges = (word[1:] != word[:-1]).nonzero()[0] + 1
    words = (sums[edges[1::2]] - sums[edges[0::2]]) * _DOWN[edges[0::2]]
    pairs = words[:-1] * _PAIR + words[1:]
    padded = np.concatenate((words, _END))
    later = np.ndarray((words.size, NEAR_WORDS), np.uint64, padded, 8, (8, 8))
    near = (words * _NEAR)[:, None] + later
    hashes = np.concatenate((grams.ravel(), pairs, near.ravel(), words))
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    hashes ^= hashes >> _HALF
    return hashes[: hashes.size - words.size], hashes[hashes.size - words.size :]


def windows(folded: str) -> list[str]:
    """The pieces of a folded text that are judged apart; one when it is short."""
    text = folded[:TEXT_MAX_CHARACTERS]
    last = max(len(text) - WINDOW_CHARACTERS + STRIDE_CHARACTERS, 1)
    return [text[at : at + WINDOW_CHARACTERS] for at in range(0, last, STRIDE_CHARACTERS)]


class Table:
    """Rows of weights found by hash: one slot for each, and a tag that says whose row it is.

    A hash that is not there contributes nothing, except by one chance in 65,536 for each slot.
    """

    def __init__(self, tags: NDArray[np.uint16], weights: NDArray[np.int8]) -> None:
        self._tags, self._weights = tags, weights
        self._shift = np.uint64(64 - (tags.size.bit_length() - 1))

    def sums(self, slots: NDArray[np.intp]) -> NDArray[np.float32]:
        """The sum of the rows of `slots`, column by column.

        Sums of a few thousand bytes are exact in float32, so no order of addition shows.
        """
        rows = self._weights.take(slots, axis=0).astype(np.float32)
        return _ONES[: slots.size] @ rows

    def slots(self, hashes: Hashes) -> NDArray[np.intp]:
        """The slots of those hashes that have one, in order."""
        slots = (hashes >> self._shift).astype(np.intp)
        known: NDArray[np.intp] = slots[self._tags[slots] == tags_of(hashes)]
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

    def __init__(self, card: Mapping[str, Any], weights: memoryview, checksum: str) -> None:
        self.checksum = checksum
        self.policies: tuple[str, ...] = tuple(card["policies"])
        columns = len(self.policies) + 3  # then harm, abuse, language
        parts = _Parts(weights)
        self._grams = Table(*parts.table(card["gram_slots"], columns))
        self._words = Table(*parts.table(card["word_slots"], columns))
        parts.end()
        self._gram_scale = np.array(card["gram_scale"])
        self._word_scale = np.array(card["word_scale"])
        self._bias = np.array(card["bias"])
        self._margin = float(card["language_margin"])
        self._coverage = float(card["language_coverage"])
        self._calibration = {
            language: tuple(np.array(column) for column in card["calibration"][language])
            for language in ("", *LANGUAGES)
        }

    @classmethod
    def load(cls, folder: Path = MODEL) -> "Classifier":
        """The model of `folder`, mapped and not read in; `ModelError` when it cannot be trusted.

        `checksum` is the SHA-256 of the list of checksums, hence of every byte of the model.
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
            return cls(card, weights, hashlib.sha256(sums).hexdigest())
        except (OSError, KeyError, TypeError, UnicodeDecodeError) as wrong:
            raise ModelError(f"no model in {folder.name}: {type(wrong).__name__}") from None
        except ModelError:
            raise
        except ValueError as wrong:
            raise ModelError(f"the model of {folder.name} is malformed: {wrong}") from None

    def judge(self, folded: str) -> Judgement:
        """What the model says of a folded text. Every finite string has an answer."""
        judged = [self.logits(window) for window in windows(folded)]
        logits = judged[0][0]
        for other, _ in judged[1:]:
            logits = np.maximum(logits, other)
        language = self._language([one[-1] for one, _ in judged], [known for _, known in judged])
        slope, harm, offset = self._calibration[language]
        scores = _logistic(slope * logits[:-1] + harm * logits[-3] + offset)
        shared = scores[:-2] * (scores[-2] / scores[:-2].max())
        return Judgement(language, tuple(shared.tolist()), float(scores[-1]))

    def logits(self, window: str) -> tuple[NDArray[np.float64], float]:
        """One raw score for each column of a window, and which share of its n-grams is known."""
        grams, words = features(window)
        known, met = self._grams.slots(grams), distinct(self._words.slots(words))
        share = known.size / max(grams.size, 1)
        logits = self._bias + self._gram_scale * (
            self._grams.sums(distinct(known)) / np.sqrt(max(grams.size, 1))
        )
        logits += self._word_scale * (self._words.sums(met) / (met.size + FEW_WORDS))
        return logits, share

    def _language(self, scores: list[np.float64], known: list[float]) -> str:
        score = float(sum(scores)) / len(scores)
        if abs(score) < self._margin or sum(known) / len(known) < self._coverage:
            return ""
        return LANGUAGES[0] if score > 0 else LANGUAGES[1]


def _logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bounded, so that no score reaches 1.0, which thresholds use for never."""
    bounded = np.minimum(np.maximum(logits, -30.0), 30.0)
    result: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-bounded))
    return result


class _Parts:
    """Reads tables one after another from a file of weights; ValueError when it does not fit."""

    def __init__(self, weights: memoryview) -> None:
        self._weights, self._at = weights, 0

    def table(self, slots: int, columns: int) -> tuple[NDArray[np.uint16], NDArray[np.int8]]:
        if slots < 2 or slots & (slots - 1):
            raise ValueError("the number of slots is no power of two")
        tags = np.frombuffer(self._weights, np.uint16, slots, self._at)
        self._at += tags.nbytes
        rows = np.frombuffer(self._weights, np.int8, slots * columns, self._at)
        self._at += rows.nbytes
        return tags, rows.reshape(slots, columns)

    def end(self) -> None:
        if self._at != len(self._weights):
            raise ValueError("bytes are left over")
