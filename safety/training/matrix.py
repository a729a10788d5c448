"""Texts as rows of numbers, built from the very hashes that the classifier computes.

Chooses which n-grams get a slot of the table (the more texts share one, the earlier it is
served), and weighs them by rarity. Sums run inside scipy's sparse loops, never through a BLAS:
the order of addition, and with it every bit, is the same on any processor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from safety.rules.classifier import FEW_WORDS, Hashes, Table, distinct, features, tags_of

TEXTS_MIN = 3  # an n-gram seen in fewer texts teaches nothing but its text
WORD_FACTOR = 0.7  # how loud the words speak beside the n-grams


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of a table: the tag of the owner of each (0 when free) and a weight of rarity."""

    tags: NDArray[np.uint16]
    rarity: NDArray[np.float64]

    @property
    def table(self) -> Table:
        """The table that looks these slots up, as the classifier does."""
        return Table(self.tags, np.empty((self.tags.size, 0), np.int8))

    @property
    def shift(self) -> np.uint64:
        """How far a hash is shifted to give its slot."""
        return np.uint64(64 - (self.tags.size.bit_length() - 1))


def gram_slots(texts: Sequence[str], weights: Sequence[int], size: int) -> Slots:
    """Slots for the n-grams of the texts: the most frequent one wins a slot."""
    found = [np.unique(features(text)[0]) for text in texts]
    lengths = [one.size for one in found]
    hashes, place = np.unique(np.concatenate(found), return_inverse=True)
    count = np.bincount(place, np.repeat(weights, lengths), minlength=hashes.size)
    frequent = count >= TEXTS_MIN
    hashes, count = hashes[frequent], count[frequent]
    order = np.lexsort((hashes, -count))
    rarity = 1 + np.log(sum(weights) / count)
    return _placed(hashes[order], rarity[order], size)


def word_slots(
    words: Sequence[str], vectors: NDArray[np.float64], size: int
) -> tuple[Slots, NDArray[np.float64]]:
    """Slots for words given in the order they are served, and the vector of each slot."""
    hashes = np.array([features(word)[1][0] for word in words], dtype=np.uint64)
    slots = _placed(hashes, np.ones(hashes.size), size)
    at, first = np.unique((hashes >> slots.shift).astype(np.intp), return_index=True)
    placed = np.zeros((size, vectors.shape[1]))
    placed[at] = vectors[first] * WORD_FACTOR
    return slots, placed


def _placed(hashes: Hashes, rarity: NDArray[np.float64], size: int) -> Slots:
    empty = Slots(np.zeros(size, np.uint16), np.zeros(size))
    slots, first = np.unique((hashes >> empty.shift).astype(np.intp), return_index=True)
    empty.tags[slots] = tags_of(hashes[first])
    empty.rarity[slots] = rarity[first]
    return empty


def matrix(
    texts: Sequence[str], grams: Slots, words: Slots, vectors: NDArray[np.float64]
) -> sparse.csr_matrix:
    """One row for each text: its n-grams, weighed, then the mean of its words' vectors.

    `vectors` has one row for each slot of `words`.
    """
    pairs = [features(text) for text in texts]
    at = [distinct(grams.table.slots(hashes)) for hashes, _ in pairs]
    scale = [1 / np.sqrt(max(hashes.size, 1)) for hashes, _ in pairs]
    left = _rows(at, scale, grams.tags.size)
    left = sparse.csr_matrix(
        (left.data * grams.rarity[left.indices], left.indices, left.indptr), shape=left.shape
    )
    met = [distinct(words.table.slots(hashes)) for _, hashes in pairs]
    means = _rows(met, [1 / (one.size + FEW_WORDS) for one in met], words.tags.size)
    right = sparse.csr_matrix(means @ vectors)
    return sparse.hstack([left, right], format="csr")


def _rows(at: Sequence[NDArray[np.intp]], scale: Sequence[float], size: int) -> sparse.csr_matrix:
    lengths = [one.size for one in at]
    ends = np.concatenate(([0], np.cumsum(lengths)))
    data = np.repeat(np.asarray(scale), lengths)
    rows = sparse.csr_matrix((data, np.concatenate(at), ends), shape=(len(at), size))
    return rows
