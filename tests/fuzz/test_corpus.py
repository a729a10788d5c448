"""Inputs that once broke or stretched the reading of a text still keep its promises."""

from pathlib import Path

import pytest

from tests.fuzz.harness import check

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.txt"))
CORPUS_MAX_BYTES = 100_000
# What explodes passes this on any machine; how fast reading is, `aparte bench screening` says.
CPU_MAX_NANOSECONDS = 500_000_000


def test_the_corpus_is_there_and_small() -> None:
    assert len(CORPUS) >= 20
    assert sum(path.stat().st_size for path in CORPUS) <= CORPUS_MAX_BYTES


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_kept_input_is_read_without_exploding_and_maps_back(path: Path) -> None:
    check(path.read_bytes().decode("utf-8", "surrogateescape"), cpu_max=CPU_MAX_NANOSECONDS)
