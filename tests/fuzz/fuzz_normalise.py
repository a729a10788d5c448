"""Coverage-guided fuzzing of the normaliser, the extractors and the sender memory.

    python -m tests.fuzz.fuzz_normalise --seconds 600

New inputs go to `.aparte/fuzz`, a crash to `.aparte/fuzz/crash-*`; `tests/fuzz/corpus` is where
inputs worth keeping are committed, each replayed by the ordinary suite.
"""

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["safety.rules"]):
    from tests.fuzz.harness import CPU_MAX_NANOSECONDS, check

KEPT = Path(__file__).parent / "corpus"
FOUND = Path(__file__).parents[2] / ".aparte" / "fuzz"
INPUT_MAX_BYTES = 12_000
SLOW_SECONDS = 5
INSTRUMENTED = (
    6  # times slower than the code it measures; `test_corpus.py` measures the code itself
)


def one_input(data: bytes) -> None:
    """Read `data` as a text and check what is promised of it."""
    check(data.decode("utf-8", "surrogateescape"), cpu_max=CPU_MAX_NANOSECONDS * INSTRUMENTED)


def main() -> None:
    """Fuzz for `--seconds`, beginning with the committed corpus."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--found", type=Path, default=FOUND)
    chosen = options.parse_args()
    chosen.found.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0], str(chosen.found), str(KEPT), f"-max_total_time={chosen.seconds}",
        f"-max_len={INPUT_MAX_BYTES}", f"-timeout={SLOW_SECONDS}", "-print_final_stats=1",
        f"-artifact_prefix={chosen.found}/",
    ]  # fmt: skip
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
