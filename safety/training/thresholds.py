"""From probabilities to thresholds: as many hits as harmless traffic allows.

Reads cross-fitted probabilities only: no text chooses by weights it helped to find. A *budget* is
the share of each kind of harmless text that may be flagged or held, by rules and model together
where the rules' own word is known (`ruled`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safety.rules.heads import is_grave
from safety.rules.taxonomy import policy
from safety.training.fit import Floats
from safety.training.functional import SOURCE as GENERATED
from safety.training.ruled import Flags, Ruled
from safety.training.texts import HARMLESS_FAMILIES, HATE, Example

TWINS, TALK, PUBLIC, FUNCTION = "twins", "talk", "public", "function"
Budget = Mapping[str, float]
FLAG: Budget = {TWINS: 0.025, TALK: 0.012, PUBLIC: 0.02}  # of rules and model together
HOLD: Budget = {TWINS: 0.008, TALK: 0.004, PUBLIC: 0.01}  # of the model alone, as what follows
# Of all three together. Less than FLAG: fewer texts choose these levels, which fit them the more.
SECOND_FLAG: Budget = {TWINS: 0.02, TALK: 0.012, PUBLIC: 0.02}
SECOND_HOLD: Budget = {TWINS: 0.012, TALK: 0.006, PUBLIC: 0.015}  # of both stages together
REVIEW: Budget = {TWINS: 0.25, TALK: 0.09, PUBLIC: 0.12}  # with what rules find, a tenth of talk
# Of these, what hate may take: the one policy that public sets label. Its hardest harmless texts
# (quotes, negations, hard words about things) are judged apart, since chat holds almost none.
HATE_SHARE = 0.1
HATE_PUBLIC = 0.5  # of the budget of public texts
HATE_FUNCTION = 0.25
# Finer where most hits lie.
GRID = np.round([*np.arange(0.02, 0.8, 0.02), *np.arange(0.8, 0.9975, 0.005)], 3)
LOWEST = 0.2  # nothing less likely than this is flagged, however silent harmless texts are
NEVER = 1.0  # no score reaches it
GRAVE = 3  # from this severity on, a hit caught counts twice
GRAVE_COUNTS = 2
GRAVE_LOST = 0.01  # of the hits that grave rules find: no more may be lost to a contradiction


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which probability the model asks for a second opinion, flags, holds; from which one a
    second opinion does; and below which chance of harm, by the one and by the other, a rule has no
    effect alone."""

    review: float
    flag: float
    hold: float
    second_flag: float = NEVER
    second_hold: float = NEVER
    support: float = 0.0
    second_support: float = 0.0


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
    policies: Sequence[str],
    chances: Floats,
    examples: Sequence[Example],
    rules: Ruled | None = None,
    *,
    flag_budget: Budget = FLAG,
    hold_budget: Budget = HOLD,
) -> dict[str, Threshold]:
    """Thresholds that catch most hits while false alarms stay within the budgets.

    One level for grave policies, one for the others, one below which the model contradicts rules
    and one for grave rules: four numbers cannot learn the texts by heart, as one number for each
    policy did.
    """
    chances = chances[:, : len(policies)]
    grave = 0.0
    if rules:
        harm = chances.max(axis=1)
        grave = grave_support(harm, examples, rules)
        rules = rules.contradicted(harm, grave=grave)
    search = _Search(policies, chances, examples)
    flag, support = search.levels(flag_budget, LOWEST, rules)
    hold = np.maximum(search.levels(hold_budget, LOWEST)[0], flag)
    review = np.minimum(search.levels(REVIEW)[0], flag)
    return {
        name: Threshold(
            float(review[at]),
            float(flag[at]),
            float(hold[at]),
            support=min(grave if is_grave(name) else support, flag[at]),
        )
        for at, name in enumerate(policies)
    }


def grave_support(harm: Floats, examples: Sequence[Example], rules: Ruled) -> float:
    """Below which chance of harm grave rules may be contradicted: the highest that loses no more
    than `GRAVE_LOST` of the hits that they found."""
    hits = harm[rules.grave & np.array([bool(one.own and one.policies) for one in examples])]
    kept = [level for level in GRID if (hits < level).sum() <= GRAVE_LOST * len(hits)]
    return float(max(kept, default=0.0)) if len(hits) else 0.0


