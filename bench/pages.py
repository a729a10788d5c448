"""`aparte bench report`: writes the tables of docs/performance.md from the files of runs.

A table stands between `<!-- figures: FILE -->` and `<!-- /figures -->`, FILE being a run in
docs/benchmarks; the prose around is written by hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bench import table
from bench.processes import ROOT

PAGE = ROOT / "docs" / "performance.md"
RUNS = PAGE.parent / "benchmarks"
FIGURES = re.compile(r"(<!-- figures: (?P<file>[\w.-]+) -->\n).*?(<!-- /figures -->)", re.DOTALL)


def refresh() -> Iterator[str]:
    """Write the page's tables anew; one sentence says whether anything changed."""
    before = PAGE.read_text()
    after = rendered(before)
    PAGE.write_text(after)
    yield f"{PAGE.relative_to(ROOT)}: {'written again' if before != after else 'fresh'}"


def rendered(page: str) -> str:
    """The page with each table as its run says. Raises `OSError` when a run is not there."""
    return FIGURES.sub(lambda found: f"{found[1]}{_figures(found['file'])}{found[3]}", page)


def _figures(name: str) -> str:
    run = json.loads((RUNS / name).read_text())
    lines = [_source(name, run), "", *table.markdown(run["rows"])]
    if run.get("goals"):
        lines += ["", *table.markdown([_goal(goal) for goal in run["goals"]])]
    return "\n".join(lines) + "\n"


def _source(name: str, run: Mapping[str, Any]) -> str:
    machine = run["machine"]
    loads = [machine[key] for key in ("load_before", "load", "load_after") if key in machine]
    return (
        f"[{name}](benchmarks/{name}): commit {run.get('commit') or 'unknown'}, {machine['cpu']}, "
        f"{machine['cores']} cores, load average {' then '.join(map(str, loads))}."
    )


def _goal(goal: Mapping[str, Any]) -> dict[str, Any]:
    return {"case": goal["name"], **goal}
