"""What the scores of the model ask for, under the thresholds of a book and the caps of policies."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from math import inf
from operator import ge
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from safety.rules.rulebook import FOLDED, THRESHOLDS, PackError, Rule, RuleBook, Threshold
from safety.rules.taxonomy import Action, policy
from safety.rules.verdict import Finding, Verdict

if TYPE_CHECKING:
    from safety.rules.classifier import Judgement

MODEL_RULE = "model:"  # before the policy: the rule of a finding of the model
GRAVE, GRAVEST = 3, 4
AT_RISK = ("csae.", "selfharm.")  # policies that protect who writes
LIKELY = 0.5


class Model(Protocol):
    """What the engine needs of a classifier (`safety.rules.classifier`)."""

    checksum: str
    policies: tuple[str, ...]

    def judge(self, *readings: str) -> "Judgement":
        """Language, calibrated scores in the order of `policies`, and abuse, each in 0..1.

        `readings` of one text: as it is folded first, then with its disguise undone, if it has one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """One column of the model, ready to become a finding."""

    policy: str
    limits: Threshold
    cap: Action
    severity: int
    reasons: Mapping[str, str]

    def action(self, score: float, language: str) -> Action:
        """What this score asks for; in an unknown language never more than a flag."""
        if score >= self.limits.hold and language and self.cap is Action.HOLD:
            return Action.HOLD
        if score >= self.limits.flag and self.cap is not Action.PASS:
            return Action.FLAG
        return Action.PASS

    @property
    def second(self) -> "Head":
        """This column under the limits of a second opinion."""
        flag, hold = self.limits.second_flag, self.limits.second_hold
        return replace(self, limits=Threshold(self.limits.review, flag, hold))

    def finding(self, action: Action, language: str | None) -> Finding:
        """What the case shows of this column, in English for `en` and in French otherwise."""
        reason = self.reasons["en" if language == "en" else "fr"]
        return Finding(
            self.policy, action, MODEL_RULE + self.policy, "model", (), reason, self.severity
        )


Heard = tuple[Head, float]


class Heads:
    """Every column of a model under one book. Raises `PackError` when they do not fit."""

    def __init__(self, book: RuleBook, model: Model) -> None:
        if book.model != model.checksum:
            named = book.model[:12] or "none"
            raise PackError(f"the book names model {named}, not {model.checksum[:12]}")
        if missing := [name for name in model.policies if name not in book.thresholds]:
            raise PackError(f"{THRESHOLDS}: no thresholds for {', '.join(missing)}")
        self._heads = tuple(_head(name, book) for name in model.policies)
        self._reviews = tuple(head.limits.review for head in self._heads)
        self._least = min(self._reviews, default=inf)
        self._supports = _asked_for({h.policy: h.limits.support for h in self._heads})
        self._seconds = _asked_for({h.policy: h.limits.second_support for h in self._heads})
        self._evident = evident(book.rules)

    def supported(
        self, found: Sequence[Finding], chances: Collection[float], spoken: str
    ) -> tuple[list[Finding], list[Finding]]:
        """Findings of rules: those that act, and those that the model contradicts.

        It contradicts a rule where its `chances` give harm of any kind too little. Never in an
        unknown language (`spoken` is empty), nor where `debatable` says no.
        """
        return self._parted(found, chances, self._supports if spoken else {})

    def supported_again(
        self, found: Sequence[Finding], chances: Collection[float], spoken: str
    ) -> tuple[list[Finding], list[Finding]]:
        """As `supported`, by the chances of a second opinion and its own limits."""
        return self._parted(found, chances, self._seconds if spoken else {})

    def _parted(
        self, found: Sequence[Finding], chances: Collection[float], supports: Mapping[str, float]
    ) -> tuple[list[Finding], list[Finding]]:
        if not supports:
            return list(found), []
        harm = max(chances, default=0.0)
        acting: list[Finding] = []
        silent: list[Finding] = []
        for one in found:
            unlikely = harm < supports.get(one.policy, 0.0)
            (silent if unlikely and debatable(one, self._evident) else acting).append(one)
        return acting, silent

    def uncertain(
        self, found: Sequence[Finding], heard: Sequence[Heard], spoken: str
    ) -> tuple[str, ...]:
        """The policies that a second opinion is asked about: those that are `heard`; every one
        where it may contradict a rule; none where something holds the text whatever it says."""
        rules = [one for one in found if not one.rule.startswith(MODEL_RULE)]
        doubted = [one for one in rules if spoken and self._doubted(one)]
        if any(one.action is Action.HOLD and one not in doubted for one in rules):
            return ()
        return tuple(h.policy for h in (self._heads if doubted else (head for head, _ in heard)))

    def _doubted(self, finding: Finding) -> bool:
        return finding.policy in self._seconds and debatable(finding, self._evident)

    @property
    def grave_rules(self) -> frozenset[str]:
        """The rules of findings of severity 4."""
        return frozenset(MODEL_RULE + h.policy for h in self._heads if h.severity >= GRAVEST)

    def heard(self, judged: "Judgement") -> list[Heard]:
        """The few columns whose score asks for anything at all, each with its score."""
        scores = judged.scores
        if max(scores, default=0.0) < self._least:  # of most texts
            return []
        return list(compress(zip(self._heads, scores, strict=True), map(ge, scores, self._reviews)))

    def undecided(self, verdict: Verdict, second: Container[str]) -> tuple[str, ...]:
        """Of what was asked, what nobody answered and the model was not sure enough of to hold."""
        return tuple(
            head.policy
            for head in self._heads
            if head.policy in verdict.uncertain
            and head.policy not in second
            and head.limits.review <= verdict.scores[head.policy] < head.limits.hold
        )

    def reheard(
        self, scores: Mapping[str, float], second: Mapping[str, float], without: Collection[str]
    ) -> list[Heard]:
        """As `heard`, of scores by policy, but for some policies; those that have a `second` score
        are heard under the limits of a second opinion."""
        firm = [
            (head, scores[head.policy])
            for head in self._heads
            if scores[head.policy] >= head.limits.review
            and head.policy not in second
            and head.policy not in without
        ]
        return firm + [(h.second, second[h.policy]) for h in self._heads if h.policy in second]

    def unanswered(self, policies: Collection[str], reader_language: str | None) -> list[Finding]:
        """Findings for policies that nobody could settle: a hold from severity 3 on, else a flag,
        each within what its policy allows."""
        return [
            head.finding(min(_undecided(head), head.cap, key=lambda one: one.rank), reader_language)
            for head in self._heads
            if head.policy in policies and head.cap is not Action.PASS
        ]


