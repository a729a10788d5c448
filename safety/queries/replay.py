"""Recorded verdicts against another rule book: what it would hold, flag and let pass.

Streams the records once; each distinct set of features is judged once, and numpy counts the rest.
No text is read: `Replay.limits` says what features cannot tell.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safety import decisions
from safety.models import (
    TWO_HUMANS_SEVERITY,
    Decision,
    Outcome,
    Screening,
    ShadowRecord,
    VerdictRecord,
)
from safety.queries.features import Features, decode
from safety.queries.trial import Effect, Trial, limits_of
from safety.rules.rulebook import RuleBook
from safety.rules.taxonomy import Action

HANDLING_MINUTES = 3  # of a moderator, a case; twice that where two humans judge
READ_ROWS = 20_000
KNOWN_MAX = 200_000  # sets of features remembered at once: memory stays bounded


class Change(NamedTuple):
    """How many verdicts of a kind a version adds and takes away."""

    gained: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Suspicion against what humans decided: caught = flagged or held."""

    caught_withheld: int
    caught_released: int
    missed_withheld: int

    @property
    def precision(self) -> float | None:
        """The share of what was caught and decided that a human withheld."""
        caught = self.caught_withheld + self.caught_released
        return self.caught_withheld / caught if caught else None

    @property
    def recall(self) -> float | None:
        """The share of what humans withheld that was caught."""
        withheld = self.caught_withheld + self.missed_withheld
        return self.caught_withheld / withheld if withheld else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one version makes of all records."""

    flags: int
    holds: int
    desk_hours: float
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The answer. `recorded` is what happened, `proposed` what the version would have done.

    `technical` records stay as they are on both sides; `from_shadow` were judged by the version
    itself, in shadow. `rules` counts contents on which a rule would newly speak, or be silent.
    """

    version: str
    records: int
    technical: int
    from_shadow: int
    distinct: int
    recorded: Side
    proposed: Side
    holds: Change
    flags: Change
    languages: dict[str, dict[str, Change]]
    rules: dict[str, Change]
    touched: int
    paid_touched: int
    limits: list[str]


class _Key(NamedTuple):
    """What equal verdicts have in common."""

    action: str
    cause: str
    language: str
    under_id: int
    rules: str
    features: str
    tried: tuple[str, str] | None  # action and rules in shadow under the proposed version


class _Judged(NamedTuple):
    """Both verdicts on a set of features, and all that is counted by. There are few different."""

    language: str
    technical: bool
    tried: bool
    before: int  # rank of the action
    after: int
    severity_before: int
    severity_after: int
    gained: frozenset[str]
    lost: frozenset[str]


@dataclass(slots=True)
class _Stream:
    """Everything that one pass over the records leaves behind."""

    judged: dict[_Judged, int] = field(default_factory=dict)  # with its code
    distinct: int = 0  # sets of features that were judged
    codes: "array[int]" = field(default_factory=lambda: array("l"))
    decided: Counter[tuple[int, str]] = field(default_factory=Counter)
    touched: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    heard: set[str] = field(default_factory=set)  # every rule that a record names


def replay(
    proposed: RuleBook,
    *,
    ran: RuleBook,
    now: datetime,
    since: datetime | None = None,
    limit: int | None = None,
    shadowed: Collection[str] = (),
) -> Replay:
    """Judge the records since `since`, newest first when `limit` cuts them, by `proposed`.

    `ran` is the book in force, for what changed in the rules themselves. `shadowed` are the rules
    that would be without effect whatever the book says (`floods.shadowed_rules`).
    """
    trial = Trial(proposed, day=now.date(), shadowed=shadowed)
    before = Trial(ran, day=now.date())
    stream = _read(trial, before, since, limit)
    counts = np.bincount(np.frombuffer(stream.codes, dtype=np.int64), minlength=len(stream.judged))
    return _summed(stream, counts, proposed.version, limits_of(trial, before, stream.heard))


def _read(trial: Trial, before: Trial, since: datetime | None, limit: int | None) -> _Stream:
    stream, codes = _Stream(), dict[_Key, int]()
    tried = _tried(trial.book.version, since)
    outcomes, unders = _outcomes(), Screening.objects.in_bulk()
    changed: dict[int, bool] = {}
    for subject, kind, *columns in _rows(since, limit):
        key = _Key._make((*columns, tried.get(subject)))
        code = codes.get(key)
        if code is None:
            if len(codes) >= KNOWN_MAX:
                codes.clear()
            features = decode(key.rules, key.features)
            stream.heard.update(features.rules, features.shadow, _tried_rules(key))
            judged = _judge(key, features, unders[key.under_id], trial, before)
            code = codes[key] = stream.judged.setdefault(judged, len(stream.judged))
            changed[code] = judged.before != judged.after
            stream.distinct += 1
        stream.codes.append(code)
        if (decided := outcomes.get(subject)) is not None:
            stream.decided[code, decided] += 1
        if changed[code]:
            stream.touched[kind].append(subject)
    return stream


def _rows(since: datetime | None, limit: int | None) -> Iterator[tuple[Any, ...]]:
    rows = VerdictRecord.objects.order_by("-at") if limit else VerdictRecord.objects.order_by()
    if since is not None:
        rows = rows.filter(at__gte=since)
    return (
        rows.values_list("subject_id", "kind", *_Key._fields[:-1])[:limit]
        .iterator(chunk_size=READ_ROWS)
    )  # fmt: skip


