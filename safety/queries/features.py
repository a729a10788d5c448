"""How a verdict is kept without its text: rule ids and coarse figures, as two short strings.

Hides the coding of `VerdictRecord.rules` and `.features`: equal verdicts give equal strings, so
that a million records have few distinct ones.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from safety.screening import Verdict

SCORE_STEPS = 1_000  # a score is kept as whole thousandths, rounded down: `score >= t` stays exact
SCORE_FLOOR = 50  # thousandths; what is below is not kept, so no threshold below can be replayed
_FLOOR = SCORE_FLOOR / SCORE_STEPS
_dumps = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What is left of a verdict. Scores, `second` opinions and `abuse` are thousandths; `off`
    names detectors."""

    rules: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    extracts: tuple[str, ...] = ()
    scores: Mapping[str, int] = field(default_factory=dict)
    abuse: int = 0
    off: tuple[str, ...] = ()
    second: Mapping[str, int] = field(default_factory=dict)


def encode(verdict: Verdict) -> tuple[str, str]:
    """The two columns of a verdict: its rules with effect, and everything else (often empty)."""
    rest: dict[str, object] = {}
    if verdict.shadow:
        rest["s"] = sorted({finding.rule for finding in verdict.shadow})
    if verdict.extracts:
        rest["x"] = sorted(set(verdict.extracts))
    if kept := [pair for pair in verdict.scores.items() if pair[1] >= _FLOOR]:
        rest["m"] = {name: kept_score(score) for name, score in sorted(kept)}
    if verdict.abuse >= _FLOOR:
        rest["a"] = kept_score(verdict.abuse)
    if verdict.off:
        rest["o"] = sorted(verdict.off)
    if verdict.second:
        said = {name: max(one, verdict.scores[name]) for name, one in verdict.second.items()}
        told = sorted(name for name, most in said.items() if most >= _FLOOR)
        rest["2"] = {name: kept_score(verdict.second[name]) for name in told}
    rules = " ".join(sorted({one.rule for one in verdict.findings})) if verdict.findings else ""
    return rules, _dumps(rest) if rest else ""


def decode(rules: str, features: str) -> Features:
    """The features of a record."""
    rest = json.loads(features) if features else {}
    return Features(
        rules=tuple(rules.split()),
        shadow=tuple(rest.get("s", ())),
        extracts=tuple(rest.get("x", ())),
        scores=rest.get("m", {}),
        abuse=rest.get("a", 0),
        off=tuple(rest.get("o", ())),
        second=rest.get("2", {}),
    )


def kept_score(score: float) -> int:
    """A score in thousandths, rounded down."""
    return int(score * SCORE_STEPS + 1e-9)  # 0.29 * 1000 is a hair below 290
