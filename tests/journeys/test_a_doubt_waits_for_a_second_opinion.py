"""What the model is unsure of is read a second time by another process, which may hang or die."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safety.rules.taxonomy import Action
from safety.second_opinion import stage
from safety.second_opinion.questions import ask_now, probe
from tests.journeys import desk
from tests.journeys.conftest import require_honest
from tests.running_server import RunningServer
from tests.safety.second_stage import FAN, doubtful, needs_encoder, stopped, worker_of
from tests.wire import Person, until

pytestmark = needs_encoder


@pytest.fixture(scope="module")
def doubting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("doubt")
    with RunningServer(home=home, env={"SECOND_OPINION": "on"}) as running:
        yield running
        require_honest(running)


@pytest.fixture
def worker(doubting: RunningServer) -> Path:
    """The socket of its worker, which answers."""
    path = doubting.home / "run" / "second-opinion.sock"
    until(lambda: ask_now(path, probe(), seconds=5) is not None, seconds=60)
    return path


def harmless(settings: Any, worker: Path) -> str:
    """A text in grave doubt that the second stage lets pass."""
    settings.SECOND_OPINION, settings.SECOND_OPINION_SOCKET = True, worker
    for text, _ in doubtful(grave=True):
        if stage.screen_patiently(text, FAN).action is Action.PASS:
            return text
    raise AssertionError("no such text")


@pytest.mark.parametrize("kills", [False, True])
def test_it_is_held_while_the_worker_is_away_and_delivered_when_it_is_back(
    doubting: RunningServer, worker: Path, settings: Any, kills: bool
) -> None:
    body = harmless(settings, worker)
    with (
        Person.new_fan(doubting, cents=2_000) as fan,
        Person.of(doubting, "creator") as creator,
        Person.of(doubting, "moderator") as moderator,
        fan.socket() as talk,
        creator.socket() as answering,
    ):
        place = fan.open(creator)
        with stopped(worker_of(worker)):
            receipt = talk.send(place, body, most=200)
            assert (receipt["state"], fan.wallet()) == ("held", (1_800, 200))
            assert talk.send(place, "Good evening", most=200)["state"] == "delivered"
            case = desk.read(moderator, desk.open_case(moderator, body=body))
            assert case["cause"] == "technical"
            if kills:
                os.kill(worker_of(worker), signal.SIGKILL)
        answering.wait_for("message_delivered", message_id=receipt["message_id"])
        until(lambda: ask_now(worker, probe(), seconds=5) is not None, seconds=60)
