"""`check_books`: proves the money of this installation, one line for each invariant."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from paywall import ledger
from paywall.queries.archives import Proof, prove_archives


class Command(BaseCommand):
    """Exits 1 on a breach; run it nightly and before and after anything unusual."""

    help = "Prove every invariant of the money; exit 1 when one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--archive",
            type=Path,
            default=settings.LEDGER_ARCHIVE_DIR,
            metavar="DIR",
            help="where the files of archived periods are (default: LEDGER_ARCHIVE_DIR)",
        )

    def handle(self, *, archive: Path, **options: Any) -> None:
        """Print `ok` or `BREACH` for each invariant, with the first rows that break it, then for
        each archived period; `away` where its file is not at hand."""
        checks = ledger.check_books()
        for check in checks:
            detail = f": {check.detail}" if check.detail else ""
            self.stdout.write(f"{'ok    ' if check.ok else 'BREACH'} {check.name}{detail}")
        proofs = list(prove_archives(archive))
        for proof in proofs:
            self.stdout.write(_line(proof))
        broken = sum(not check.ok for check in checks) + sum(bool(proof.wrong) for proof in proofs)
        if broken:
            total = len(checks) + len(proofs)
            raise CommandError(f"{broken} of {total} invariants are broken", returncode=1)


def _line(proof: Proof) -> str:
    period = proof.period
    name = f"archive {period.number}, until {period.before.date()}, {period.file}"
    if proof.away:
        return f"away   {name}: prove it where it is kept, with --archive DIR"
    return f"BREACH {name}: {proof.wrong}" if proof.wrong else f"ok     {name}"
