"""What the bus could not carry is followed by a gap, whoever lost it, without another event."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from accounts.bus._redis import RedisBus
from tests.accounts.on_the_bus import OnTheBus, eventually, parcels, two_on_the_bus
from tests.redis_server import RedisServer

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="needs redis-server (Debian: redis-server)"
)


@pytest.fixture
def redis_alone(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def two(
    redis_alone: RedisServer, settings: Settings
) -> AsyncIterator[tuple[OnTheBus, OnTheBus]]:
    settings.REDIS_URL, settings.BUS_PREFIX = redis_alone.url, "gap-test"
    async with two_on_the_bus() as both:
        yield both


def allow(server: RedisServer, rule: str) -> None:
    """Let clients use a command from now on (`+publish`), or no more (`-publish`)."""
    server.client.execute_command("ACL", "SETUSER", "default", rule)


async def test_events_that_could_not_be_published_leave_a_gap_where_they_were_awaited(
    two: tuple[OnTheBus, OnTheBus], redis_alone: RedisServer
) -> None:
    here, there = two
    missing, second, elsewhere = uuid4(), uuid4(), uuid4()
    for account_id in (missing, second):
        await there.bus.count(account_id, 1)
    allow(redis_alone, "-publish")
    await asyncio.to_thread(here.bus.carry, parcels([missing, elsewhere]))
    await asyncio.to_thread(here.bus.carry, parcels([second]))  # at once: Redis is not even asked
    await asyncio.sleep(2.5)  # it is tried again, in vain
    assert not there.gaps
    allow(redis_alone, "+publish")
    await eventually(lambda: bool(there.gaps))
    assert there.gaps == [{missing, second}]
    assert not there.heard
    assert isinstance(here.bus, RedisBus)
    await eventually(here.bus._rest.is_over)  # it was heard before who said it knows that
    await asyncio.to_thread(here.bus.carry, parcels([missing]))
    await eventually(lambda: len(there.heard) == 1)
    assert len(there.gaps) == 1


async def test_whoever_had_no_route_for_a_while_has_a_gap(
    two: tuple[OnTheBus, OnTheBus], redis_alone: RedisServer
) -> None:
    here, there = two
    person = uuid4()
    allow(redis_alone, "-hset")
    await there.bus.count(person, 1)
    await asyncio.to_thread(here.bus.carry, parcels([person]))  # nobody is known to listen
    allow(redis_alone, "+hset")
    await eventually(lambda: bool(there.gaps))
    assert there.gaps == [{person}]
    assert await asyncio.to_thread(here.bus.elsewhere, [person]) == {person}


async def test_a_redis_that_forgot_everything_is_told_again_and_everyone_asks(
    two: tuple[OnTheBus, OnTheBus], redis_alone: RedisServer
) -> None:
    here, there = two
    person = uuid4()
    await there.bus.count(person, 1)
    redis_alone.stop()
    await asyncio.to_thread(here.bus.carry, parcels([person]))
    redis_alone.start()
    await eventually(lambda: {person} in there.gaps)
    await eventually(
        lambda: bool(there.heard),
        lambda: asyncio.to_thread(here.bus.carry, parcels([person])),
    )
