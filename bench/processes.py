"""Hides /proc and process groups: servers pinned to a core, and the CPU seconds they used."""

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from select import select
from time import monotonic, sleep
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TICKS_PER_SECOND, PAGE_BYTES = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
START_SECONDS, STOP_SECONDS, LOOK_SECONDS = 120, 15, 0.05
PR_SET_PDEATHSIG = 1
CLUSTER_WORK = re.compile(r"checkpointer|walwriter|background writer")


class Stat(NamedTuple):
    """What /proc/PID/stat says of CPU: in seconds, children that were waited for included."""

    parent: int
    seconds: float


class Program:
    """A child process that leads a group of its own.

    It is ready when it has printed a line, or when `ready` says so. `user` is whom it runs as, for
    programs that refuse to be root; `ends` is the signal that asks it to stop.
    """

    def __init__(
        self,
        *command: str,
        log: Path,
        ready: Callable[[], bool] | None = None,
        user: str | None = None,
        ends: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command, self.log, self.user = command, log, user
        self._ready, self._ends = ready, ends
        self._process: subprocess.Popen[str] | None = None

    def start(self, *, core: int | None) -> None:
        """Start it and wait for its line. Raises `RuntimeError` with the end of its log."""
        self.spawn(core=core)
        self.wait()

    def spawn(self, *, core: int | None) -> None:
        """Start it. From the main thread: it dies with the thread that started it."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own modules
                self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log if self._ready else subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                preexec_fn=partial(_become_ours, core),
            )

    def wait(self) -> None:
        """Wait until it is ready; blocks. Raises `RuntimeError` with the end of its log."""
        if not (self._answers() if self._ready else self._speaks()):
            self.kill9()
            raise RuntimeError(f"a server did not start:\n{self.log.read_text()[-2000:]}")

    def _speaks(self) -> bool:
        assert self._process, "spawn it first"
        assert self._process.stdout
        ready, _, _ = select([self._process.stdout], [], [], START_SECONDS)
        return bool(ready and self._process.stdout.readline())

    def _answers(self) -> bool:
        assert self._process, "spawn it first"
        assert self._ready
        deadline = monotonic() + START_SECONDS
        while not (ready := self._ready()) and monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            sleep(LOOK_SECONDS)
        return ready

    def kill9(self) -> None:
        """Kill it as a power cut does."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop; harmless when it has stopped."""
        self._signal(self._ends)

    def cpu_seconds(self) -> float:
        """User and system time of the process and all its descendants, so far."""
        stats = _stats()
        return sum(stats[pid].seconds for pid in self._family(stats))

    def memory_bytes(self) -> int:
        """Resident memory of the process and all its descendants, each page once for each."""
        return sum(_resident(pid) for pid in self._family(_stats()))

    def _family(self, stats: Mapping[int, "Stat"]) -> set[int]:
        """The process and its descendants, as far as they run."""
        family = {self._process.pid} & stats.keys() if self._process else set()
        grown = bool(family)
        while grown:
            children = {pid for pid, stat in stats.items() if stat.parent in family} - family
            family |= children
            grown = bool(children)
        return family

    def _signal(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout:
            process.stdout.close()


class Server(Program):
    """A module of ours as a program, with these variables beside those we have."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str], log: Path) -> None:
        super().__init__(*python(env), "-m", module, *arguments, log=log)


class Fleet:
    """Several servers that are started, stopped and charged together."""

    def __init__(self, members: Sequence[Program]) -> None:
        self.members = members

    def start(self, *, core: int | None) -> None:
        """Start them together. Raises `RuntimeError`, as a server does."""
        for member in self.members:
            member.spawn(core=core)
        for member in self.members:
            member.wait()

    def kill9(self) -> None:
        """Kill them all as a power cut does."""
        for member in self.members:
            member.kill9()

    def stop(self) -> None:
        """Ask them to stop; harmless when they have stopped."""
        for member in self.members:
            member.stop()

    def cpu_seconds(self) -> float:
        return sum(member.cpu_seconds() for member in self.members)

    def memory_bytes(self) -> int:
        return sum(member.memory_bytes() for member in self.members)


class PostgresClock:
    """CPU seconds of one database's backends, and of the cluster's writers, which is against us.

    A backend that exits keeps what it had used when it was last looked at: look now and then.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._seen: dict[int, float] = {}

    def seconds(self) -> float:
        """So far; 0 when the server runs elsewhere."""
        stats = _stats()
        for pid in stats:
            title = _title(pid)
            if title.startswith("postgres:") and (
                self._database in title or CLUSTER_WORK.search(title)
            ):
                self._seen[pid] = stats[pid].seconds
        return sum(self._seen.values())


def python(env: Mapping[str, str]) -> list[str]:
    """How to start our interpreter with these variables beside those we have."""
    assignments = [f"{name}={value}" for name, value in env.items()]
    return ["/usr/bin/env", "-u", "PUBLIC_URL", *assignments, sys.executable]


def run(module: str, *arguments: str, env: Mapping[str, str], text: str = "") -> str:
    """Run a module to its end and return what it printed; raises `RuntimeError` with its words."""
    done = subprocess.run(  # noqa: S603  our own modules
        [*python(env), "-m", module, *arguments],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def cores() -> Sequence[int]:
    """The cores we may use, lowest first."""
    return sorted(os.sched_getaffinity(0))


def pin(chosen: Sequence[int]) -> None:
    """Keep this process on these cores."""
    os.sched_setaffinity(0, chosen)


def _become_ours(core: int | None) -> None:
    """In the child: die with the process that started it, and stay on its core."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if core is not None:
        pin([core])


def _stats() -> dict[int, Stat]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError, ValueError):  # it ended while we looked
                found[int(entry.name)] = _stat(entry / "stat")
    return found


def _stat(path: Path) -> Stat:
    fields = path.read_text().rpartition(")")[2].split()
    ticks = sum(int(fields[index]) for index in (11, 12, 13, 14))  # own and waited-for children
    return Stat(parent=int(fields[1]), seconds=ticks / TICKS_PER_SECOND)


def _resident(pid: int) -> int:
    with suppress(OSError):  # it ended while we looked
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
        return int(pages) * PAGE_BYTES
    return 0


def _title(pid: int) -> str:
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return ""
