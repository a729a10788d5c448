"""A lease: three minutes, renewed by a heartbeat, fenced by a token, free again after silence."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import NotAllowed, NotFound
from safety import commands, policies
from safety.models import Case, Happening
from tests.factories import START, make_fan, make_moderator
from tests.safety.desk import KIND, hearing, open_one, release, take

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def case(fan) -> Case:
    return open_one(fan)


def claim(case, moderator, now=START):
    return commands.claim(case_id=case.id, moderator_id=moderator.id, now=now)


def beat(case, moderator, token, now):
    return commands.heartbeat(
        case_id=case.id, moderator_id=moderator.id, lease_token=token, now=now
    )


def test_the_first_moderator_takes_the_case_and_the_second_reads_who_did(
    case, moderator, colleague
):
    assert claim(case, moderator) == commands.Lease(1, START + 3 * MINUTE)
    with pytest.raises(policies.ClaimedByAnother) as refused:
        claim(case, colleague, START + MINUTE)
    assert refused.value.code == "not_allowed"
    assert refused.value.data == {"holder": "M-17", "until": "2026-03-02T09:03:00.000Z"}


def test_silence_frees_the_case_after_three_minutes(case, moderator, colleague):
    claim(case, moderator)
    with pytest.raises(policies.ClaimedByAnother):
        claim(case, colleague, START + 3 * MINUTE - timedelta(seconds=1))
    assert claim(case, colleague, START + 3 * MINUTE).token == 2


def test_a_decision_on_a_lost_lease_is_refused(case, moderator, colleague, parcels):
    lost = take(case, moderator)
    take(case, colleague, START + 3 * MINUTE)
    with pytest.raises(policies.LeaseLost):
        release(case, moderator, lost, now=START + 4 * MINUTE)
    assert parcels.rulings == []


def test_a_decision_after_three_silent_minutes_is_refused_even_if_nobody_else_came(
    case, moderator, parcels
):
    token = take(case, moderator)
    with pytest.raises(policies.LeaseLost):
        release(case, moderator, token, now=START + 3 * MINUTE)
    assert parcels.rulings == []


def test_a_heartbeat_keeps_the_case_but_not_beyond_fifteen_minutes(case, moderator, colleague):
    token = claim(case, moderator).token
    for minute in range(2, 15, 2):
        lease = beat(case, moderator, token, START + minute * MINUTE)
    assert lease.until == START + 15 * MINUTE
    with pytest.raises(policies.LeaseLost):
        beat(case, moderator, token, START + 15 * MINUTE)
    assert claim(case, colleague, START + 15 * MINUTE).token == 2


def test_a_heartbeat_with_an_old_token_is_refused(case, moderator):
    claim(case, moderator)
    claim(case, moderator, START + 5 * MINUTE)
    with pytest.raises(policies.LeaseLost):
        beat(case, moderator, 1, START + 6 * MINUTE)
    assert beat(case, moderator, 2, START + 6 * MINUTE).until == START + 9 * MINUTE


def test_claiming_ones_own_live_lease_again_changes_nothing(case, moderator):
    first = claim(case, moderator)
    assert claim(case, moderator, START + MINUTE) == first
    assert case.events.filter(kind=Happening.CLAIMED).count() == 1


def test_a_case_given_back_is_free_at_once(case, moderator, colleague):
    token = claim(case, moderator).token
    commands.give_back(case_id=case.id, moderator_id=moderator.id, lease_token=token, now=START)
    assert claim(case, colleague).token == 2
    with pytest.raises(policies.LeaseLost):
        commands.give_back(case_id=case.id, moderator_id=moderator.id, lease_token=token, now=START)


def test_only_an_active_moderator_claims(case):
    for account in (make_fan(), make_moderator(is_active=False)):
        with pytest.raises(NotAllowed):
            claim(case, account)
        assert not policies.may_moderate(account.id)
    assert policies.may_moderate(make_moderator().id)


def test_a_case_that_is_not_there_is_not_found(moderator):
    with pytest.raises(NotFound):
        commands.claim(case_id=uuid7(), moderator_id=moderator.id, now=START)
    with pytest.raises(NotFound):
        commands.open_evidence(case_id=uuid7(), moderator_id=moderator.id, now=START)


def test_a_closed_case_cannot_be_claimed(case, moderator, colleague, parcels):
    release(case, moderator, take(case, moderator))
    with pytest.raises(policies.LeaseLost):
        claim(case, colleague)


def test_a_moderator_works_on_nothing_they_reported_or_wrote(moderator, colleague, fan):
    own = open_one(moderator)
    reported = open_one(fan)
    commands.report(
        reporter_id=colleague.id,
        kind=KIND,
        subject_id=reported.subject_id,
        author_id=fan.id,
        conversation_id=reported.conversation_id,
        body=reported.body,
        reason="other",
        now=START,
    )
    with pytest.raises(policies.NotYours):
        claim(own, moderator)
    with pytest.raises(policies.NotYours):
        claim(reported, colleague)
    assert claim(own, colleague).token == claim(reported, moderator).token == 1


def test_the_queues_hear_who_claims_and_when_a_silent_lease_lapsed(
    case, moderator, colleague, django_capture_on_commit_callbacks
):
    commands.set_duty(moderator_id=colleague.id, on=True, now=START)
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        claim(case, moderator)
        early = commands.announce_lapsed(now=START + 2 * MINUTE)
        late = commands.announce_lapsed(now=START + 3 * MINUTE)
        again = commands.announce_lapsed(now=START + 3 * MINUTE)
    assert (early, late, again) == (0, 1, 0)
    assert [frame["t"] for _, frame in heard] == ["case_claimed", "case_released"]
    assert heard[0][1]["moderator"] == "M-17"
    assert case.events.filter(kind=Happening.LAPSED, actor=moderator).count() == 1


def test_a_case_past_its_due_time_calls_for_help_once(
    case, moderator, django_capture_on_commit_callbacks
):
    commands.set_duty(moderator_id=moderator.id, on=True, now=START)
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        before = commands.escalate_breached(now=START + 59 * MINUTE)
        after = commands.escalate_breached(now=START + 60 * MINUTE)
        again = commands.escalate_breached(now=START + 90 * MINUTE)
    assert (before, after, again) == (0, 1, 0)
    assert [frame["t"] for _, frame in heard] == ["case_opened"]
    assert case.events.filter(kind=Happening.ESCALATED).count() == 1


def test_duty_starts_once_and_ends(moderator):
    assert commands.set_duty(moderator_id=moderator.id, on=True, now=START) == START
    assert commands.set_duty(moderator_id=moderator.id, on=True, now=START + MINUTE) == START
    assert commands.set_duty(moderator_id=moderator.id, on=False, now=START) is None
    with pytest.raises(NotAllowed):
        commands.set_duty(moderator_id=make_fan().id, on=True, now=START)
