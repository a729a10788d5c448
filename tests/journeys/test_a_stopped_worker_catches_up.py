"""The worker stands still for two hours across deadlines: nobody is charged, all is made good."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.journeys.conftest import require_honest
from tests.running_server import MOVABLE_CLOCK, RunningServer
from tests.wire import Person

TWO_HOURS = timedelta(hours=2)
SUSPECT = "I will pay you 300 euros for a night at my hotel tomorrow."


@pytest.fixture(scope="module")
def unattended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The demo's people, then a server without a worker."""
    home = tmp_path_factory.mktemp("unattended")
    with RunningServer(home=home, launcher=MOVABLE_CLOCK) as running:
        running.command = ("serve", "--no-worker")
        running.restart()
        yield running
        require_honest(running)


def test_refunds_run_at_the_restart_and_late_answers_captured_nothing(
    unattended: RunningServer,
) -> None:
    with (
        Person.of(unattended, "fan") as fan,
        Person.of(unattended, "creator") as creator,
        fan.socket() as talk,
        creator.socket() as answering,
    ):
        place = fan.open(creator)
        before, reserved = fan.wallet()
        asked = talk.send(place, "One", most=200)
        held = talk.send(place, SUSPECT, most=200)
        assert (asked["state"], held["state"]) == ("delivered", "held")
        unattended.stop_clock(datetime.fromisoformat(asked["answer_due_at"]) + TWO_HOURS)
        late = answering.send(place, "Two hours late.", most=0)
        assert late["state"] == "delivered"
        caught_up = unattended.manage("worker", "--once")
        assert caught_up.returncode == 0, caught_up.stderr
        assert fan.wallet() == (before, reserved)
        page = talk.ask("history", conversation_id=place, limit=50)
        mine = next(m for m in page["messages"] if m["message_id"] == asked["message_id"])
        assert mine["money"] == "refunded"
        states = {m["message_id"]: m["state"] for m in page["pending"]}
        assert states[held["message_id"]] == "expired"
        again = unattended.manage("worker", "--once")
        assert again.returncode == 0
        assert fan.wallet() == (before, reserved)


def test_the_provider_is_heard_when_the_worker_is_back(unattended: RunningServer) -> None:
    with Person.of(unattended, "fan", 1) as fan:
        before = fan.wallet()[0]
        assert fan.ask_topup(1_000).status_code == 200
        assert fan.wallet()[0] == before
        unattended.move_clock(hours=2)
        assert unattended.manage("worker", "--once").returncode == 0
        assert fan.wallet()[0] == before + 1_000
