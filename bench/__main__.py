"""The processes of a bench inside its world: `python -m bench PART ARGUMENTS`."""

import sys
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings

from bench.world import require_own_world

PARTS = ("seed", "serve", "worker", "audit", "replay", "history")


def main(part: str, *arguments: str) -> None:
    """Run one part, in a world that a bench made and nowhere else."""
    if part not in PARTS:
        raise SystemExit(f"one of {', '.join(PARTS)}, not {part}")
    require_own_world(home=Path(settings.HOME), database=str(settings.DATABASES["default"]["NAME"]))
    django.setup()
    import_module(f"bench.{part}").main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
