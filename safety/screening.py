"""What a machine may say about a text before it travels: pass, flag or hold, and why.

Hides the stages (two views, extractors, sender memory, rules, model), which of them have a lawful
basis, and their failures: `screen` never raises, and a fault or a late run is a hold for a
technical cause, never a pass. Pure: no database, no framework, no text in any log.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Lock

from safety.rules import rulebook
from safety.rules.extractors import Extract, extract
from safety.rules.heads import GRAVEST, MODEL_RULE, Heads, Heard, Model, findings_of
from safety.rules.matcher import Hit, Matcher, Reading, check_examples
from safety.rules.memory import joined
from safety.rules.normalise import fold, squeeze
from safety.rules.patterns import compiling_nanoseconds
from safety.rules.profiles import Matches, Profiles
from safety.rules.rulebook import SHADOW, Rule, RuleBook
from safety.rules.taxonomy import Action
from safety.rules.verdict import Context, Finding, Verdict, content_sha256

__all__ = [
    "MODEL_RULE", "Action", "Context", "Engine", "Finding", "Model", "Verdict", "candidate",
    "content_sha256", "demote", "demoted", "failed_books", "in_force", "install",
    "install_candidate", "rule_book_version", "screen", "warm_up",
]  # fmt: skip

TEXT_MAX_CHARACTERS = 5_200  # a message, and the preview line of what it offers
BUDGET_NANOSECONDS = 20_000_000  # CPU of this thread
TECHNICAL = "technical"

logger = logging.getLogger(__name__)


def cpu_clock() -> int:
    """CPU that this thread has used, in nanoseconds: what the budget of a text is counted in."""
    return time.thread_time_ns()


class Engine:
    """A rule book compiled once, with the model it names. Threads share it.

    Without a model (`rules_only`) the scores stay empty: for development, and to try packs.
    """

    def __init__(
        self,
        book: RuleBook,
        model: Model | None = None,
        *,
        matcher_of: Callable[[Sequence[Rule]], Matches] = Matcher,
        clock: Callable[[], int] | None = None,  # of the budget; `cpu_clock` as it stands then
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises `PackError` when the book and the model do not belong together."""
        self.book = book
        self.version = book.version
        self._model = model
        self._checksum = model.checksum if model else ""
        self._heads = Heads(book, model) if model else None
        self._profiles = Profiles(book.rules, book.basis, matcher_of=matcher_of, now=now)
        self._own_shadow = frozenset(rule.id for rule in book.rules if rule.stage == SHADOW)
        self._shadowed = self._own_shadow
        self._clock = clock

    @classmethod
    def load(cls, folder: Path = rulebook.PACKS, model: Model | None = None) -> "Engine":
        """The engine of a folder of packs, or of a whole book (a folder with `packs/` in it).

        Raises `PackError` when something does not load or a rule fails its own examples.
        """
        whole = (folder / "packs").is_dir()
        book = rulebook.parse(rulebook.read(folder)) if whole else rulebook.load(folder)
        engine = cls(book, model)
        if book.sha256 != rulebook.sealed_hash(folder):  # nothing is sealed before it was tried
            check_examples(book.rules, engine.rules_of)
        return engine

    @property
    def rules_only(self) -> bool:
        """Whether it runs without a model."""
        return self._model is None

    @property
    def shadowed(self) -> frozenset[str]:
        """The rules that are recorded without effect."""
        return self._shadowed

    def with_shadowed(self, rules: Collection[str]) -> "Engine":
        """The same engine with exactly these rules (`model:<policy>` too) recorded without effect,
        beside those the book itself tries. What guards severity 4 is never silenced."""
        grave = {rule.id for rule in self.book.rules if rule.severity >= GRAVEST}
        grave |= self._heads.grave_rules if self._heads else frozenset()
        engine = copy(self)
        engine._shadowed = self._own_shadow | (frozenset(rules) - grave)
        return engine

    def screen(self, text: str, context: Context) -> Verdict:
        """The verdict on `text`. Never raises; a fault or more than 20 ms of CPU is a hold.

        What is compiled on the way does not count: no message waits for a human because the rules
        it meets were met by nobody before.
        """
        clock = self._clock or cpu_clock
        started, compiled = clock(), compiling_nanoseconds()
        try:
            verdict = self._verdict(text, context)
            spent = clock() - started - (compiling_nanoseconds() - compiled)
            late = spent > BUDGET_NANOSECONDS
        except Exception as fault:  # whatever a rule does, the answer is a hold
            logger.error("screening failed", extra={"fault": type(fault).__name__})
            return self._held(text, context)
        return replace(verdict, action=Action.HOLD, cause=TECHNICAL) if late else verdict

    def _verdict(self, text: str, context: Context) -> Verdict:
        if len(text) > TEXT_MAX_CHARACTERS:
            raise ValueError("the text is longer than a message can be")
        profile = self._profiles.of(context.country, context.channel)
        reading = read(text, context.recent if profile.memory else ())
        found = [_finding(hit, context) for hit in profile.matcher.match(reading)]
        language, abuse = "", 0.0
        scores: dict[str, float] = {}
        uncertain: tuple[str, ...] = ()
        heard: list[Heard] = []
        silent: list[Finding] = []
        if self._model and self._heads and profile.model:
            judged = self._model.judge(
                *(view.lined(text) for view in (reading.folded, *reading.squeezed[:1]))
            )
            language, abuse = judged.language, judged.abuse
            scores = dict(zip(self._model.policies, judged.scores, strict=True))
            if found:
                found, silent = self._heads.supported(found, judged.scores, language)
            heard = self._heads.heard(judged)
            if heard:
                found += findings_of(heard, language, context.language)
        shadow = tuple(silent)
        if found and self._shadowed:
            shadow += tuple(one for one in found if one.rule in self._shadowed)
            found = [one for one in found if one.rule not in self._shadowed]
        if self._heads and (found or heard):
            uncertain = self._heads.uncertain(found, heard, language)
        return Verdict(
            _strongest(found),
            tuple(sorted(found, key=_rank)) if found else (),
            self.version,
            content_sha256(text, context.attachments),
            "",
            language,
            scores,
            abuse,
            uncertain,
            shadow,
            profile.off,
            self.book.sha256,
            self._checksum,
            profile.name,
            tuple(dict.fromkeys(one.kind for one in reading.extracts)) if reading.extracts else (),
        )

    def settled(
        self, verdict: Verdict, chances: Mapping[str, float] | None, context: Context
    ) -> Verdict:
        """The verdict with a second opinion on what the model was unsure of.

        `chances` take the place of its scores of those policies, and contradict rules as those do.
        None: nobody answered; what rules found and the model holds stays, and each other policy in
        doubt is a hold from severity 3 on, else a flag, for a technical cause. `verdict` is one of
        this engine.
        """
        if self._heads is None:
            return verdict
        found = [one for one in verdict.findings if not one.rule.startswith(MODEL_RULE)]
        silent = [one for one in verdict.shadow if not one.rule.startswith(MODEL_RULE)]
        second = dict(chances or {})
        if second:
            found, unlikely = self._heads.supported_again(found, second.values(), verdict.language)
            silent += unlikely
        undecided = self._heads.undecided(verdict, second)
        heard = self._heads.reheard(verdict.scores, second, undecided)
        found += findings_of(heard, verdict.language, context.language)
        technical = self._heads.unanswered(undecided, context.language)
        found += technical
        acting = [one for one in found if one.rule not in self._shadowed]
        return replace(
            verdict,
            action=_strongest(acting),
            findings=tuple(sorted(acting, key=_rank)),
            cause=TECHNICAL if any(one in acting for one in technical) else "",
            shadow=(*silent, *(one for one in found if one.rule in self._shadowed)),
            second=second,
        )

    def _held(self, text: str, context: Context) -> Verdict:
        """For a text that could not be judged."""
        return Verdict(
            Action.HOLD,
            (),
            self.version,
            content_sha256(text, context.attachments),
            TECHNICAL,
            book_hash=self.book.sha256,
            model=self._checksum,
        )

    def rules_of(self, messages: Sequence[str]) -> set[str]:
        """The rules that match the last of these messages of one sender, basis or not."""
        *recent, text = messages
        return {hit.rule.id for hit in self._profiles.everything.match(read(text, recent))}


