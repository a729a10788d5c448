"""The desk reads: the gravest case first, every page once, nothing about money or audience."""

import dataclasses
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotAllowed, NotFound
from safety import commands, queries
from safety.models import Happening
from safety.rules.taxonomy import Action
from tests.factories import START, make_fan
from tests.safety.desk import BODY, draft, open_one, release, take, withhold

pytestmark = pytest.mark.django_db


def pages(moderator, name="all"):
    """Every row of a queue, page after page."""
    rows, cursor = [], None
    while True:
        page = queries.queue(moderator_id=moderator.id, name=name, before=cursor, now=START)
        rows += page.rows
        cursor = page.next
        if cursor is None:
            return rows


def test_the_gravest_case_is_first_and_then_the_one_due_first(fan, moderator):
    spam = open_one(fan, "abuse.spam", Action.FLAG)
    scam = open_one(fan, "fraud.scam")
    meeting = open_one(fan, "prost.solicit")
    threat = open_one(fan, "violence.threat")
    assert [row.id for row in pages(moderator)] == [threat.id, meeting.id, scam.id, spam.id]


def test_every_case_is_on_one_page_even_when_clocks_are_equal(fan, moderator):
    commands.open_cases([draft(fan) for _ in range(70)], now=START)
    commands.open_cases([draft(fan, "violence.threat") for _ in range(40)], now=START)
    rows = pages(moderator)
    assert len(rows) == len({row.id for row in rows}) == 110


def test_a_queue_shows_its_own_cases_and_counts_them(fan, moderator):
    meeting = open_one(fan, "prost.solicit")
    open_one(fan, "hate.speech")
    assert [row.id for row in pages(moderator, "exploitation")] == [meeting.id]
    take(meeting, moderator)
    assert [row.id for row in pages(moderator, "mine")] == [meeting.id]
    counts = queries.counts(moderator_id=moderator.id)
    assert counts["all"] == 2
    assert counts["mine"] == counts["exploitation"] == counts["hate_violence"] == 1
    assert counts["child_safety"] == 0


def test_every_rule_of_the_book_has_a_queue_and_words_in_both_languages():
    for rule in queries.rules():
        assert rule.queue
        assert all((rule.title_fr, rule.title_en, rule.article_fr, rule.article_en))
    assert len(queries.rules()) == 45


@pytest.mark.parametrize("arguments", [{"name": "vip"}, {"before": "x"}, {"before": "1~2~3"}])
def test_an_unknown_queue_or_cursor_is_refused(moderator, arguments):
    with pytest.raises(Malformed):
        queries.queue(moderator_id=moderator.id, now=START, **arguments)


def test_a_row_says_who_holds_the_case_until_the_lease_ends(fan, moderator, colleague):
    take(open_one(fan), moderator)
    (row,) = queries.queue(moderator_id=colleague.id, now=START).rows
    assert row.holder is not None
    assert (row.holder.name, row.holder.is_me) == ("M-17", False)
    later = START + timedelta(minutes=3)
    (row,) = queries.queue(moderator_id=colleague.id, now=later).rows
    assert row.holder is None


def test_the_page_of_a_case_shows_text_spans_window_and_logs_the_look(fan, moderator, parcels):
    case = open_one(fan)
    view = commands.read_case(case_id=case.id, moderator_id=moderator.id, now=START)
    assert view.body == BODY
    assert view.findings[0]["policy"] == "prost.solicit"
    assert [line.is_subject for line in view.lines] == [True]
    assert [line.kind for line in view.log] == ["opened", "evidence_opened"]
    assert case.events.get(kind=Happening.EVIDENCE_OPENED).actor == moderator


def test_the_page_tells_how_the_rule_met_this_person_before(fan, moderator, parcels):
    first, second = open_one(fan), open_one(fan)
    withhold(first, moderator, take(first, moderator))
    release(second, moderator, take(second, moderator))
    stranger = open_one(make_fan())
    withhold(stranger, moderator, take(stranger, moderator))
    view = commands.read_case(case_id=open_one(fan).id, moderator_id=moderator.id, now=START)
    assert view.history == (2, 1, 1)


def test_nobody_but_a_moderator_reads_the_desk(fan, parcels):
    case = open_one(fan)
    with pytest.raises(NotAllowed):
        queries.queue(moderator_id=fan.id, now=START)
    with pytest.raises(NotAllowed):
        commands.read_case(case_id=case.id, moderator_id=fan.id, now=START)
    with pytest.raises(NotAllowed):
        queries.standing(moderator_id=fan.id)


def test_a_case_that_is_not_there_has_no_page(moderator):
    with pytest.raises(NotFound):
        queries.case_view(case_id=uuid7(), moderator_id=moderator.id, now=START)


def test_a_step_into_a_conversation_needs_its_own_open_case(fan, moderator, parcels):
    case = open_one(fan)
    found = queries.open_case(case_id=case.id, conversation_id=case.conversation_id)
    assert found.id == case.id
    with pytest.raises(queries.NoOpenCase):
        queries.open_case(case_id=case.id, conversation_id=uuid7())
    release(case, moderator, take(case, moderator))
    with pytest.raises(queries.NoOpenCase) as refused:
        queries.open_case(case_id=case.id, conversation_id=case.conversation_id)
    assert refused.value.code == "no_open_case"


def test_a_step_is_on_the_log_with_its_reason(fan, moderator):
    case = open_one(fan)
    commands.log_step(
        case_id=case.id, moderator_id=moderator.id, step="pause", reason="Calmer", now=START
    )
    event = case.events.get(kind=Happening.STEP)
    assert (event.actor, event.data) == (moderator, {"step": "pause", "reason": "Calmer"})


def test_a_queue_page_costs_few_statements(fan, moderator, django_assert_max_num_queries):
    commands.open_cases([draft(fan) for _ in range(60)], now=START)
    with django_assert_max_num_queries(3):
        page = queries.queue(moderator_id=moderator.id, now=START)
    assert len(page.rows) == 50
    assert {field.name for field in dataclasses.fields(page.rows[0])} >= {"severity", "due_at"}
