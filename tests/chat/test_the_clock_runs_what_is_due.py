"""The worker's clock: every task at its own pace, none harmed by another's failure."""

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.clock import Job, Task
from chat.worker import TURN_SECONDS, Clock, all_tasks
from tests.factories import START


class Count:
    """A job that counts its calls, and fails when told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls, self.error = 0, error

    def __call__(self, *, now) -> int:
        self.calls += 1
        if self.error:
            raise self.error
        return self.calls


def clock(**jobs: Job) -> Clock:
    return Clock([Task(name, job, every_seconds=60) for name, job in jobs.items()])


@pytest.mark.django_db
def test_every_task_runs_at_the_first_turn():
    assert clock(refunds=Count(), expiries=Count()).turn(now=START) == {"refunds": 1, "expiries": 1}


@pytest.mark.django_db
def test_a_task_runs_again_when_its_interval_has_passed_and_not_before():
    turning = clock(refunds=Count())
    turning.turn(now=START)
    assert turning.turn(now=START + timedelta(seconds=59)) == {}
    assert turning.turn(now=START + timedelta(seconds=60)) == {"refunds": 2}


@pytest.mark.django_db
def test_tasks_keep_their_own_pace():
    slow, fast = Task("slow", Count(), 600), Task("fast", Count(), 5)
    turning = Clock([slow, fast])
    turning.turn(now=START)
    assert turning.turn(now=START + timedelta(seconds=10)) == {"fast": 2}


@pytest.mark.django_db
def test_a_task_that_fails_neither_stops_the_others_nor_is_given_up():
    broken, sound = Count(ValueError("told to")), Count()
    turning = clock(broken=broken, sound=sound)
    assert turning.turn(now=START) == {"broken": None, "sound": 1}
    broken.error = None
    assert turning.turn(now=START + timedelta(seconds=60)) == {"broken": 2, "sound": 2}


@pytest.mark.django_db
def test_a_failure_is_logged_with_its_class_and_place_and_none_of_its_data(caplog):
    with caplog.at_level(logging.ERROR):
        clock(broken=Count(ValueError("a person's words"))).turn(now=START)
    (record,) = caplog.records
    assert "broken failed: ValueError at " in record.getMessage()
    assert __file__ in record.getMessage()
    assert "words" not in caplog.text


def test_every_task_of_the_apps_has_a_name_of_its_own_and_a_sensible_pace():
    tasks = all_tasks()
    assert len({task.name for task in tasks}) == len(tasks) > 0
    assert all(TURN_SECONDS <= task.every_seconds <= 86_400 for task in tasks)


@pytest.mark.django_db(transaction=True)
def test_the_worker_runs_every_task_once_and_exits(capsys):
    call_command("worker", "--once")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [task.name for task in all_tasks()]
    assert all(line.split(": ")[1].isdigit() for line in lines)
