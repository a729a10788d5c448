"""The heads of the second stage: from the embedding of a text to chances, policy by policy.

Hides the artefact. The encoder was tuned to our texts: a patch replaces its upper layers. A head is
linear: the logit of a policy, and of harm in general. What the two say, and the head that is surest
of all, is weighed together with the chance that the first stage gave. `safety.training.second`
writes the files.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from safety.rules.classifier import CHECKSUMS, LANGUAGES, MODEL, ModelError
from safety.second_opinion.encoder_file import EncoderFile

CARD, WEIGHTS, PATCH = "second.json", "second.bin", "second-encoder.bin"
FORMAT = 3
DIMENSIONS = 384
WEIGHED = 5  # own head, surest head, harm, first stage, offset
LOGIT_MAX = 8.0  # of a chance of the first stage: what is surer than that is not in doubt

Floats = NDArray[np.float32]


class SecondHeads:
    """A trained set of heads. Threads share it; it is never written to."""

    def __init__(self, card: Mapping[str, Any], weights: bytes, patch: bytes) -> None:
        """Raises `ValueError` when card and weights do not fit together."""
        self.policies: tuple[str, ...] = tuple(card["policies"])
        heads = len(self.policies) + 1  # and harm
        rows = np.frombuffer(weights, "<f4").reshape(DIMENSIONS + 1, heads)
        self._heads, self._biases = rows[:-1], rows[-1]
        self._encoder, self._tensors, self._patch = card["encoder"], card["tensors"], patch
        self._calibration = {
            language: np.array(card["calibration"][language]).reshape(len(self.policies), WEIGHED)
            for language in ("", *LANGUAGES)
        }

    @classmethod
    def load(cls, folder: Path = MODEL) -> Self:
        """The heads of `folder`; `ModelError` when they are not those that were trained."""
        try:
            lines = [line.split() for line in (folder / CHECKSUMS).read_text("ascii").splitlines()]
            stated = {name: digest for digest, name in lines}
            files = {name: (folder / name).read_bytes() for name in (CARD, WEIGHTS, PATCH)}
            for name, data in files.items():
                if hashlib.sha256(data).hexdigest() != stated.get(name):
                    raise ModelError(f"{name} is not the file that was trained")
            card = json.loads(files[CARD])
            if card["format"] != FORMAT:
                raise ModelError(f"format {card['format']} of {CARD} is not {FORMAT}")
            return cls(card, files[WEIGHTS], files[PATCH])
        except ModelError:
            raise
        except (OSError, KeyError, TypeError, ValueError) as wrong:
            raise ModelError(f"no second stage in {folder.name}: {type(wrong).__name__}") from None

    def encoder(self, shipped: EncoderFile) -> bytearray:
        """The file of the encoder as it was tuned; `ModelError` when this is not what it was made
        from."""
        if shipped.checksum != self._encoder:
            raise ModelError("the encoder is another one than the heads were trained with")
        try:
            return shipped.patched(self._tensors, self._patch)
        except ValueError as wrong:
            raise ModelError(f"{PATCH}: {wrong}") from None

    def scores(self, embeddings: Floats) -> Floats:
        """What each head says of each embedding (row x policies, then harm): a logit."""
        result: Floats = embeddings @ self._heads + self._biases
        return result

    def chances(
        self, embeddings: Floats, language: str, first: Mapping[str, float]
    ) -> dict[str, float]:
        """New chances for the policies of `first`, of a text that was cut into these embeddings:
        the worst of them counts. A policy without a head keeps its chance."""
        scores = self.scores(embeddings).max(axis=0)
        curves = self._calibration.get(language, self._calibration[""])
        known = {name: place for place, name in enumerate(self.policies)}
        said = float(scores[:-1].max()), float(scores[-1])
        return {
            name: chance if name not in known else _weighed(
                curves[known[name]], float(scores[known[name]]), *said, chance
            )
            for name, chance in first.items()
        }  # fmt: skip


def _weighed(
    curve: NDArray[np.float64], own: float, surest: float, harm: float, first: float
) -> float:
    value = float(curve @ np.array([own, surest, harm, float(logit(first)), 1.0]))
    return float(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def logit(chance: Any) -> Any:
    """The logit of a chance or an array of them, within `LOGIT_MAX`."""
    low = 1 / (1 + np.exp(LOGIT_MAX))
    bounded = np.clip(chance, low, 1 - low)
    return np.log(bounded / (1 - bounded))
