"""`aparte bench`: measures this code on this machine, in worlds of its own."""

import json
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bench import compare, everything, pages
from bench.options import Options
from bench.subs import SUBS, Found
from bench.world import Engine, ServerKind

NEEDED = ("channels_redis", "msgpack")  # of the development packages
NUMBERS = {
    "processes": (int, "server processes on PostgreSQL"),
    "seconds": (float, "length of a measured stretch"),
    "repeat": (int, "measured stretches of each case"),
    "pairs": (int, "fans, each with a creator"),
    "window": (int, "messages a fan keeps under way"),
    "rate": (float, "messages a second of an open loop"),
    "connections": (int, "idle sockets"),
    "minutes": (float, "length of a soak"),
    "rows": (int, "messages that history is built of"),
    "records": (int, "recorded verdicts to replay"),
    "kill9": (int, "how often something is killed"),
    "seed": (int, "of what happens at random; 0 draws one"),
}
MAY_BE_ZERO = ("kill9", "seed")


class Command(BaseCommand):
    """Exits 1 when what the clients saw and what is stored differ, 2 when a gate stays closed."""

    help = "Measure this code beside what it is compared with; without a sub, all in quick form."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to measure, on what, how much of it, and which goals decide the exit. Where a
        number is not given, `Options` has it, or with `--quick` a smaller one."""
        add, usual = parser.add_argument, Options()
        add("sub", nargs="?", choices=[*SUBS, "compare", "report"], help="default: all, --quick")
        add("files", nargs="*", type=Path, help="compare: an older and a newer run")
        add("--engine", choices=[*Engine, "all"], default="all", help="default: all")
        add("--server", choices=list(ServerKind), default=usual.server, help="of Aparté")
        for name, (kind, meaning) in NUMBERS.items():
            add(f"--{name}", type=kind, help=f"{meaning}; {getattr(usual, name)}")
        add("--quick", action="store_true", help="smaller, where no number is given")
        add("--refusals", action="store_true", help="hotpath: also what a refused message costs")
        add("--profile", action="store_true", help="hotpath: also where our server's CPU goes")
        add("--gate", choices=["all", "ratio"], help="exit 2 unless these goals are met")
        add("--against", type=Path, metavar="FILE", help="compare with this earlier run")
        add("--json", type=Path, metavar="FILE", help="write everything there too")

    def handle(self, *, sub: str | None, gate: str | None, **given: Any) -> None:
        """Measure, print line by line, and write `--json` before any failure is told.

        Every world is of its own and is gone at the end, on SIGTERM as well. Raises `CommandError`:
        exit 1 when what the clients saw and what is stored differ, or the machine lacks something;
        exit 2 when a goal of `--gate` is missed.
        """
        options = _options(given | {"quick": given["quick"] or sub is None})
        # As Ctrl-C does: the worlds, their databases included, go with the run.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        try:
            match sub:
                case "compare":
                    self._print(compare.files(options.files))
                case "report":
                    self._print(pages.refresh())
                case None:
                    self._finish(everything.run(options, self._say), gate, given)
                case _:
                    self._finish(SUBS[sub](options, self._say), gate, given)
        except (RuntimeError, ImportError, OSError) as error:
            raise CommandError(str(error)) from None

    def _finish(self, found: Found, gate: str | None, given: dict[str, Any]) -> None:
        """Print what was found, write it down, and fail where it fails."""
        self._print(found.lines())
        plain = found.as_json()
        if given["json"]:
            given["json"].write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n")
        if given["against"]:
            self._print(compare.lines(json.loads(given["against"].read_text()), plain))
        if found.broken:
            raise CommandError("what the clients saw and what is stored differ", returncode=1)
        if gate and (missed := found.missed(gate)):
            raise CommandError(f"{len(missed)} goals are not met", returncode=2)

    def _say(self, line: str) -> None:
        self.stderr.write(line)

    def _print(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _options(given: dict[str, Any]) -> Options:
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise CommandError(
            f"the bench needs the development packages ({', '.join(missing)} missing): "
            "`./aparte check` installs them."
        )
    asked = {name: given[name] for name in NUMBERS if given.get(name) is not None}
    if wrong := [name for name in asked if asked[name] <= 0 and name not in MAY_BE_ZERO]:
        raise CommandError(f"--{wrong[0]} must be above 0")
    usual = Options().quickly() if given["quick"] else Options()
    return replace(
        usual,
        engines=list(Engine) if given["engine"] == "all" else [Engine(given["engine"])],
        server=ServerKind(given["server"]),
        files=given["files"],
        refusals=given["refusals"],
        profile=given["profile"],
        postgres=settings.DATABASE_URL,
        bus=settings.REDIS_URL,
        **asked,
    )
