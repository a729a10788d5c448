"""A database that starts late is waited for; what a server lacks meanwhile, its probes say."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings

from tests.processes.conftest import LIBRARIES
from tests.processes.doors import Door
from tests.running_server import RunningServer, free_port
from tests.wire import until

pytestmark = [pytest.mark.journey, pytest.mark.postgres]

BUSY_MACHINE_SECONDS = 120.0


def door_to(url: str) -> Door:
    parts = urlsplit(url)
    return Door(to=(parts.hostname or "127.0.0.1", parts.port or 0), port=free_port())


def through(door: Door, url: str) -> str:
    """The same address, behind the door."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{user}@127.0.0.1:{door.port}".removeprefix("@")).geturl()


@pytest.fixture
def database() -> Iterator[Door]:
    with door_to(settings.DATABASE_URL) as door:
        yield door


@pytest.fixture
def bus() -> Iterator[Door]:
    with door_to(settings.REDIS_URL) as door:
        yield door


@pytest.fixture(params=LIBRARIES)
def behind_doors(
    request: pytest.FixtureRequest, tmp_path: Path, database: Door, bus: Door
) -> Iterator[RunningServer]:
    """A server, not yet started, that reaches its database and its bus through doors."""
    command = ("serve", "--server", request.param)
    running = RunningServer(home=tmp_path, command=command)
    running.env |= {
        "DATABASE_URL": through(database, running.env["DATABASE_URL"]),
        "REDIS_URL": through(bus, running.env["REDIS_URL"]),
        "DATABASE_WAIT_SECONDS": "120",
    }
    with running.owning_a_database():
        yield running


def missing(server: RunningServer) -> list[str]:
    answer = httpx.get(f"{server.url}/readyz", timeout=30)
    body = answer.json()
    assert (answer.status_code == 200) is body["ready"] is (body["missing"] == [])
    found: list[str] = body["missing"]
    return found


def degraded(server: RunningServer) -> list[str]:
    """What it lacks and goes on without."""
    found: list[str] = httpx.get(f"{server.url}/readyz", timeout=30).json()["degraded"]
    return found


def test_a_server_waits_for_its_database_and_says_what_it_lacks(
    behind_doors: RunningServer, database: Door, bus: Door
) -> None:
    behind_doors.spawn()
    until(
        lambda: "the database does not answer yet" in behind_doors.log.read_text(),
        seconds=BUSY_MACHINE_SECONDS,
    )
    assert "postgresql://" not in behind_doors.log.read_text()
    database.open()
    behind_doors.wait_for_greeting()
    assert (missing(behind_doors), degraded(behind_doors)) == ([], ["bus"])
    bus.open()
    until(lambda: degraded(behind_doors) == [], seconds=BUSY_MACHINE_SECONDS)
    database.shut()
    until(lambda: missing(behind_doors) == ["database"], seconds=BUSY_MACHINE_SECONDS)
    assert httpx.get(f"{behind_doors.url}/healthz").json() == {"alive": True}
    database.open()
    until(lambda: missing(behind_doors) == [], seconds=BUSY_MACHINE_SECONDS)
    bus.shut()
    until(lambda: degraded(behind_doors) == ["bus"], seconds=BUSY_MACHINE_SECONDS)
    assert missing(behind_doors) == []


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_the_wait_ends_and_says_what_to_do(command: str, tmp_path: Path) -> None:
    nobody = f"postgresql://aparte:secret@127.0.0.1:{free_port()}/aparte"
    server = RunningServer(
        home=tmp_path, env={"DATABASE_URL": nobody, "DATABASE_WAIT_SECONDS": "1"}
    )
    done = server.manage(command)
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stderr.splitlines()[-1]
    assert "secret" not in done.stderr


def test_servers_that_start_at_once_migrate_an_empty_database_once(tmp_path: Path) -> None:
    first = RunningServer(home=tmp_path / "one", command=("serve",))
    second = RunningServer(home=tmp_path / "two", command=("serve",))
    second.env["DATABASE_URL"] = first.env["DATABASE_URL"]
    with first.owning_a_database():
        first.spawn()
        second.spawn()
        try:
            first.wait_for_greeting()
            second.wait_for_greeting()
            assert missing(first) == missing(second) == []
        finally:
            second.halt()
            first.halt()


def test_probes_do_not_look_at_the_host_name(server: RunningServer) -> None:
    for path in ("/healthz", "/readyz"):
        answer = httpx.get(server.url + path, headers={"Host": "10.0.0.7"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
