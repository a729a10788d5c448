"""`aparte test` repeats a few failures once: twice is a failure, once is named."""

from pathlib import Path

import pytest

from scripts import run_tests

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

SQLITE = run_tests.Engine("SQLite", {})
FAILS_ONCE = """
from pathlib import Path
SEEN = Path(__file__).with_name("seen")
def test_shaky():
    seen = SEEN.exists()
    SEEN.touch()
    assert seen
def test_solid():
    pass
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that `aparte test` takes for the project."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:django\n")
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    return tmp_path


def test_a_test_that_fails_once_is_named_and_does_not_fail_the_run(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (suite / "test_it.py").write_text(FAILS_ONCE)
    assert run_tests.run_pytest(SQLITE, []) == 0
    said = capfd.readouterr().out
    assert "UNSTABLE on SQLite, failed once and passed once: test_it.py::test_shaky" in said
    assert "test_solid" not in said


def test_a_test_that_fails_twice_fails_the_run(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (suite / "test_it.py").write_text(FAILS_ONCE + "def test_broken():\n    assert False\n")
    assert run_tests.run_pytest(SQLITE, []) == 1
    assert "UNSTABLE" not in capfd.readouterr().out


def test_many_failures_are_not_repeated(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    many = (f"def test_{i}():\n    assert False\n" for i in range(run_tests.UNSTABLE_MAX + 1))
    (suite / "test_it.py").write_text("".join(many))
    assert run_tests.run_pytest(SQLITE, []) == 1
    assert "again" not in capfd.readouterr().out


def test_a_run_that_found_no_test_is_not_repeated(suite: Path) -> None:
    assert run_tests.run_pytest(SQLITE, []) == 5


def test_lines_of_one_of_two_engines_begin_with_its_name_and_its_failures_are_its_own(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (suite / "test_it.py").write_text(FAILS_ONCE)
    assert run_tests.run_pytest(SQLITE, [], named=True) == 0
    said = capfd.readouterr().out.splitlines()
    assert all(line.startswith(("SQLite | ", "aparte test: ")) for line in said)
    assert [line for line in said if line.startswith("SQLite | test_it.py F.")]
    other = run_tests.Engine("PostgreSQL and Redis", {})
    assert run_tests.run_pytest(other, ["--last-failed", "--last-failed-no-failures=none"]) == 5
