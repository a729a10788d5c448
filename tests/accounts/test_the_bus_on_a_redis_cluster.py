"""The bus of several processes on a real Redis Cluster: sharded channels, found again when lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.cache import caches
from pytest_django.fixtures import Settings

from accounts import metrics
from accounts.bus import draw
from tests.accounts.on_the_bus import OnTheBus, eventually, parcels, two_on_the_bus
from tests.processes.family import sockets_apart
from tests.redis_cluster import Node, RedisCluster, redis_cluster, replicated_cluster
from tests.running_server import RunningServer, free_port
from tests.wire import Person

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="needs redis-server (Debian: redis-server)"
)

PREFIX = "cluster-test"
PEOPLE = 20


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def on_cluster(cluster: RedisCluster, settings: Settings) -> RedisCluster:
    settings.REDIS_URL, settings.BUS_PREFIX = cluster.url, PREFIX
    return cluster


@pytest.fixture
async def two(on_cluster: RedisCluster) -> AsyncIterator[tuple[OnTheBus, OnTheBus]]:
    async with two_on_the_bus() as both:
        yield both


async def test_a_batch_is_one_publication_for_each_process_it_concerns(
    two: tuple[OnTheBus, OnTheBus], on_cluster: RedisCluster
) -> None:
    here, there = two
    people = [uuid4() for _ in range(PEOPLE)]
    assert [await there.bus.count(one, 2) for one in people] == [0] * PEOPLE
    assert [await here.bus.count(one, 1) for one in people] == [2] * PEOPLE
    before = on_cluster.calls("spublish")
    await asyncio.to_thread(here.bus.carry, parcels(people))
    await eventually(lambda: len(there.heard) == PEOPLE)
    assert on_cluster.calls("spublish") == before + 1
    assert not here.heard
    assert await asyncio.to_thread(here.bus.elsewhere, people) == set(people)
    assert await there.bus.count(people[0], 0) == 1
    assert await asyncio.to_thread(here.bus.elsewhere, people) == set(people[1:])


async def test_nobody_is_bothered_with_what_concerns_nobody_there(
    two: tuple[OnTheBus, OnTheBus], on_cluster: RedisCluster
) -> None:
    before = on_cluster.calls("spublish")
    await asyncio.to_thread(two[0].bus.carry, parcels([uuid4()]))
    assert on_cluster.calls("spublish") == before


async def test_a_subscription_that_was_cut_stands_again_and_says_so(
    two: tuple[OnTheBus, OnTheBus], on_cluster: RedisCluster
) -> None:
    here, there = two
    person = uuid4()
    await there.bus.count(person, 1)
    assert on_cluster.cut(f"{PREFIX}-bus") == 2
    await eventually(lambda: len(here.gaps) == len(there.gaps) == 1)
    await asyncio.to_thread(here.bus.carry, parcels([person]))
    await eventually(lambda: len(there.heard) == 1)


async def test_a_channel_that_moves_to_another_node_is_followed(on_cluster: RedisCluster) -> None:
    here, there = OnTheBus(), OnTheBus()
    await there.bus.open()
    person = uuid4()
    await there.bus.count(person, 1)
    on_cluster.move_listener(f"{PREFIX}-bus")
    await eventually(lambda: len(there.gaps) == 1)
    # The first publication may still go to the old owner, who says where it went.
    await eventually(
        lambda: bool(there.heard), lambda: asyncio.to_thread(here.bus.carry, parcels([person]))
    )
    await there.bus.close()
    await here.bus.close()


async def test_a_node_that_dies_is_followed_by_its_replica(
    tmp_path: Path, settings: Settings
) -> None:
    with replicated_cluster(tmp_path) as cluster:
        settings.REDIS_URL, settings.BUS_PREFIX = cluster.url, PREFIX
        here, there, person = OnTheBus(), await at(cluster, cluster.nodes[0]), uuid4()
        await there.bus.count(person, 1)
        assert await asyncio.to_thread(here.bus.elsewhere, [person]) == {person}
        cluster.nodes[0].stop()  # that of the address too
        await asyncio.to_thread(here.bus.carry, parcels([person]))
        await eventually(lambda: {person} in there.gaps)
        await eventually(
            lambda: bool(there.heard), lambda: asyncio.to_thread(here.bus.carry, parcels([person]))
        )
        await there.bus.close()
        await here.bus.close()


async def test_a_cluster_is_joined_through_any_node_that_the_address_names(
    on_cluster: RedisCluster, settings: Settings
) -> None:
    settings.REDIS_URL = _with_a_dead_node_first(on_cluster)
    async with two_on_the_bus() as (here, there):
        person = uuid4()
        assert here.bus.joined
        assert there.bus.joined
        await there.bus.count(person, 1)
        await asyncio.to_thread(here.bus.carry, parcels([person]))
        await eventually(lambda: bool(there.heard))


def _with_a_dead_node_first(cluster: RedisCluster) -> str:
    place = cluster.url.removeprefix("redis+cluster://")
    return f"redis+cluster://127.0.0.1:{free_port()},{place}"


async def at(cluster: RedisCluster, node: Node) -> OnTheBus:
    """A process on the bus whose channel lies at this node, as chance has it."""
    while True:
        one = OnTheBus()
        await one.bus.open()
        if cluster.listened_at(f"{PREFIX}-bus") is node:
            return one
        await one.bus.close()
        await eventually(lambda: not cluster.cut(f"{PREFIX}-bus"))


async def test_a_bucket_gives_what_it_has_and_then_says_how_long_to_wait(
    on_cluster: RedisCluster,
) -> None:
    async def taken(spent: int) -> int | None:
        return await draw("test", wanted=10, spent=spent, rate=0.5, burst=20)

    assert [await taken(spent) for spent in (5, 0)] == [10, 5]
    wait = await taken(0)
    assert wait is not None
    assert -2_000 <= wait < 0


@pytest.mark.parametrize("url", [lambda cluster: cluster.url, _with_a_dead_node_first])
def test_the_limits_of_sign_in_count_in_the_cluster(
    cluster: RedisCluster, settings: Settings, url: Callable[[RedisCluster], str]
) -> None:
    before = cluster.calls("set")
    settings.CACHES = {
        "default": {
            "BACKEND": "accounts.bus.cache.LimitsCache",
            "LOCATION": url(cluster),
            "KEY_PREFIX": "test",
        }
    }
    cache = caches["default"]
    alone = metrics.LIMITS_ALONE._value.get()
    assert cache.add("one", [1], timeout=60)
    assert not cache.add("one", [2], timeout=60)
    cache.set("two", [2], timeout=60)
    assert cache.touch("two", 120)
    assert cache.get_many(["one", "two", "three"]) == {"one": [1], "two": [2]}
    assert cluster.calls("set") >= before + 3
    cache.delete_many(["one", "two"])
    assert cache.get("one") is None
    assert metrics.LIMITS_ALONE._value.get() == alone


@pytest.mark.postgres
@pytest.mark.journey
@pytest.mark.timeout(300)
def test_two_servers_hear_each_other_through_the_cluster(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    command = ("serve", "--processes", "2")
    with (
        RunningServer(
            home=tmp_path, command=command, seeded=True, env={"REDIS_URL": cluster.url}
        ) as server,
        Person.of(server, "fan") as fan,
        Person.of(server, "creator") as creator,
    ):
        place = next(
            c["id"]
            for c in server.conversations
            if (c["fan"], c["creator"]) == (fan.email, creator.email)
        )
        asking, answering = sockets_apart(server, fan, creator)
        sent = asking.send(place, "Through the cluster?")
        assert answering.wait_for("message_delivered", message_id=sent["message_id"])
        answering.send(place, "Heard.", most=0)
        assert asking.wait_for("answer_captured", message_id=sent["message_id"])
