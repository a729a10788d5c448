"""What did not work as it should is counted by the minute and the message, and anybody may see."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from safety.commands import count_degraded, note_health
from safety.models import DegradedMinute, Heartbeat, VerdictRecord
from safety.queries import CAUSES, degraded
from safety.rules.verdict import Verdict
from safety.screening import Action
from tests.chat.talk import Talk, verdict
from tests.factories import START

pytestmark = pytest.mark.django_db


def said(talk: Talk, judged: Verdict) -> None:
    """A message that was screened so."""
    talk.send(replace(talk.draft(talk.creator, "Bonsoir"), verdict=judged))


def judged(action: Action = Action.PASS, *, cause: str = "", model: str = "m") -> Verdict:
    return replace(verdict(action, "Bonsoir"), cause=cause, model=model)


TECHNICAL = judged(Action.HOLD, cause="technical")


@pytest.fixture
def talk() -> Talk:
    """A conversation in which the creator may write, and records counted up to its start."""
    talk = Talk()
    talk.ask()
    VerdictRecord.objects.all().delete()
    Heartbeat.objects.create(part="counted", at=START)
    return talk


def shown(now) -> dict[str, tuple[int, int]]:
    return {row.cause: (row.minutes, row.messages) for row in degraded(now=now)}


def test_messages_are_counted_by_cause_once_their_minute_is_over(talk: Talk) -> None:
    for _ in range(3):
        said(talk, TECHNICAL)
    said(talk, judged())
    talk.pass_time(minutes=2)
    said(talk, TECHNICAL)
    assert count_degraded(now=talk.pass_time(seconds=30)) == 3
    assert shown(talk.now)["screening"] == (1, 3)
    assert count_degraded(now=talk.pass_time(minutes=3)) == 1
    assert shown(talk.now)["screening"] == (2, 4)
    assert count_degraded(now=talk.now) == 0


def test_counting_twice_and_after_a_long_silence_gives_the_same_figures(talk: Talk) -> None:
    said(talk, TECHNICAL)
    talk.pass_time(days=3)
    said(talk, TECHNICAL)
    later = talk.pass_time(minutes=5)
    assert count_degraded(now=later) == 2
    Heartbeat.objects.filter(part="counted").update(at=START)
    assert count_degraded(now=later) == 2
    assert shown(later)["screening"] == (2, 2)


def test_messages_judged_without_the_model_are_counted(talk: Talk) -> None:
    said(talk, judged(model=""))
    said(talk, judged(Action.FLAG, model=""))
    said(talk, judged())
    count_degraded(now=talk.pass_time(minutes=3))
    assert shown(talk.now) == {
        "screening": (0, 0), "rules_only": (1, 2), "rule_book": (0, 0), "clock": (0, 0),
    }  # fmt: skip


def test_a_minute_counts_once_whatever_says_so(talk: Talk) -> None:
    said(talk, judged(model=""))
    for seconds in (0, 1, 59):
        note_health(causes=("rules_only", "rule_book"), now=START + timedelta(seconds=seconds))
    note_health(causes=("rules_only",), now=START + timedelta(seconds=60))
    count_degraded(now=talk.pass_time(minutes=3))
    assert shown(talk.now)["rules_only"] == (2, 1)
    assert shown(talk.now)["rule_book"] == (1, 0)


def test_figures_of_more_than_thirty_days_ago_are_kept_and_not_shown() -> None:
    note_health(causes=("rule_book",), now=START)
    assert shown(START + timedelta(days=29))["rule_book"] == (1, 0)
    assert shown(START + timedelta(days=31))["rule_book"] == (0, 0)
    assert DegradedMinute.objects.count() == 1


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.django_db(transaction=True)
def test_anybody_reads_them_on_the_page_of_the_rules_and_as_data(language: str) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    DegradedMinute.objects.create(cause="screening", minute=now, messages=4321)
    page = Client().get(f"/rules?language={language}").content.decode()
    assert CAUSES["screening"][language] in page
    assert "<strong>4321</strong>" in page
    data = {row["cause"]: row for row in Client().get("/api/safety/health").json()}
    assert list(data) == list(CAUSES)
    assert data["screening"] == {"cause": "screening", "minutes": 1, "messages": 4321}
