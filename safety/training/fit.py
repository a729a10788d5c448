"""The linear columns: fitted on everything, and once more without each fold, to be judged fairly.

The solver is liblinear's dual coordinate descent: its loops are its own, so that no BLAS, no
number of threads and no kind of processor shows in the weights.
"""

import warnings
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from safety.training.columns import ABUSE, LANGUAGE, target
from safety.training.matrix import Lessons
from safety.training.texts import Example

FOLDS = 4
STRENGTH = {ABUSE: 0.03, LANGUAGE: 0.03}  # inverse of the penalty
POLICY_STRENGTH = 0.4
PASSES = 30

Floats = NDArray[np.float64]


def fold_of(example: Example, folds: int = FOLDS) -> int:
    """The fold of a text, the same for all texts of its group.

    With a multiple of `FOLDS`, each of those is cut into as many parts.
    """
    digest = sha256(example.group.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[8:12]) % folds


def fitted(
    column: str, rows: sparse.csr_matrix, labels: Floats, weights: Floats
) -> tuple[Floats, float]:
    """The weights of a column and its bias."""
    shown = np.flatnonzero(weights > 0)
    model = LogisticRegression(
        solver="liblinear", dual=True, C=STRENGTH.get(column, POLICY_STRENGTH),
        max_iter=PASSES, tol=1e-3, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of passes, on purpose
        model.fit(rows[shown], labels[shown], sample_weight=weights[shown])
    return model.coef_[0], float(model.intercept_[0])


def columns(
    names: Sequence[str], lessons: Lessons, examples: Sequence[Example]
) -> tuple[Floats, Floats, Floats]:
    """Weights (feature x column), biases, and cross-fitted scores (text x column), window by window
    as the classifier judges.

    A text's cross-fitted score comes from the fit that saw no text of its group; a text set aside
    for testing is never shown, and its score comes from the whole fit.
    """
    test = np.array([one.test for one in examples])
    folds = np.array([fold_of(one) for one in examples])
    rows = lessons.rows
    weights, biases = np.zeros((rows.shape[1], len(names))), np.zeros(len(names))
    scores = np.zeros((len(examples), len(names)))
    for place, name in enumerate(names):
        labels, loud = target(name, examples)
        loud[test] = 0
        weights[:, place], biases[place] = fitted(name, rows, labels, loud)
        mean = name == LANGUAGE
        scores[:, place] = lessons.scores(weights[:, place], biases[place], mean=mean)
        for fold in range(FOLDS):
            out = (folds == fold) & ~test
            part, bias = fitted(name, rows, labels, np.where(out, 0.0, loud))
            scores[out, place] = lessons.scores(part, bias, mean=mean)[out]
    return weights, biases, scores
