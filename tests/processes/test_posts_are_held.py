"""A place under a supervisor: who ends is followed by another, later and later; who does not come
up replaces nobody; who does not leave is killed. With small programs in place of servers."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat.server import Library, Missing, libraries, require_installed
from chat.server.posts import Post
from tests.processes.family import gone
from tests.running_server import RunningServer

BUSY_MACHINE_SECONDS = 60.0
STAYS = "print('ready', flush=True); import time; time.sleep(600)"
ENDS = "print('ready', flush=True)"


def program(folder: Path, text: str) -> Path:
    """A program that writes down its number, then does as it is told."""
    path = folder / "program.py"
    path.write_text(f"import os, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))\n{text}")
    return path


def number(folder: Path) -> int:
    return int((folder / "pid").read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextlib.asynccontextmanager
async def post(path: Path, *, overlap: bool = True) -> AsyncIterator[Post]:
    place = Post("server 1", [sys.executable, str(path)], inherits=(), overlap=overlap)
    try:
        yield place
    finally:
        await place.stop()


async def test_a_post_whose_process_keeps_ending_is_taken_again_later_and_later(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with post(program(folder, ENDS)) as place:
        assert await place.start()
        keeping = asyncio.create_task(place.keep())
        async with asyncio.timeout(BUSY_MACHINE_SECONDS):
            while len(caplog.messages) < 3:  # noqa: ASYNC110  a line wakes nobody
                await asyncio.sleep(0.05)
        keeping.cancel()
        await asyncio.wait([keeping])
    assert [message.partition("again")[2] for message in caplog.messages[:3]] == [
        " after 0.5 s",
        " after 1.0 s",
        " after 2.0 s",
    ]


async def test_a_new_process_is_there_before_the_old_one_goes(folder: Path) -> None:
    async with post(program(folder, STAYS)) as place:
        assert await place.start()
        old = number(folder)
        assert await place.replace()
        assert number(folder) != old
        assert gone(old)
        assert not gone(number(folder))


async def test_a_new_process_that_does_not_come_up_replaces_nobody(folder: Path) -> None:
    async with post(program(folder, STAYS)) as place:
        assert await place.start()
        old = number(folder)
        program(folder, "raise SystemExit(1)")
        assert not await place.replace()
        assert not gone(old)


async def test_where_two_would_disturb_each_other_the_old_one_goes_first(folder: Path) -> None:
    seen = "there = os.path.exists('/proc/' + (pathlib.Path('old').read_text()))\n"
    async with post(program(folder, STAYS), overlap=False) as place:
        assert await place.start()
        (folder / "old").write_text(str(number(folder)))
        program(folder, f"{seen}pathlib.Path('seen').write_text(str(there))\n{STAYS}")
        assert await place.replace()
        assert (folder / "seen").read_text() == "False"


async def test_nothing_that_was_started_stays(folder: Path) -> None:
    async with post(program(folder, STAYS)) as place:
        assert await place.start()
        await place.replace()
    assert gone(number(folder))


def test_a_library_that_is_not_installed_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_installed(Library.UVICORN)
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    with pytest.raises(Missing, match=r"pip install 'aparte\[uvicorn\]'"):
        require_installed(Library.UVICORN)


@pytest.mark.sqlite
@pytest.mark.parametrize("wanted", [("--processes", "2"), ("--processes", "1", "--workers", "2")])
def test_sqlite_refuses_several_in_one_line(wanted: tuple[str, ...], tmp_path: Path) -> None:
    done = RunningServer(home=tmp_path).manage("serve", *wanted)
    assert done.returncode == 1
    assert "DATABASE_URL to PostgreSQL" in done.stderr.splitlines()[-1]


@pytest.mark.postgres
def test_several_without_a_bus_are_refused_in_one_line(tmp_path: Path) -> None:
    server = RunningServer(home=tmp_path, env={"REDIS_URL": ""})
    done = server.manage("serve", "--processes", "2")
    assert done.returncode == 1
    assert "set REDIS_URL" in done.stderr.splitlines()[-1]
