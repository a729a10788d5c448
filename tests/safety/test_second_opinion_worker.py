"""The worker of the second stage as a process: it answers, hangs, dies, and comes back."""

import asyncio
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from safety.screening import in_force
from safety.second_opinion import frames
from safety.second_opinion.breaker import FAILURES_MAX
from safety.second_opinion.client import Client
from safety.second_opinion.questions import ask_now, probe
from safety.second_opinion.supervisor import SOURCE, Supervisor, kept, require_short
from safety.second_opinion.worker import WAITING_MAX, Worker, listening_on
from tests.safety.second_stage import (
    doubtful,
    needs_encoder,
    stopped,
    wait_for_worker,
    worker_of,
)

pytestmark = needs_encoder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """A worker, and who keeps it."""
    path = tmp_path_factory.mktemp("stage") / "run" / "second.sock"
    supervisor = Supervisor(path)
    wait_for_worker(supervisor)
    yield supervisor
    supervisor.end()


@pytest.fixture
def path(running: Supervisor) -> Path:
    wait_for_worker(running)
    return running._path


def question(client: Client, number: int = 0):
    text, verdict = doubtful(grave=True)[number]
    chances = {name: verdict.scores[name] for name in verdict.uncertain}
    return client.ask(text, language=verdict.language, chances=chances, model=verdict.model)


def patient(path: Path, **options) -> Client:
    """A client that a busy machine does not fool."""
    return Client(path, cut_seconds=10, **options)


async def ask_until_open(client: Client) -> None:
    for _ in range(FAILURES_MAX):
        assert await question(client) is None
    assert client.breaker.open


async def test_the_same_question_has_the_same_answer_of_chances(path: Path) -> None:
    client = patient(path)
    for number in range(20):
        first, again = await question(client, number), await question(client, number)
        assert first == again
        assert first is not None
        assert all(0 < chance < 1 for chance in first.values())
    client.close()


async def test_a_text_of_any_length_and_kind_is_answered(path: Path) -> None:
    client = patient(path)
    known = sorted(in_force().book.thresholds)
    for text in ("", "\ud800 half a pair", "mot " * 1_300, "\u202e\u0301" * 99, "x" * 5_200):
        found = await client.ask(
            text, language="", chances={known[0]: 0.3}, model=in_force().book.model
        )
        assert found is not None
        assert found.keys() == {known[0]}
    client.close()


async def test_the_answer_of_another_model_does_not_count(path: Path) -> None:
    client = patient(path)
    assert await client.ask("bonjour", language="fr", chances={}, model="another") is None
    assert await client.ask("hi", language="fr", chances={}, model=in_force().book.model) == {}
    client.close()


def test_only_this_user_may_speak_to_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_who_speaks_nonsense_is_hung_up_on_and_nobody_else_suffers(path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"\x00\x00\x00\x05junk!")
    assert await reader.read() == b""
    writer.close()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"\xff\xff\xff\xff")
    assert await reader.read() == b""
    writer.close()
    assert ask_now(path, probe(), seconds=10) is not None


async def test_a_worker_that_hangs_is_cut_then_left_alone_then_found_again(path: Path) -> None:
    back = asyncio.Event()
    client = Client(path, on_return=back.set)
    with stopped(worker_of(path)):
        await ask_until_open(client)
        assert await question(client) is None  # at once: nobody is asked any more
    await back.wait()
    assert not client.breaker.open
    client.close()


async def test_a_worker_that_was_killed_is_started_again(running: Supervisor, path: Path) -> None:
    back = asyncio.Event()
    client = patient(path, on_return=back.set)
    assert await question(client) is not None
    before = worker_of(path)
    os.kill(before, signal.SIGKILL)
    await ask_until_open(client)
    await asyncio.to_thread(wait_for_worker, running)
    assert worker_of(path) != before
    await back.wait()
    assert await question(client) is not None
    client.close()


def test_a_worker_that_stays_silent_is_killed_and_replaced(tmp_path: Path) -> None:
    now = [0.0]
    supervisor = Supervisor(tmp_path / "s.sock", clock=lambda: now[0])
    wait_for_worker(supervisor)
    before = worker_of(tmp_path / "s.sock")
    with stopped(before):
        assert not supervisor.turn()
        now[0] += 60
        assert not supervisor.turn()
        assert supervisor.child
        assert supervisor.child.wait() == -signal.SIGKILL
        now[0] += 60
    wait_for_worker(supervisor)
    assert worker_of(tmp_path / "s.sock") != before
    supervisor.end()


def test_one_worker_serves_a_machine_and_another_takes_over(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with kept(path) as first:
        serving = worker_of(path)
        with kept(path) as second:
            assert second.child is None
            assert worker_of(path) == serving
            first.end()
            wait_for_worker(second)
            assert worker_of(path) != serving


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    program = (
        "import sys, time; from pathlib import Path;"
        "from safety.second_opinion.supervisor import Supervisor;"
        "s = Supervisor(Path(sys.argv[1]))\nwhile not s.turn(): pass\n"
        "print(s.child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], cwd=SOURCE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert worker_of(path) == child
    parent.kill()
    parent.wait()
    parent.stdout.close()
    with path.with_suffix(".lock").open() as lock:  # free once the worker is gone
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert ask_now(path, probe(), seconds=0.1) is None


async def test_what_comes_while_it_has_too_much_to_do_is_refused_at_once(tmp_path: Path) -> None:
    free = Event()

    def slow(question: frames.Ask) -> dict[str, float]:
        free.wait()
        return {}

    with listening_on(tmp_path / "s.sock") as listening:
        stop = asyncio.Event()
        serving = asyncio.create_task(Worker(slow, "model").serve(listening, stop))
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
        for number in range(WAITING_MAX + 1):
            writer.write(frames.packed(probe(number)))
        assert await frames.read(reader, frames.Answer) == frames.Answer(
            id=WAITING_MAX, model="model", chances=None
        )
        free.set()
        assert (await frames.read(reader, frames.Answer)).chances == {}
        writer.close()
        stop.set()
        await serving


def test_a_socket_name_that_no_system_takes_is_refused_in_words(tmp_path: Path) -> None:
    require_short(tmp_path / "s.sock")
    with pytest.raises(ValueError, match="APARTE_HOME"):
        require_short(tmp_path / ("x" * 120))


def test_nothing_of_a_text_reaches_a_log(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    word = "zzqqword"
    assert ask_now(path, frames.ask(id=1, text=word, language="fr", chances={}), seconds=10)
    told = capfd.readouterr()
    assert word not in told.out + told.err
