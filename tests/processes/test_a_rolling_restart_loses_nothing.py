"""SIGHUP under load: every process is replaced while people write, and nobody can tell by the
messages. On the engine of this run; on SQLite the one process is drained before the next starts."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
from django.conf import settings

from bench.clients import Talk
from bench.journal import Journal
from bench.load import ProductLoad
from bench.processes import run
from bench.reconcile import RULES
from bench.world import Cast, Engine, World, make_world
from tests.processes.conftest import LIBRARIES, SERVERS, SEVERAL
from tests.processes.family import children
from tests.running_server import RunningServer

PAIRS, WINDOW, ANSWER_EVERY = 4, 4, 3
BEFORE, AFTER = 100, 60  # messages
BUSY_MACHINE_SECONDS = 600  # three cold starts, one after the other

pytestmark = [pytest.mark.journey, pytest.mark.timeout(1_200)]


@pytest.fixture
def world() -> Iterator[World]:
    with make_world(
        Engine.POSTGRES if SEVERAL else Engine.SQLITE,
        Cast(PAIRS, wallet_cents=1_000_000),
        postgres=settings.DATABASE_URL if SEVERAL else "",
        bus=settings.REDIS_URL,
    ) as made:
        yield made


@pytest.fixture(params=LIBRARIES)
def server(request: pytest.FixtureRequest, world: World) -> Iterator[RunningServer]:
    command = ("serve", "--processes", str(SERVERS), "--server", request.param)
    port = world.ports[0]
    running = RunningServer(home=world.home, port=port, env=world.env, command=command)
    try:
        running.start()
        yield running
    finally:
        running.halt()


async def eventually(true: Callable[[], bool]) -> None:
    deadline = monotonic() + BUSY_MACHINE_SECONDS
    while not true():
        assert monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


async def stream_through_a_restart(world: World, server: RunningServer, journal: Journal) -> None:
    talks = [
        Talk(pair, journal, answer_every=ANSWER_EVERY, seed=number)
        for number, pair in enumerate(world.people.pairs)
    ]
    load = ProductLoad(talks)
    await load.connect(world.ports)
    load.start(WINDOW)
    await eventually(lambda: load.delivered >= BEFORE)
    os.kill(server.process.pid, signal.SIGHUP)
    await eventually(lambda: "processes are replaced" in server.log.read_text())
    replaced_at = load.delivered
    await eventually(lambda: load.delivered >= replaced_at + AFTER)
    load.stop()
    await load.drain()
    load.close()


def test_nothing_is_lost_or_doubled_while_every_process_is_replaced(
    world: World, server: RunningServer
) -> None:
    journal = Journal()
    old = {*children(server), *children(server, "worker")}
    asyncio.run(stream_through_a_restart(world, server, journal))
    new = {*children(server), *children(server, "worker")}
    assert len(new) == len(old) == SERVERS + 1
    assert not old & new
    server.halt()
    assert len(journal.said) > BEFORE + AFTER
    assert all(said.acknowledged or said.refused for said in journal.said.values())
    checks = world.audit(json.dumps(journal.as_json()))
    assert {check["name"] for check in checks} > set(RULES)
    assert [check for check in checks if not check["ok"]] == []
    assert "BREACH" not in run("manage", "check_books", env=world.env)
    assert "Traceback" not in server.log.read_text()
