"""`aparte test`: Vitest, then pytest on each engine asked for; says what it did not run, and why.

Two engines run at once, each line with its name: much of a run is waiting. The last line says
passed or failed and the exit code agrees. A few tests that fail are run once more by themselves:
what fails twice fails the run, what passes then is named as unstable
(docs/decisions/0007-an-unstable-test-is-named.md).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "frontend" / "build.py"
LOCAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/0"
CONNECT_SECONDS = 5
SOME_TESTS_FAILED = 1  # pytest's exit code; every other one says that the run itself went wrong
UNSTABLE_MAX = 5  # more failures than this have one cause, and are not looked at one by one


class Engine(NamedTuple):
    """A run of pytest: its name for people, and the environment that selects it."""

    name: str
    env: Mapping[str, str]


class EngineMissing(Exception):
    """An engine that was asked for does not answer; says what to do."""


def main(arguments: Sequence[str]) -> int:
    """0 when everything that was asked for ran and passed."""
    parser = argparse.ArgumentParser(prog="aparte test", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgres", "all"), default="sqlite")
    options, pytest_arguments = parser.parse_known_args(arguments)
    try:
        engines = engines_for(options.engine)
    except EngineMissing as missing:
        print(f"aparte test: {missing}")
        print("aparte test: failed")
        return 1
    if options.engine == "sqlite":
        say("PostgreSQL and Redis are left out; --engine all runs on them too")
    results = [*client_results(pytest_arguments)]
    pytest = partial(run_pytest, arguments=pytest_arguments, named=len(engines) > 1)
    with ThreadPoolExecutor(len(engines)) as at_once:
        codes = at_once.map(pytest, engines)
        results += [(f"pytest on {e.name}", code) for e, code in zip(engines, codes, strict=True)]
    failed = [name for name, code in results if code]
    names = ", ".join(failed or [name for name, _ in results])
    say(f"{'failed' if failed else 'passed'} ({names})")
    return 1 if failed else 0


def engines_for(choice: str) -> list[Engine]:
    """The runs to make. Raises `EngineMissing` when a server that is needed does not answer."""
    engines = []
    if choice != "postgres":
        engines.append(Engine("SQLite", own_home("sqlite")))
    if choice != "sqlite":
        env = postgres_env() | own_home("postgresql")
        engines.append(Engine("PostgreSQL and Redis", env))
    return engines


def own_home(name: str) -> dict[str, str]:
    """What a run writes, it shares with no other that goes on at the same time."""
    return {"APARTE_HOME": str(Path(os.environ.get("APARTE_HOME", ROOT / ".aparte")) / name)}


def postgres_env() -> dict[str, str]:
    """DATABASE_URL and REDIS_URL, or the standard local ports, once both have answered."""
    database = os.environ.get("DATABASE_URL", "")
    if not database.startswith("postgres"):
        database = LOCAL_POSTGRES
    cache = os.environ.get("REDIS_URL") or LOCAL_REDIS
    try:
        psycopg.connect(database, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error:
        raise EngineMissing(
            "PostgreSQL does not answer: start it, or set DATABASE_URL to one that does"
        ) from None
    try:
        with redis.Redis.from_url(cache, socket_connect_timeout=CONNECT_SECONDS) as client:
            client.ping()
    except redis.RedisError:
        raise EngineMissing("Redis does not answer: start it, or set REDIS_URL") from None
    return {
        "DATABASE_URL": database,
        "REDIS_URL": cache,
        "BUS_PREFIX": f"aparte-test-{os.getpid()}",
    }


def client_results(pytest_arguments: Sequence[str]) -> list[tuple[str, int]]:
    """Vitest's result, unless this is about particular Python tests or there is no client here."""
    if not CLIENT.exists():
        say("Vitest is left out: this checkout has no client")
        return []
    if pytest_arguments:
        say("Vitest is left out: these options are pytest's")
        return []
    return [("Vitest", run("Vitest", [sys.executable, str(CLIENT), "test"], {}))]


def run_pytest(engine: Engine, arguments: Sequence[str], *, named: bool = False) -> int:
    """pytest's exit code on one engine; the caller's own engine does not leak into it.

    At most `UNSTABLE_MAX` failed tests get a second run by themselves, which then decides. Its
    lines begin with the engine's name when they are `named`.
    """
    cache = ROOT / ".pytest_cache" / engine.name.split()[0].lower()
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *arguments]
    name, mark = f"pytest on {engine.name}", f"{engine.name} | " if named else ""
    failures(cache).unlink(missing_ok=True)
    code = run(name, command, engine.env, mark=mark)
    failed = last_failed(cache)
    if code != SOME_TESTS_FAILED or not 0 < len(failed) <= UNSTABLE_MAX:
        return code
    command.append("--last-failed")
    again = run(f"{name}, {len(failed)} failed, again", command, engine.env, mark=mark)
    if not again:
        for test in failed:
            say(f"UNSTABLE on {engine.name}, failed once and passed once: {test}")
    return again


def last_failed(cache: Path) -> list[str]:
    """The names of the tests that failed in the last run of pytest, as it wrote them down."""
    kept = failures(cache)
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


def failures(cache: Path) -> Path:
    """Where pytest keeps the names of what failed, for `--last-failed`."""
    return cache / "v" / "cache" / "lastfailed"


def run(name: str, command: Sequence[str], env: Mapping[str, str], *, mark: str = "") -> int:
    """Run one command in the open, `mark` before its lines, and say how long it took."""
    say(f"{name} ...")
    started = time.monotonic()
    without = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    code = _run(command, {**without, **env}, mark)
    say(f"{name}: {'passed' if code == 0 else f'exit {code}'}, {time.monotonic() - started:.0f} s")
    return code


def _run(command: Sequence[str], env: Mapping[str, str], mark: str) -> int:
    if not mark:
        return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as running:
        assert running.stdout
        for line in running.stdout:
            sys.stdout.write(mark + line)
            sys.stdout.flush()
    return running.returncode


def say(line: str) -> None:
    """One line that stands in order between those of the tools."""
    print(f"aparte test: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
