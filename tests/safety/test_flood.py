"""A rule that floods falls back to shadow until a human looked; harmless contents are learnt."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from accounts.errors import NotAllowed, NotFound
from safety import commands, queries, screening
from safety.book_watch import BookWatch
from safety.commands.floods import FLOOD_HITS_MIN, count_closed_hours, hourly_medians
from safety.models import Case, HarmlessHit, RuleHour, ShadowedRule, VerdictRecord
from safety.queries.floods import HARMLESS_TIMES, open_floods, shadowed_rules
from safety.rules.taxonomy import Action
from safety.screening import Context, Engine
from tests.factories import START
from tests.safety.desk import draft, finding, hearing, open_one, release, take, verdict, withhold
from tests.safety.small_book import book, put_in_force, rule

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
POLICY, GRAVE = "prost.solicit", "csae.grooming"
RULE, GRAVE_RULE = f"{POLICY}.1", f"{GRAVE}.1"
CONTENT = verdict(finding(POLICY, Action.HOLD)).content_sha256


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    return put_in_force(monkeypatch, Engine(book(rule(RULE, "suite"), rule("other.rule", "hotel"))))


def hits(count, at, *, rules=RULE, action="hold"):
    """So many recorded verdicts that name these rules."""
    VerdictRecord.objects.bulk_create(
        VerdictRecord(
            subject_id=uuid7(),
            message_id=uuid7(),
            kind="message",
            content_sha256="0" * 64,
            under_id=0,
            action=action,
            rules=rules,
            at=at,
        )
        for _ in range(count)
    )


def flood(fan, *, policy=POLICY, count=FLOOD_HITS_MIN + 1, now=START):
    """One case of the rule, and its hits within the hour; answers with the case."""
    case = open_one(fan, policy)
    hits(count, now - timedelta(minutes=1), rules=f"{policy}.1")
    commands.watch_rules(now=now)
    case.refresh_from_db()
    return case


@pytest.mark.parametrize(("count", "noticed"), [(FLOOD_HITS_MIN, 0), (FLOOD_HITS_MIN + 1, 1)])
def test_a_rule_without_history_floods_beyond_fifty_hits_an_hour(fan, count, noticed):
    open_one(fan)
    hits(count, START)
    assert commands.watch_rules(now=START + timedelta(minutes=1)) == noticed
    assert shadowed_rules() == ({RULE} if noticed else set())


@pytest.mark.parametrize(("count", "noticed"), [(80, 0), (81, 1)])
def test_a_rule_with_a_history_floods_beyond_ten_times_its_hourly_median(fan, count, noticed):
    for hour in range(1, 25):
        hits(8, START - hour * HOUR)
    assert count_closed_hours(now=START + timedelta(minutes=2)) == 24
    open_one(fan)
    hits(count, START + timedelta(minutes=3))
    assert commands.watch_rules(now=START + timedelta(minutes=58)) == noticed


def test_silent_hours_count_in_the_median_and_hits_are_counted_once():
    hits(9, START - 30 * HOUR)
    now = START + timedelta(minutes=2)
    assert [count_closed_hours(now=now) for _ in range(2)] == [1, 0]
    for hour in range(1, 14):
        RuleHour.objects.create(rule=RULE, hour=START - hour * HOUR, hits=4)
    assert hourly_medians([RULE], now=now) == {RULE: 0}  # loud in 14 hours of 30
    for hour in range(14, 17):
        RuleHour.objects.create(rule=RULE, hour=START - hour * HOUR, hits=4)
    assert hourly_medians([RULE, "other"], now=now) == {RULE: 4, "other": 0}


def test_a_flood_in_the_first_hours_is_no_baseline():
    hits(900, START - HOUR)
    now = START + timedelta(minutes=2)
    assert count_closed_hours(now=now) == 1
    assert hourly_medians([RULE], now=now) == {RULE: 0}


def test_passes_and_hits_of_an_earlier_hour_are_no_flood(fan):
    open_one(fan)
    hits(500, START - 61 * timedelta(minutes=1))
    hits(500, START, action="pass", rules="")
    assert commands.watch_rules(now=START) == 0


def test_a_flood_is_noticed_once_and_told_to_those_on_duty(
    fan, moderator, colleague, django_capture_on_commit_callbacks
):
    commands.set_duty(moderator_id=moderator.id, on=True, now=START)
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        flood(fan)
        assert commands.watch_rules(now=START) == 0
    told = [(who, frame) for who, frame in heard if frame["t"] == "rule_flooded"]
    assert [(who, frame["rule"], frame["without_effect"]) for who, frame in told] == [
        ({moderator.id}, RULE, True)
    ]
    assert ShadowedRule.objects.count() == 1


def test_a_flooded_rule_is_recorded_without_effect_in_every_process_at_its_next_look(
    fan,
):
    watch = BookWatch()
    watch.start()
    flood(fan)
    watch.look()
    held = screening.screen("une suite", Context("fan", "FR"))
    assert (held.action, [one.rule for one in held.shadow]) == (Action.PASS, [RULE])
    assert screening.screen("un hotel", Context("fan", "FR")).action is Action.HOLD


def test_severity_4_keeps_holding_and_is_only_grouped(fan, monkeypatch):
    case = flood(fan, policy=GRAVE)
    (only,) = ShadowedRule.objects.all()
    assert (only.without_effect, case.flood_id) == (False, only.id)
    assert shadowed_rules() == frozenset()
    engine = Engine(book(rule(GRAVE_RULE, "suite", policy=GRAVE), group="csae"))
    assert engine.with_shadowed({GRAVE_RULE}).screen("suite", Context("fan", "FR")).findings


def test_the_database_refuses_to_silence_severity_4(fan):
    with pytest.raises(IntegrityError), transaction.atomic():
        ShadowedRule.objects.create(
            rule=GRAVE_RULE, policy=GRAVE, severity=4, without_effect=True, hits=99,
            hourly_median=0, since=START,
        )  # fmt: skip


def test_its_cases_are_one_group_and_leave_the_other_queues(fan, moderator):
    grouped = flood(fan)
    alone = open_one(fan, "hate.speech")
    rows = queries.queue(moderator_id=moderator.id, now=START).rows
    assert [row.id for row in rows] == [alone.id]
    in_flood = queries.queue(moderator_id=moderator.id, name="flood", now=START).rows
    assert [row.id for row in in_flood] == [grouped.id]
    counts = queries.counts(moderator_id=moderator.id)
    assert (counts["all"], counts["flood"], counts["exploitation"]) == (1, 1, 0)
    (seen,) = open_floods(moderator_id=moderator.id)
    assert (seen.rule, seen.hits, seen.cases) == (RULE, FLOOD_HITS_MIN + 1, 1)


def test_a_case_that_another_rule_or_a_person_points_at_is_not_grouped(fan, colleague):
    two = draft(fan, POLICY)
    mixed = commands.CaseDraft(
        kind=two.kind,
        subject_id=two.subject_id,
        author_id=fan.id,
        conversation_id=two.conversation_id,
        body=two.body,
        verdict=verdict(finding(POLICY, Action.HOLD), finding("fraud.scam", Action.FLAG)),
        language="fr",
    )
    with transaction.atomic():
        (opened,) = commands.open_cases([mixed], now=START)
    reported = flood(fan)
    assert reported.flood_id is not None
    assert Case.objects.get(id=opened.case_id).flood_id is None
    commands.report(
        reporter_id=colleague.id,
        kind=reported.kind,
        subject_id=reported.subject_id,
        author_id=fan.id,
        conversation_id=reported.conversation_id,
        body=reported.body,
        reason="paid_meeting",
        now=START,
    )
    commands.watch_rules(now=START)
    reported.refresh_from_db()
    assert reported.flood_id is None


def test_a_human_puts_the_rule_back_and_its_cases_return(fan, moderator):
    case = flood(fan)
    (only,) = ShadowedRule.objects.all()
    later = START + timedelta(minutes=5)
    commands.put_back(flood_id=only.id, moderator_id=moderator.id, now=later)
    commands.put_back(flood_id=only.id, moderator_id=moderator.id, now=later + HOUR)
    only.refresh_from_db()
    case.refresh_from_db()
    assert (only.put_back_by_id, only.put_back_at, case.flood_id) == (moderator.id, later, None)
    assert (shadowed_rules(), open_floods(moderator_id=moderator.id)) == (frozenset(), [])


def test_what_came_before_is_not_held_against_a_rule_that_was_put_back(fan, moderator):
    flood(fan)
    (only,) = ShadowedRule.objects.all()
    back = START + timedelta(minutes=5)
    commands.put_back(flood_id=only.id, moderator_id=moderator.id, now=back)
    assert commands.watch_rules(now=back + timedelta(minutes=1)) == 0
    hits(FLOOD_HITS_MIN + 1, back + timedelta(minutes=2))
    assert commands.watch_rules(now=back + timedelta(minutes=3)) == 1


def test_only_a_moderator_reads_floods_or_ends_one(fan):
    flood(fan)
    (only,) = ShadowedRule.objects.all()
    with pytest.raises(NotAllowed):
        commands.put_back(flood_id=only.id, moderator_id=fan.id, now=START)
    with pytest.raises(NotAllowed):
        open_floods(moderator_id=fan.id)
    assert shadowed_rules() == {RULE}


def test_a_flood_that_is_not_there_cannot_be_ended(moderator):
    with pytest.raises(NotFound):
        commands.put_back(flood_id=1, moderator_id=moderator.id, now=START)


# -- The negative bank --------------------------------------------------------------------------


def judged(fan, moderator, how, policy=POLICY):
    case = open_one(fan, policy)
    token = take(case, moderator)
    return how(case, moderator, token)


@pytest.mark.parametrize(
    ("times", "action"), [(HARMLESS_TIMES - 1, Action.HOLD), (HARMLESS_TIMES, Action.FLAG)]
)
@pytest.mark.usefixtures("parcels")
def test_a_content_released_three_times_is_flagged_and_not_held(fan, moderator, times, action):
    for _ in range(times):
        judged(fan, moderator, release)
    (softer,) = commands.softened([verdict(finding(POLICY, Action.HOLD))])
    assert (softer.action, softer.findings[0].action) == (action, action)


@pytest.mark.usefixtures("parcels")
def test_one_human_who_withholds_gives_the_rule_its_hold_back(fan, moderator):
    for _ in range(HARMLESS_TIMES):
        judged(fan, moderator, release)
    judged(fan, moderator, withhold)
    (said,) = commands.softened([verdict(finding(POLICY, Action.HOLD))])
    assert said.action is Action.HOLD
    assert not HarmlessHit.objects.exists()


def test_the_bank_knows_a_rule_with_a_content_and_nothing_else(fan):
    HarmlessHit.objects.create(rule=RULE, content_sha256=CONTENT, times=HARMLESS_TIMES)
    other_rule = verdict(finding("fraud.scam", Action.HOLD))
    both = verdict(finding(POLICY, Action.HOLD), finding("fraud.scam", Action.HOLD))
    technical = verdict(finding(POLICY, Action.HOLD), cause="technical")
    said = commands.softened([other_rule, both, technical])
    assert [one.action for one in said] == [Action.HOLD] * 3
    assert [one.action for one in said[1].findings] == [Action.FLAG, Action.HOLD]


def test_severity_4_is_never_in_the_bank(fan):
    HarmlessHit.objects.create(rule=GRAVE_RULE, content_sha256=CONTENT, times=HARMLESS_TIMES)
    (said,) = commands.softened([verdict(finding(GRAVE, Action.HOLD))])
    assert said.action is Action.HOLD


def test_verdicts_that_do_not_hold_cost_no_statement(fan, django_assert_num_queries):
    calm = [verdict(finding(POLICY, Action.FLAG))] * 3
    with django_assert_num_queries(0):
        assert commands.softened(calm) == calm
    with django_assert_num_queries(1):
        commands.softened([verdict(finding(POLICY, Action.HOLD))] * 3)
