"""Journeys: a server whose clock moves, people who are new, and books that balance afterwards."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys import browser
from tests.running_server import MOVABLE_CLOCK, RunningServer
from tests.wire import Person


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a journey."""
    for item in items:
        if "tests/journeys/" in item.nodeid:
            item.add_marker("journey")


def require_honest(server: RunningServer) -> None:
    """The books of this server balance, and it met nothing it had not expected."""
    checked = server.manage("check_books")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "traceback" not in server.log.read_text().lower(), server.log.read_text()[-4000:]


@pytest.fixture(scope="package")
def town_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for every journey without a browser. Its clock only ever goes forward."""
    home = tmp_path_factory.mktemp("town")
    with RunningServer(home=home, launcher=MOVABLE_CLOCK) as running:
        yield running


@pytest.fixture(scope="module")
def town(town_server: RunningServer) -> Iterator[RunningServer]:
    """The server, honest after each journey."""
    yield town_server
    require_honest(town_server)


@pytest.fixture
def creator(town: RunningServer) -> Iterator[Person]:
    """A certified creator, with the platform's price and deadline."""
    with Person.of(town, "creator") as person:
        terms = {"default_cents": None, "reply_window_hours": None, "answer_deadline_hours": None}
        assert person.put("/api/studio/prices", json=terms).status_code == 200
        yield person
        town.move_clock()  # goes on, should the test have stopped it


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One Chromium for every journey of the package; each person has a context of their own."""
    with sync_playwright() as playwright, browser.launch(playwright) as running:
        yield running


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The server that browsers visit: the demo, as somebody finds it who starts it."""
    with RunningServer(home=tmp_path_factory.mktemp("stage")) as running:
        yield running
        require_honest(running)
