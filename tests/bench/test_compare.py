"""`aparte bench compare` gives ratios of equal rows, and says when they mean nothing."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bench import compare


def run(**changes: Any) -> dict[str, Any]:
    base = {
        "bench": "hotpath",
        "commit": "aaa",
        "machine": {"cpu": "one", "cores": 2},
        "settings": {"pairs": 50},
        "rows": [{"case": "ours", "n": 10, "total_us": 200.0, "redis_us": None}],
    }
    return base | changes


def test_a_row_of_both_runs_is_shown_as_a_ratio_and_counts_are_not():
    newer = run(commit="bbb", rows=[{"case": "ours", "n": 99, "total_us": 50.0, "redis_us": 3.0}])
    assert list(compare.lines(run(), newer)) == [
        "hotpath: commit bbb as a ratio to aaa",
        "  ours: total_us 0.25",
    ]


def test_a_row_of_one_run_alone_is_named():
    text = "\n".join(compare.lines(run(), run(rows=[{"case": "theirs", "total_us": 1.0}])))
    assert "theirs: only in the newer run" in text
    assert "ours: only in the older run" in text


def test_another_machine_and_other_settings_are_warned_of():
    newer = run(machine={"cpu": "two", "cores": 2}, settings={"pairs": 20})
    warnings = [line for line in compare.lines(run(), newer) if "WARNING" in line]
    assert len(warnings) == 2
    assert "cpu differs (one, then two)" in warnings[0]
    assert "pairs" in warnings[1]


def test_two_different_benches_do_not_compare():
    with pytest.raises(RuntimeError, match="hotpath and idle"):
        list(compare.lines(run(), run(bench="idle")))


def test_runs_of_everything_are_compared_bench_by_bench():
    older = {"bench": "all", "runs": [run(), run(bench="idle")]}
    newer = {"bench": "all", "runs": [run(bench="idle")]}
    assert next(compare.lines(older, newer)) == "idle: commit aaa as a ratio to aaa"


def test_the_command_compares_two_files(tmp_path: Path):
    for name in ("old", "new"):
        (tmp_path / name).write_text(json.dumps(run()))
    out = StringIO()
    call_command("bench", "compare", tmp_path / "old", tmp_path / "new", stdout=out)
    assert "ours: total_us 1.00" in out.getvalue()
    with pytest.raises(CommandError, match="two files"):
        call_command("bench", "compare", tmp_path / "old")
