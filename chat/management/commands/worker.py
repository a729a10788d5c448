"""`aparte worker`: the clock in a process of its own, beside `aparte serve --no-worker`."""

import signal
from argparse import ArgumentParser
from threading import Event, Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import metrics
from chat import worker
from safety import book_watch


class Command(BaseCommand):
    """Run due tasks until Ctrl-C or SIGTERM."""

    help = "Run the tasks that are due, again and again, or once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run every task once, then exit")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            self.run_once()
            return
        metrics.serve(role="worker")
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        watching = (stop, book_watch.BookWatch())  # a case opened here names the active version
        Thread(target=book_watch.run_until, args=watching, name="rule book", daemon=True).start()
        worker.run_until(stop)

    def run_once(self) -> None:
        """One turn, with one line for each task; `CommandError` names those that failed."""
        done = worker.Clock(worker.all_tasks()).turn(now=timezone.now())
        for name, count in done.items():
            self.stdout.write(f"{name}: {'failed' if count is None else count}")
        if failed := [name for name, count in done.items() if count is None]:
            raise CommandError(f"failed: {', '.join(failed)}")
