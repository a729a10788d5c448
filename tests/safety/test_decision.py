"""A human decides: looked at, with a rule and a reason, once, and everything changes together."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotAllowed, NotFound
from safety import commands, decisions, policies
from safety.apps import every_subject_kind_has_a_handler
from safety.models import Case, CaseEvent, CaseState, Decision, Happening, Report, Statement
from safety.rules.taxonomy import Action
from safety.screening import rule_book_version
from tests.factories import START, make_fan
from tests.safety.desk import KIND, draft, hearing, open_one, release, take, withhold

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(fan) -> Case:
    return open_one(fan)


def test_a_release_reaches_the_subject_and_closes_the_case(case, moderator, parcels):
    judged = release(case, moderator, take(case, moderator))
    case.refresh_from_db()
    assert case.state == CaseState.RESOLVED
    assert judged.decision is not None
    assert judged.decision.decided_by == moderator
    assert judged.statement_url is None
    (ruling,) = parcels.rulings
    assert (ruling.case_id, ruling.subject_id) == (case.id, case.subject_id)
    assert (ruling.outcome, ruling.moderator, ruling.statement_url) == ("release", "M-17", None)
    assert not Statement.objects.exists()


def test_a_withhold_carries_rule_reason_version_and_statement(case, moderator, parcels):
    withhold(case, moderator, take(case, moderator), payee_at_fault=True)
    (ruling,) = parcels.rulings
    assert (ruling.outcome, ruling.rule) == ("withhold", "prost.solicit")
    assert ruling.reason == "Une rencontre payante est proposée."
    assert ruling.policy_version == rule_book_version()
    assert ruling.payee_at_fault
    statement = Statement.objects.get()
    assert ruling.statement_url == f"/statements/{statement.id}"
    assert statement.decision == Decision.objects.get()


def test_nobody_decides_what_they_have_not_looked_at(case, moderator, colleague, parcels):
    commands.open_evidence(case_id=case.id, moderator_id=colleague.id, now=START)
    lease = commands.claim(case_id=case.id, moderator_id=moderator.id, now=START)
    with pytest.raises(policies.EvidenceUnopened):
        release(case, moderator, lease.token)
    commands.open_evidence(case_id=case.id, moderator_id=moderator.id, now=START)
    assert release(case, moderator, lease.token).decision is not None


def test_new_evidence_must_be_looked_at_again(case, moderator, fan, parcels):
    token = take(case, moderator)
    later = START + timedelta(minutes=1)
    commands.open_cases([draft(fan, subject_id=case.subject_id, body="Autre.")], now=later)
    with pytest.raises(policies.EvidenceUnopened):
        release(case, moderator, token, now=later)


@pytest.mark.parametrize(
    ("rule", "reason", "field"),
    [
        ("", "Parce que.", "rule"),
        ("no.such", "Parce que.", "rule"),
        ("hate.speech", "  ", "reason"),
    ],
)
def test_against_a_person_it_takes_a_rule_of_the_book_and_a_reason(
    case, moderator, parcels, rule, reason, field
):
    with pytest.raises(Malformed) as refused:
        commands.decide(
            case_id=case.id,
            moderator_id=moderator.id,
            lease_token=take(case, moderator),
            outcome="withhold",
            rule=rule,
            reason=reason,
            now=START,
        )
    assert refused.value.data["field"] == field
    assert not Decision.objects.exists()


def test_there_is_no_third_outcome_and_no_endless_reason(case, moderator, parcels):
    token = take(case, moderator)
    common = {"case_id": case.id, "moderator_id": moderator.id, "lease_token": token, "now": START}
    with pytest.raises(Malformed):
        commands.decide(outcome="delete", **common)  # type: ignore[arg-type]
    with pytest.raises(Malformed):
        commands.decide(outcome="release", reason="x" * 2_001, **common)


def test_a_decided_case_is_not_decided_again(case, moderator, colleague, parcels):
    token = take(case, moderator)
    release(case, moderator, token)
    for person in (moderator, colleague):
        with pytest.raises(policies.LeaseLost):
            withhold(case, person, token)
    assert len(parcels.rulings) == Decision.objects.count() == 1


def test_a_case_that_is_not_there_cannot_be_decided(moderator, parcels):
    with pytest.raises(NotFound):
        commands.decide(
            case_id=uuid7(), moderator_id=moderator.id, lease_token=1, outcome="release", now=START
        )


def test_only_an_active_moderator_decides(case, moderator, parcels):
    token = take(case, moderator)
    moderator.is_active = False
    moderator.save()
    for account in (moderator, make_fan()):
        with pytest.raises(NotAllowed):
            release(case, account, token)
    assert parcels.rulings == []


def test_whoever_reports_a_case_while_holding_it_cannot_decide_it(case, moderator, fan, parcels):
    token = take(case, moderator)
    commands.report(
        reporter_id=moderator.id,
        kind=KIND,
        subject_id=case.subject_id,
        author_id=fan.id,
        conversation_id=case.conversation_id,
        body=case.body,
        reason="other",
        now=START,
    )
    with pytest.raises(policies.NotYours):
        release(case, moderator, token)


def test_when_the_subject_refuses_nothing_is_decided(case, moderator, parcels):
    token = take(case, moderator)
    parcels.refuse_with = NotFound("The subject is gone.")
    with pytest.raises(NotFound), transaction.atomic():
        withhold(case, moderator, token)
    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    assert not Decision.objects.exists()
    assert not Statement.objects.exists()
    parcels.refuse_with = None
    assert withhold(case, moderator, token).decision is not None


def test_the_subject_is_locked_before_the_case(case, moderator, parcels):
    token = take(case, moderator)
    seen = []

    def lock(subject_id):
        seen.append((subject_id, Decision.objects.exists()))

    decisions.register(KIND, apply=parcels.apply, context=parcels.context, lock=lock)
    release(case, moderator, token)
    assert seen == [(case.subject_id, False)]


def test_reporters_and_queues_hear_the_end(
    case, moderator, fan, parcels, django_capture_on_commit_callbacks
):
    commands.report(
        reporter_id=make_fan().id,
        kind=KIND,
        subject_id=case.subject_id,
        author_id=fan.id,
        conversation_id=case.conversation_id,
        body=case.body,
        reason="paid_meeting",
        now=START,
    )
    commands.set_duty(moderator_id=moderator.id, on=True, now=START)
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        withhold(case, moderator, take(case, moderator))
    assert [frame["t"] for _, frame in heard] == ["case_claimed", "case_resolved"]
    assert Report.objects.get().state == Report.State.DECIDED


# -- four eyes ----------------------------------------------------------------------------------


def test_a_grave_decision_against_a_person_waits_for_a_second_human(
    fan, moderator, colleague, parcels
):
    case = open_one(fan, "violence.threat")
    first = withhold(case, moderator, take(case, moderator), rule="violence.threat")
    assert first.decision is None
    assert parcels.rulings == []
    case.refresh_from_db()
    assert (case.state, case.holder) == (CaseState.OPEN, None)
    second = withhold(case, colleague, take(case, colleague), rule="violence.threat")
    assert second.decision is not None
    assert second.decision.decided_by == colleague
    assert second.decision.proposed_by == moderator
    assert len(parcels.rulings) == 1


def test_the_same_person_is_not_the_second_human(fan, moderator, parcels):
    case = open_one(fan, "violence.threat")
    token = take(case, moderator)
    withhold(case, moderator, token, rule="violence.threat")
    with pytest.raises(policies.NotYours):
        withhold(case, moderator, token, rule="violence.threat")
    with pytest.raises(policies.NotYours):
        take(case, moderator)
    assert parcels.rulings == []


def test_a_grave_rule_on_a_mild_case_needs_two_humans_too(case, moderator, parcels):
    judged = withhold(case, moderator, take(case, moderator), rule="prost.procuring")
    assert judged.decision is None


def test_a_mild_rule_does_not_lower_the_bar_of_a_grave_case(fan, moderator, parcels):
    case = open_one(fan, "violence.threat")
    judged = withhold(case, moderator, take(case, moderator), rule="abuse.spam")
    assert judged.decision is None


def test_a_second_human_who_disagrees_releases(fan, moderator, colleague, parcels):
    case = open_one(fan, "violence.threat")
    withhold(case, moderator, take(case, moderator), rule="violence.threat")
    assert release(case, colleague, take(case, colleague)).decision is not None
    assert [ruling.outcome for ruling in parcels.rulings] == ["release"]


def test_to_release_what_touches_a_minor_takes_two(fan, moderator, colleague, parcels):
    case = open_one(fan, "csae.minor_user")
    assert release(case, moderator, take(case, moderator)).decision is None
    assert release(case, colleague, take(case, colleague)).decision is not None
    assert not policies.needs_two_humans(outcome="release", policy="prost.solicit", severity=3)


def test_the_second_human_does_not_read_the_first_judgement(fan, moderator, colleague, parcels):
    case = open_one(fan, "violence.threat")
    withhold(case, moderator, take(case, moderator), rule="violence.threat")
    view = commands.read_case(case_id=case.id, moderator_id=colleague.id, now=START)
    assert view.row.needs_second
    assert view.may_decide
    assert Happening.PROPOSED not in {line.kind for line in view.log}
    assert "Une rencontre" not in repr(view)
    own = commands.read_case(case_id=case.id, moderator_id=moderator.id, now=START)
    assert not own.may_decide


# -- what the database itself refuses -----------------------------------------------------------


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def decided(case, moderator, parcels) -> Decision:
    judged = withhold(case, moderator, take(case, moderator))
    assert judged.decision is not None
    return judged.decision


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE safety_decision SET reason = 'other'",
        "UPDATE safety_decision SET decided_by_id = NULL",
        "DELETE FROM safety_decision",
        "UPDATE safety_caseevent SET kind = 'other'",
        "DELETE FROM safety_caseevent",
        "UPDATE safety_statement SET language = 'en'",
        "DELETE FROM safety_statement",
    ],
)
def test_what_happened_and_what_was_decided_cannot_be_rewritten(decided, sql):
    before = (CaseEvent.objects.count(), Decision.objects.count(), Statement.objects.count())
    with pytest.raises(DatabaseError, match="append-only"):
        execute(sql)
    after = (CaseEvent.objects.count(), Decision.objects.count(), Statement.objects.count())
    assert before == after == (4, 1, 1)


def copy_of_decision(case: Case, **changes: str) -> str:
    columns = [str(field.column) for field in Decision._meta.concrete_fields]
    values = {"id": f"'{uuid7()}'", "case_id": f"'{case.id}'", **changes}
    if connection.vendor == "sqlite":
        values = {k: v.replace("-", "") if k in ("id", "case_id") else v for k, v in values.items()}
    wanted = ", ".join(values.get(column, column) for column in columns)
    return (
        f"INSERT INTO safety_decision ({', '.join(columns)}) SELECT {wanted} FROM safety_decision"
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"decided_by_id": "NULL"}, "adverse_decision_has_human"),
        ({"rule": "''"}, "adverse_decision_has_rule_and_reason"),
        ({"reason": "''"}, "adverse_decision_has_rule_and_reason"),
        ({"severity": "4"}, "severe_adverse_decision_has_two_humans"),
        ({"severity": "4", "proposed_by_id": "decided_by_id"}, "the_second_human_is_another"),
        ({"outcome": "'delete'"}, "decision_outcome_is_known"),
    ],
)
def test_raw_sql_cannot_decide_against_a_person_without_a_human(decided, fan, changes, sentence):
    other = open_one(fan)
    with pytest.raises(IntegrityError, match=sentence):
        execute(copy_of_decision(other, **changes))
    execute(copy_of_decision(other))  # the same row with its human is accepted
    assert Decision.objects.count() == 2


def test_a_case_has_one_decision(decided):
    with pytest.raises(IntegrityError):
        execute(copy_of_decision(decided.case))


# -- the one inversion --------------------------------------------------------------------------


def test_starting_without_a_handler_for_a_kind_is_an_error(monkeypatch, parcels):
    assert every_subject_kind_has_a_handler() == []
    monkeypatch.setattr(decisions, "_handlers", {})
    errors = every_subject_kind_has_a_handler()
    assert [error.id for error in errors] == ["safety.E001"] * len(decisions.SUBJECT_KINDS)
    with pytest.raises(decisions.UnknownKind):
        decisions.context("message", uuid7())


def test_a_flag_released_by_a_human_is_closed(fan, moderator, parcels):
    case = open_one(fan, "prosel.religious", Action.FLAG)
    assert release(case, moderator, take(case, moderator)).decision is not None
    assert [ruling.outcome for ruling in parcels.rulings] == ["release"]