def read(text: str, recent: Sequence[str] = ()) -> Reading:
    """Both views of `text`, and what the extractors find in it and across `recent`."""
    folded = fold(text)
    extracts: tuple[Extract, ...] = extract(folded)
    if recent:
        extracts += joined(folded, recent)
    squeezed = squeeze(folded)
    if squeezed and not extracts:  # an address may be disguised as well
        extracts = extract(squeezed[0])
    return Reading(folded, squeezed, extracts)


def _finding(hit: Hit, context: Context) -> Finding:
    rule, written = hit.rule, len(context.recent)
    return Finding(
        policy=rule.policy,
        action=rule.action,
        rule=rule.id,
        view=hit.view,
        spans=hit.spans,
        reason=rule.reason(context.language),
        severity=rule.severity,
        fragments=tuple(written - index for index in hit.fragments),
    )


def _rank(finding: Finding) -> tuple[int, int, bool, str]:
    """Strongest first, then gravest; a rule, which shows its words, before the model."""
    by_model = finding.rule.startswith(MODEL_RULE)
    return (-finding.action.rank, -finding.severity, by_model, finding.rule)


def _strongest(findings: Sequence[Finding]) -> Action:
    if not findings:
        return Action.PASS
    return max((one.action for one in findings), key=lambda one: one.rank)


