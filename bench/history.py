"""`aparte bench history`: what pages cost when there is a lot behind them.

The parent keeps a database for each schema and number of messages; `python -m bench history ROWS`
fills it once (`bench.past`), and asks it through the product's own queries. An index that a page
misses is named with its plan.
"""

import hashlib
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from django.core.management import call_command
from django.db import connection

from bench.options import Options, Say
from bench.past import Past, build, is_built
from bench.processes import ROOT
from bench.processes import run as run_part
from bench.report import Goal, Report, begin, end
from bench.world import PREFIX, postgres_url

KEPT = f"{PREFIX}history_"
CALLS, WARM_SHARE = 300, 10
PAGE = 50
P99_MUST_MS = 5.0
VISITED_MAX = 40 * PAGE  # rows one statement may look at for a page; more is a missed index
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

Call = Callable[[], object]


def run(options: Options, say: Say) -> Report:
    """One row for each kind of page. On PostgreSQL alone: SQLite is not for such a history."""
    report = begin("history", options.shown("rows"))
    url = postgres_url(options.postgres)
    if url is None:
        report.notes.append("PostgreSQL skipped: it does not answer.")
        return end(report)
    name = f"{KEPT}{_schema()}_{options.rows}"
    _keep_only(url, name)
    say(f"history of {options.rows} messages in {name}: filled once, then kept")
    with tempfile.TemporaryDirectory(prefix="aparte-bench-") as home:
        env = {
            "DJANGO_SETTINGS_MODULE": "settings",
            "APARTE_HOME": home,
            "DATABASE_URL": urlsplit(url)._replace(path=name).geturl(),
            "REDIS_URL": "",
        }
        found = json.loads(run_part("bench", "history", str(options.rows), env=env))
    report.rows = found["rows"]
    report.counters = {"history": found["built"]} | {r["case"]: r.pop("plan") for r in report.rows}
    for row in report.rows:
        case, plans = row["case"], report.counters[row["case"]]["statements"]
        report.goals.append(Goal(f"{case}: p99 ms", row["p99_ms"], P99_MUST_MS, P99_MUST_MS))
        spent = sum(plan["plan"]["Actual Total Time"] for plan in plans)
        most = max(plan["visited"] for plan in plans)
        report.notes.append(
            f"{case}: {len(plans)} statements, {spent:.2f} ms in their plans, {most} rows at most"
        )
        report.notes += [
            f"{case}: AN INDEX IS MISSED, {plan['visited']} rows visited: {plan['nodes']}"
            for plan in plans
            if plan["visited"] > VISITED_MAX
        ]
    report.notes.append("merged page: n/a, Aparté has no mass messages yet.")
    return end(report)


def main(rows: str) -> None:
    """Fill this database unless it is filled, ask for pages, print what was measured."""
    past, begun = Past(int(rows)), perf_counter()
    call_command("migrate", verbosity=0, interactive=False)
    fresh = not is_built(past)
    if fresh:
        build(past)
    seconds = round(perf_counter() - begun, 1) if fresh else None
    measured = [_measure(case, draw) for case, draw in _cases(past, random.Random(1)).items()]
    print(json.dumps({"rows": measured, "built": {"seconds": seconds, **_sizes()}}))


def _cases(past: Past, draw: random.Random) -> dict[str, Callable[[], Call]]:
    """By name: what draws the next page to ask for."""
    from chat.models import Conversation
    from chat.queries.cards import card_page
    from chat.queries.keysets import BY_DEADLINE, NEWEST_FIRST, Keyset
    from chat.queries.pages import history_page

    places = [_id("place", draw.randrange(1, past.conversations)) for _ in range(200)]
    found = list(Conversation.objects.filter(id__in=places))
    big, busy = _id("creator", 0), _id("fan", 0)
    long = Conversation.objects.get(id=_id("place", 0))

    def page(place: Conversation, before: int | None) -> Call:
        return lambda: history_page(
            reader_id=place.fan_id, conversation_id=place.id, before_seq=before, limit=PAGE, now=NOW
        )

    def cards(account_id: UUID, which: str, mark: str | None = None) -> Call:
        role = "fan" if account_id == busy else "creator"
        return lambda: card_page(
            account_id=account_id, role=role, which=which, before=mark, now=NOW
        )

    def deep(which: str, order: Keyset, **among: object) -> Callable[[], Call]:
        rows = Conversation.objects.filter(creator_id=big, **among).order_by("seq", "id")
        marks = [order.mark(place) for place in rows[:5_000]]
        return lambda: cards(big, which, draw.choice(marks))

    return {
        "history, first page": lambda: page(draw.choice(found), None),
        "history, deep page": lambda: page(long, draw.randrange(PAGE, past.long)),
        "list of a fan": lambda: cards(busy, "all"),
        "list of the creator": lambda: cards(big, "all"),
        "list, deep": deep("all", NEWEST_FIRST),
        "unread": lambda: cards(big, "unread"),
        "unread, deep": deep("unread", NEWEST_FIRST, creator_has_unread=True),
        "waiting": lambda: cards(big, "waiting"),
        "waiting, deep": deep("waiting", BY_DEADLINE, due_at__isnull=False),
    }


