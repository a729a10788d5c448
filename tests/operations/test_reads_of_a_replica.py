"""Deep pages of history come from a real replica that is far enough, else from the primary."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from chat.queries.pages import history_page
from tests.chat import talk as chat_talk
from tests.operations.streaming import Postgres, Streaming, missing, streaming
from tests.running_server import RunningServer, free_port
from tests.scrape import Scrape
from tests.wire import Person, Socket, until

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"a replica is not tried: {', '.join(missing())} is not installed"
)

NUMBERS = count(1_000_000)  # of pages: each is found in a log of statements by its own


@pytest.fixture(scope="module")
def databases() -> Iterator[Streaming]:
    with streaming() as running, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DATABASE_URL", running.primary.url)
        yield running


@pytest.fixture(scope="module")
def server(
    databases: Streaming, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server on both databases."""
    env = {"METRICS_PORT": str(free_port()), "REDIS_URL": ""}
    one = RunningServer(home=tmp_path_factory.mktemp("replicated"), env=env, seeded=False)
    name = urlsplit(one.env["DATABASE_URL"]).path
    replica = urlsplit(databases.replica.url)._replace(path=name)
    one.env["DATABASE_REPLICA_URL"] = replica.geturl()
    with one:
        yield one


@dataclass
class Talk:
    """A fan who writes on that server, and a creator whose pages come from one or the other."""

    databases: Streaming
    place: str
    fan: Socket
    creator: Socket
    scrape: Scrape

    def say(self, body: str) -> str:
        """A message of the fan; its id."""
        receipt = self.fan.send(self.place, body)
        assert receipt["state"] == "delivered", receipt
        return str(receipt["message_id"])

    def page(self) -> tuple[list[dict[str, Any]], Postgres]:
        """What the creator reads before some number, and the database it was read from."""
        number = next(NUMBERS)
        page = self.creator.ask("history", conversation_id=self.place, before_seq=number, limit=50)
        assert page["t"] == "history_page", page
        words = f"$2 = '{{{number}}}'"  # what the statement that reads messages was given
        both = (self.databases.primary, self.databases.replica)
        (reader,) = [one for one in both if one.was_asked(words)]
        return page["messages"], reader

    def bodies(self) -> list[str]:
        """The texts of such a page."""
        return [message["body"] for message in self.page()[0]]

    def reads(self) -> Postgres:
        """Where a page comes from now."""
        return self.page()[1]

    def counted(self, outcome: str) -> float:
        """How many pages had this outcome."""
        return self.scrape.value("aparte_replica_reads_total", outcome=outcome)


@pytest.fixture
def talk(databases: Streaming, server: RunningServer) -> Iterator[Talk]:
    """A new conversation; the replica answers, also afterwards."""
    with (
        Person.new_fan(server, cents=2_000) as fan,
        Person.of(server, "creator") as creator,
        fan.socket() as writing,
        creator.socket() as reading,
    ):
        place = fan.open(creator)
        scrape = Scrape(int(server.env["METRICS_PORT"]))
        talk = Talk(databases, place, writing, reading, scrape)
        talk.say("First")
        until(lambda: talk.reads() is databases.replica)
        yield talk


def test_a_page_that_names_a_number_is_read_there(talk: Talk, databases: Streaming) -> None:
    before = talk.counted("replica")
    talk.say("Second")
    until(lambda: talk.reads() is databases.replica)
    assert talk.bodies() == ["First", "Second"]
    assert talk.counted("replica") > before


def test_the_newest_page_and_what_was_missed_are_read_on_the_primary(talk: Talk) -> None:
    before = talk.counted("replica")
    newest = talk.creator.ask("history", conversation_id=talk.place, limit=50)
    assert [message["body"] for message in newest["messages"]] == ["First"]
    talk.creator.ask("resume", cursors=[{"conversation_id": talk.place, "seq": 0}])
    assert talk.creator.wait_for("message_delivered")["body"] == "First"
    assert talk.counted("replica") == before


def test_a_replica_that_is_behind_leaves_the_page_to_the_primary(
    talk: Talk, databases: Streaming
) -> None:
    with databases.paused():
        talk.say("Second")
        messages, reader = talk.page()
        assert [message["body"] for message in messages] == ["First", "Second"]
        assert reader is databases.primary
        assert talk.counted("behind") > 0
    until(lambda: talk.reads() is databases.replica)
    assert talk.bodies() == ["First", "Second"]


def test_what_was_taken_back_is_gone_though_the_replica_still_has_it(
    talk: Talk, databases: Streaming
) -> None:
    message_id = talk.say("A regretted word")
    until(lambda: talk.reads() is databases.replica)
    with databases.paused():
        done = talk.fan.ask("unsend_message", conversation_id=talk.place, message_id=message_id)
        assert done["state"] == "unsent", done
        messages, reader = talk.page()
    assert [(one["state"], one["body"]) for one in messages][1:] == [("unsent", "")]
    assert reader is databases.primary


def test_a_stranger_reads_nothing_from_it_either(
    talk: Talk, databases: Streaming, server: RunningServer
) -> None:
    with Person.new_fan(server) as stranger, stranger.socket() as other:
        number = next(NUMBERS)
        no = other.ask("history", conversation_id=talk.place, before_seq=number, limit=50)
    assert (no["t"], no["code"]) == ("refused", "not_found")
    assert not databases.replica.was_asked(str(number))


def test_a_replica_that_is_gone_costs_a_page_of_the_primary_and_is_used_again(
    talk: Talk, databases: Streaming, server: RunningServer
) -> None:
    with databases.alone():
        for _ in range(3):
            messages, reader = talk.page()
            assert [message["body"] for message in messages] == ["First"]
            assert reader is databases.primary
        assert talk.counted("away") > 0
        assert talk.counted("resting") > 0  # it was not asked for every one of them
        assert "replica: it does not answer (OperationalError)" in server.log.read_text()
        assert httpx.get(f"{server.url}/readyz").json()["degraded"] == ["replica"]
        talk.say("Second")
    until(lambda: talk.reads() is databases.replica)
    assert httpx.get(f"{server.url}/readyz").json()["degraded"] == []
    assert talk.bodies() == ["First", "Second"]
    assert "replica: it answers again" in server.log.read_text()


def test_a_replica_that_keeps_people_waiting_is_left_soon(talk: Talk, databases: Streaming) -> None:
    before = talk.counted("away")
    with databases.shut():
        messages, reader = talk.page()
        assert [message["body"] for message in messages] == ["First"]
        assert reader is databases.primary
        assert talk.counted("away") == before + 1
    until(lambda: talk.reads() is databases.replica)


def test_without_a_replica_nothing_is_asked_beside(
    db: None, django_assert_num_queries: Any
) -> None:
    place = chat_talk.Talk().place
    queries = 2 if connection.vendor == "postgresql" else 3  # it, and its messages with its lines
    with django_assert_num_queries(queries) as asked:
        history_page(
            reader_id=place.fan_id,
            conversation_id=place.id,
            before_seq=5,
            limit=50,
            now=timezone.now(),
        )
    assert not [one["sql"] for one in asked.captured_queries if "_wal_" in one["sql"]]


def test_a_replica_of_sqlite_is_refused(tmp_path: Path) -> None:
    urls = {"DATABASE_URL": f"sqlite:///{tmp_path}/db", "DATABASE_REPLICA_URL": "postgresql:///db"}
    done = RunningServer(home=tmp_path, env=urls).manage("check")
    assert done.returncode == 1
    assert "DATABASE_REPLICA_URL is a PostgreSQL replica of the PostgreSQL" in done.stderr
