"""From probabilities to thresholds: as many hits as harmless traffic allows.

Reads cross-fitted probabilities only: no text chooses by weights it helped to find. A *budget* is
the share of each kind of harmless text that may be flagged or held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.rules.taxonomy import policy
from safety.training.fit import Floats
from safety.training.functional import SOURCE as GENERATED
from safety.training.texts import HARMLESS_FAMILIES, HATE, Example

TWINS, TALK, PUBLIC, FUNCTION = "twins", "talk", "public", "function"
Budget = Mapping[str, float]
FLAG: Budget = {TWINS: 0.005, TALK: 0.004, PUBLIC: 0.02}
HOLD: Budget = {TWINS: 0.0025, TALK: 0.002, PUBLIC: 0.005}
REVIEW: Budget = {TWINS: 0.10, TALK: 0.05, PUBLIC: 0.05}
# Of these, what hate may take: the one policy that public sets label. Its hardest harmless texts
# (quotes, negations, hard words about things) are judged apart, since chat holds almost none.
HATE_SHARE = 0.4
HATE_FUNCTION = 0.25
GRID = np.round(np.arange(0.02, 0.985, 0.02), 2)
LOWEST = 0.2  # nothing less likely than this is flagged, however silent harmless texts are
NEVER = 1.0  # no score reaches it
GRAVE = 3  # from this severity on, a hit caught counts twice
GRAVE_COUNTS = 2


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which probability the model asks for a second opinion, flags, holds; and from which one
    a second opinion does."""

    review: float
    flag: float
    hold: float
    second_flag: float = NEVER
    second_hold: float = NEVER


def kind_of(one: Example) -> str:
    """Which budget of false alarms a text counts in; empty when it is not harmless."""
    if not one.harmless or one.test:
        return ""
    if one.source in HARMLESS_FAMILIES:
        return TALK
    if one.source == GENERATED:
        return FUNCTION
    return TWINS if one.own else PUBLIC


def thresholds(
    policies: Sequence[str], chances: Floats, examples: Sequence[Example]
) -> dict[str, Threshold]:
    """Thresholds that catch most hits while false alarms stay within the budgets.

    One level for grave policies and one for the others: two numbers cannot learn the texts by
    heart, as one number for each policy did.
    """
    search = _Search(policies, chances[:, : len(policies)], examples)
    flag = search.levels(FLAG, LOWEST)
    hold = np.maximum(search.levels(HOLD, LOWEST), flag)
    review = np.minimum(search.levels(REVIEW), flag)
    return {
        name: Threshold(float(review[at]), float(flag[at]), float(hold[at]))
        for at, name in enumerate(policies)
    }


class _Search:
    """The probabilities, sorted into hits and kinds of harmless text."""

    def __init__(
        self, policies: Sequence[str], chances: Floats, examples: Sequence[Example]
    ) -> None:
        self._policies = tuple(policies)
        self._grave = np.array([(policy(name).severity or 0) >= GRAVE for name in policies])
        self._hate = np.array([name == HATE for name in policies])
        hits = np.array([one.own and bool(one.policies) for one in examples])
        kinds = np.array([kind_of(one) for one in examples])
        self._hits = chances[hits]
        self._worth = np.array([self._worth_of(one) for one in examples])[hits]
        self._harmless = {k: chances[kinds == k] for k in (TWINS, TALK, PUBLIC, FUNCTION)}

    def _worth_of(self, one: Example) -> int:
        known = (self._policies.index(name) for name in one.policies if name in self._policies)
        return GRAVE_COUNTS if any(self._grave[at] for at in known) else 1

    def levels(self, budget: Budget, lowest: float = 0.0) -> Floats:
        """One threshold for each policy, within a budget and at least `lowest`."""
        hate = self._hate_level(budget)
        best, most = np.where(self._hate, hate, NEVER), 0.0
        grid = [*GRID[lowest <= GRID], NEVER]
        for grave in grid:
            for other in grid:
                levels = np.where(self._grave, grave, other)
                levels = np.where(self._hate, hate, levels)
                gain = self._worth[self._over(self._hits, levels)].sum()
                if gain > most and self._within(budget, levels):
                    best, most = levels, float(gain)
        return best

    def _hate_level(self, budget: Budget) -> float:
        """The lowest level whose false alarms are within the share of hate."""
        room = {kind: share * HATE_SHARE for kind, share in budget.items()}
        room |= {PUBLIC: budget[PUBLIC], FUNCTION: HATE_FUNCTION}
        alone = (np.where(self._hate, level, NEVER) for level in GRID)
        return float(
            min(
                (one[self._hate].min(initial=NEVER) for one in alone if self._within(room, one)),
                default=NEVER,
            )
        )

    def _within(self, budget: Budget, levels: Floats) -> bool:
        return all(
            self._over(self._harmless[kind], levels).sum() <= share * len(self._harmless[kind])
            for kind, share in budget.items()
        )

    def _over(self, chances: Floats, levels: Floats) -> NDArray[np.bool_]:
        result: NDArray[np.bool_] = (chances >= levels).any(axis=1)
        return result
