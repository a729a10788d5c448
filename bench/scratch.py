"""A Redis and a PostgreSQL of a bench's own, to be killed at will; gone when it is over."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Program
from bench.world import free_port, postgres_url, redis_url

DEBIAN = Path("/usr/lib/postgresql")  # its programs are not on the path there
UNPRIVILEGED = ("postgres", "nobody")  # PostgreSQL refuses to run as root


@dataclass(frozen=True, slots=True)
class Services:
    """Both, running."""

    redis: Program
    redis_url: str
    postgres: Program
    postgres_url: str


def missing() -> list[str]:
    """The programs that are not installed here."""
    found = {"redis-server": shutil.which("redis-server"), "initdb": postgres_program("initdb")}
    return [name for name, path in found.items() if not path]


@contextmanager
def services() -> Iterator[Services]:
    """Start both, empty, on ports of their own. Ask `missing` before."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aparte-bench-")))
        user = unprivileged()
        if user is not None:
            shutil.chown(folder, user)
        redis, redis_at = _redis(folder)
        postgres, postgres_at = _postgres(folder, user)
        for program in (redis, postgres):
            stack.callback(program.stop)
            program.start(core=None)
        yield Services(redis, redis_at, postgres, postgres_at)


def _redis(folder: Path) -> tuple[Program, str]:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    keep_nothing = ("--save", "", "--appendonly", "no", "--dir", str(folder))
    program = Program(
        "redis-server", "--port", str(port), "--bind", "127.0.0.1", *keep_nothing,
        log=folder / "redis.log", ready=lambda: redis_url(url) is not None,
    )  # fmt: skip
    return program, url


def _postgres(folder: Path, user: str | None) -> tuple[Program, str]:
    data = folder / "data"
    postgres_tool("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-N", user=user)
    return postmaster(data, user=user)


def postmaster(data: Path, *settings: str, user: str | None) -> tuple[Program, str]:
    """PostgreSQL on this folder, with `name=value` settings, not started yet; and its address.

    Stopped as by a power cut: its backends lead groups of their own and would survive a kill.
    """
    port, folder = free_port(), data.parent
    told = [word for one in ("listen_addresses=127.0.0.1", *settings) for word in ("-c", one)]
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    program = Program(
        postgres_program("postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), *told,
        log=folder / f"{data.name}.log", ready=lambda: postgres_url(url) is not None, user=user,
        ends=signal.SIGQUIT,
    )  # fmt: skip
    return program, url


def postgres_tool(name: str, *arguments: str, user: str | None) -> None:
    """Run a program of PostgreSQL to its end, as this user. Raises `CalledProcessError`."""
    subprocess.run(  # noqa: S603  the program of the system
        [postgres_program(name), *arguments],
        check=True, stdout=subprocess.DEVNULL, cwd="/", user=user, group=user,
        extra_groups=None if user is None else [],
    )  # fmt: skip


def postgres_program(name: str) -> str:
    """Where it is: on the path, else the newest of Debian's; empty when it is not installed."""
    installed = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(name) or (str(installed[-1]) if installed else "")


def unprivileged() -> str | None:
    """As whom PostgreSQL is to run: somebody else where we are root, whom it refuses to be."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in names)
