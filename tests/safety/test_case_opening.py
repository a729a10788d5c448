"""How cases start: findings and reports, one open case per subject, deadlines from the policy."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from accounts.errors import Malformed
from safety import commands
from safety.models import Case, CaseState, Happening, Report
from safety.rules.taxonomy import Action
from tests.factories import START, make_fan
from tests.safety.desk import BODY, KIND, draft, finding, hearing, open_one, verdict

pytestmark = pytest.mark.django_db


def reported(fan, subject_id, author, *, reason="harassment", note="", now=START):
    return commands.report(
        reporter_id=fan.id,
        kind=KIND,
        subject_id=subject_id,
        author_id=author.id,
        conversation_id=uuid7(),
        body=BODY,
        reason=reason,
        note=note,
        now=now,
    )


def test_a_hold_opens_a_case_with_the_clocks_of_its_policy(fan):
    (opened,) = commands.open_cases([draft(fan, "prost.solicit")], now=START)
    case = Case.objects.get(id=opened.case_id)
    assert opened.due_at == case.due_at == START + timedelta(minutes=60)
    assert opened.decide_before == case.decide_before == START + timedelta(hours=8)
    assert (case.policy, case.severity, case.verdict) == ("prost.solicit", 3, "hold")
    assert case.findings[0]["spans"] == [[0, 5]]


@pytest.mark.parametrize(
    ("policy_id", "wait"),
    [("violence.threat", timedelta(hours=2)), ("fraud.scam", timedelta(hours=24))],
)
def test_a_hold_lasts_at_least_two_hours_and_at_most_a_day(fan, policy_id, wait):
    (opened,) = commands.open_cases([draft(fan, policy_id)], now=START)
    assert opened.decide_before == START + wait


def test_a_flag_opens_a_case_without_holding_anything(fan):
    case = open_one(fan, "prosel.religious", Action.FLAG)
    assert (case.verdict, case.decide_before) == ("flag", None)


def test_a_batch_answers_each_draft_in_order(fan):
    drafts = [draft(fan, policy) for policy in ("hate.speech", "fraud.scam", "prost.solicit")]
    opened = commands.open_cases(drafts, now=START)
    cases = Case.objects.in_bulk([answer.case_id for answer in opened])
    assert [cases[a.case_id].subject_id for a in opened] == [d.subject_id for d in drafts]
    assert commands.open_cases([], now=START) == []


def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(
    fan, django_assert_max_num_queries
):
    with django_assert_max_num_queries(8):
        commands.open_cases([draft(fan) for _ in range(20)], now=START)


def test_a_second_finding_joins_the_open_case_and_strengthens_it(fan):
    first = open_one(fan, "fraud.off_platform_contact", Action.HOLD)
    later = START + timedelta(minutes=5)
    again = draft(fan, "violence.threat", Action.FLAG, subject_id=first.subject_id)
    (opened,) = commands.open_cases([again], now=later)
    case = Case.objects.get()
    assert opened.case_id == case.id == first.id
    assert (case.policy, case.severity, case.verdict) == ("violence.threat", 4, "hold")
    assert case.due_at == later + timedelta(minutes=15)
    assert len(case.findings) == 2
    assert list(case.events.order_by("at").values_list("kind", flat=True)) == ["opened", "joined"]


def test_a_milder_finding_never_weakens_a_case(fan):
    first = open_one(fan, "violence.threat")
    again = draft(fan, "fraud.off_platform_contact", Action.FLAG, subject_id=first.subject_id)
    commands.open_cases([again], now=START)
    case = Case.objects.get()
    assert (case.policy, case.severity, case.verdict) == ("violence.threat", 4, "hold")


def test_another_text_replaces_the_snapshot_and_its_spans(fan):
    first = open_one(fan)
    again = draft(fan, subject_id=first.subject_id, body="Un autre texte.")
    commands.open_cases([again], now=START + timedelta(minutes=1))
    case = Case.objects.get()
    assert case.body == "Un autre texte."
    assert len(case.findings) == 1


def test_two_drafts_of_one_subject_in_a_batch_share_a_case(fan):
    subject = uuid7()
    drafts = [draft(fan, subject_id=subject), draft(fan, "hate.speech", subject_id=subject)]
    first, second = commands.open_cases(drafts, now=START)
    assert first.case_id == second.case_id
    assert Case.objects.count() == 1


def test_a_technical_hold_without_findings_has_a_case_too(fan):
    empty = verdict(cause="technical")
    (opened,) = commands.open_cases([replace(draft(fan), verdict=empty)], now=START)
    case = Case.objects.get(id=opened.case_id)
    assert (case.cause, case.policy, case.verdict) == ("technical", "notice.unspecified", "hold")


def test_the_gravest_of_several_findings_names_the_case(fan):
    findings = (
        finding("fraud.off_platform_contact", Action.HOLD),
        finding("selfharm.risk", Action.FLAG),
    )
    commands.open_cases([replace(draft(fan), verdict=verdict(*findings))], now=START)
    case = Case.objects.get()
    assert (case.policy, case.verdict, case.severity) == ("selfharm.risk", "hold", 4)


def test_moderators_on_duty_hear_of_a_case_and_the_others_do_not(
    fan, moderator, colleague, django_capture_on_commit_callbacks
):
    commands.set_duty(moderator_id=moderator.id, on=True, now=START)
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        case = open_one(fan)
    ((addressees, frame),) = heard
    assert addressees == {moderator.id}
    assert frame == {
        "t": "case_opened",
        "case_id": str(case.id),
        "kind": KIND,
        "severity": 3,
        "category": "prost.solicit",
        "due_at": "2026-03-02T10:00:00.000Z",
    }


def test_a_report_opens_a_case_at_the_severity_of_its_reason(fan):
    author = make_fan()
    report_id = reported(fan, uuid7(), author, reason="threat", note="Il insiste.")
    case = Case.objects.get()
    assert (case.source, case.verdict, case.policy) == ("report", "pass", "violence.threat")
    assert case.author_id == author.id
    assert list(case.events.order_by("id").values_list("kind", flat=True)) == ["opened", "reported"]
    assert Report.objects.get(id=report_id).note == "Il insiste."


def test_a_report_joins_the_open_case_of_its_subject(fan):
    author = make_fan()
    case = open_one(author, "prost.solicit", Action.FLAG)
    reported(fan, case.subject_id, author, reason="minor")
    case.refresh_from_db()
    assert Case.objects.count() == 1
    assert case.source == "machine"
    assert case.due_at == START + timedelta(minutes=30)


def test_the_same_person_reports_a_case_once_and_another_adds_to_it(fan):
    author, other, subject = make_fan(), make_fan(), uuid7()
    first = reported(fan, subject, author)
    assert reported(fan, subject, author, note="encore") == first
    assert reported(other, subject, author) != first
    assert Report.objects.count() == 2


def test_a_report_without_a_known_reason_is_refused(fan):
    with pytest.raises(Malformed) as refused:
        reported(fan, uuid7(), make_fan(), reason="because")
    assert refused.value.data["field"] == "reason"
    assert not Case.objects.exists()


def test_the_clock_closes_a_mild_case_and_leaves_a_grave_one_to_humans(fan):
    mild = open_one(fan, "fraud.off_platform_contact")
    grave = open_one(fan, "prost.solicit")
    closed = commands.expire_cases([mild.id, grave.id], now=START + timedelta(hours=24))
    mild.refresh_from_db()
    grave.refresh_from_db()
    assert (mild.state, grave.state) == (CaseState.EXPIRED, CaseState.OPEN)
    assert {hold.case_id for hold in closed} == {mild.id, grave.id}
    for case in (mild, grave):
        assert case.events.filter(kind=Happening.HOLD_EXPIRED).count() == 1


def test_a_sender_who_takes_it_back_ends_a_mild_case_only(fan):
    mild = open_one(fan, "fraud.off_platform_contact")
    grave = open_one(fan, "violence.threat")
    commands.unsend_cases([mild.id, grave.id], now=START)
    mild.refresh_from_db()
    grave.refresh_from_db()
    assert (mild.state, grave.state) == (CaseState.WITHDRAWN, CaseState.OPEN)
    assert not mild.statements.exists()


def test_ending_an_ended_hold_changes_nothing(fan):
    case = open_one(fan, "fraud.off_platform_contact")
    commands.expire_cases([case.id], now=START)
    assert commands.expire_cases([case.id], now=START) == []
    assert case.events.filter(kind=Happening.HOLD_EXPIRED).count() == 1


def test_a_closed_subject_gets_a_new_case(fan):
    case = open_one(fan, "fraud.off_platform_contact")
    commands.expire_cases([case.id], now=START)
    commands.open_cases([draft(fan, subject_id=case.subject_id)], now=START)
    assert Case.objects.filter(subject_id=case.subject_id).count() == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"verdict": "kill"}, "a_machine_only_passes_flags_or_holds"),
        ({"decide_before": None}, "held_case_has_deadline"),
        ({"severity": 5}, "case_severity_is_0_to_4"),
        ({"lease_until": START}, "a_lease_has_holder_and_times"),
        ({"state": "resolved"}, "a_closed_case_is_held_by_nobody"),
    ],
)
def test_the_database_refuses_what_the_rules_forbid(fan, change, sentence):
    case = open_one(fan)
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        Case.objects.filter(id=case.id).update(**change)
