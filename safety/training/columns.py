"""What each column of the model learns: which texts say yes, which say no, and how loudly."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from safety.training.texts import Example

HITS_MIN = 10  # a policy with fewer hits has no column
HARM, ABUSE, LANGUAGE = "harm", "abuse", "language"

# What one text of a source counts for *abuse*. French counts twice: there is ten times less of it.
# Davidson's class 1 is mostly profanity; the annotators of mlma agree little; the forum posts carry
# two human verdicts each and are the only native French talk.
ABUSE_WEIGHT = {
    "davidson": 0.4, "edos": 1.0, "mlma": 0.7, "ftr": 1.0, "hatemoji": 1.0, "toxigen": 1.0,
    "wiki": 4.0, "pairs": 4.0, "forum": 8.0, "sms": 0.6, "banking": 0.3,
    "hit": 2.0, "twin": 2.0, "adult": 2.0, "everyday": 2.0, "template": 0.5, "lexicon": 0.5,
}  # fmt: skip
OWN_WEIGHT = 3  # one of our own texts, when n-grams compete for a slot
OTHER_HIT = 0.5  # a hit of another policy is a weak no: policies are neighbours
PUBLIC = 0.15  # a public text in the column of a policy
LABELLED = 0.3  # one whose label is about that very policy

Target = tuple[NDArray[np.float64], NDArray[np.float64]]  # 1 or 0, and the weight (0: not shown)


def policies_of(examples: Sequence[Example]) -> tuple[str, ...]:
    """The policies with enough hits of our own, in alphabetical order."""
    hits = Counter(name for one in examples if one.own for name in one.policies)
    return tuple(sorted(name for name, count in hits.items() if count >= HITS_MIN))


def target(column: str, examples: Sequence[Example]) -> Target:
    """Labels and weights of every text for a column; weight 0 for what it must not see."""
    rule = {HARM: _harm, ABUSE: _abuse, LANGUAGE: _language}.get(column)
    rows = [rule(one) if rule else _policy(column, one) for one in examples]
    labels, weights = np.array(rows, dtype=np.float64).T
    return labels, weights


def _harm(one: Example) -> tuple[float, float]:
    if one.own:
        return float(bool(one.policies)), 1.0
    if any(one.policies.values()):
        return 1.0, LABELLED
    known = LABELLED if one.policies else PUBLIC
    return 0.0, known if one.harmless else 0.0


def _policy(column: str, one: Example) -> tuple[float, float]:
    if column in one.policies:
        return one.policies[column], 2.0 if one.own else LABELLED
    if one.own:
        return 0.0, OTHER_HIT if one.policies else 1.0
    return 0.0, PUBLIC if one.harmless else 0.0


def _abuse(one: Example) -> tuple[float, float]:
    if one.abuse is None:
        return 0.0, 0.0
    return one.abuse, ABUSE_WEIGHT[one.source] * (2.0 if one.lang == "fr" else 1.0)


def _language(one: Example) -> tuple[float, float]:
    return (1.0, 4.0) if one.lang == "fr" else (0.0, 1.0)
