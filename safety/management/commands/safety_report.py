"""`aparte safety-report`: what the engine is worth on the in-domain texts, as a page.

Needs a checkout, since the texts are no part of the product. Uses no database. The same commit
gives the same bytes on the same kind of processor. Takes a minute or two of its time, and as much
again with a second opinion.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from safety.second_opinion.measuring import Silent

PAGE = Path("docs/safety-report.md")


class Command(BaseCommand):
    """Exits 1 with one sentence when a part is missing or does not load."""

    help = "Measure the engine on the in-domain texts; write the report."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--second-opinion", action="store_true", help="measure it as well")
        parser.add_argument("--out", type=Path, default=PAGE, help="where to write the page")
        parser.add_argument("--json", type=Path, help="where to write the figures")

    def handle(
        self, *, second_opinion: bool, out: Path, json: Path | None = None, **options: Any
    ) -> None:
        """Measure, write the page (and the figures), print each goal with what was measured."""
        try:
            from safety.report import measure, page, systems, tables

            engine = systems.shipped()
            sources = measure.Sources()
            named = page.inputs(engine.book, sources)
            found = measure.run(sources, engine, with_second=second_opinion, say=self._say)
        except ModuleNotFoundError as missing:
            raise CommandError(
                f"The report needs {missing.name}: start it as ./aparte safety-report."
            ) from None
        except (OSError, ValueError, Silent) as wrong:
            raise CommandError(f"{str(wrong).removesuffix('.')}.") from None
        out.write_text(page.markdown(found, engine.book, named), "utf-8")
        if json:
            json.write_text(page.as_json(found, named), "utf-8")
        for system, goal in tables.every_goal(found):
            self.stdout.write(f"{goal.status:>12}  {goal.name}, {system}: {goal.apart}")
        self._say(f"{out} is written")

    def _say(self, line: str) -> None:
        self.stderr.write(line)
