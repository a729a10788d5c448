"""What another rule book would have said of a recorded verdict, from its features alone.

Pure: a book, features, an answer. `screening` decides on texts; this decides on what was kept of
them, by the same words: rules by id, scores by threshold, detectors by lawful basis.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import NamedTuple

from safety.queries.features import SCORE_FLOOR, SCORE_STEPS, Features
from safety.rules.basis import MEMORY, MODEL, RULES, SECOND_OPINION
from safety.rules.changes import matching
from safety.rules.heads import evident
from safety.rules.rulebook import SHADOW, RuleBook
from safety.rules.taxonomy import Action, UnknownPolicy, policy
from safety.screening import MODEL_RULE


class Effect(NamedTuple):
    """One rule that would speak with effect."""

    rule: str
    action: Action
    severity: int


class Trial:
    """A rule book that judges features instead of texts, as it would on `day`.

    `shadowed` are the rules without effect beside those that the book itself tries.
    """

    def __init__(self, book: RuleBook, *, day: date, shadowed: Collection[str] = ()) -> None:
        self.book = book
        self.rules = {rule.id: rule for rule in book.rules}
        self._day = day
        self._shadowed = {*shadowed, *(rule.id for rule in book.rules if rule.stage == SHADOW)}
        self._off: dict[tuple[str, str], frozenset[str]] = {}

    def effects(
        self, features: Features, *, language: str, country: str, channel: str, model: str
    ) -> tuple[Effect, ...]:
        """The rules of this book that would speak with effect.

        With another model than the one that scored, what it found is kept as it was. What a second
        opinion said is judged by the thresholds for it; nobody is asked again.
        """
        off = self.off(country, channel)
        fired = {*features.rules, *features.shadow}
        second = {} if SECOND_OPINION in off else features.second
        if MODEL not in off and language:
            fired -= self._contradicted(features, second)
        found = [*self._of_rules(fired, off)]
        if MODEL not in off:
            same = model == self.book.model
            scored = self._of_scores(features.scores, second, language)
            found += scored if same else _of_findings(features)
        return tuple(one for one in found if one.rule not in self._shadowed)

    def severity(self, rules: Collection[str]) -> int:
        """The gravest severity among these rules; what this book does not know counts 0."""
        return max((self._severity(rule) for rule in rules), default=0)

    def off(self, country: str, channel: str) -> frozenset[str]:
        """The detectors without a lawful basis there."""
        place = country, channel
        if place not in self._off:
            off = self.book.basis.off(self._detectors, country, channel, self._day)
            self._off[place] = frozenset(off)
        return self._off[place]

    @cached_property
    def lowest_threshold(self) -> float:
        """The lowest score that asks for a flag; 1 without a model."""
        return min((one.flag for one in self.book.thresholds.values()), default=1.0)

    @cached_property
    def _debatable(self) -> Mapping[str, tuple[int, int]]:
        """The rules that the model or a second opinion may contradict, and below which chance of
        harm each does."""
        firm, limits = evident(self.book.rules), self.book.thresholds
        open_rules = [r for r in self.book.rules if r.policy in limits and r.id not in firm]
        return {
            one.id: (
                _steps(limits[one.policy].support),
                _steps(limits[one.policy].second_support),
            )
            for one in open_rules
        }

    @cached_property
    def _detectors(self) -> tuple[str, ...]:
        groups = sorted({RULES + rule.group for rule in self.book.rules})
        return (*groups, MEMORY, MODEL, SECOND_OPINION)

    def _contradicted(self, features: Features, second: Mapping[str, int]) -> set[str]:
        """Rules without effect then that this book's model, or a second opinion, gives too little
        chance as well. Whoever acted is not silenced here: it may have read under a disguise,
        which features do not say."""
        harm, later = max(features.scores.values(), default=0), max(second.values(), default=None)
        return {
            name
            for name in set(features.shadow) & self._debatable.keys()
            if (harm < self._debatable[name][0])
            or (later is not None and later < self._debatable[name][1])
        }

    def _of_rules(self, fired: Collection[str], off: Collection[str]) -> Iterator[Effect]:
        for name in sorted(fired):
            rule = self.rules.get(name)
            if rule is not None and RULES + rule.group not in off:
                yield Effect(name, rule.action, rule.severity)

    def _of_scores(
        self, scores: Mapping[str, int], second: Mapping[str, int], language: str
    ) -> list[Effect]:
        found = []
        for name, steps in {**scores, **second}.items():
            limits, governing = self.book.thresholds.get(name), policy(name)
            if limits is None or governing.in_flight is Action.PASS:
                continue
            flag, hold = limits.flag, limits.hold
            if name in second:
                flag, hold = limits.second_flag, limits.second_hold
            if language and governing.in_flight is Action.HOLD and steps >= _steps(hold):
                found.append(Effect(MODEL_RULE + name, Action.HOLD, governing.severity or 0))
            elif steps >= _steps(flag):
                found.append(Effect(MODEL_RULE + name, Action.FLAG, governing.severity or 0))
        return found

    def _severity(self, rule_id: str) -> int:
        if rule_id in self.rules:
            return self.rules[rule_id].severity
        try:
            return policy(rule_id.removeprefix(MODEL_RULE)).severity or 0
        except UnknownPolicy:
            return 0


def _steps(threshold: float) -> int:
    return round(threshold * SCORE_STEPS)


def _of_findings(features: Features) -> list[Effect]:
    """What another model found, each as grave as its policy lets it be: the score is not known."""
    found = []
    for name in (*features.rules, *features.shadow):
        if name.startswith(MODEL_RULE):
            governing = policy(name.removeprefix(MODEL_RULE))
            found.append(Effect(name, governing.in_flight, governing.severity or 0))
    return found


def limits_of(proposed: Trial, ran: Trial, heard: Collection[str]) -> list[str]:
    """What features cannot tell about `proposed`, one sentence each.

    `ran` is the book that most records come from, `heard` every rule that they name.
    """
    said = []
    for name, rule in proposed.rules.items():
        if name in ran.rules:
            if matching(rule) != matching(ran.rules[name]):
                said.append(f"{name}: its patterns changed; the hits of the old ones are counted.")
        elif name not in heard:
            said.append(f"{name}: it is new and never ran, not even in shadow: not counted.")
        elif rule.stage != SHADOW:
            said.append(f"{name}: it is new; counted where it ran in shadow.")
    if proposed.book.model != ran.book.model:
        said.append("The model is another: its scores are unknown, the old findings are counted.")
    if proposed.lowest_threshold * SCORE_STEPS < SCORE_FLOOR:
        said.append(f"Scores under {SCORE_FLOOR / SCORE_STEPS} were not kept: not counted.")
    return said
