"""What a reader must know of the machine before believing a figure measured on it."""

import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.processes import ROOT, cores

PACKAGES = ("django", "channels", "daphne", "uvicorn", "psycopg", "redis", "channels-redis")
SYNCS, BLOCK = 20, b"x" * 4096


def describe() -> dict[str, Any]:
    """Processor, cores we may use, our priority (every server inherits it), and versions."""
    return {
        "cpu": _cpu_model(),
        "cores": len(cores()),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def moment(name: str) -> dict[str, Any]:
    """How busy the machine is now, as `load_NAME` and so on."""
    return {
        f"load_{name}": load_average(),
        f"fdatasync_ms_{name}": fdatasync_ms(),
    }


def load_average() -> float:
    """Over the last minute."""
    return round(os.getloadavg()[0], 1)


def fdatasync_ms() -> float:
    """The median time the disk of temporary files takes to make 4 KiB durable."""
    times = []
    with tempfile.NamedTemporaryFile(prefix="aparte-bench-") as file:
        for _ in range(SYNCS):
            file.write(BLOCK)
            file.flush()
            begun = perf_counter()
            os.fdatasync(file.fileno())
            times.append(perf_counter() - begun)
    return round(median(times) * 1000, 2)


def commit() -> str:
    """The commit of this checkout, with `+` when files differ from it; empty outside git."""
    return _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "-s", "-uno") else "")


def require_linux() -> None:
    """CPU accounting reads /proc. Raises `RuntimeError` elsewhere."""
    if sys.platform != "linux":
        raise RuntimeError("the bench reads CPU times from /proc: it runs on Linux only")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607  whichever git the developer uses
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
