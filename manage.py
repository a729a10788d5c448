"""Django's entry point, which `./aparte` runs: `aparte check-books` is the command check_books."""

import argparse
import os
import sys
from collections.abc import Sequence

SCREEN = "screen"  # started without the apps: it needs no table, and half the memory


def main() -> None:
    """Run one command; dashes in its name are underscores in the module's."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    argv = list(sys.argv)
    if len(argv) > 1 and not argv[1].startswith("-"):
        argv[1] = argv[1].replace("-", "_")
    tell_settings_the_port(argv[1:])
    if argv[1:2] == [SCREEN]:
        from safety.management.commands.screen import Command

        return Command().run_from_argv(argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)


def tell_settings_the_port(arguments: Sequence[str]) -> None:
    """A `--port` counts as PORT: settings make addresses from it, and are read before options."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--port", default="")
    port = parser.parse_known_args(arguments)[0].port
    if port.isdecimal():
        os.environ["PORT"] = port


if __name__ == "__main__":
    main()
