"""Hides /proc and process groups: servers pinned to a core, and the CPU seconds they used."""

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from select import select
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS, STOP_SECONDS = 90, 15
PR_SET_PDEATHSIG = 1
CLUSTER_WORK = re.compile(r"checkpointer|walwriter|background writer")


class Stat(NamedTuple):
    """What /proc/PID/stat says of CPU: in seconds, children that were waited for included."""

    parent: int
    seconds: float


class Server:
    """A child process that prints one line when it is ready, and leads a group of its own."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str], log: Path) -> None:
        self.command = [*python(env), "-m", module, *arguments]
        self.log = log
        self._process: subprocess.Popen[str] | None = None

    def start(self, *, core: int | None) -> None:
        """Start it and wait for its line. Raises `RuntimeError` with the end of its log."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own modules
                self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=partial(_become_ours, core),
            )
        assert self._process.stdout
        ready, _, _ = select([self._process.stdout], [], [], START_SECONDS)
        if not ready or not self._process.stdout.readline():
            self.kill9()
            raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-2000:]}")

    def kill9(self) -> None:
        """Kill it as a power cut does."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop; harmless when it has stopped."""
        self._signal(signal.SIGTERM)

    def cpu_seconds(self) -> float:
        """User and system time of the process and all its descendants, so far."""
        if self._process is None:
            return 0.0
        stats = _stats()
        family = {self._process.pid}
        grown = True
        while grown:
            grown = False
            for pid, stat in stats.items():
                if stat.parent in family and pid not in family:
                    family.add(pid)
                    grown = True
        return sum(stats[pid].seconds for pid in family if pid in stats)

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


def pin(core: int) -> None:
    """Keep this process on one core."""
    os.sched_setaffinity(0, {core})


def _become_ours(core: int | None) -> None:
    """In the child: die with the process that started it, and stay on its core."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if core is not None:
        pin(core)


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


def _title(pid: int) -> str:
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return ""
