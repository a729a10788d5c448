"""Messages and money through the real PgBouncer in transaction mode, set as deploy says."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.running_server import ROOT, RunningServer, free_port
from tests.wire import Person, until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
SHIPPED = ROOT / "deploy" / "pgbouncer" / "pgbouncer.ini"
NOBODY = 65534
MESSAGES = 12

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed: it is not tried"),
]


@contextmanager
def pooler() -> Iterator[str]:
    """PgBouncer on a port of its own, with few connections; its address, and who signs in."""
    real, port = urlsplit(os.environ["DATABASE_URL"]), free_port()
    password = f"password={real.password} " if real.password else ""
    text = SHIPPED.read_text()
    for old, new in (
        ("host=127.0.0.1 port=5432", f"host={real.hostname} port={real.port or 5432}"),
        ("listen_port = 6432", f"listen_port = {port}"),
        ("auth_type = scram-sha-256", "auth_type = any"),
        ("* = ", f"* = user={real.username} {password}"),
        ("auth_file = /etc/pgbouncer/userlist.txt", "unix_socket_dir ="),
        ("default_pool_size = 20", "default_pool_size = 2"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    address = f"{real.username}@127.0.0.1:{port}"
    with TemporaryDirectory(prefix="pgbouncer") as folder:
        settings = Path(folder, "pgbouncer.ini")
        settings.write_text(text)
        with subprocess.Popen(_command(settings), stderr=subprocess.DEVNULL) as process:
            try:
                until(lambda: _answers(f"postgresql://{address}{real.path}"))
                yield address
            finally:
                process.terminate()


def _command(settings: Path) -> list[str]:
    """PgBouncer does not run as root."""
    assert PROGRAM
    command = [PROGRAM, str(settings)]
    if os.geteuid() == 0:
        settings.chmod(0o644)
        settings.parent.chmod(0o755)
        ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        return ["setpriv", *ids, *command]
    return command


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def pooled(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that reaches its database through the pooler."""
    with pooler() as address:
        env = {"DATABASE_POOLER": "transaction"}
        server = RunningServer(home=tmp_path, env=env)
        own = urlsplit(server.env["DATABASE_URL"])
        server.env["DATABASE_URL"] = own._replace(netloc=address).geturl()
        with server:
            yield server


def test_paid_messages_answers_and_the_clock_work_and_the_books_balance(
    pooled: RunningServer,
) -> None:
    with (
        Person.new_fan(pooled, cents=5_000) as fan,
        Person.of(pooled, "creator") as creator,
        fan.socket() as talk,
        creator.socket() as answering,
    ):
        place = fan.open(creator)
        for number in range(MESSAGES):
            sent = talk.send(place, f"Message {number}")
            assert sent["state"] == "delivered", sent
            answering.wait_for("message_delivered", message_id=sent["message_id"])
            assert answering.send(place, f"Answer {number}", most=0)["state"] == "delivered"
        talk.wait_for("answer_captured")
        page = talk.ask("history", conversation_id=place, limit=50)
        assert len(page["messages"]) == 2 * MESSAGES
    checked = pooled.manage("check_books")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    log = pooled.log.read_text()
    assert "prepared statement" not in log
    assert "chat.batching" not in log  # no batch was undone
