"""`aparte worker`: the clock in a process of its own, beside `aparte serve --no-worker`."""

import argparse
import signal
from argparse import ArgumentParser
from threading import Event, Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import metrics
from chat import worker
from chat.server import database
from chat.server.kinship import die_with, give_up_after
from chat.server.life import STOP_SECONDS
from safety import book_watch


class Command(BaseCommand):
    """Run due tasks until Ctrl-C or SIGTERM."""

    help = "Run the tasks that are due, again and again, or once."

    requires_system_checks = ()  # some ask the database, which may not be up yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to run the tasks once; `--parent` is a supervisor, whose end is ours too."""
        parser.add_argument("--once", action="store_true", help="run every task once, then exit")
        parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)  # a supervisor

    def handle(self, *, once: bool, parent: int | None = None, **options: Any) -> None:
        """Run what is due until told to stop; the task that runs then ends first, within limits.

        On PostgreSQL any number of workers may run: deadlines are rows, and each is met once. With
        `--once`, one turn of every task and a line for each. Raises `CommandError` when the
        database or its tables stay away, or with `--once` when a task failed.
        """
        if once:
            self.run_once()
            return
        if parent is not None:
            die_with(parent)
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.told_to_stop(stop))
        wait_until_usable()
        self.check()
        metrics.serve(role="worker")
        watching = (stop, book_watch.BookWatch())  # a case opened here names the active version
        Thread(target=book_watch.run_until, args=watching, name="rule book", daemon=True).start()
        if parent is not None:
            self.stdout.write("ready")
            self.stdout.flush()
        worker.run_until(stop)

    def told_to_stop(self, stop: Event) -> None:
        """The task that is running ends first, within limits."""
        if not stop.is_set():
            give_up_after(STOP_SECONDS)
        stop.set()

    def run_once(self) -> None:
        """One turn, with one line for each task; `CommandError` names those that failed."""
        done = worker.Clock(worker.all_tasks()).turn(now=timezone.now())
        for name, count in done.items():
            self.stdout.write(f"{name}: {'failed' if count is None else count}")
        if failed := [name for name, count in done.items() if count is None]:
            raise CommandError(f"failed: {', '.join(failed)}")


def wait_until_usable() -> None:
    """Return once a server has migrated the database, or `CommandError`."""
    try:
        database.wait_for_database()
        database.wait_for_tables()
    except database.Away as away:
        raise CommandError(
            f"{away}: start it and `aparte serve`, or correct DATABASE_URL."
        ) from None
