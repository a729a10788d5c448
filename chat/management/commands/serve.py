"""`aparte serve`: the server and its clock in one process."""

from argparse import ArgumentParser
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from chat import server
from safety.book_watch import BookWatch
from safety.screening import warm_up
from safety.second_opinion import stage
from safety.second_opinion.supervisor import kept, require_short


class Command(BaseCommand):
    """Serve until Ctrl-C or SIGTERM; the database is migrated first when it must be."""

    help = "Serve on one address, with the clock in the same process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on")
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="leave the clock to a process of its own (aparte worker)",
        )

    def handle(self, *, host: str, port: int, no_worker: bool, **options: Any) -> None:
        self.prepare(host=host, port=port)
        self.serve(
            host=host, port=port, with_worker=not no_worker, greeting=f"http://{host}:{port}"
        )

    def prepare(self, *, host: str, port: int) -> None:
        """A free port, and a rule book and a model that load, or `CommandError`."""
        try:
            server.require_free_port(host=host, port=port)
        except server.PortTaken as taken:
            raise CommandError(
                f"{taken}: stop what uses it, or choose another port with --port."
            ) from None
        try:
            warm_up(rules_only=settings.SCREENING_RULES_ONLY)
        except ValueError as error:
            raise CommandError(f"the rule book does not load: {error}") from None

    def serve(self, *, host: str, port: int, with_worker: bool, greeting: str) -> None:
        """Print `greeting` once requests are answered, and return when told to stop."""

        def greet() -> None:
            self.stdout.write(greeting)
            self.stdout.flush()

        migrate_when_needed()
        watch = started_watch()
        try:
            with second_stage():
                server.run(
                    host=host, port=port, with_worker=with_worker, watch=watch, on_ready=greet
                )
        except server.PortTaken as taken:
            raise CommandError(f"{taken}: choose another port with --port.") from None


def second_stage() -> AbstractContextManager[object]:
    """A worker of the second stage for this machine, if there is to be one; `CommandError` when it
    is wanted and cannot be."""
    if not stage.enabled():
        return nullcontext()
    if not stage.installed():
        raise CommandError(
            "SECOND_OPINION is on and its encoder is missing: pip install 'aparte[second-opinion]'."
        )
    try:
        require_short(stage.socket_path())
    except ValueError as refused:
        raise CommandError(f"{refused}.") from None
    return kept(stage.socket_path())


def started_watch() -> BookWatch:
    """From here this process screens with the active rule book; `CommandError` without any."""
    watch = BookWatch()
    try:
        watch.start()
    except ValueError as error:
        raise CommandError(f"no rule book can be used here: {error}") from None
    return watch


def migrate_when_needed() -> None:
    """Bring the database to this version; costs nothing to speak of when it is already there."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
