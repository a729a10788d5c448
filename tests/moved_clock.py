"""Runs manage.py on a clock that a test moves: the product asks Django for now, we answer.

The clock is a file: seconds to add to the real time, or `=` and the moment it stands still at.
It is read at every question, so the processes of one home agree on the time, at once.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

FILE = "moved-clock"


def write(home: Path, text: str) -> None:
    """Set the clock of this home, whole or not at all for those who read it meanwhile."""
    new = home / f"{FILE}.new"
    new.write_text(text)
    new.replace(home / FILE)


def read(home: Path) -> datetime:
    """What a server of this home takes for now."""
    try:
        text = (home / FILE).read_text()
    except FileNotFoundError:
        text = "0"
    if text.startswith("="):
        return datetime.fromisoformat(text[1:])
    return datetime.now(UTC) + timedelta(seconds=float(text))


def main() -> None:
    """manage.py with the clock of APARTE_HOME."""
    home = Path(os.environ["APARTE_HOME"])
    timezone.now = lambda: read(home)
    import manage  # only now: whoever imported `now` by name would have kept the real one

    manage.main()


if __name__ == "__main__":
    main()
