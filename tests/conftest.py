"""Shared by every test: the engine in the header, and books that must balance after each one."""

import gc
import os
from collections.abc import Iterator
from uuid import uuid4

import hypothesis
import pytest
from django.conf import settings
from django.db import connection

from paywall import ledger
from safety import screening
from safety.commands import contents
from tests import guards, no_offset
from tests.bucket import CREDENTIALS, LocalBucket, s3_server
from tests.running_server import RunningServer


def pytest_configure() -> None:
    """A database that forbids deleting can still be emptied, a password costs no 0.3 s, no query
    skips rows, no example is wrong for being slow, and whoever needs a replica starts one."""
    os.environ.pop("DATABASE_REPLICA_URL", None)
    settings.DATABASES.pop("replica", None)
    guards.install()
    no_offset.install()
    hypothesis.settings.register_profile("any machine", deadline=None)
    hypothesis.settings.load_profile("any machine")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_report_header() -> str:
    """Name the engine, so that a log says which one its result is about."""
    bus = "Redis" if settings.REDIS_URL else "in process"
    return f"engine: {connection.vendor}, bus: {bus}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of the other engine, with the reason."""
    this = {"postgresql": "postgres"}.get(connection.vendor, connection.vendor)
    for item in items:
        for engine in ("sqlite", "postgres"):
            if item.get_closest_marker(engine) and engine != this:
                item.add_marker(pytest.mark.skip(reason=f"needs {engine}, this run is on {this}"))


def pytest_collection_finish() -> None:
    """Thousands of collected tests are no garbage: a sweep over them costs more than the 20 ms that
    a screening may take, and would hold a harmless message of whichever test it interrupts."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def books_balance(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that had a database: no cent appeared or vanished, whatever it did."""
    fixtures = {"db", "transactional_db"} & set(request.fixturenames)
    if not fixtures and not request.node.get_closest_marker("django_db"):
        yield
        return
    request.getfixturevalue("_django_db_helper")  # set up before us, hence torn down after us
    yield
    if not connection.needs_rollback:
        wrong = [check for check in ledger.check_books() if not check.ok]
        assert not wrong, f"the books do not balance: {wrong}"


@pytest.fixture(autouse=True)
def nothing_is_stored_yet() -> None:
    """What a process knows to be committed, a test has undone."""
    contents._stored.clear()


@pytest.fixture(autouse=True)
def no_verdict_hangs_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy it is, no text is held for being late: who tests that brings a clock."""
    monkeypatch.setattr(screening, "cpu_clock", lambda: 0)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A real server with the demo's people, shared by every test of the run that asks for it."""
    with RunningServer(home=tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """An S3 server on this machine, shared by every test of the run that asks for a bucket."""
    with s3_server() as port:
        yield port


@pytest.fixture
def bucket(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> LocalBucket:
    """An empty bucket, and in this process the credentials that boto3 asks for."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    made = LocalBucket(s3_port, f"media-{uuid4().hex}")
    made.create()
    return made
