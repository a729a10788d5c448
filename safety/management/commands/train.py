"""`aparte train --data FOLDER`: make the text model again, byte for byte, and print its figures.

FOLDER holds the public sets of `docs/model-card.md`; our own texts come from the corpus of
`safety/training/corpus` and from the development part
of `tests/safety/data`. Writes `model/` and `thresholds.toml`, by default into the shipped rule
book. Uses no database.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from safety.rules import rulebook

OWN_TEXTS = Path("tests/safety/data")


class Command(BaseCommand):
    """Exits 1 with one sentence when a set is missing or is not what it should be."""

    help = "Train the text model and choose its thresholds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
        parser.add_argument("--own", type=Path, default=OWN_TEXTS, help="folder of our own texts")
        parser.add_argument("--out", type=Path, default=rulebook.SHIPPED, help="where to write")

    def handle(self, *, data: Path, own: Path, out: Path, **options: Any) -> None:
        """Write the model, its thresholds and the second opinion's heads into `out`."""
        try:
            from safety.training import figures, functional, recipe, ruled, second, texts
        except ModuleNotFoundError as missing:
            raise CommandError(
                f"Training needs {missing.name}: start it as ./aparte train."
            ) from None
        try:
            examples = [*texts.every_text(own, data), *functional.generated()]
        except texts.DataError as wrong:
            raise CommandError(str(wrong)) from None
        trained = recipe.train(examples, out, rules=ruled.Rules())
        seconded = second.train(trained, out)
        self.stdout.write(f"model {seconded.checksum}")
        self.stdout.write(f"{figures.report(trained)}\n\n{figures.second_report(seconded)}")
