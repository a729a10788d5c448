"""What a trained model is worth: figures from texts it did not see, printed as Markdown tables."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from safety.rules.classifier import LANGUAGES
from safety.training.fit import Floats
from safety.training.recipe import Trained
from safety.training.second import SecondTrained
from safety.training.thresholds import FUNCTION, PUBLIC, TALK, TWINS, kind_of

Z = 1.96  # of a 95 % interval
HITS = "hits"
SIDE_MIN = 10  # fewer texts on a side give no area under a curve


def report(trained: Trained) -> str:
    """The tables of the model card."""
    return "\n".join([*_abuse(trained), "", *_caught(trained), "", *_alarms(trained)])


def second_report(seconded: SecondTrained) -> str:
    """What a second opinion adds to the model alone, on texts that neither was taught."""
    return "\n".join(_seconded(seconded))


def area(labels: NDArray[np.bool_], scores: Floats) -> tuple[float, float]:
    """Area under the ROC curve, ties counting half, and half the width of its 95 % interval.

    The interval is Hanley and McNeil's (1982).
    """
    order = np.argsort(scores, kind="stable")
    _, place, count = np.unique(scores[order], return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    ranks = np.empty(len(scores))
    ranks[order] = (ends - (count - 1) / 2)[place]
    yes, no = int(labels.sum()), int((~labels).sum())
    value = float((ranks[labels].sum() - yes * (yes + 1) / 2) / (yes * no))
    one, two = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (yes - 1) * (one - value**2) + (no - 1) * (two - value**2)
    return value, Z * float(np.sqrt(spread / (yes * no)))


def share(count: int, total: int) -> str:
    """A share with its 95 % interval (Wilson), such as `0.50 (0.24-0.76)`."""
    if not total:
        return "-"
    rate, near = count / total, Z**2 / total
    middle = (rate + near / 2) / (1 + near)
    half = Z * np.sqrt(rate * (1 - rate) / total + near / (4 * total)) / (1 + near)
    return f"{rate:.3f} ({max(middle - half, 0):.3f}-{min(middle + half, 1):.3f})"


def _abuse(trained: Trained) -> Iterator[str]:
    yield "| set | language | texts | AUC of abuse |\n|---|---|---|---|"
    examples, scores = trained.examples, trained.chances[:, -1]
    measured = [one.test or one.source == "forum" for one in examples]
    for source, lang in sorted({(one.source, one.lang) for one in examples if not one.own}):
        rows = [
            at
            for at, one in enumerate(examples)
            if measured[at] and (one.source, one.lang) == (source, lang)
        ]
        labels = np.array([(examples[at].abuse or 0) > 0.5 for at in rows], dtype=bool)
        if min(labels.sum(), (~labels).sum()) >= SIDE_MIN:
            value, half = area(labels, scores[rows])
            yield f"| {source} | {lang} | {len(rows)} | {value:.3f} ± {half:.3f} |"


def found(trained: Trained) -> NDArray[np.bool_]:
    """Whether the model alone would flag or hold each text."""
    levels = np.array([trained.thresholds[name].flag for name in trained.policies])
    result: NDArray[np.bool_] = (trained.chances[:, : len(levels)] >= levels).any(axis=1)
    return result


def _caught(trained: Trained) -> Iterator[str]:
    yield "| hits of our own | French | English |\n|---|---|---|"
    caught = found(trained)
    families = sorted(
        {one.group.partition("/")[0] for one in trained.examples if one.policies and one.own}
    )
    for family in families:
        cells = [
            _cell(
                trained,
                caught,
                [
                    at
                    for at, one in enumerate(trained.examples)
                    if one.own
                    and one.policies
                    and one.lang == lang
                    and one.group.startswith(f"{family}/")
                ],
            )
            for lang in LANGUAGES
        ]
        yield f"| {family} | {' | '.join(cells)} |"


def _alarms(trained: Trained) -> Iterator[str]:
    yield "| false alarms | French | English |\n|---|---|---|"
    caught = found(trained)
    for kind in (TWINS, TALK, PUBLIC, FUNCTION):
        cells = [
            _cell(
                trained,
                caught,
                [
                    at
                    for at, one in enumerate(trained.examples)
                    if one.lang == lang and kind_of(one) == kind
                ],
            )
            for lang in LANGUAGES
        ]
        yield f"| {kind} | {' | '.join(cells)} |"


def _cell(trained: Trained, caught: NDArray[np.bool_], rows: Sequence[int]) -> str:
    return f"{share(int(caught[list(rows)].sum()), len(rows))} of {len(rows)}"


def _seconded(seconded: SecondTrained) -> Iterator[str]:
    yield "| | texts | in doubt | model alone | rules and model | with a second opinion |"
    yield "|---|---|---|---|---|---|"
    flag = np.array([one.flag for one in seconded.thresholds.values()])
    first, chances = seconded.first, seconded.chances
    alone = (first >= flag).any(axis=1)
    columns = (seconded.asked.any(axis=1), alone, seconded.before, seconded.found)
    kinds = np.array(
        [HITS if one.own and one.policies else kind_of(one) for one in seconded.examples]
    )
    for kind in (HITS, TWINS, TALK, PUBLIC, FUNCTION):
        rows = kinds == kind
        cells = [share(int(one[rows].sum()), int(rows.sum())) for one in columns]
        yield f"| {kind} | {rows.sum()} | {' | '.join(cells)} |"
    rows = np.isin(kinds, (HITS, TWINS))
    areas = [area(kinds[rows] == HITS, one[rows].max(axis=1)) for one in (first, chances)]
    cells = [f"{value:.3f} ± {half:.3f}" for value, half in areas]
    said = " | | ".join(cells)
    yield f"| area, hits over twins, every text asked | {rows.sum()} | | {said} |"
