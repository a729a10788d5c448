"""Without its model a server does not start, unless told to use rules only; then it says so."""

from pathlib import Path

import pytest

from tests import no_model
from tests.running_server import RunningServer
from tests.wire import Person


def test_a_server_without_its_model_refuses_to_start(tmp_path: Path) -> None:
    refused = RunningServer(home=tmp_path, launcher=no_model.__name__, seeded=False)
    with pytest.raises(RuntimeError, match="no model in"), refused:
        pass


def test_told_to_use_rules_only_it_starts_and_everybody_can_see_it(tmp_path: Path) -> None:
    environment = {"SCREENING_RULES_ONLY": "1"}
    with (
        RunningServer(
            home=tmp_path, launcher=no_model.__name__, seeded=False, env=environment
        ) as running,
        Person.of(running, "moderator") as moderator,
        Person.of(running, "fan") as fan,
        Person.of(running, "creator") as creator,
        fan.socket() as talk,
    ):
        assert moderator.get("/api/desk/me").json()["rules_only"] is True
        assert fan.get("/api/safety/rulebook").json()["rules_only"] is True
        assert "modèle" in fan.get("/rules?language=fr").text
        assert talk.send(fan.open(creator), "je vais te tuer")["state"] == "held"
