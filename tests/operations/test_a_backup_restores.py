"""A copy taken while people write, restored elsewhere: the books balance and life goes on."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from tests.journeys import studio
from tests.paywall import pictures
from tests.running_server import RunningServer
from tests.wire import Person, Socket, until

PASSWORD = "a-password-that-is-kept"
LINES_MAX = 40  # with the others, less than a page of history


@pytest.fixture(autouse=True)
def tools() -> None:
    if connection.vendor == "postgresql" and not shutil.which("pg_dump"):
        pytest.skip("pg_dump is not installed: no backup is tried")


def back_up(server: RunningServer, folder: Path) -> None:
    """As docs/operations.md says: the database first, then the media; the secrets beside them."""
    folder.mkdir()
    if connection.vendor == "postgresql":
        _run("pg_dump", "--format=custom", f"--file={folder}/dump", server.env["DATABASE_URL"])
    else:
        with closing(sqlite3.connect(server.home / "aparte.sqlite3")) as database:
            database.execute("VACUUM INTO ?", [str(folder / "copy.sqlite3")])
    for name in ("media", "secrets"):
        shutil.copytree(server.home / name, folder / name)


def restore(folder: Path, server: RunningServer) -> None:
    """Into a home and a database that were never used; the server does not run yet."""
    server.home.mkdir()
    for name in ("media", "secrets"):
        shutil.copytree(folder / name, server.home / name)
    if connection.vendor == "postgresql":
        url = server.env["DATABASE_URL"]
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{url.rsplit("/", 1)[1]}"'.encode())
        _run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", f"{folder}/dump")
    else:
        shutil.copy(folder / "copy.sqlite3", server.home / "aparte.sqlite3")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[RunningServer]:
    """Another server, for the copy; not started."""
    server = RunningServer(home=tmp_path / "restored", command=("serve",), seeded=False)
    try:
        yield server
    finally:
        server.stop()


def test_what_was_paid_before_the_copy_is_there_after_it(
    tmp_path: Path, restored: RunningServer
) -> None:
    with RunningServer(home=tmp_path / "first", seeded=False) as first:
        email, place, unlocked = live(first, tmp_path / "copy")
    restore(tmp_path / "copy", restored)
    checked = restored.manage("check_books")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    restored.start()
    with Person(restored, email) as fan:
        fan.sign_in(PASSWORD)
        with fan.socket() as talk:
            page = talk.ask("history", conversation_id=place, limit=50)
            numbers = [message["seq"] for message in page["messages"]]
            assert "Kept" in [message["body"] for message in page["messages"]]
            assert numbers == list(range(1, len(numbers) + 1))
            assert talk.send(place, "And on")["seq"] == len(numbers) + 1
        (link,) = fan.post(f"/api/unlocks/{unlocked}/links").json()
        assert fan.get(link["url"]).status_code == 200
    assert restored.manage("check_books").returncode == 0


def live(server: RunningServer, copy: Path) -> tuple[str, str, str]:
    """A fan writes, buys, and goes on writing while the copy is made: who, where, what."""
    fan = Person(server, f"{uuid7().hex}@new.example")
    with fan, Person.of(server, "creator") as creator, creator.socket() as answering:
        fan.sign_up(PASSWORD)
        fan.top_up(10_000)
        with fan.socket() as talk:
            place = fan.open(creator)
            assert talk.send(place, "Kept")["state"] == "delivered"
            offer = studio.sell(creator, answering, place, pictures.jpeg(600, 400), cents=800)
            bought = talk.ask("unlock", offer_id=offer, client_id=str(uuid7()), max_price_cents=800)
            writing = Writing(answering, place)
            until(lambda: writing.sent > 2)
            back_up(server, copy)
            writing.end()
        return fan.email, place, bought["entitlement_id"]


class Writing(Thread):
    """Somebody who does not stop writing."""

    def __init__(self, socket: Socket, place: str) -> None:
        super().__init__()
        self.sent = 0
        self._socket, self._place, self._enough = socket, place, Event()
        self.start()

    def run(self) -> None:
        while self.sent < LINES_MAX and not self._enough.wait(0.1):
            self._socket.send(self._place, f"Line {self.sent}", most=0)
            self.sent += 1

    def end(self) -> None:
        """Stop, once what is under way has its answer."""
        self._enough.set()
        self.join()
