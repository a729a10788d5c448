"""The tables of docs/performance.md are what the committed runs say."""

from typing import Any

import pytest

from bench import pages, table


def test_the_page_shows_the_figures_of_its_runs():
    page = pages.PAGE.read_text()
    assert pages.FIGURES.search(page), "no table is generated"
    assert pages.rendered(page) == page, "run ./aparte bench report"


def test_every_committed_run_is_shown_or_named_on_the_page():
    page = pages.PAGE.read_text()
    assert [run.name for run in pages.RUNS.glob("*.json") if run.name not in page] == []


def test_a_table_is_written_between_its_marks_and_nothing_else_changes():
    name = sorted(pages.RUNS.glob("*.json"))[0].name
    page = f"before\n<!-- figures: {name} -->\nstale\n<!-- /figures -->\nafter\n"
    found = pages.rendered(page)
    assert found.startswith(f"before\n<!-- figures: {name} -->\n[{name}](benchmarks/{name})")
    assert found.endswith("<!-- /figures -->\nafter\n")
    assert "stale" not in found
    assert pages.rendered(found) == found


def test_a_run_that_is_not_there_is_an_error():
    with pytest.raises(OSError, match=r"none\.json"):
        pages.rendered("<!-- figures: none.json -->\n<!-- /figures -->")


def test_a_column_that_no_row_has_is_left_out_and_a_missing_cell_is_a_dash():
    rows: list[dict[str, Any]] = [
        {"case": "a", "total_us": 1234.5, "redis_us": None, "plan": "x"},
        {"case": "b"},
    ]
    assert list(table.markdown(rows)) == [
        "| case | total µs |",
        "|---|---|",
        "| a | 1,234 |",
        "| b | – |",
    ]
    assert [line.split() for line in table.text(rows)][1:] == [["a", "1,234"], ["b", "–"]]
