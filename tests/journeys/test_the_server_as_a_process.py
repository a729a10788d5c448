"""The product's CLI as people run it: it starts, says who can sign in, survives a kill, stops."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_server import ROOT, STOP_SECONDS, RunningServer
from tests.wire import until

pytestmark = pytest.mark.journey


def answers(server: RunningServer) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/api/session", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One for these tests alone, which kill it and start it again."""
    with RunningServer(home=tmp_path_factory.mktemp("own"), seeded=False) as running:
        yield running


def test_the_demo_names_its_people_and_conversations(own_server: RunningServer):
    assert answers(own_server)
    assert {"fan", "creator", "moderator"} <= {a["role"] for a in own_server.accounts}
    assert all(a["email"] and a["password"] and a["name"] for a in own_server.accounts)
    assert own_server.conversations
    assert all(c["id"] and c["fan"] and c["creator"] for c in own_server.conversations)


def test_a_killed_server_comes_back_with_the_same_people(own_server: RunningServer):
    before = own_server.accounts, own_server.conversations
    own_server.kill9()
    assert not answers(own_server)
    own_server.restart()
    assert answers(own_server)
    assert (own_server.accounts, own_server.conversations) == before


def test_sigterm_ends_it_cleanly(own_server: RunningServer):
    own_server.process.send_signal(signal.SIGTERM)
    assert own_server.process.wait(STOP_SECONDS) == 0
    assert "traceback" not in own_server.log.read_text().lower()
    own_server.restart()


def test_ctrl_c_ends_it_as_well(own_server: RunningServer):
    own_server.process.send_signal(signal.SIGINT)
    assert own_server.process.wait(STOP_SECONDS) == 0
    own_server.restart()


def test_a_second_server_on_its_port_is_refused_in_one_sentence(own_server: RunningServer):
    command = [sys.executable, "manage.py", "demo", "--port", str(own_server.port)]
    done = subprocess.run(
        command, cwd=ROOT, env=own_server.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "--port" in done.stderr.splitlines()[-1]
    assert answers(own_server)


def test_it_dies_with_the_process_that_started_it(tmp_path: Path):
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent died")
    starter = (
        "import os, pathlib, sys; from tests.running_server import RunningServer\n"
        f"home = pathlib.Path({str(tmp_path)!r})\n"
        "server = RunningServer(home=home, command=('serve',), seeded=False)\n"
        "server.__enter__(); print(server.port, flush=True); os._exit(0)"
    )
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", starter],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    orphan = RunningServer(home=tmp_path, port=int(done.stdout))
    until(lambda: not answers(orphan), seconds=STOP_SECONDS)