def contradicted(rules: Ruled, harm: Floats, chosen: Mapping[str, Threshold]) -> Ruled:
    """What is left of the rules under these thresholds, given the chance of harm of each text."""
    grave = [one.support for name, one in chosen.items() if is_grave(name)]
    weak = [one.support for name, one in chosen.items() if not is_grave(name)]
    return rules.contradicted(harm, support=max(weak, default=0.0), grave=max(grave, default=0.0))


class _Search:
    """The probabilities of the texts, and which of them a budget may spend."""

    def __init__(
        self, policies: Sequence[str], chances: Floats, examples: Sequence[Example]
    ) -> None:
        self._policies = tuple(policies)
        self._chances = chances
        self._grave = np.array([(policy(name).severity or 0) >= GRAVE for name in policies])
        self._hate = np.array([name == HATE for name in policies])
        self._kinds = np.array([kind_of(one) for one in examples])
        self._worth = np.array([self._worth_of(one) for one in examples])

    def _worth_of(self, one: Example) -> int:
        """What catching a text counts: nothing unless it is a hit of our own."""
        if not (one.own and one.policies):
            return 0
        known = (self._policies.index(name) for name in one.policies if name in self._policies)
        return GRAVE_COUNTS if any(self._grave[at] for at in known) else 1

    def levels(
        self, budget: Budget, lowest: float = 0.0, rules: Ruled | None = None
    ) -> tuple[Floats, float]:
        """One threshold for each policy and the support of rules, within a budget.

        With `rules`, only texts that they judged count, but for the public ones.
        """
        hate = self._hate_level(budget)
        grid = np.array([*GRID[lowest <= GRID], NEVER])
        columns = [self._grave & ~self._hate, ~self._grave & ~self._hate]
        grave, other = (self._chances[:, one].max(axis=1, initial=0.0) for one in columns)
        harm = self._chances.max(axis=1)
        by_hate = (self._chances[:, self._hate] >= hate).any(axis=1)
        counted = np.ones(len(harm), bool) if rules is None else rules.judged
        best, most = (NEVER, NEVER, 0.0), -1.0
        for support in (0.0,) if rules is None else (0.0, *GRID):
            firm = by_hate
            if rules is not None:
                firm = by_hate | rules.contradicted(harm, support=support).acting
            found = _Found(firm, grave, other, grid)
            gain = found.weight(self._worth * counted)
            allowed = self._within(budget, found, counted) & (
                np.minimum.outer(grid, grid) >= support
            )
            gain[~allowed] = -1
            at, to = np.unravel_index(gain.argmax(), gain.shape)
            if gain[at, to] > most:
                best, most = (float(grid[at]), float(grid[to]), float(support)), gain[at, to]
        levels = np.where(self._hate, hate, np.where(self._grave, best[0], best[1]))
        return levels, best[2]

    def _within(self, budget: Budget, found: "_Found", counted: Flags) -> Flags:
        """Which pairs of levels keep the budget."""
        kept = np.ones((found.size, found.size), bool)
        for kind, share in budget.items():
            these = (self._kinds == kind) & (counted | (kind == PUBLIC))
            kept &= found.weight(these.astype(int)) <= share * these.sum()
        return kept

    def _hate_level(self, budget: Budget) -> float:
        """The lowest level whose false alarms are within the share of hate."""
        room = {kind: share * HATE_SHARE for kind, share in budget.items()}
        room |= {PUBLIC: HATE_PUBLIC * budget[PUBLIC], FUNCTION: HATE_FUNCTION}
        chance = self._chances[:, self._hate].max(axis=1, initial=0.0)
        for level in GRID:
            alarms = {kind: (chance >= level)[self._kinds == kind] for kind in room}
            if all(alarms[kind].sum() <= share * alarms[kind].size for kind, share in room.items()):
                return float(level)
        return NEVER


class _Found:
    """What any two levels of a grid would find, of texts with a grave and another chance each."""

    def __init__(self, firm: Flags, grave: Floats, other: Floats, grid: Floats) -> None:
        self.size = len(grid)
        self._firm = firm
        self._steps = [np.searchsorted(grid, one, side="right") for one in (grave, other)]

    def weight(self, weights: NDArray[np.int_]) -> Floats:
        """For each pair of levels (grave x other), what the texts that are found weigh."""
        table = np.zeros((self.size + 1, self.size + 1))
        missed = np.where(self._firm, 0, weights)
        np.add.at(table, (self._steps[0], self._steps[1]), missed)
        below = table.cumsum(axis=0).cumsum(axis=1)[: self.size, : self.size]
        result: Floats = weights.sum() - below
        return result
