"""Operations: real servers behind real programs, which take their time on a busy machine."""

from collections.abc import Iterator

import pytest

from tests.operations import talkative
from tests.running_server import RunningServer, free_port

SECONDS_MAX = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No limit of ours is a measure."""
    for item in items:
        if "tests/operations/" in item.nodeid:
            item.add_marker(pytest.mark.timeout(SECONDS_MAX))


@pytest.fixture(scope="package")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose code raises with people's words, which logs all it can, and is measured."""
    while (port := free_port()) > 65_000:  # most of those behind it are free as well
        continue
    env = {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG", "METRICS_PORT": str(port)}
    home = tmp_path_factory.mktemp("careless")
    with RunningServer(home=home, launcher=talkative.__name__, env=env) as running:
        yield running
