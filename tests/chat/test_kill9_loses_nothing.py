"""kill -9 in the middle of a stream of sends: what was acknowledged is there once, the rest at
most once, and the books balance. On the engine of this run."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from django.conf import settings

from bench.clients import Talk, until
from bench.journal import Journal
from bench.load import ProductLoad
from bench.processes import run
from bench.reconcile import RULES
from bench.world import Cast, Engine, World, make_world

PAIRS, WINDOW, ANSWER_EVERY = 4, 4, 3
BEFORE_KILL, AFTER_KILL = 150, 60  # messages


@pytest.fixture
def world() -> Iterator[World]:
    on_postgres = settings.DATABASE_URL.startswith("postgres")
    engine = Engine.POSTGRES if on_postgres else Engine.SQLITE
    with make_world(
        engine,
        Cast(PAIRS, wallet_cents=1_000_000),
        postgres=settings.DATABASE_URL if on_postgres else "",
        bus=settings.REDIS_URL,
    ) as made:
        yield made


async def stream_through_a_crash(world: World, journal: Journal) -> int:
    """How many messages had no answer when the server died."""
    pairs = world.people.pairs
    talks = [Talk(p, journal, answer_every=ANSWER_EVERY, seed=n) for n, p in enumerate(pairs)]
    load = ProductLoad(talks)
    await load.connect(world.ports)
    load.start(WINDOW)
    await until(lambda: load.delivered >= BEFORE_KILL)
    world.server.kill9()
    lost = sum(seat.waiting for seat in load.seats)
    world.server.start(core=None)
    crashed_at = load.delivered
    await until(lambda: load.delivered >= crashed_at + AFTER_KILL)
    load.stop()
    await load.drain()
    load.close()
    return lost


@pytest.mark.journey
@pytest.mark.timeout(300)  # two cold starts, on a machine that may be busy
def test_kill9_in_the_middle_of_a_stream_loses_and_doubles_nothing(world: World):
    journal = Journal()
    world.server.start(core=None)
    lost = asyncio.run(stream_through_a_crash(world, journal))
    assert lost > 0, "the server died while nothing was under way: this run shows nothing"
    world.server.stop()
    assert len(journal.said) > BEFORE_KILL + AFTER_KILL
    assert all(said.acknowledged or said.refused for said in journal.said.values())
    checks = world.audit(json.dumps(journal.as_json()))
    assert {check["name"] for check in checks} > set(RULES)  # the books' own checks are there too
    assert [check for check in checks if not check["ok"]] == []
    assert "BREACH" not in run("manage", "check_books", env=world.env)
