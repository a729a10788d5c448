"""What happens to messages shows in /metrics of the process it happened in, and nowhere public."""

import socket
import subprocess
import sys

import httpx
import pytest

from accounts import metrics
from tests import broken_rule
from tests.operations import talkative
from tests.running_server import ROOT, START_SECONDS, RunningServer, free_port
from tests.scrape import Scrape
from tests.wire import Person, until


@pytest.fixture
def base(careless: RunningServer) -> int:
    """The port on which the server's own metrics are."""
    return int(careless.env["METRICS_PORT"])


def test_a_sent_message_moves_every_stage(careless: RunningServer, base: int) -> None:
    scrape = Scrape(base)
    with (
        Person.new_fan(careless, cents=1_000) as fan,
        Person.of(careless, "creator") as creator,
        fan.socket() as talk,
        creator.socket() as other,
    ):
        place = fan.open(creator)
        counted = {
            "aparte_screened_total": {"action": "pass"},
            "aparte_screen_seconds_count": {},
            "aparte_queue_wait_seconds_count": {},
            "aparte_commit_seconds_count": {},
            "aparte_commit_drafts_sum": {},
            "aparte_sends_total": {"outcome": "delivered"},
            "aparte_fanout_seconds_count": {},
            "aparte_fanout_parcels_total": {},
            "aparte_fanout_frames_total": {},
            "aparte_fanout_bytes_total": {},
        }
        before = {name: scrape.value(name, **labels) for name, labels in counted.items()}
        assert talk.send(place)["state"] == "delivered"
        other.wait_for("message_delivered")
        for name, labels in counted.items():
            assert scrape.value(name, **labels) > before[name], name
        until(lambda: scrape.value("aparte_sockets") == 2)
        refused = scrape.value("aparte_sends_total", outcome="price_changed")
        talk.send(place, most=1)
        assert scrape.value("aparte_sends_total", outcome="price_changed") == refused + 1
        assert talk.send(place, "Call me on 06 39 98 12 34")["state"] == "held"
        assert scrape.value("aparte_screened_total", action="hold") >= 1
        undone = scrape.value("aparte_commit_failures_total")
        assert talk.send(place, talkative.IN_THE_WRITER)["code"] == "internal_error"
        assert scrape.value("aparte_commit_failures_total") == undone + 1
        technical = scrape.value("aparte_screened_total", cause="technical")
        assert talk.send(place, broken_rule.RAISES)["state"] == "held"
        assert scrape.value("aparte_screened_total", cause="technical") == technical + 1
    until(lambda: scrape.value("aparte_sockets") == 0)
    assert scrape.value("aparte_queue_depth") == 0
    assert scrape.value("aparte_process", role="server") == 1


def test_the_clock_says_when_each_task_last_ended(careless: RunningServer, base: int) -> None:
    scrape = Scrape(base)
    name = "aparte_task_last_run_timestamp_seconds"
    until(lambda: scrape.value(name, task="refund_unanswered") > 0)
    first = scrape.value(name, task="refund_unanswered")
    until(lambda: scrape.value(name, task="refund_unanswered") > first)


def test_the_public_port_does_not_serve_them(careless: RunningServer) -> None:
    assert "aparte_" not in httpx.get(f"{careless.url}/metrics").text


def test_a_second_process_takes_the_next_free_port(careless: RunningServer) -> None:
    """One that is somebody else's is passed over."""
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", free_port()))
        stranger.listen()
        theirs = stranger.getsockname()[1]
        command = [sys.executable, "manage.py", "worker"]
        env = careless.env | {"METRICS_PORT": str(theirs)}
        with subprocess.Popen(command, cwd=ROOT, env=env) as worker:
            try:
                behind = [Scrape(theirs + n) for n in range(1, metrics.PORTS)]
                until(lambda: any(one.is_a("worker") for one in behind), seconds=START_SECONDS)
            finally:
                worker.terminate()


def test_without_a_port_nothing_is_served(settings: object) -> None:
    assert metrics.serve(role="server") == 0


def test_no_free_port_is_said_and_stops_nobody(
    settings: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(metrics, "PORTS", 1)
        settings.METRICS_PORT = taken.getsockname()[1]  # type: ignore[attr-defined]
        assert metrics.serve(role="server") == 0
    assert "no free port" in caplog.text
