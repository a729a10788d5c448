"""`aparte bench`: measures this code on this machine, in a world of its own."""

import json
import signal
import sys
from argparse import ArgumentParser
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bench import replay, screening
from bench.hotpath import Options, run
from bench.report import Report
from bench.world import Engine

NEEDED = ("channels_redis", "msgpack")  # of the development packages
QUICK = {"seconds": 3.0, "repeat": 1, "pairs": 20, "window": 8}


class Command(BaseCommand):
    """Exits 1 when what the clients saw and what is stored differ, 2 when a gate stays closed."""

    help = "Measure what a paid message costs beside a relay, or what judging a text costs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        subs = ["hotpath", "replay", "screening"]
        add("sub", nargs="?", choices=subs, help="without it: hotpath --quick")
        add("--engine", choices=[*Engine, "all"], default="all", help="default: all")
        add("--seconds", type=float, default=10.0, help="length of a measured stretch")
        add("--repeat", type=int, default=3, help="measured stretches of each case")
        add("--pairs", type=int, default=50, help="fans, each with a creator")
        add("--records", type=int, default=replay.RECORDS, help="recorded verdicts to replay")
        add("--window", type=int, default=8, help="messages a fan keeps under way")
        add("--rate", type=float, default=200.0, help="messages a second where latency is timed")
        add("--quick", action="store_true", help=f"as {QUICK}")
        add("--kill9", type=int, default=0, metavar="K", help="kill the server K times, then check")
        add("--profile", action="store_true", help="also sample where our server's CPU goes")
        add("--gate", choices=["all", "ratio"], help="exit 2 unless these goals are met")
        add("--json", type=Path, metavar="FILE", help="write everything there too")

    def handle(self, *, gate: str | None, **options: Any) -> None:
        if options["sub"] == "replay":
            return self._replay(gate, options)
        if options["sub"] == "screening":
            return self._screening(gate, options)
        report = self._run(options)
        for line in report.lines():
            self.stdout.write(line)
        for line in _profile(report):
            self.stdout.write(line)
        if options["json"]:
            options["json"].write_text(json.dumps(report.as_json(), indent=1) + "\n")
        if report.broken:
            raise CommandError("what the clients saw and what is stored differ", returncode=1)
        if gate and (missed := report.missed(gate)):
            raise CommandError(f"{len(missed)} goals are not met", returncode=2)

    def _replay(self, gate: str | None, options: dict[str, Any]) -> None:
        """Recorded verdicts against another rule book, on every engine asked for."""
        chosen = list(Engine) if options["engine"] == "all" else [Engine(options["engine"])]
        try:
            found = replay.measure(
                chosen, records=options["records"], postgres=settings.DATABASE_URL
            )
        except RuntimeError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(replay.lines(found)))
        if options["json"]:
            options["json"].write_text(json.dumps(found, indent=1) + "\n")
        if gate and any(row["seconds"] > replay.SECONDS_MUST for row in found["rows"]):
            raise CommandError("the replay took too long", returncode=2)

    def _screening(self, gate: str | None, options: dict[str, Any]) -> None:
        """What judging one text costs, stage by stage."""
        try:
            found = screening.run(quick=options["quick"], say=lambda line: self.stderr.write(line))
        except (RuntimeError, ImportError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(found.lines()))
        if options["json"]:
            options["json"].write_text(json.dumps(found.as_json(), indent=1) + "\n")
        if gate and (missed := found.missed(gate)):
            raise CommandError(f"{len(missed)} goals are not met", returncode=2)

    def _run(self, options: dict[str, Any]) -> Report:
        if missing := [name for name in NEEDED if find_spec(name) is None]:
            raise CommandError(
                f"the bench needs the development packages ({', '.join(missing)} missing): "
                "`./aparte check` installs them."
            )
        # As Ctrl-C does: the world, its database included, goes with the run.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        try:
            return run(_options(options), say=lambda line: self.stderr.write(line))
        except RuntimeError as error:
            raise CommandError(str(error)) from None


def _options(given: dict[str, Any]) -> Options:
    names = ("seconds", "repeat", "pairs", "window", "rate", "kill9", "profile")
    chosen = Options(
        engines=list(Engine) if given["engine"] == "all" else [Engine(given["engine"])],
        postgres=settings.DATABASE_URL,
        bus=settings.REDIS_URL,
        **{name: given[name] for name in names},
    )
    for name in ("seconds", "repeat", "pairs", "window", "rate"):
        if getattr(chosen, name) <= 0:
            raise CommandError(f"--{name} must be above 0")
    quick = given["quick"] or given["sub"] is None
    return replace(chosen, **QUICK) if quick else chosen  # type: ignore[arg-type]


def _profile(report: Report) -> list[str]:
    """Where the CPU of our servers went, largest first."""
    lines = []
    for case, counters in report.counters.items():
        for kind, spent in counters["profile"].items():
            lines.append(f"\n{case}: CPU ms by {kind}")
            lines += [f"{ms:>10.0f}  {name}" for name, ms in spent.items()]
    return lines