# -- The rule book of this process --------------------------------------------------------------

_engine: Engine | None = None
_spare: Engine | None = None  # the last good one before it
_candidate: Engine | None = None
_demoted: frozenset[str] = frozenset()
_failed: tuple[str, ...] = ()
_lock = Lock()


def warm_up(*, rules_only: bool = False) -> Engine:
    """The engine of this process: the shipped book with its model, compiled at the first call.

    Raises `PackError` on a bad pack and `ModelError` without a model, unless `rules_only`.
    """
    global _engine
    with _lock:
        if _engine is None:
            _engine = shipped(rules_only=rules_only)
        return _engine


def shipped(*, rules_only: bool = False) -> Engine:
    """A new engine of the book and model of this release. Raises as `warm_up`."""
    from safety.rules.classifier import Classifier  # with numpy: only who screens pays for it

    return Engine.load(rulebook.SHIPPED, None if rules_only else Classifier.load())


def loaded() -> bool:
    """Whether an engine is there to judge."""
    return _engine is not None


def in_force() -> Engine:
    """The engine that judges in this process. Raises as `warm_up`."""
    return _engine or warm_up()


def install(engine: Engine, *, spare: Engine | None = None) -> None:
    """From now on `engine` judges in this process; `spare` is who takes over should it fail."""
    global _engine, _spare
    with _lock:
        _engine, _spare = engine.with_shadowed(_demoted), spare


def demote(rules: Collection[str]) -> None:
    """From now on exactly these rules are recorded without effect, whichever book is in force.

    Severity 4 is never demoted.
    """
    global _engine, _demoted
    with _lock:
        _demoted = frozenset(rules)
        if _engine is not None:
            _engine = _engine.with_shadowed(_demoted)


def demoted() -> frozenset[str]:
    """The rules given to `demote` last."""
    return _demoted


def install_candidate(engine: Engine | None) -> None:
    """The engine of the book that is being tried in shadow, if one is."""
    global _candidate
    _candidate = engine


def candidate() -> Engine | None:
    """The engine that is tried in shadow: run it beside, record, and give it no effect."""
    return _candidate


def failed_books() -> tuple[str, ...]:
    """Hashes of the books that failed in this process and were replaced by the last good one."""
    return _failed


def screen(text: str, context: Context) -> Verdict:
    """The verdict of this process's rule book on `text`. Never raises.

    A text that could not be judged is screened again at once. If it fails again, and the last
    good book can judge it, that book takes over: the fault is the newer book's.
    """
    try:
        engine = in_force()
    except Exception as fault:  # no rule book: nothing passes
        logger.error("no rule book", extra={"fault": type(fault).__name__})
        sha256 = content_sha256(text, context.attachments)
        return Verdict(Action.HOLD, (), "none", sha256, TECHNICAL)
    verdict = engine.screen(text, context)
    too_long = len(text) > TEXT_MAX_CHARACTERS  # which no book can judge
    return verdict if too_long or not verdict.cause else _again(engine, text, context)


def _again(engine: Engine, text: str, context: Context) -> Verdict:
    verdict, spare = engine.screen(text, context), _spare
    if not verdict.cause or spare is None:
        return verdict
    spared = spare.screen(text, context)
    if spared.cause:
        return verdict  # the fault is the text's: no older book is owed to who wrote it
    _fall_back(engine, spare)
    return spared


def _fall_back(failing: Engine, spare: Engine) -> None:
    global _failed
    if _engine is not None and _engine.book.sha256 == failing.book.sha256:
        logger.error("rule book %s failed: %s takes over", failing.version, spare.version)
        _failed = (*_failed, failing.book.sha256)
        install(spare)


def rule_book_version() -> str:
    """The version every verdict of this process names."""
    return in_force().version
