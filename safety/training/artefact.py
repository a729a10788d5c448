"""The files of a model: a card of numbers, the tables of weights, and their checksums.

Weights become bytes, one scale a column, so that the last bits of a float never reach a file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.rules.classifier import CARD, CHECKSUMS, FORMAT, WEIGHTS
from safety.second_opinion import heads
from safety.training.calibration import Curve
from safety.training.fit import Floats
from safety.training.matrix import Slots
from safety.training.thresholds import Threshold

CLIPPED = 0.9999  # beyond this share of the weights of a column, a weight is cut to the edge
LEVELS = 127
DIGITS = 6
SECOND = (heads.CARD, heads.WEIGHTS, heads.PATCH)  # of the second stage

LANGUAGE_MARGIN = 1.4  # raw score below which the language is unknown
LANGUAGE_COVERAGE = 0.5  # and the share of known n-grams

THRESHOLDS_HEAD = """\
# From which calibrated score of the model a policy asks for a second opinion (review), flags and
# holds. One set for every text. 1.0 is never reached. Chosen by `aparte train` on cross-fitted
# scores; docs/model-card.md says how. `in_flight` of the policy caps whatever stands here.
# second_flag and second_hold are for the score of a second opinion, where one was asked. Where the
# likeliest policy scores below support, or below second_support in a second opinion, a rule of this
# policy is recorded without effect.
"""


def quantised(weights: Floats) -> tuple[NDArray[np.int8], list[float]]:
    """Weights (row x column) as bytes, and what one step of each column is worth."""
    used = np.abs(weights[np.any(weights != 0, axis=1)])
    edge = np.quantile(used, CLIPPED, axis=0) if len(used) else np.ones(weights.shape[1])
    scale = [float(f"{value / LEVELS:.{DIGITS - 1}e}") or 1.0 for value in edge]
    steps = np.clip(np.round(weights / np.array(scale)), -LEVELS, LEVELS)
    return steps.astype(np.int8), scale


def card(
    policies: Sequence[str], bias: Floats, curves: Mapping[str, Curve], **parts: Any
) -> dict[str, Any]:
    """What the classifier reads beside the weights."""
    return {
        "format": FORMAT,
        "policies": list(policies),
        "bias": [round(float(one), 4) for one in bias],
        "calibration": curves,
        "language_margin": LANGUAGE_MARGIN,
        "language_coverage": LANGUAGE_COVERAGE,
        **parts,
    }


def write(folder: Path, card: Mapping[str, Any], slots: Slots, weights: NDArray[np.int8]) -> str:
    """Write the three files of a first stage; the checksum that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{WEIGHTS}.new"  # a running server maps the old file: it must stay as it is
    with beside.open("wb") as file:
        file.write(slots.tags.astype("<u2").tobytes())
        file.write(np.ascontiguousarray(weights).tobytes())
    beside.replace(folder / WEIGHTS)
    (folder / CARD).write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", "utf-8")
    for name in SECOND:
        (folder / name).unlink(missing_ok=True)  # of another first stage
    return write_checksums(folder)


def write_checksums(folder: Path) -> str:
    """List the checksums of the files of a model that are there; the checksum that names it."""
    names = [name for name in (CARD, WEIGHTS, *SECOND) if (folder / name).exists()]
    lines = [f"{_sha256(folder / name)}  {name}\n" for name in names]
    (folder / CHECKSUMS).write_text("".join(lines), "ascii")
    return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()


def write_thresholds(file: Path, thresholds: Mapping[str, Threshold]) -> None:
    """Write the thresholds of every policy as TOML, in alphabetical order."""
    parts = [
        "".join(
            [f'["{name}"]\n', *(f"{key} = {value:.3f}\n" for key, value in asdict(one).items())]
        )
        for name, one in sorted(thresholds.items())
    ]
    file.write_text("\n".join((THRESHOLDS_HEAD, *parts)), "utf-8")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