def _tried(version: str, since: datetime | None) -> dict[UUID, tuple[str, str]]:
    """What the version itself said in shadow, by subject."""
    rows = ShadowRecord.objects.filter(
        under__version=version, **({"at__gte": since} if since else {})
    )
    found = rows.order_by().values_list("subject_id", "action", "rules", "cause")
    return {
        subject: (action, rules)
        for subject, action, rules, cause in found.iterator(chunk_size=READ_ROWS)
        if not cause
    }


def _outcomes() -> dict[UUID, str]:
    """The last human decision on each subject."""
    rows = Decision.objects.order_by("at").values_list("case__subject_id", "outcome")
    return dict(rows.iterator(chunk_size=READ_ROWS))


def _tried_rules(key: _Key) -> list[str]:
    return key.tried[1].split() if key.tried else []


def _judge(key: _Key, features: Features, under: Screening, trial: Trial, before: Trial) -> _Judged:
    now, spoke = Action(key.action).rank, frozenset(features.rules)
    if key.cause:
        return _Judged(key.language, True, False, now, now, 0, 0, frozenset(), frozenset())
    if key.tried is not None:
        after, speaking = Action(key.tried[0]).rank, frozenset(_tried_rules(key))
        severity = trial.severity(speaking)
    else:
        effects = trial.effects(
            features,
            language=key.language,
            country=under.country,
            channel=under.channel,
            model=under.model,
        )
        after, speaking = _strongest(effects), frozenset(one.rule for one in effects)
        severity = max((one.severity for one in effects), default=0)
    return _Judged(
        language=key.language,
        technical=False,
        tried=key.tried is not None,
        before=now,
        after=after,
        severity_before=before.severity(spoke),
        severity_after=severity,
        gained=speaking - spoke,
        lost=spoke - speaking,
    )


def _strongest(effects: Collection[Effect]) -> int:
    return max((one.action.rank for one in effects), default=Action.PASS.rank)


def _summed(
    stream: _Stream,
    counts: NDArray[np.int64],
    version: str,
    limits: list[str],
) -> Replay:
    judged = list(stream.judged)
    before = np.array([one.before for one in judged], dtype=np.int64)
    after = np.array([one.after for one in judged], dtype=np.int64)
    grave_before = np.array([one.severity_before for one in judged], dtype=np.int64)
    grave_after = np.array([one.severity_after for one in judged], dtype=np.int64)
    technical = np.array([one.technical for one in judged], dtype=bool)
    tried = np.array([one.tried for one in judged], dtype=bool)
    spoken = np.array([one.language for one in judged], dtype="U2")
    return Replay(
        version=version,
        records=int(counts.sum()),
        technical=int(counts[technical].sum()),
        from_shadow=int(counts[tried].sum()),
        distinct=stream.distinct,
        recorded=_side(before, grave_before, counts, stream.decided),
        proposed=_side(after, grave_after, counts, stream.decided),
        holds=_change(before, after, counts, Action.HOLD),
        flags=_change(before, after, counts, Action.FLAG),
        languages={
            str(language): {
                "holds": _change(before, after, counts * (spoken == language), Action.HOLD),
                "flags": _change(before, after, counts * (spoken == language), Action.FLAG),
            }
            for language in np.unique(spoken)
        },
        rules=_by_rule(judged, counts),
        touched=sum(map(len, stream.touched.values())),
        paid_touched=sum(decisions.count_paid(kind, ids) for kind, ids in stream.touched.items()),
        limits=limits,
    )


def _side(
    ranks: NDArray[np.int64],
    severities: NDArray[np.int64],
    counts: NDArray[np.int64],
    decided: Counter[tuple[int, str]],
) -> Side:
    caught = ranks > Action.PASS.rank
    minutes = HANDLING_MINUTES * np.where(severities >= TWO_HUMANS_SEVERITY, 2, 1)
    found: Counter[tuple[bool, str]] = Counter()
    for (code, outcome), times in decided.items():
        found[bool(caught[code]), outcome] += times
    return Side(
        flags=int(counts[ranks == Action.FLAG.rank].sum()),
        holds=int(counts[ranks == Action.HOLD.rank].sum()),
        desk_hours=round(float((counts * minutes)[caught].sum()) / 60, 1),
        agreement=Agreement(
            caught_withheld=found[True, Outcome.WITHHOLD],
            caught_released=found[True, Outcome.RELEASE],
            missed_withheld=found[False, Outcome.WITHHOLD],
        ),
    )


def _change(
    before: NDArray[np.int64], after: NDArray[np.int64], counts: NDArray[np.int64], action: Action
) -> Change:
    was, will = before == action.rank, after == action.rank
    return Change(int(counts[will & ~was].sum()), int(counts[was & ~will].sum()))


def _by_rule(judged: list[_Judged], counts: NDArray[np.int64]) -> dict[str, Change]:
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for one, times in zip(judged, counts.tolist(), strict=True):
        gained.update(dict.fromkeys(one.gained, times))
        lost.update(dict.fromkeys(one.lost, times))
    return {rule: Change(gained[rule], lost[rule]) for rule in sorted({*gained, *lost})}
