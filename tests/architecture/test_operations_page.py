"""docs/operations.md knows every setting and alert; alerts and dashboard know every metric."""

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from accounts import metrics
from tests.running_server import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
DASHBOARD = (ROOT / "deploy" / "grafana" / "aparte.json").read_text()
STAGES, SIGNALS = ("Screen", "Queue", "Commit", "Fan-out"), (
    "latency", "traffic", "errors", "saturation",
)  # fmt: skip
NAME = re.compile(r"\baparte_[a-z_]+\b")


def settings_read() -> Iterator[str]:
    """The names of the environment that settings.py asks for."""
    for node in ast.walk(ast.parse((ROOT / "settings.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.environ.get", "_secret"):
            name = node.args[0]
            if isinstance(name, ast.Constant):
                yield str(name.value)


def families() -> dict[str, str]:
    """Our metrics: the type of each by its name."""
    assert metrics.SCREENED  # importing it is what registers them
    ours = (one for one in REGISTRY.collect() if one.name.startswith("aparte_"))
    return {one.name: one.type for one in ours}


def samples() -> set[str]:
    """The names under which samples of our metrics appear."""
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
    return {name + end for name, kind in families().items() for end in endings.get(kind, [""])}


def families_in(text: str) -> set[str]:
    """The metrics that a text names, by whatever sample of theirs."""
    return {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in NAME.findall(text)}


def test_the_page_lists_exactly_the_settings_that_are_read() -> None:
    table = PAGE.split("## Settings")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(set(settings_read()))


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    alerts = re.findall(r"- alert: (\w+)", ALERTS)
    runbooks = re.findall(r"^### (\w+)$", PAGE.split("## Runbooks")[1], re.MULTILINE)
    assert alerts
    assert alerts == runbooks


@pytest.mark.parametrize("text", [ALERTS, DASHBOARD], ids=["alerts", "dashboard"])
def test_what_is_watched_exists(text: str) -> None:
    assert (named := set(NAME.findall(text)))
    assert not named - samples()


def test_what_exists_is_on_the_dashboard() -> None:
    assert not families().keys() - families_in(DASHBOARD)


def test_each_stage_has_its_four_signals() -> None:
    titles = {panel["title"] for panel in json.loads(DASHBOARD)["panels"]}
    assert {f"{stage}: {signal}" for stage in STAGES for signal in SIGNALS} <= titles


def test_the_page_names_only_metrics_that_exist() -> None:
    assert not families_in(PAGE) - families().keys()


@pytest.mark.parametrize("words", ["check config prometheus.yml", "test rules alerts.test.yml"])
def test_prometheus_accepts_its_configuration_and_each_alert_rings_on_its_day(words: str) -> None:
    if not (promtool := shutil.which("promtool")):
        pytest.skip("promtool is not installed (Debian: prometheus): syntax is not tried")
    command, folder = [promtool, *words.split()], ROOT / "deploy" / "prometheus"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
