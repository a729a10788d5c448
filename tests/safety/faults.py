"""Faults that a test switches on and off inside a real engine, and the messages that meet them."""

from collections.abc import Sequence
from dataclasses import replace

from accounts.models import Account
from chat.commands import Draft
from chat.commands.drafts import attachments_of
from safety import screening
from safety.rules.matcher import Hit, Matcher, Reading
from safety.rules.rulebook import Rule, RuleBook
from safety.screening import Context, Engine
from tests.chat.talk import Talk
from tests.safety.small_book import book, rule

PAID, PREACHED = "luxueuse", "prions"  # what the rules below hold, and flag
RAISES, OVERRUNS = "zzraise", "zzoverrun"
OVER_BUDGET = screening.BUDGET_NANOSECONDS + 1


def small_book(version: int = 1) -> RuleBook:
    """A rule that holds, one that flags, and nothing else."""
    preached = rule("prosel.one", PREACHED, policy="prosel.religious", action="flag")
    return book(rule("prost.one", PAID), preached, version=version)


class Ailing:
    """A matcher and a clock that fail on texts with a word of their own, while `broken`."""

    def __init__(self) -> None:
        self.broken = True
        self.now = 0

    def engine(self, of: RuleBook | None = None) -> Engine:
        """A real engine with this fault in it."""
        return Engine(of or small_book(), matcher_of=self._matcher, clock=lambda: self.now)

    def _matcher(self, rules: Sequence[Rule]) -> "_AilingMatcher":
        return _AilingMatcher(Matcher(rules), self)


class _AilingMatcher:
    def __init__(self, sound: Matcher, fault: Ailing) -> None:
        self._sound, self._fault = sound, fault

    def match(self, reading: Reading) -> list[Hit]:
        text = reading.folded.text
        if self._fault.broken and RAISES in text:
            raise ZeroDivisionError
        if self._fault.broken and OVERRUNS in text:
            self._fault.now += OVER_BUDGET
        return self._sound.match(reading)


def context_of(talk: Talk, sender: Account, recent: tuple[str, ...] = ()) -> Context:
    """What screening is told of a message of this side."""
    role = "fan" if sender.id == talk.fan.id else "creator"
    return Context(role, sender.country, sender.language, recent=recent)


def screened(talk: Talk, sender: Account, body: str, **choices: object) -> Draft:
    """A draft that was screened by the engine in force, as a server does it."""
    draft = talk.draft(sender, body, **choices)  # type: ignore[arg-type]
    context = replace(context_of(talk, sender), attachments=attachments_of(draft.offer_id))
    return replace(draft, verdict=screening.screen(body, context))
