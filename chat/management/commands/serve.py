"""`aparte serve`: the server and its clock, in one process or in several."""

import argparse
import socket
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat import server
from chat.server import database, supervisor
from chat.server.address import adopt
from chat.server.kinship import die_with
from safety.book_watch import BookWatch
from safety.screening import warm_up
from safety.second_opinion import questions, stage
from safety.second_opinion.supervisor import kept, require_short


class Command(BaseCommand):
    """Serve until Ctrl-C or SIGTERM; the database is migrated first when it must be."""

    help = (
        "Serve on one address: in this process, with the clock beside it, or with --processes in"
        " several that this one starts, restarts, replaces on SIGHUP and stops."
    )

    requires_system_checks = ()  # some ask the database, which may not be up yet: see `serve`

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, through which library, and in how many processes. `--listening` and
        `--parent` are a supervisor's: the socket it opened, and whose end is this process's end."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on")
        parser.add_argument(
            "--server",
            type=server.Library,
            choices=list(server.Library),
            default=server.Library.DAPHNE,
            help="library that speaks HTTP and WebSocket (default: daphne)",
        )
        parser.add_argument(
            "--processes",
            type=at_least_one,
            help="server processes under a supervisor; several need PostgreSQL and Redis",
        )
        parser.add_argument(
            "--workers",
            type=at_least_one,
            default=1,
            help="with --processes: how many clocks; several need PostgreSQL (default: 1)",
        )
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="leave the clock to a process of its own (aparte worker)",
        )
        parser.add_argument("--listening", type=int, help=argparse.SUPPRESS)  # of a supervisor
        parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)

    def handle(
        self,
        *,
        host: str,
        port: int,
        no_worker: bool,
        processes: int | None = None,
        workers: int = 1,
        listening: int | None = None,
        parent: int | None = None,
        **options: Any,
    ) -> None:
        """Serve until Ctrl-C or SIGTERM, then drain at most `settings.DRAIN_SECONDS`.

        One line is printed once connections are accepted: the address, or `ready` to a supervisor.
        Raises `CommandError`, which says what to do, when the port is taken, the rule book or model
        does not load, the database stays away for `DATABASE_WAIT_SECONDS`, the library is not
        installed, or several processes are asked for where PostgreSQL or Redis is missing.
        """
        self.library = options.get("server", server.Library.DAPHNE)
        require_library(self.library)
        if listening is not None and parent is not None:
            die_with(parent)
            self.serve(partial(adopt, listening), with_worker=False, greeting="ready")
            return
        greeting = f"http://{host}:{port}"
        if processes is not None:
            plan = supervisor.Plan(processes, 0 if no_worker else workers, self.library)
            self.supervise(host, port, plan=plan, greeting=greeting)
            return
        self.prepare(host=host, port=port)
        self.serve(partial(listen, host, port), with_worker=not no_worker, greeting=greeting)

    def prepare(self, *, host: str, port: int) -> None:
        """A free port, a rule book and a model that load, a database; or `CommandError`."""
        require_free_port(host, port)
        ready_to_screen()
        wait_for_database()

    def serve(
        self, opened: Callable[[], socket.socket], *, with_worker: bool, greeting: str
    ) -> None:
        """Print `greeting` once connections are accepted, and return when told to stop.

        `opened` gives the socket to accept them from, when everything else is ready.
        """
        ready_to_screen()
        wait_for_database()
        self.check()
        database.migrate_when_needed()
        life = server.Life(
            with_worker=with_worker, watch=started_watch(), on_ready=lambda: self.say(greeting)
        )
        with second_stage():
            server.run(self.library, listening=opened(), life=life)

    def supervise(self, host: str, port: int, *, plan: supervisor.Plan, greeting: str) -> None:
        """Serve through processes of their own; `CommandError` when they cannot be."""
        try:
            plan.require_possible()
            require_free_port(host, port)
            wait_for_database()
            database.migrate_when_needed()
            database.leave()
            with listen(host, port) as listening:
                supervisor.run(plan, listening=listening, on_ready=lambda: self.say(greeting))
        except (supervisor.Impossible, supervisor.NeverStarted) as error:
            raise CommandError(f"{error}.") from None

    def say(self, line: str) -> None:
        """For whoever waits for us: a person, a script or a supervisor."""
        self.stdout.write(line)
        self.stdout.flush()


def at_least_one(text: str) -> int:
    """A number of processes."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def require_library(library: server.Library) -> None:
    """`CommandError` when it is not installed."""
    try:
        server.require_installed(library)
    except server.Missing as missing:
        raise CommandError(f"{missing}.") from None


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, or `CommandError`."""
    try:
        return server.listen(host=host, port=port)
    except server.PortTaken as taken:
        raise CommandError(f"{taken}: choose another port with --port.") from None


def require_free_port(host: str, port: int) -> None:
    """`CommandError` when something listens there."""
    try:
        server.require_free_port(host=host, port=port)
    except server.PortTaken as taken:
        raise CommandError(
            f"{taken}: stop what uses it, or choose another port with --port."
        ) from None


def ready_to_screen() -> None:
    """A rule book and a model that load, or `CommandError`; costs nothing the second time."""
    try:
        warm_up(rules_only=settings.SCREENING_RULES_ONLY)
    except ValueError as error:
        raise CommandError(f"the rule book does not load: {error}") from None


def wait_for_database() -> None:
    """Return once it answers, or `CommandError`."""
    try:
        database.wait_for_database()
    except database.Away as away:
        raise CommandError(f"{away}: start it, or correct DATABASE_URL.") from None


def second_stage() -> AbstractContextManager[object]:
    """A worker of the second stage for this machine, if there is to be one; `CommandError` when it
    is wanted and cannot be."""
    if not stage.enabled():
        return nullcontext()
    if not questions.installed():
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
