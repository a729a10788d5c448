"""Hides how tests get a Redis that they may stop: a process of their own, without a disk."""

import signal
import subprocess
from pathlib import Path

import redis

from tests.running_server import free_port
from tests.wire import until

BUSY_MACHINE_SECONDS = 90.0


class RedisServer:
    """One server on a free port, not yet started; `options` are those of its configuration."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._home = folder / str(self.port)
        self._home.mkdir()
        self._options = {"bind": "127.0.0.1", "port": self.port, "dir": self._home, "save": ""}
        self._options |= {name.replace("_", "-"): value for name, value in options.items()}
        self.client = redis.Redis(port=self.port, decode_responses=True)

    def start(self) -> None:
        """Start it, on the same port each time, empty."""
        words = [
            str(word) for name, value in self._options.items() for word in (f"--{name}", value)
        ]
        self.process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        until(lambda: self.up, seconds=BUSY_MACHINE_SECONDS)

    @property
    def up(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def fall_silent(self) -> None:
        """From now on it takes what it is told and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End it at once; harmless when it has ended."""
        self.client.close()
        self.process.kill()
        self.process.wait()
