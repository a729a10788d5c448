"""Hides how tests get a real server: the product's own CLI, as a process, on data of its own."""

import atexit
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from select import select
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from tests import moved_clock

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 150  # limits for a machine that is busy, not measures
STOP_SECONDS = 30
PR_SET_PDEATHSIG = 1
MOVABLE_CLOCK = moved_clock.__name__
QUICK_PASSWORDS = {"DJANGO_SETTINGS_MODULE": "tests.quick_passwords"}


class RunningServer:
    """`aparte demo --json` on a free port, with its own folder, database and bus.

    On PostgreSQL (DATABASE_URL) the database is created for it and dropped by `stop`. The process
    leads a group of its own and, on Linux, dies with the process that started it. A
    `launcher` is a module that runs manage.py in other circumstances; with `MOVABLE_CLOCK`,
    `move_clock` and `stop_clock` say what it takes for now. The demo's people are there before it
    starts, in a copy of the world that the run's servers share: to make them takes five times as
    long; their passwords are hashed at once. Without `seeded` it begins from nothing, as it is.
    """

    def __init__(
        self,
        *,
        home: Path,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        command: tuple[str, ...] = ("demo", "--json"),
        launcher: str = "",
        seeded: bool = True,
    ) -> None:
        self.home, self.port, self.command = home, port or free_port(), command
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "server.log"
        self.accounts: list[dict[str, str]] = []
        self.conversations: list[dict[str, str]] = []
        self._seeded = seeded
        self._program = ("-m", launcher) if launcher else ("manage.py",)
        self._name = f"aparte_server_{uuid4().hex[:12]}"
        self.env = {**self._own_env(), **(env or {})}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        try:
            if self._seeded:
                self._settle(_world())
            else:
                self._create()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    @contextmanager
    def owning_a_database(self) -> Iterator[None]:
        """For a test that starts the server by itself: its database, and its end."""
        self._create()
        try:
            yield
        finally:
            self.stop()

    def _create(self, like: str = "template1") -> None:
        if "DATABASE_URL" in self.env:
            _administer(f'CREATE DATABASE "{self._name}" TEMPLATE "{like}"')

    def _settle(self, world: "RunningServer") -> None:
        """Begin with a copy of what is there."""
        shutil.copytree(world.home, self.home, dirs_exist_ok=True)
        self._create(like=world._name)
        self.accounts, self.conversations = world.accounts, world.conversations

    @property
    def process(self) -> subprocess.Popen[str]:
        """The running server."""
        assert self._process, "the server is not running"
        return self._process

    def start(self) -> None:
        """Start it and wait until it answers. Raises with the end of its log if it does not."""
        self.spawn()
        self.wait_for_greeting()

    def spawn(self) -> None:
        """Start it."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.running_server", *self._manage(*self.command)],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the product on this server's data, whether it runs or not."""
        return subprocess.run(
            self._manage(*arguments),
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def now(self) -> datetime:
        """What the server takes for now."""
        return moved_clock.read(self.home)

    def move_clock(self, *, hours: float = 0, seconds: float = 0) -> None:
        """From now on its time is so much later than it was, and goes on."""
        self._require_movable()
        later = self.now - datetime.now(self.now.tzinfo)
        later += timedelta(hours=hours, seconds=seconds)
        moved_clock.write(self.home, str(later.total_seconds()))

    def stop_clock(self, at: datetime) -> None:
        """From now on its time is exactly this, until the clock is moved."""
        self._require_movable()
        moved_clock.write(self.home, f"={at.isoformat()}")

    def kill9(self) -> None:
        """Kill it as a power cut does; `restart` finds what it had committed."""
        self._signal(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it if it runs, and start it again on the same port and data."""
        self._signal(signal.SIGTERM)
        self.start()

    def halt(self) -> None:
        """Stop the server and leave its data."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stop the server and drop its database; harmless when it is already stopped."""
        self.halt()
        if "DATABASE_URL" in self.env:
            _administer(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    def account(self, role: str) -> dict[str, str]:
        """The first demo account of this role: role, name, email, password."""
        return next(account for account in self.accounts if account["role"] == role)

    def _manage(self, *arguments: str) -> list[str]:
        return [sys.executable, *self._program, *arguments]

    def _require_movable(self) -> None:
        assert MOVABLE_CLOCK in self._program, "started on the real clock"

    def _own_env(self) -> dict[str, str]:
        env = {**os.environ, "APARTE_HOME": str(self.home), "PORT": str(self.port)}
        env |= {"BUS_PREFIX": self._name, "PYTHONWARNINGS": "default"}
        if self._seeded:
            env |= QUICK_PASSWORDS
        env.pop("PUBLIC_URL", None)
        if env.get("DATABASE_URL", "").startswith("postgres"):
            env["DATABASE_URL"] = urlsplit(env["DATABASE_URL"])._replace(path=self._name).geturl()
        else:
            env.pop("DATABASE_URL", None)
        return env

    def wait_for_greeting(self) -> None:
        """Wait until it answers; whoever it greets with is known from then on."""
        assert self._process
        assert self._process.stdout
        ready, _, _ = select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self._signal(signal.SIGKILL)
            raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-4000:]}")
        if line.startswith("{"):
            self._meet(line)

    def _seed(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "tests.seeded"],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self._meet(done.stdout.splitlines()[-1])

    def _meet(self, line: str) -> None:
        greeting: dict[str, Any] = json.loads(line)
        self.accounts, self.conversations = greeting["accounts"], greeting["conversations"]

    def _signal(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)
        if process.stdout:
            process.stdout.close()


@cache
def _world() -> RunningServer:
    """The demo's people before any server: made once a run, and gone with it."""
    home = Path(tempfile.mkdtemp(prefix="aparte-world-"))
    world = RunningServer(home=home, env=QUICK_PASSWORDS, seeded=False)
    atexit.register(shutil.rmtree, home)
    atexit.register(world.stop)
    world._create()
    world._seed()
    return world


def free_port() -> int:
    """A port nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _administer(statement: str) -> None:
    """Run one statement beside the server's database, in the one of DATABASE_URL."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(statement.encode())


def _become(arguments: list[str]) -> None:
    """Turn into the given program, which Linux kills when the process that asked for it dies."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was told
            sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a suite in the background ignores Ctrl-C
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    _become(sys.argv[1:])
