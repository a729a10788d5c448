"""`aparte bench replay`: how long a million recorded verdicts take against another rule book.

The parent makes a world; `python -m bench replay RECORDS` fills it and measures there. The records
are drawn at random, with a fixed seed: most pass with a few low scores, some name rules. Their
messages do not exist, so the count of paid ones asks and finds none.
"""

import json
import random
import resource
from dataclasses import replace as altered
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from django.core.management import call_command
from uuid_utils.compat import uuid7

from accounts.db import insert_rows
from accounts.models import Account, Role
from bench.options import Options, Say
from bench.processes import run as run_part
from bench.report import Goal, Report, begin, end
from bench.world import Cast, Engine, make_world, postgres_url
from safety.models import Case, CaseState, Decision, Screening, VerdictRecord
from safety.queries.features import SCORE_FLOOR, SCORE_STEPS
from safety.queries.replay import replay
from safety.rules import rulebook
from safety.rules.rulebook import RuleBook, Threshold
from safety.rules.taxonomy import policies

MILLION = 1_000_000
SECONDS_MUST, SECONDS_GOAL = 120.0, 60.0  # for a million
HIT_SHARE, SCORED_SHARE, DECIDED_SHARE = 0.03, 0.4, 0.1  # the last one: of the hits
INSERT_ROWS = 10_000
UNDER = 1  # the id of the one screening that all records name
START = datetime(2026, 3, 2, tzinfo=UTC)
COLUMNS = (
    "subject_id", "kind", "message_id", "content_sha256", "under_id", "action", "cause",
    "language", "rules", "features", "at",
)  # fmt: skip


def run(options: Options, say: Say) -> Report:
    """One row for each engine that is there; a goal for a million records alone."""
    report = begin("replay", options.shown("records"))
    for engine in options.engines:
        url = postgres_url(options.postgres) if engine is Engine.POSTGRES else ""
        if url is None:
            report.notes.append("PostgreSQL skipped: it does not answer.")
            continue
        say(f"replay on {engine}: {options.records} records")
        with make_world(engine, Cast(1), postgres=url) as world:
            found = json.loads(run_part("bench", "replay", str(options.records), env=world.env))
        report.rows.append({"case": engine.value, **found})
        if options.records == MILLION:
            goal = (SECONDS_MUST, SECONDS_GOAL)
            report.goals.append(Goal(f"{engine.value}: seconds", found["seconds"], *goal))
    return end(report)


def main(records: str) -> None:
    """Fill this world, replay once, print what was measured."""
    call_command("migrate", verbosity=0, interactive=False)
    ran = rulebook.parse(rulebook.read(), complain=lambda wrong: None)
    ran = altered(ran, thresholds=_limits(0.30, 0.60))
    _fill(ran, int(records))
    started = perf_counter()
    found = replay(_proposed(ran), ran=ran, now=START + timedelta(days=1))
    answer = {
        "n": found.records,
        "distinct": found.distinct,
        "touched": found.touched,
        "seconds": round(perf_counter() - started, 2),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(answer))


def _limits(flag: float, hold: float) -> dict[str, Threshold]:
    return {name: Threshold(0.2, flag, hold) for name in policies()}


def _proposed(ran: RuleBook) -> RuleBook:
    """Other thresholds, and one rule in ten gone."""
    rules = tuple(rule for number, rule in enumerate(ran.rules) if number % 10)
    return altered(ran, version="bench", rules=rules, thresholds=_limits(0.35, 0.55))


def _fill(book: RuleBook, records: int) -> None:
    draw = random.Random(1)
    Screening.objects.create(
        id=UNDER, version=book.version, book_hash=book.sha256, model=book.model, country="FR",
        channel="message", profile="*/*",
    )  # fmt: skip
    names = [rule.id for rule in book.rules]
    suspects: list[tuple[Any, ...]] = []
    for first in range(0, records, INSERT_ROWS):
        size = min(INSERT_ROWS, records - first)
        rows = [_row(draw, names, first + number) for number in range(size)]
        insert_rows(VerdictRecord, COLUMNS, rows)
        suspects += [row for row in rows if row[5] != "pass"]
    _decide(draw.sample(suspects, int(len(suspects) * DECIDED_SHARE)), draw)


def _row(draw: random.Random, names: list[str], number: int) -> tuple[Any, ...]:
    subject = uuid7()
    hit = draw.random() < HIT_SHARE
    rules = " ".join(sorted(draw.sample(names, draw.randint(1, 2)))) if hit else ""
    action = draw.choice(("flag", "hold")) if hit else "pass"
    at = START + timedelta(milliseconds=50 * number)
    language = draw.choices(("fr", "en", ""), (6, 3, 1))[0]
    return (
        subject, "message", subject, f"{number:064x}", UNDER, action, "",
        language, rules, _features(draw), at,
    )  # fmt: skip


def _features(draw: random.Random) -> str:
    if draw.random() > SCORED_SHARE:
        return ""
    chosen = sorted(draw.sample(list(policies()), draw.randint(1, 3)))
    scores = {name: SCORE_FLOOR + int((SCORE_STEPS - 50) * draw.random() ** 4) for name in chosen}
    return json.dumps({"m": scores}, separators=(",", ":"))


def _decide(suspects: list[tuple[Any, ...]], draw: random.Random) -> None:
    author = Account.objects.filter(role=Role.FAN).first()
    moderator = Account.objects.filter(role=Role.MODERATOR).first()
    assert author is not None
    cases = [
        Case(
            kind="message", subject_id=row[0], author=author, conversation_id=row[0], body="",
            language="fr", policy="fraud.scam", queue="fraud_contact", severity=2, verdict="flag",
            source="machine", policy_version="bench", state=CaseState.RESOLVED, opened_at=row[-1],
            evidence_changed_at=row[-1], due_at=row[-1], closed_at=row[-1],
        )
        for row in suspects
    ]  # fmt: skip
    Case.objects.bulk_create(cases, batch_size=1_000)
    Decision.objects.bulk_create(
        [
            Decision(
                case=case, severity=2, rule="fraud.scam", reason="bench", policy_version="bench",
                outcome=draw.choice(("release", "withhold")), decided_by=moderator,
                at=case.opened_at,
            )
            for case in cases
        ],
        batch_size=1_000,
    )  # fmt: skip
