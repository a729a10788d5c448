"""Hides where a bench runs: a folder, a database and a bus prefix of its own, gone afterwards."""

import json
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import redis

from bench.processes import Fleet, Server, run

PREFIX = "aparte_bench_"  # of every database and bus a bench may touch
LOCAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/0"
CONNECT_SECONDS = 3
UNLIMITED = "1000000000"


class Engine(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


class ServerKind(StrEnum):
    """What `aparte serve` runs on."""

    DAPHNE = "daphne"
    UVICORN = "uvicorn"


@dataclass(frozen=True, slots=True)
class Cast:
    """How many of whom a world is seeded with.

    Onlookers have a session and nobody to write to; `spare` pairs are like the first ones, for
    another load; the fans of `broke` pairs have no money; the conversations of `paused` pairs take
    no message.
    """

    pairs: int
    wallet_cents: int = 1_000_000_000
    onlookers: int = 0
    spare: int = 0
    broke: int = 0
    paused: int = 0


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
class Seeded:
    """Everybody of a cast, as they came out."""

    pairs: Sequence[Pair]
    onlookers: Sequence[Person]
    spare: Sequence[Pair]
    broke: Sequence[Pair]
    paused: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class World:
    """What one engine's run owns. `env` is how its processes find it.

    One server has its clock inside; several have one beside them, the last of `server.members`.
    """

    engine: Engine
    name: str
    home: Path
    env: dict[str, str]
    ports: Sequence[int]
    server: Fleet
    people: Seeded

    def audit(self, journal: str) -> list[dict[str, Any]]:
        """The checks of `bench.audit` on what the clients saw."""
        found: list[dict[str, Any]] = json.loads(run("bench", "audit", env=self.env, text=journal))
        return found

    def counters(self) -> dict[str, Any]:
        """What the servers wrote down about themselves when they stopped, summed."""
        sizes: Counter[str] = Counter()
        profile: dict[str, Counter[str]] = {}
        statements = 0
        for path in self.home.glob("counters-*.json"):
            found = json.loads(path.read_text())
            sizes.update(found["batch_sizes"])
            statements += found["statements"]
            for kind, spent in found["profile"].items():
                profile.setdefault(kind, Counter()).update(spent)
        ranked = {kind: dict(spent.most_common()) for kind, spent in profile.items()}
        return {"batch_sizes": dict(sizes), "statements": statements, "profile": ranked}


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


def versions(*, postgres: str, bus: str) -> dict[str, str]:
    """Of the servers at these addresses; an empty address has none."""
    found = {}
    if postgres:
        with psycopg.connect(postgres, connect_timeout=CONNECT_SECONDS) as connection:
            found["postgresql"] = connection.info.parameter_status("server_version") or ""
    if bus:
        with redis.Redis.from_url(bus, socket_timeout=CONNECT_SECONDS) as client:
            server: Any = client.info("server")
            found["redis-server"] = server["redis_version"]
    return found


def redis_cpu_seconds(url: str) -> float:
    """User and system time of this Redis, by its own account."""
    with redis.Redis.from_url(url, socket_timeout=CONNECT_SECONDS) as client:
        found: Any = client.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])


def wal_bytes(url: str) -> int:
    """How much this cluster, all its databases together, ever wrote to its log."""
    with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
        row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()
    assert row
    return int(row[0])


@contextmanager
def make_world(
    engine: Engine,
    cast: Cast,
    *,
    postgres: str = "",
    bus: str = "",
    processes: int = 1,
    server: ServerKind = ServerKind.DAPHNE,
) -> Iterator[World]:
    """A migrated, seeded world whose servers are not started yet; everything goes at the end.

    Each of its processes listens on a port of its own, so that a bench knows who sits where.
    """
    name, ports = f"{PREFIX}{uuid4().hex[:12]}", [free_port() for _ in range(processes)]
    with tempfile.TemporaryDirectory(prefix="aparte-bench-") as folder:
        home = Path(folder)
        env = _environment(engine, name, home, ports[0], postgres, bus)
        if engine is Engine.POSTGRES:
            _administer(postgres, f'CREATE DATABASE "{name}"')
        fleet = _fleet(ports, server, env, home)
        try:
            people = json.loads(run("bench", "seed", json.dumps(asdict(cast)), env=env))
            yield World(engine, name, home, env, ports, fleet, _seeded(people))
        finally:
            fleet.stop()
            if engine is Engine.POSTGRES:
                _administer(postgres, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _fleet(ports: Sequence[int], kind: ServerKind, env: dict[str, str], home: Path) -> Fleet:
    alone = len(ports) == 1
    members = [
        Server(
            "bench", "serve", str(port), kind.value, "clock" if alone else "",
            env={**env, "PORT": str(port)}, log=home / f"server-{port}.log",
        )
        for port in ports
    ]  # fmt: skip
    if not alone:
        members.append(Server("bench", "worker", env=env, log=home / "worker.log"))
    return Fleet(members)


def _seeded(people: dict[str, list[Any]]) -> Seeded:
    def pairs(name: str) -> list[Pair]:
        return [
            Pair(one["conversation_id"], Person(**one["fan"]), Person(**one["creator"]))
            for one in people[name]
        ]

    onlookers = [Person(**one) for one in people["onlookers"]]
    return Seeded(pairs("pairs"), onlookers, pairs("spare"), pairs("broke"), pairs("paused"))


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