def _asked_for(supports: Mapping[str, float]) -> Mapping[str, float]:
    return {name: least for name, least in supports.items() if least}


def evident(rules: Sequence[Rule]) -> frozenset[str]:
    """The rules that rest on an address, a number or an account that an extractor read, and those
    whose authors want them to act whatever the model thinks: on new words it has never seen."""
    return frozenset(
        rule.id
        for rule in rules
        if rule.firm or any(one.startswith("@") for one in (*rule.all, *rule.any))
    )


def debatable(finding: Finding, evident: Container[str]) -> bool:
    """Whether the model or a second opinion may silence this finding of a rule: not what was read
    under a disguise, or is `evident`."""
    return finding.view == FOLDED and finding.rule not in evident


def is_grave(name: str) -> bool:
    """Whether rules of this policy give way only where hardly a hit is lost by it: severity 4, and
    what tells of somebody at risk."""
    return (policy(name).severity or 0) >= GRAVEST or name.startswith(AT_RISK)


def _undecided(head: Head) -> Action:
    return Action.HOLD if head.severity >= GRAVE else Action.FLAG


def findings_of(heard: Sequence[Heard], spoken: str, reader_language: str | None) -> list[Finding]:
    """The policy the model is surest of, and those more likely than not or of severity 4.

    A faint second guess would only mislead who reads the case. `spoken` is the language of the
    text, empty when unknown.
    """
    acting = [(head.action(score, spoken), score, head) for head, score in heard]
    acting = [one for one in acting if one[0] is not Action.PASS]
    if not acting:
        return []
    surest = max(acting, key=lambda one: (one[0].rank, one[1]))[2]
    return [
        head.finding(action, reader_language)
        for action, score, head in acting
        if head is surest or score >= LIKELY or head.severity >= GRAVEST
    ]


def _head(name: str, book: RuleBook) -> Head:
    governing, limits = policy(name), book.thresholds[name]
    return Head(
        policy=name,
        limits=Threshold(
            _reached(limits.review),
            _reached(limits.flag),
            _reached(limits.hold),
            _reached(limits.second_flag),
            _reached(limits.second_hold),
            limits.support,
            limits.second_support,
        ),
        cap=governing.in_flight,
        severity=governing.severity or 0,
        reasons=MappingProxyType(
            {
                "fr": f"Le texte ressemble à ce que vise « {governing.title_fr} ».",
                "en": f"The text resembles what “{governing.title_en}” is about.",
            }
        ),
    )


def _reached(limit: float) -> float:
    """A threshold of 1 is never reached, not even by a score that rounds to it."""
    return limit if limit < 1 else inf
