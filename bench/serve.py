"""`aparte serve` in a bench's world, which writes down its batches and statements when it stops.

Run as `python -m bench serve PORT daphne|uvicorn CLOCK`; an empty CLOCK leaves the clock to
`python -m bench worker`. Where the world's folder has a file named `profile`, it also
samples which functions use the CPU.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import current_thread
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from bench.sampler import Sampler
from chat.handlers import send_queue
from chat.server import Library

WRITER = "send-queue"


class Statements:
    """Counts what the writer's thread executes."""

    def __init__(self) -> None:
        self.count = 0

    def watch(self, *, connection: BaseDatabaseWrapper, **signal: Any) -> None:
        """Receiver of `connection_created`; connections belong to one thread."""
        if current_thread().name.startswith(WRITER) and self._note not in (
            connection.execute_wrappers
        ):
            connection.execute_wrappers.append(self._note)

    def _note(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.count += 1
        return execute(sql, params, many, context)


def serve(*, port: int, kind: str, clock: bool, counters: Path, profile: bool) -> None:
    """Serve until told to stop, then write the counters as JSON."""
    statements = Statements()
    sampler = Sampler(begun=lambda: bool(send_queue.batch_sizes))
    connection_created.connect(statements.watch)
    if profile:
        sampler.start()
    call_command("serve", port=port, server=Library(kind), no_worker=not clock)
    batches: Counter[int] = send_queue.batch_sizes
    found = {
        "batch_sizes": {str(size): count for size, count in sorted(batches.items())},
        "statements": statements.count,
        "profile": sampler.stop() if profile else {},
    }
    counters.write_text(json.dumps(found))


def main(port: str, kind: str, clock: str) -> None:
    """Serve on that port of this machine."""
    home = Path(settings.HOME)
    serve(
        port=int(port),
        kind=kind,
        clock=bool(clock),
        counters=home / f"counters-{port}.json",
        profile=(home / "profile").exists(),
    )
