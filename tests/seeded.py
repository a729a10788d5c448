"""The demo's people without its server: prints them as `aparte demo --json` does."""

import os
import sys

import django


def main() -> None:
    """Migrate and seed the database of this environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from chat.demo_data import seed
    from chat.management.commands.demo import as_json
    from chat.server.database import migrate_when_needed

    migrate_when_needed()
    with transaction.atomic():
        world = seed(now=timezone.now())
    sys.stdout.write(as_json("", world) + "\n")


if __name__ == "__main__":
    main()
