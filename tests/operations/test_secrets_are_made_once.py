"""A secret that nobody gave is made once, whole, and readable to nobody else."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

import settings

AT_ONCE, TIMES = 8, 50


def test_whoever_starts_at_the_same_moment_has_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    together = Barrier(AT_ONCE)

    def started(name: str) -> str:
        together.wait()
        return settings._secret(name)

    with ThreadPoolExecutor(AT_ONCE) as processes:
        for time in range(TIMES):
            (made,) = set(processes.map(started, [f"NAME_{time}"] * AT_ONCE))
            assert len(bytes.fromhex(made)) == 32
    files = list((tmp_path / "secrets").iterdir())
    assert len(files) == TIMES
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_what_the_environment_says_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    monkeypatch.setenv("SECRET_KEY", "given")
    assert settings._secret("SECRET_KEY") == "given"
    assert not list(tmp_path.iterdir())
