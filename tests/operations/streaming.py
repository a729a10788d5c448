"""A primary and its streaming replica, real and our own; both write down what they are asked."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import psycopg

from bench.processes import Program
from bench.scratch import postgres_program, postgres_tool, postmaster, unprivileged
from tests.wire import until

WAIT_SECONDS = 30  # longer than anybody who asks for a page
TOOLS = ("initdb", "pg_basebackup", "postgres")


@dataclass(frozen=True, slots=True)
class Postgres:
    """One of the two."""

    program: Program
    url: str

    def was_asked(self, words: str) -> bool:
        """Whether a statement with these words came."""
        return words in self.program.log.read_text()

    def ask(self, statement: str) -> Any:
        """The one value that this statement answers with."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


@dataclass(frozen=True, slots=True)
class Streaming:
    """Both, running."""

    primary: Postgres
    replica: Postgres

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Meanwhile the replica shows nothing that is written."""
        self.replica.ask("SELECT pg_wal_replay_pause()")
        until(lambda: self.replica.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")
        try:
            yield
        finally:
            self.replica.ask("SELECT pg_wal_replay_resume()")

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Meanwhile the replica ends its sessions, and keeps whoever comes waiting for seconds."""
        with psycopg.connect(self.replica.url, autocommit=True) as inside:
            inside.execute(f"ALTER SYSTEM SET post_auth_delay = {WAIT_SECONDS}")
            inside.execute("SELECT pg_reload_conf()")
            inside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            try:
                yield
            finally:
                inside.execute("ALTER SYSTEM RESET post_auth_delay")
                inside.execute("SELECT pg_reload_conf()")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Meanwhile there is no replica."""
        self.replica.program.stop()
        try:
            yield
        finally:
            self.replica.program.start(core=None)


def missing() -> list[str]:
    """The programs that are not installed here."""
    return [name for name in TOOLS if not postgres_program(name)]


@contextmanager
def streaming() -> Iterator[Streaming]:
    """Start them; gone when it is over. Ask `missing` before."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aparte-replica-")))
        user = unprivileged()
        if user is not None:
            shutil.chown(folder, user)
        first, second = folder / "primary", folder / "replica"
        new = ("-U", "postgres", "-A", "trust", "-N")
        postgres_tool("initdb", "-D", str(first), *new, user=user)
        primary = _started(stack, first, user)
        source = ("-h", "127.0.0.1", "-p", str(urlsplit(primary.url).port), "-U", "postgres")
        copied = ("-D", str(second), "-R", "-c", "fast")
        postgres_tool("pg_basebackup", *source, *copied, user=user)
        yield Streaming(primary, _started(stack, second, user))


def _started(stack: ExitStack, data: Path, user: str | None) -> Postgres:
    program, url = postmaster(data, "log_statement=all", user=user)
    stack.callback(program.stop)
    program.start(core=None)
    return Postgres(program, url)