def _measure(case: str, draw: Callable[[], Call], *, times_each: int = CALLS) -> dict[str, Any]:
    """Wall time of each page; CPU of ours and of the database's backend, a page on average."""
    for _ in range(times_each // WARM_SHARE):
        draw()()
    calls = [draw() for _ in range(times_each)]
    backend, own, times = _backend_seconds(), thread_time(), []
    for call in calls:
        begun = perf_counter()
        call()
        times.append((perf_counter() - begun) * 1000)
    own, backend = thread_time() - own, _backend_seconds() - backend
    times.sort()
    return {
        "case": case,
        "n": times_each,
        "server_us": own / times_each * 1e6,
        "database_us": backend / times_each * 1e6,
        "p50_ms": times[times_each // 2],
        "p99_ms": times[times_each * 99 // 100],
        "max_ms": times[-1],
        "plan": {"statements": [_explained(sql, given) for sql, given in _statements(draw())]},
    }


def _backend_seconds() -> float:
    """User and system time of the process that serves this connection; it is on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def _statements(call: Call) -> list[tuple[str, Any]]:
    """What this call asks the database, with its parameters."""
    asked: list[tuple[str, Any]] = []

    def listen(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        if sql.lstrip("( ").startswith("SELECT"):
            asked.append((sql, params))
        return execute(sql, params, *rest)

    with connection.execute_wrapper(listen):
        call()
    return asked


def _explained(sql: str, params: Any) -> dict[str, Any]:
    kind = psycopg.RawCursor if "$1" in sql else psycopg.Cursor  # of `accounts.db`; of the ORM
    with kind(connection.connection) as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}".encode(), params)
        ((told,),) = cursor.fetchall()
    nodes = list(_nodes(told[0]["Plan"]))
    return {
        "sql": sql,
        "visited": max(_visited(node) for node in nodes),
        "nodes": ", ".join(_name(node) for node in nodes),
        "plan": told[0]["Plan"],
    }


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _visited(node: dict[str, Any]) -> int:
    """Rows this node took up, those it dropped included."""
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + dropped) * node["Actual Loops"])


def _name(node: dict[str, Any]) -> str:
    about = node.get("Index Name") or node.get("Relation Name")
    return f"{node['Node Type']} on {about}" if about else str(node["Node Type"])


def _sizes() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_database_size(current_database()), pg_table_size('chat_message'),"
            " pg_indexes_size('chat_message'),"
            " (SELECT count(*) FROM chat_conversation WHERE creator_id = %s)",
            [_id("creator", 0)],
        )
        names = ("database_bytes", "message_bytes", "message_index_bytes", "of_one_creator")
        return dict(zip(names, cursor.fetchone() or (), strict=True))


def _id(kind: str, number: int) -> UUID:
    """The id that `bench.past` gave it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT past_id(%s, %s)", [kind, number])
        ((found,),) = cursor.fetchall()
    return UUID(str(found))


def _schema() -> str:
    """What a kept database is told by: every migration, and how it is filled."""
    digest = hashlib.sha256((ROOT / "bench" / "past.py").read_bytes())
    for path in sorted(ROOT.glob("*/migrations/0*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _keep_only(url: str, name: str) -> None:
    """Make it where it is missing, and drop those of other schemas: each takes gigabytes."""
    with closing(psycopg.connect(url, autocommit=True)) as server:
        rows = server.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [KEPT]
        )
        names = {str(row[0]) for row in rows}
        for old in names - {name}:
            if old.split("_")[-2] != name.split("_")[-2]:
                server.execute(f'DROP DATABASE "{old}"'.encode())
        if name not in names:
            server.execute(f'CREATE DATABASE "{name}"'.encode())
