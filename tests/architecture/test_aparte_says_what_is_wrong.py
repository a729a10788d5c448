"""./aparte where something is missing: one sentence that says what to do, and exit 1."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

TOOLS = ("sh", "cat", "cksum", "date", "dirname", "mkdir", "rm")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the script reads, with nothing set up yet."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("aparte", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with the tools of any Unix and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


def aparte(
    folder: Path, *arguments: str, path: str, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(folder / "aparte"), *arguments],
        env={"PATH": path, "HOME": str(folder), **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def the_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith((".", ")"))
    return last


def test_help_needs_nothing_at_all(checkout: Path, bare_path: Path):
    for arguments in ((), ("help",), ("--help",)):
        done = aparte(checkout, *arguments, path=str(bare_path))
        assert done.returncode == 0
        assert "demo" in done.stdout
    assert not (checkout / ".aparte").exists()


def test_without_python_it_asks_for_one(checkout: Path, bare_path: Path):
    if any(Path(place, "python3").exists() for place in ("/usr/local/bin", "/opt/homebrew/bin")):
        pytest.skip("this machine has a Python outside PATH, which aparte rightly finds")
    done = aparte(checkout, "demo", path=str(bare_path))
    assert "Python 3.12 or newer" in the_sentence(done)
    assert len(done.stderr.splitlines()) == 1


def test_a_python_that_is_named_right_and_does_not_run_is_passed_over(
    checkout: Path, bare_path: Path
):
    for name in ("python3.13", "python3.12", "python3"):
        shim = bare_path / name
        shim.write_text("#!/bin/sh\nexit 127\n")
        shim.chmod(0o755)
    good = checkout / ".pyenv" / "versions" / "3.12.9" / "bin"
    good.mkdir(parents=True)
    (good / "python3").write_text('#!/bin/sh\n[ "$1" = -c ] && echo "$0" && exit 0\nexit 1\n')
    (good / "python3").chmod(0o755)
    done = aparte(checkout, "demo", path=str(bare_path))
    assert "venv" in the_sentence(done)  # it went on with that one, which can do no more


def test_a_folder_that_cannot_be_written_is_named(checkout: Path, bare_path: Path):
    (checkout / ".aparte").write_text("a file where the folder should be")
    done = aparte(checkout, "demo", path=str(bare_path))
    assert f"{checkout}/.aparte" in the_sentence(done)
    assert "writable" in done.stderr


def test_without_network_it_says_so(checkout: Path):
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    offline |= {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    offline |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_NO_CACHE": "1"}
    offline |= {"PIP_NO_CACHE_DIR": "1"}
    path = os.pathsep.join([f"{sys.base_prefix}/bin", os.environ["PATH"]])
    done = aparte(checkout, "demo", path=path, **offline)
    assert "check the network" in the_sentence(done)


@pytest.mark.parametrize("environment", [{}, {"CC": "false"}])
def test_the_kernel_is_compiled_once_or_done_without(checkout: Path, environment: dict[str, str]):
    """Whoever cannot compile it is told so, once, and served by numpy."""
    rules = checkout / "safety" / "rules"
    rules.mkdir(parents=True)
    shutil.copy(ROOT / "safety" / "rules" / "kernel.py", rules)
    shutil.copytree(ROOT / "safety" / "rules" / "native", rules / "native")
    (checkout / "manage.py").write_text("print('managed')")
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    state = checkout / ".aparte"
    state.mkdir()
    lock = (checkout / "requirements.lock").read_bytes()
    noted = subprocess.run(["cksum"], input=lock, capture_output=True, check=True).stdout
    (state / "requirements.done").write_bytes(noted)
    first, second = (
        aparte(checkout, "check-books", path=os.environ["PATH"], **environment) for _ in range(2)
    )
    assert (first.stdout, second.stdout) == ("managed\n", "managed\n")
    assert ("numpy judge texts instead" in first.stderr) == bool(environment)
    assert (rules / "_kernel.abi3.so").exists() == (not environment)
    assert "kernel of screening" in first.stderr
    assert second.stderr == ""


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [str(ROOT / ".venv/bin/python"), "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "APARTE_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
    sentence = the_sentence(done)
    assert str(port) in sentence
    assert "--port" in sentence
