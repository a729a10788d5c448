"""docs/decisions/NNNN-title.md: numbered without a hole, each with its parts."""

import re

from tests.architecture.source import ROOT

FOLDER = ROOT / "docs" / "decisions"
PARTS = ("## Context", "## Decision", "## Consequences")


def test_decisions_are_numbered_without_hole_or_double():
    names = sorted(path.name for path in FOLDER.glob("*.md"))
    assert names
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names), names
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_every_decision_has_context_decision_and_consequences():
    for path in FOLDER.glob("*.md"):
        text = path.read_text()
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert [part for part in PARTS if part not in text] == [], path.name
