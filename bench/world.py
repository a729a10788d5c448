"""Hides where a bench runs: a folder, a database and a bus prefix of its own, gone afterwards."""

import json
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import redis

from bench.processes import Server, run

PREFIX = "aparte_bench_"  # of every database and bus a bench may touch
LOCAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/0"
CONNECT_SECONDS = 3
UNLIMITED = "1000000000"


class Engine(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the bench, with its session cookie."""

    id: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A fan and a creator in conversation."""

    conversation_id: str
    fan: Person
    creator: Person


@dataclass(frozen=True, slots=True)
class World:
    """What one engine's run owns. `env` is how its processes find it."""

    engine: Engine
    name: str
    home: Path
    env: dict[str, str]
    port: int
    server: Server
    pairs: Sequence[Pair]

    def audit(self, journal: str) -> list[dict[str, Any]]:
        """The checks of `bench.audit` on what the clients saw."""
        found: list[dict[str, Any]] = json.loads(run("bench", "audit", env=self.env, text=journal))
        return found

    def counters(self) -> dict[str, Any]:
        """What the server wrote down about itself when it stopped."""
        found: dict[str, Any] = json.loads((self.home / "counters.json").read_text())
        return found


def postgres_url(configured: str) -> str | None:
    """The server to make a database on: the configured one, else the local one, else none."""
    url = configured if configured.startswith("postgres") else LOCAL_POSTGRES
    try:
        psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError:
        return None
    return url


def redis_url(configured: str) -> str | None:
    """The Redis to use under a prefix of our own, or none."""
    url = configured or LOCAL_REDIS
    try:
        with redis.Redis.from_url(url, socket_timeout=CONNECT_SECONDS) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


def redis_cpu_seconds(url: str) -> float:
    """User and system time of this Redis, by its own account."""
    with redis.Redis.from_url(url, socket_timeout=CONNECT_SECONDS) as client:
        found: Any = client.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])


@contextmanager
def make_world(
    engine: Engine, *, pairs: int, wallet_cents: int, postgres: str = "", bus: str = ""
) -> Iterator[World]:
    """A migrated, seeded world whose server is not started yet; everything goes at the end."""
    name, port = f"{PREFIX}{uuid4().hex[:12]}", free_port()
    with tempfile.TemporaryDirectory(prefix="aparte-bench-") as folder:
        home = Path(folder)
        env = _environment(engine, name, home, port, postgres, bus)
        if engine is Engine.POSTGRES:
            _administer(postgres, f'CREATE DATABASE "{name}"')
        server = Server("bench", "serve", str(port), env=env, log=home / "server.log")
        try:
            seeded = json.loads(run("bench", "seed", str(pairs), str(wallet_cents), env=env))
            people = [
                Pair(p["conversation_id"], Person(**p["fan"]), Person(**p["creator"]))
                for p in seeded
            ]
            yield World(engine, name, home, env, port, server, people)
        finally:
            server.stop()
            if engine is Engine.POSTGRES:
                _administer(postgres, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def require_own_world(*, home: Path, database: str) -> None:
    """Raise `RuntimeError` unless these settings name a world that a bench made."""
    if not home.name.startswith("aparte-bench-") or (
        PREFIX not in database and home not in Path(database).parents
    ):
        raise RuntimeError("the bench writes only to a world of its own")


def free_port() -> int:
    """A port nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(
    engine: Engine, name: str, home: Path, port: int, postgres: str, bus: str
) -> dict[str, str]:
    """Limits of pace and of waiting messages off: the load comes from few accounts."""
    env = {
        "DJANGO_SETTINGS_MODULE": "settings",
        "APARTE_HOME": str(home),
        "PORT": str(port),
        "APARTE_DEBUG": "0",
        "BUS_PREFIX": name,
        "REDIS_URL": "",
        "DATABASE_URL": f"sqlite:///{home / 'aparte.sqlite3'}",
        "COMMANDS_PER_SECOND": UNLIMITED,
        "COMMANDS_BURST": UNLIMITED,
        "PAID_MESSAGES_WAITING_MAX": UNLIMITED,
    }
    if engine is Engine.POSTGRES:
        env["DATABASE_URL"] = urlsplit(postgres)._replace(path=name).geturl()
        env["REDIS_URL"] = bus
    return env


def _administer(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
