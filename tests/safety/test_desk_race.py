"""Many moderators, one case: on PostgreSQL, with real threads, exactly one wins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.errors import Refusal
from safety import commands
from safety.models import Case, Decision
from safety.rules.taxonomy import Action
from tests.factories import START, make_fan, make_moderator
from tests.safety.desk import draft, open_one, take, withhold

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
THREADS = 20


def together(attempts: list[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment, each in its own thread; a refusal answers with its code."""
    gate = Barrier(len(attempts))

    def run(attempt: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return attempt()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


def test_of_twenty_moderators_one_claims_the_case():
    case = open_one(make_fan())
    moderators = [make_moderator() for _ in range(THREADS)]
    answers = together(
        [partial(commands.claim, case_id=case.id, moderator_id=m.id, now=START) for m in moderators]
    )
    assert answers.count("not_allowed") == THREADS - 1
    case.refresh_from_db()
    assert case.lease_token == 1
    assert case.events.filter(kind="claimed").count() == 1


def test_of_many_decisions_with_one_lease_one_counts(parcels):
    moderator = make_moderator()
    case = open_one(make_fan())
    token = take(case, moderator)
    answers = together([lambda: withhold(case, moderator, token) for _ in range(8)])
    assert answers.count("lease_lost") == 7
    assert Decision.objects.count() == len(parcels.rulings) == 1


def test_findings_and_reports_at_the_same_moment_share_one_case():
    fan, first = make_fan(), draft(make_fan(), "hate.speech", Action.FLAG)
    attempts = [lambda: open_in_transaction(first) for _ in range(4)] + [
        partial(
            commands.report,
            reporter_id=reporter.id,
            kind=first.kind,
            subject_id=first.subject_id,
            author_id=fan.id,
            conversation_id=first.conversation_id,
            body=first.body,
            reason="hate",
            now=START,
        )
        for reporter in (make_fan(), make_fan(), make_fan(), make_fan())
    ]
    together(attempts)
    case = Case.objects.get()
    assert case.reports.count() == 4
    assert case.events.filter(kind__in=("opened", "joined")).count() in (4, 5)


def open_in_transaction(one: commands.CaseDraft) -> None:
    with transaction.atomic():
        commands.open_cases([one], now=START)
