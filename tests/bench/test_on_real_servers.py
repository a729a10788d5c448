"""Each bench measures real servers, reconciles, and says what it found: small runs of each.

The figures mean nothing here; that they are there, and that the books balance, does.
"""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from bench import chaos, peers, scratch
from bench.report import Report

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
SMALL = {"seconds": 1.0, "repeat": 1, "pairs": 4, "window": 4}


def bench(sub: str, folder: Path, **options: Any) -> dict[str, Any]:
    """What `aparte bench SUB --json` wrote; raises as the command does."""
    file = folder / "run.json"
    call_command("bench", sub, json=file, stdout=StringIO(), stderr=StringIO(), **options)
    found: dict[str, Any] = json.loads(file.read_text())
    assert found["bench"] == sub
    assert {"load_before", "load_after", "fdatasync_ms_before", "cpu"} <= found["machine"].keys()
    return found


def must_balance(found: dict[str, Any]) -> None:
    checks = found["ledger"]["checks"]
    assert found["ledger"]["sum_cents"] == 0
    assert "every message has its answer" in {check["name"] for check in checks}
    assert [check for check in checks if not check["ok"]] == []


@pytest.mark.sqlite
def test_hotpath_charges_messages_answers_and_refusals_beside_the_relay(tmp_path: Path):
    found = bench("hotpath", tmp_path, engine="sqlite", refusals=True, **SMALL)
    must_balance(found)
    rows = {row["case"]: row for row in found["rows"]}
    ours = "Aparté, SQLite"
    assert rows["relay, in memory"]["n"] > 0
    assert rows[ours]["paid"] > 0
    answered = rows[f"{ours}, each answered"]
    assert answered["n"] > answered["paid"] > 0
    for reason in ("no funds", "price changed", "conversation paused", "replay"):
        refused = rows[f"{ours}, {reason}"]
        assert refused["n"] > 0, reason
        assert refused["beside"] > 0
        assert "status" not in refused, refused
    assert found["counters"][ours]["batch_sizes"]
    assert {f"{ours}: CPU µs a message", f"{ours}: ratio to relay"} == {
        goal["name"] for goal in found["goals"]
    }


@pytest.mark.sqlite
def test_idle_tells_memory_heartbeats_and_what_a_crowd_costs(tmp_path: Path):
    found = bench("idle", tmp_path, engine="sqlite", seconds=0.5, connections=80)
    must_balance(found)
    silent, few, many = found["rows"]
    assert silent["connections"] == 80
    assert silent["per_gib"] > 0
    assert few["total_us"] > 0
    assert many["total_us"] > 0
    assert [goal["relative"] for goal in found["goals"]] == [False, True]


@pytest.mark.postgres
def test_soak_keeps_its_rate_and_says_how_memory_grew(tmp_path: Path):
    found = bench("soak", tmp_path, minutes=0.05, rate=40.0, pairs=4)
    must_balance(found)
    (row,) = found["rows"]
    assert row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]
    assert row["memory_mb"] > 0
    assert [goal["name"] for goal in found["goals"]] == ["memory grew, as a share"]


@pytest.mark.postgres
@pytest.mark.skipif(bool(scratch.missing()), reason="needs redis-server and initdb")
def test_whatever_dies_under_load_nothing_is_lost_or_doubled(tmp_path: Path):
    found = bench("chaos", tmp_path, kill9=len(chaos.KINDS), pairs=3, window=2)
    must_balance(found)
    assert {row["case"]: row["kills"] for row in found["rows"]} == dict.fromkeys(chaos.KINDS, 1)
    assert found["settings"]["seed"] > 0


def test_a_peer_that_is_not_installed_is_one_sentence(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setenv("PATH", str(tmp_path))
    report = Report("peers", {})
    assert peers.installed(report) == []
    assert report.notes == [
        "Prosody is not installed here: not measured.",
        "ejabberd is not installed here: not measured.",
    ]


def test_a_campaign_is_said_not_to_be_built(tmp_path: Path):
    found = bench("campaign", tmp_path)
    assert found["rows"] == [{"case": "campaign", "status": "not built"}]
