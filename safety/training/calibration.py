"""From raw scores to probabilities, on cross-fitted scores only."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from safety.rules.classifier import DOUBT, LANGUAGES
from safety.training.columns import ABUSE, HARM, LANGUAGE, target
from safety.training.fit import Floats
from safety.training.texts import Example

STEPS = 40  # of Newton's method, which needs about ten
HALVINGS = 20
RIDGE = 1.0  # pulls a calibration towards the one of both languages
DECIMALS = 3

Curve = tuple[list[float], list[float], list[float]]  # slopes, weights of what is beside, offsets


def curves(names: Sequence[str], scores: Floats, examples: Sequence[Example]) -> dict[str, Curve]:
    """Platt's calibration of every column but language, for each language and for unknown ("").

    A policy is weighed beside *harm*, and *harm* beside the likeliest policy, calibrated: the
    policies come first in `names`, so that they are when it is asked for.
    """
    lang = np.array([one.lang for one in examples])
    test = np.array([one.test for one in examples])
    harm = scores[:, names.index(HARM)]
    result: dict[str, Curve] = {key: ([], [], []) for key in ("", *LANGUAGES)}
    for place, name in enumerate(names):
        if name == LANGUAGE:
            continue
        labels, weights = target(name, examples)
        weights[test] = 0
        pooled = np.array([1.0, 0.0, 0.0])
        for key, curve in result.items():
            beside = harm
            if name in (HARM, ABUSE):
                own = scores[:, :place]
                beside = likeliest(curve, own, harm) if name == HARM else np.zeros(len(harm))
            table = np.column_stack([scores[:, place], beside, np.ones(len(harm))])
            known = weights * (lang == key) if key else weights
            found = platt(table, labels, known, pooled)
            pooled = pooled if key else found
            for column, value in zip(curve, found, strict=True):
                column.append(round(float(value), DECIMALS))
    return result


def likeliest(curve: Curve, scores: Floats, harm: Floats) -> Floats:
    """The highest calibrated score of the policies of a curve, text by text."""
    slope, beside, offset = map(np.array, curve)
    result: Floats = (slope * scores + beside * harm[:, None] + offset).max(axis=1)
    return result


def platt(table: Floats, labels: Floats, weights: Floats, prior: Floats) -> Floats:
    """The logistic fit of `labels` on the columns of `table`, drawn towards `prior`.

    Newton's method, each step halved until it makes nothing worse: from where most texts are far
    too sure of themselves, a whole step leads away.
    """
    shown = weights > 0
    table, labels, weights = table[shown], labels[shown], weights[shown]
    found = prior.copy()

    def loss(at: Floats) -> float:
        logits = table @ at
        wrong = weights @ (np.logaddexp(0, logits) - labels * logits)
        return float(wrong + RIDGE / 2 * ((at - prior) @ (at - prior)))

    for _ in range(STEPS):
        chance = probabilities(table @ found)
        slope = table.T @ (weights * (labels - chance)) - RIDGE * (found - prior)
        bend = (table * (weights * chance * (1 - chance))[:, None]).T @ table
        step = np.linalg.solve(bend + RIDGE * np.eye(len(prior)), slope)
        for _ in range(HALVINGS):
            if loss(found + step) <= loss(found):
                break
            step /= 2
        found = found + step
    return found


def probabilities(logits: Floats) -> Floats:
    """The logistic function, as the classifier computes it."""
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))
    return result


def calibrated(
    names: Sequence[str],
    scores: Floats,
    pieces: NDArray[np.intp],
    examples: Sequence[Example],
    curve: Mapping[str, Curve],
) -> Floats:
    """The probabilities of every column but language, with the curve of each text's language.
    `pieces`: in how many windows each was judged.
    """
    policies = names.index(HARM)
    kept = [place for place, name in enumerate(names) if name != LANGUAGE]
    result = np.zeros((len(examples), len(kept)))
    for lang in LANGUAGES:
        rows = np.array([one.lang == lang for one in examples])
        own, harm = scores[rows][:, :policies], scores[rows][:, policies]
        slopes, weights, offsets = curve[lang]
        of_own = slopes[:policies], weights[:policies], offsets[:policies]
        beside = np.tile(harm[:, None], len(kept))
        beside[:, policies:] = likeliest(of_own, own, harm)[:, None]
        logits = slopes * scores[rows][:, kept] + weights * beside + offsets
        logits[:, policies] -= DOUBT * np.log(pieces[rows])
        result[rows] = probabilities(logits)
    return shared(result)


def shared(chances: Floats) -> Floats:
    """The chance of harm shared by the policies, as the classifier shares it: see `Judgement`."""
    harm, own = chances[:, [-2]], chances[:, :-2]
    result: Floats = np.hstack([harm * own / own.max(axis=1, keepdims=True), chances[:, -2:]])
    return result
