"""The report as one Markdown page and one JSON object: what was judged, the tables, the misses."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from safety.report import tables
from safety.report.measure import ENGINE, Judged, Measured, Rows, Sources
from safety.report.repeats import near_duplicates
from safety.report.shares import Share, Table
from safety.report.texts import checksum, corpus_checksum, texts_checksum
from safety.rules.rulebook import RuleBook

HEAD = """\
# What the safety engine catches, and whom it harms

Written by `./aparte safety-report`: do not edit.
The same commit gives the same page on the same kind of processor.
A share reads `.850 (.800-.890) of 200`: measured, its 95 % interval (Wilson), how many texts.
*Hit*: the act a policy forbids, or a person who needs help. *Twin*: harmless, with the same words.
"""

READ = """\
## How to read this

- **Texts**: the in-domain set ([datasheet](../tests/safety/data/README.md)), invented messages in \
French and English. Two thirds are for development: rules were written from them and the model \
learnt from them. One third was kept apart.
- **How often the third was opened**: only for counts, never for a text. The authors of the rules \
opened it twice each for aggregate figures while they worked; training did for the table in the \
[model card](model-card.md), as often as that says; it is opened each time this page is written, \
and was once for rules mended text by text, which were then put back as they had been.
- **Why it flatters**: the third has the same authors and the same habits as what the rules were \
written from. The table *Rules alone, on other texts* shows what is left of it elsewhere. Real \
traffic will say less again; shares of hits here say nothing about the share in life.
- **Intervals** treat texts as independent; variations of one wording are not, so true intervals \
are somewhat wider. In the two goals on evasions a text counts once, whatever its disguises.
- **Not here**: speed ([performance](performance.md), `./aparte bench screening`), general \
toxicity ([model card](model-card.md)), and the suites reserved for acceptance, which stay closed.
"""


def inputs(book: RuleBook, sources: Sources) -> dict[str, str]:
    """What the figures hang on, by name. The report is stale when one of these has changed."""
    return {
        "rule book": book.version,
        "its hash": book.sha256,
        "model": book.model,
        "in-domain texts": texts_checksum(sources.own),
        "evasions": checksum([sources.evasions]),
        "training corpus": corpus_checksum(sources.corpus),
    }


def stated(named: Mapping[str, str]) -> str:
    """These inputs as the page states them."""
    lines = "\n".join(f"| {name} | `{value}` |" for name, value in named.items())
    return f"| judged | version or SHA-256 |\n|---|---|\n{lines}\n"


def every_table(found: Measured) -> list[Table]:
    """All tables, in the order of the page."""
    return [
        tables.goals_table(found),
        tables.systems_table(found),
        *([tables.corpus_table(found.corpus)] if found.corpus else []),
        tables.families_table(found.apart, "kept apart"),
        tables.alarms_table(found.apart, "kept apart"),
        tables.evasions_table(found.disguised),
        tables.beside_table(found),
        tables.groups_table(found.apart),
        tables.lengths_table(found.apart),
        tables.families_table(found.development, "development"),
        tables.alarms_table(found.development, "development"),
    ]


def markdown(found: Measured, book: RuleBook, named: Mapping[str, str]) -> str:
    """The whole page."""
    first, *rest = (table.markdown() for table in every_table(found))
    parts = [HEAD, first, READ, *rest, *_misses(found), _thresholds(book), _judged(found, named)]
    return "\n".join(parts)


def as_json(found: Measured, named: Mapping[str, str]) -> str:
    """The same figures: `{report, inputs, goals, tables, missed, alarms}`."""
    whole: dict[str, Any] = {
        "report": "safety",
        "inputs": dict(named),
        "goals": [
            {"name": one.name, "system": system, "must": one.must, "goal": one.goal,
             "status": one.status, **one.apart.as_json()}
            for system, one in tables.every_goal(found)
        ],
        "tables": {table.name: table.as_json() for table in every_table(found)},
        "missed": [row.text.id for row in _missed(found.apart)],
        "alarms": [row.text.id for row in _alarms(found.apart)],
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


# -- Misses --------------------------------------------------------------------------------------


def _missed(rows: Rows) -> list[Judged]:
    return [row for row in rows if row.text.is_hit and not row.by[ENGINE].caught]


def _alarms(rows: Rows) -> list[Judged]:
    return [row for row in rows if not row.text.is_hit and row.by[ENGINE].caught]


def _misses(found: Measured) -> Iterator[str]:
    yield (
        "## Misses\n\nThe third kept apart by id alone: nobody repairs a rule because of one of "
        "its texts. Development texts stand in full.\n"
    )
    yield "### Hits that passed: kept apart\n"
    yield from _by_id(_missed(found.apart))
    yield "### Harmless texts flagged or held: kept apart\n"
    yield from _by_id(_alarms(found.apart))
    yield "### Hits that passed: development\n"
    yield from _in_full(_missed(found.development))
    yield "### Harmless texts flagged or held: development\n"
    yield from _in_full(_alarms(found.development))


def _by_id(rows: Iterable[Judged]) -> Iterator[str]:
    by_policy: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_policy[f"{row.text.family}, {row.text.policy}"].append(row.text.id)
    for name, ids in sorted(by_policy.items()):
        yield f"- {name} ({len(ids)}): {', '.join(sorted(ids))}"
    yield "" if by_policy else "None.\n"


def _in_full(rows: Iterable[Judged]) -> Iterator[str]:
    lines = [
        f"- {row.text.id}, {row.text.policy}{_named(row)}: {_code(row.text.text)}"
        for row in sorted(rows, key=lambda row: row.text.id)
    ]
    yield f"<details><summary>{len(lines)} texts</summary>\n"
    yield from lines
    yield "\n</details>\n"


def _named(row: Judged) -> str:
    wrong = sorted(row.by[ENGINE].policies)
    return f", found {', '.join(wrong)}" if wrong else ""


def _code(text: str) -> str:
    """A text as Markdown shows it letter by letter."""
    return f"`` {' '.join(text.split()).replace('``', '` `')} ``"


# -- What was judged -----------------------------------------------------------------------------


def _thresholds(book: RuleBook) -> str:
    lines = [
        f"| {name} | {one.review:.2f} | {one.flag:.2f} | {one.hold:.2f} |"
        for name, one in sorted(book.thresholds.items())
    ]
    return "\n".join([
        "## Thresholds of the model\n",
        "One set for every text. 1.00 is never reached: the score is recorded and does nothing.\n",
        "| policy | review | flag | hold |\n|---|---|---|---|",
        *lines, "",
    ])  # fmt: skip


def _judged(found: Measured, named: Mapping[str, str]) -> str:
    counts = [
        f"- {name}: {len(tables.hits(rows))} hits, {len(rows) - len(tables.hits(rows))} harmless, "
        f"{len({(r.text.family, r.text.lang, r.text.wording) for r in rows})} wordings"
        for name, rows in (("kept apart", found.apart), ("development", found.development))
    ]
    texts = [row.text for row in (*found.apart, *found.development)]
    for lang, name in tables.LANGUAGES.items():
        own = [text for text in texts if text.lang == lang]
        near = Share(len(near_duplicates(own)), len(own))
        counts.append(f"- near-repeats of another wording, {name}: {near} (at most .05 allowed)")
    return "\n".join(["## What was judged\n", stated(named), *counts, ""])
