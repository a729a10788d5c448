"""A Redis that is away locks nobody out, and lets nobody guess: each process counts for itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.redis_server import RedisServer
from tests.running_server import RunningServer, free_port
from tests.scrape import Scrape
from tests.wire import AUTH, Person, until

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="needs redis-server (Debian: redis-server)"
    ),
]

TRIES = 5  # settings.ACCOUNT_RATE_LIMITS: of one address, in five minutes
BUSY_MACHINE_SECONDS = 60.0
AWAY, BACK = "this process counts for itself", "tries are counted for all processes"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    own = RedisServer(tmp_path)
    own.start()
    try:
        yield own
    finally:
        own.stop()


@pytest.fixture
def beside(redis: RedisServer, tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose Redis is the test's own."""
    while (port := free_port()) > 65_000:
        continue
    env = {"REDIS_URL": redis.url, "METRICS_PORT": str(port)}
    with RunningServer(home=tmp_path / "server", env=env) as running:
        yield running


def guess(person: Person) -> tuple[int, str]:
    """One wrong password: the answer, and why."""
    answer = person.post(f"{AUTH}/login", json={"email": person.email, "password": uuid4().hex})
    return answer.status_code, answer.json()["errors"][0]["code"]


def sign_in(server: RunningServer, role: str) -> None:
    with Person.of(server, role):
        pass


def test_people_sign_in_and_up_and_nobody_guesses_without_end(
    beside: RunningServer, redis: RedisServer
) -> None:
    alone = Scrape(int(beside.env["METRICS_PORT"]))
    with Person(beside, "early@guess.example") as early:
        assert guess(early) == (400, "email_password_mismatch")
    assert redis.client.keys("*allauth*login_failed*")
    assert alone.value("aparte_limits_alone_total") == 0
    redis.stop()
    sign_in(beside, "fan")
    with Person.new_fan(beside) as newcomer, Person(beside, newcomer.email) as guesser:
        wrong = [guess(guesser) for _ in range(TRIES + 1)]
        assert wrong[:TRIES] == [(400, "email_password_mismatch")] * TRIES
        assert wrong[TRIES] == (400, "too_many_login_attempts")
    sign_in(beside, "creator")  # somebody else's tries are not theirs
    assert alone.value("aparte_limits_alone_total") > TRIES
    log = beside.log.read_text()
    assert log.count(AWAY) == 1
    assert "@" not in "".join(line for line in log.splitlines() if "limits" in line)
    assert httpx.get(f"{beside.url}/readyz").json()["missing"] == []
    redis.start()

    def counted_there() -> bool:
        sign_in(beside, "fan")
        return BACK in beside.log.read_text()

    until(counted_there, seconds=BUSY_MACHINE_SECONDS)
    with Person(beside, "late@guess.example") as late:
        assert [guess(late)[1] for _ in range(TRIES + 1)][-1] == "too_many_login_attempts"
    assert redis.client.keys("*allauth*login_failed*")


def test_a_redis_that_says_nothing_keeps_nobody_waiting_at_each_question(
    beside: RunningServer, redis: RedisServer
) -> None:
    sign_in(beside, "fan")
    redis.fall_silent()
    with Person.of(beside, "creator") as creator:  # within the client's patience, or it raises
        assert creator.get("/api/session").status_code == 200
    assert AWAY in beside.log.read_text()
