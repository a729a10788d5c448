"""When screening itself fails, a message waits for a person: it neither passes nor is refused."""

from collections.abc import Iterator

import pytest

from tests import broken_rule
from tests.journeys import desk
from tests.journeys.conftest import require_honest
from tests.running_server import RunningServer
from tests.wire import Person


@pytest.fixture(scope="module")
def ailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("ailing")
    with RunningServer(home=home, launcher=broken_rule.__name__, seeded=False) as running:
        yield running
        require_honest(running)


@pytest.mark.parametrize("word", [broken_rule.RAISES, broken_rule.OVERRUNS])
def test_the_message_is_held_for_a_technical_cause_until_a_person_releases_it(
    ailing: RunningServer, word: str
) -> None:
    with (
        Person.new_fan(ailing, cents=2_000) as fan,
        Person.of(ailing, "creator") as creator,
        Person.of(ailing, "moderator") as moderator,
        fan.socket() as talk,
        creator.socket() as answering,
    ):
        place, body = fan.open(creator), f"Good evening {word}"
        receipt = talk.send(place, body, most=200)
        assert (receipt["state"], fan.wallet()) == ("held", (1_800, 200))
        case_id = desk.open_case(moderator, body=body)
        assert desk.read(moderator, case_id)["cause"] == "technical"
        assert desk.judge(moderator, case_id, "release")["state"] == "decided"
        answering.wait_for("message_delivered", message_id=receipt["message_id"])
        assert talk.send(place, "Good evening", most=200)["state"] == "delivered"
