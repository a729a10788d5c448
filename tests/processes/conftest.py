"""Servers under a supervisor: two on PostgreSQL and Redis, once on each library; else one."""

import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from chat.server import Library
from tests.running_server import RunningServer

SEVERAL = connection.vendor == "postgresql"
SERVERS = 2 if SEVERAL else 1
LIBRARIES = list(Library) if SEVERAL else [Library.DAPHNE]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests look into /proc; each may have to start several processes on a busy machine."""
    for item in items:
        if "tests/processes" in str(item.path):
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(400))
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="looks into /proc, which Linux has"))


@pytest.fixture(scope="module", params=LIBRARIES)
def supervised(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A supervisor with its servers and a worker, shared by the tests of a module."""
    command = ("serve", "--processes", str(SERVERS), "--server", request.param)
    home = tmp_path_factory.mktemp("supervised")
    with RunningServer(home=home, command=command) as running:
        yield running
