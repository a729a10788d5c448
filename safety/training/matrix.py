"""Texts as rows of numbers, built from the very hashes that the classifier computes.

Chooses which features get a slot of the table (known words first, then the more texts share one,
the earlier it is served), and weighs them by rarity. Sums run inside scipy's sparse loops, never
through a BLAS: the order of addition, and with it every bit, is the same on any processor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from safety.rules.classifier import (
    NEAR_WORDS,
    WINDOW_CHARACTERS,
    Hashes,
    Table,
    distinct,
    features,
    ngrams_of,
    tags_of,
    windows,
)

TEXTS_MIN = 3  # what is seen in fewer texts teaches nothing but its text
# How loud each speaks beside the n-grams: a pair of words, which words there are, what they are
# like.
PAIR_FACTOR, WORD_FACTOR, VECTOR_FACTOR = 1.5, 2.0, 0.7

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of a table: the tag of the owner of each (0 when free), how loud it speaks (the
    rarer, the louder), and the vector of its owner (slot x dimension) where that is a word."""

    tags: NDArray[np.uint16]
    rarity: NDArray[np.float64]
    vectors: sparse.csr_matrix

    @property
    def table(self) -> Table:
        """The table that looks these slots up, as the classifier does."""
        return Table(self.tags, np.empty((self.tags.size, 0), np.int8))

    def weights(self, learnt: Weights) -> Weights:
        """Slot by column: what one feature adds, of the weights learnt on `matrix`. A word speaks
        for itself and for what it is like: both are linear, hence one weight."""
        own, like = np.split(learnt, [self.tags.size])
        result: Weights = own * self.rarity[:, None] + self.vectors @ like
        return result


def slots(
    texts: Sequence[str],
    weights: Sequence[int],
    words: Sequence[str],
    vectors: NDArray[np.float64],
    size: int,
) -> Slots:
    """Slots for the features of the texts, each of which counts as often as its weight says.

    Of words, only those of `words`, whose `vectors` are the rows, are served.
    """
    known = np.array([features(word)[ngrams_of(word)] for word in words], dtype=np.uint64)
    hashes, count, loud = _frequent(texts, weights, known)
    first = np.lexsort((hashes, -count * loud, ~np.isin(hashes, known)))
    hashes, count, loud = hashes[first], count[first], loud[first]
    shift = np.uint64(64 - (size.bit_length() - 1))
    at, owner = np.unique((hashes >> shift).astype(np.intp), return_index=True)
    tags, rarity = np.zeros(size, np.uint16), np.zeros(size)
    tags[at] = tags_of(hashes[owner])
    rarity[at] = loud[owner] * (1 + np.log(sum(weights) / count[owner]))
    return Slots(tags, rarity, _vectors(at, hashes[owner], known, vectors, size))


def _frequent(
    texts: Sequence[str], weights: Sequence[int], known: Hashes
) -> tuple[Hashes, NDArray[np.float64], NDArray[np.float64]]:
    """The features that get a slot if there is room: hash, count, and how loud their kind is."""
    found = [np.unique(features(text), return_index=True) for text in texts]
    lengths = [one.size for one, _ in found]
    kinds = [_kinds(text, place) for text, (_, place) in zip(texts, found, strict=True)]
    hashes, place = np.unique(np.concatenate([one for one, _ in found]), return_inverse=True)
    count = np.bincount(place, np.repeat(weights, lengths), minlength=hashes.size)
    loud = np.zeros(hashes.size)
    loud[place] = np.concatenate(kinds)
    served = (count >= TEXTS_MIN) & ((loud < WORD_FACTOR) | np.isin(hashes, known))
    return hashes[served], count[served], loud[served]


def _kinds(text: str, places: NDArray[np.intp]) -> NDArray[np.float64]:
    """How loud the features of a text at some places are: n-grams, then words, then pairs."""
    ngrams = ngrams_of(text)
    words = (features(text).size - ngrams) // (1 + NEAR_WORDS)
    bounds = np.searchsorted((ngrams, ngrams + words), places, side="right")
    return np.array((1.0, WORD_FACTOR, PAIR_FACTOR))[bounds]


def _vectors(
    at: NDArray[np.intp],
    owners: Hashes,
    known: Hashes,
    vectors: NDArray[np.float64],
    size: int,
) -> sparse.csr_matrix:
    """Slot x dimension: the vectors of the words that own a slot, zero elsewhere."""
    order = np.argsort(known)
    served = np.isin(owners, known)
    rows = order[np.searchsorted(known[order], owners[served])]
    place = sparse.csr_matrix(
        (np.full(rows.size, VECTOR_FACTOR), (at[served], rows)), shape=(size, len(known))
    )
    return sparse.csr_matrix(place @ sparse.csr_matrix(vectors))


@dataclass(frozen=True, slots=True)
class Lessons:
    """The rows of texts: each as a whole, to learn from, and those of its `windows` one after
    another where it has several (`long`, with where theirs begin), to judge by."""

    rows: sparse.csr_matrix
    long: NDArray[np.intp]
    windows: sparse.csr_matrix
    begin: NDArray[np.intp]

    @property
    def pieces(self) -> NDArray[np.intp]:
        """In how many windows each text is judged."""
        count = np.ones(self.rows.shape[0], np.intp)
        count[self.long] = np.diff([*self.begin, self.windows.shape[0]])
        return count

    def scores(self, weights: Weights, bias: float, *, mean: bool = False) -> Weights:
        """What a column says of each text: of its windows the highest, or their mean, counts, as
        the classifier has it."""
        result: Weights = self.rows @ weights + bias
        if self.long.size:
            each = self.windows @ weights + bias
            together = np.add if mean else np.maximum
            result[self.long] = together.reduceat(each, self.begin)
            if mean:
                result /= self.pieces
        return result


def lessons(texts: Sequence[str], known: Slots) -> Lessons:
    """The rows of these texts."""
    long = [at for at, text in enumerate(texts) if len(text) > WINDOW_CHARACTERS]
    pieces = [windows(texts[at]) for at in long]
    begin = np.cumsum([0, *map(len, pieces)], dtype=np.intp)[:-1]
    flat = [piece for each in pieces for piece in each]
    rows = matrix(texts, known)
    return Lessons(rows, np.array(long, np.intp), matrix(flat, known) if flat else rows[:0], begin)


def matrix(texts: Sequence[str], known: Slots) -> sparse.csr_matrix:
    """One row for each text: its features, then the sum of its words' vectors, both over the root
    of the number of features. `Slots.weights` reads what is learnt from it."""
    hashes = [features(text) for text in texts]
    at = [distinct(known.table.slots(one)) for one in hashes]
    sizes = [one.size for one in at]
    ends = np.concatenate(([0], np.cumsum(sizes)))
    places = np.concatenate(at)
    data = np.repeat([1 / np.sqrt(max(one.size, 1)) for one in hashes], sizes)
    shape = (len(texts), known.tags.size)
    plain = sparse.csr_matrix((data, places, ends), shape=shape)
    loud = sparse.csr_matrix((data * known.rarity[places], places, ends), shape=shape)
    return sparse.hstack([loud, plain @ known.vectors], format="csr")
