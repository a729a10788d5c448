"""`archive_ledger`: moves what is over from the ledger to a file that proves itself."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from paywall.commands.archives import archive_ledger
from paywall.ledger import archive_file
from paywall.ledger.archives import ArchiveRefused, last_period
from paywall.queries.archives import archived_lines


class Command(BaseCommand):
    """Exits 1 when it refuses. Run again with the same date, it changes nothing."""

    help = "Move settled transfers to a file with its SHA-256, leaving closing balances."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Until when to archive, or whose archived lines to print; and where the files are kept."""
        chosen = parser.add_mutually_exclusive_group(required=True)
        chosen.add_argument("--before", type=_midnight, metavar="DATE", help="YYYY-MM-DD, UTC")
        chosen.add_argument(
            "--statement", type=UUID, metavar="ACCOUNT", help="print this person's archived lines"
        )
        parser.add_argument(
            "--to",
            type=Path,
            default=settings.LEDGER_ARCHIVE_DIR,
            metavar="FILE|DIR",
            help="the new .jsonl file, or where such files are kept (default: LEDGER_ARCHIVE_DIR)",
        )

    def handle(
        self, *, before: datetime | None, statement: UUID | None, to: Path, **options: Any
    ) -> None:
        """Move what was over before midnight (UTC) of that date to one new file, or print lines.

        The file stands before the rows go: one that is left because they did not go is taken by the
        same run again. What is archived stays so, and a date before it changes nothing (exit 0).
        Another archive is waited for. Raises `CommandError` (exit 1) when the period is not
        settled, the books do not balance, another file stands there, or one to read is missing.
        """
        if statement is not None:
            return self._print_lines(statement, to)
        assert before is not None
        try:
            period = archive_ledger(before=before, to=to, now=timezone.now())
        except ArchiveRefused as refused:
            raise CommandError(str(refused), returncode=1) from None
        if period is None:
            last = last_period()
            until = f"archived until {last.before.date()}" if last else "nothing was ever archived"
            self.stdout.write(f"Nothing to archive before {before.date()}: {until}.")
            return
        self.stdout.write(
            f"{period.transfers} transfers of {period.postings} postings from "
            f"{period.since.date()} to {period.before.date()} are now in {period.file}\n"
            f"SHA-256 {period.sha256}"
        )

    def _print_lines(self, account_id: UUID, folder: Path) -> None:
        """One JSON line a posting, as its file has it."""
        try:
            for archived in archived_lines(account_id, folder):
                self.stdout.write(json.dumps(archive_file.told(archived)))
        except FileNotFoundError as error:
            raise CommandError(f"not in this folder: {Path(error.filename).name}") from None


def _midnight(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise ArgumentTypeError("a date is written YYYY-MM-DD") from None
