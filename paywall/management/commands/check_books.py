"""`check_books`: proves the money of this installation, one line for each invariant."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from paywall import ledger


class Command(BaseCommand):
    """Exits 1 on a breach; run it nightly and before and after anything unusual."""

    help = "Prove every invariant of the money; exit 1 when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print `ok` or `BREACH` for each invariant, with the first rows that break it."""
        checks = ledger.check_books()
        for check in checks:
            detail = f": {check.detail}" if check.detail else ""
            self.stdout.write(f"{'ok    ' if check.ok else 'BREACH'} {check.name}{detail}")
        if broken := sum(not check.ok for check in checks):
            raise CommandError(f"{broken} of {len(checks)} invariants are broken", returncode=1)
