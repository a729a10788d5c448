"""`aparte rulebook`: check a rule book, try it in shadow, activate it with a colleague, go back.

`docs/rulebook.md` is the manual. With `--json` every answer is one JSON object.
"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.errors import Refusal
from safety import seal
from safety.commands import rulebook as lifecycle
from safety.models import PolicyVersion
from safety.queries import versions
from safety.rules import rulebook
from safety.rules.rulebook import PackError
from safety.seal import SealBroken


class Command(BaseCommand):
    """Exits 1 when a book does not check, or when the act is refused; the sentence says why."""

    help = "Rule books: check, seal, shadow, activate, rollback, show."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand for each act; a folder is a book as people edit it."""
        acts = parser.add_subparsers(dest="act", required=True)
        for name, about in (
            ("check", "load a book, run its examples, look at thresholds, bases and seal"),
            ("seal", "sign a book with RULEBOOK_SIGNING_KEY, into its seal.json"),
            ("shadow", "propose a book and try it without effect"),
            ("activate", "approve a version; the second person puts it in force"),
            ("rollback", "put the version before the active one in force again"),
            ("show", "list the versions, or what one changes"),
        ):
            act = acts.add_parser(name, help=about)
            act.add_argument("--json", action="store_true", help="answer with one JSON object")
            if name in ("check", "seal", "shadow"):
                act.add_argument("folder", nargs="?", type=Path, default=rulebook.SHIPPED)
            if name in ("shadow", "activate", "rollback"):
                act.add_argument("--by", required=True, metavar="EMAIL", help="a moderator")
            if name == "activate":
                act.add_argument("--urgent", default="", metavar="REASON", help="cut the trial")
            if name in ("activate", "show"):
                act.add_argument("version", nargs="?" if name == "show" else None)
            if name == "seal":
                act.add_argument("--author", default=lifecycle.COMMAND_LINE)

    def handle(self, *, act: str, json: bool = False, **options: Any) -> None:
        try:
            answer, lines = getattr(self, f"_{act}")(now=timezone.now(), **options)
        except (Refusal, PackError, SealBroken) as no:
            raise CommandError(getattr(no, "detail", str(no))) from None
        self.stdout.write(_encoded(answer) if json else "\n".join(lines))
        if answer.get("problems"):
            raise CommandError(f"{len(answer['problems'])} problems", returncode=1)

    def _check(self, *, folder: Path, **_: Any) -> tuple[dict[str, Any], list[str]]:
        wrong, book = versions.problems(_existing(folder), rules_only=settings.SCREENING_RULES_ONLY)
        sealed = _seal_state(folder, book)
        answer = {
            "version": book.version,
            "sha256": book.sha256,
            "rules": len(book.rules),
            "seal": sealed,
            "problems": wrong,
        }
        summary = f"{book.version}: {len(book.rules)} rules, seal: {sealed}"
        return answer, [*wrong, summary]

    def _seal(self, *, folder: Path, author: str, **_: Any) -> tuple[dict[str, Any], list[str]]:
        wrong, book = versions.problems(_existing(folder), rules_only=settings.SCREENING_RULES_ONLY)
        if wrong:
            return {"problems": wrong}, wrong
        made = seal.sign(book, author=author, key=seal.signing_key())
        (folder / rulebook.SEAL).write_text(made.as_json(), "utf-8")
        facts = {"version": made.version, "sha256": made.sha256, "key_id": made.key_id}
        return facts, [f"{made.version} sealed with key {made.key_id}"]

    def _shadow(
        self, *, folder: Path, by: str, now: datetime, **_: Any
    ) -> tuple[dict[str, Any], list[str]]:
        author = lifecycle.author_of(by)
        version = lifecycle.propose(folder=_existing(folder), by=author, now=now)
        return _told(version, f"{version.name} is tried in shadow from now on")

    def _activate(
        self, *, version: str, by: str, urgent: str, now: datetime, **_: Any
    ) -> tuple[dict[str, Any], list[str]]:
        person = lifecycle.author_of(by)
        done = lifecycle.activate(name=version, by=person, now=now, urgent=urgent)
        said = (
            f"{done.name} is in force"
            if done.activated_by_id
            else f"{done.name} is approved by one person: a second one must run this command"
        )
        return _told(done, said)

    def _rollback(self, *, by: str, now: datetime, **_: Any) -> tuple[dict[str, Any], list[str]]:
        done = lifecycle.roll_back(by=lifecycle.author_of(by), now=now)
        return _told(done, f"{done.name} is in force again")

    def _show(self, *, version: str | None, **_: Any) -> tuple[dict[str, Any], list[str]]:
        rows = versions.all_versions()
        if version is None:
            return {"versions": [asdict(row) for row in rows]}, [_line(row) for row in rows]
        found = versions.find(version)
        row = next(row for row in rows if row.sha256 == found.sha256)
        book, changes = versions.stored_book(found), versions.changes_against_active(found)
        limits = {name: asdict(limit) for name, limit in book.thresholds.items()}
        answer = {**asdict(row), "thresholds": limits, "changes": asdict(changes)}
        answer["events"] = versions.events_of(found)
        return answer, [
            _line(row),
            f"hash {row.sha256}, key {row.key_id}",
            *(f"{mark} {one}" for mark, one in _marked(asdict(changes))),
            *(f"{name}: {limit}" for name, limit in limits.items()),
        ]


def _existing(folder: Path) -> Path:
    if not (folder / "packs").is_dir():
        raise CommandError(f"{folder} is no rule book: it has no folder called packs")
    return folder


def _seal_state(folder: Path, book: rulebook.RuleBook) -> str:
    try:
        found = seal.from_json((folder / rulebook.SEAL).read_bytes())
        seal.verify(book.files, found, trusted=seal.trusted_keys())
    except FileNotFoundError:
        return "none"
    except SealBroken as broken:
        return f"broken ({broken})"
    return f"holds (key {found.key_id})"


def _told(version: PolicyVersion, said: str) -> tuple[dict[str, Any], list[str]]:
    facts = {"version": version.name, "sha256": version.sha256, "state": version.state}
    return facts, [said]


def _line(row: versions.VersionRow) -> str:
    since = row.active_since or row.tried_since
    when = f" since {since:%Y-%m-%d %H:%M}" if since else ""
    return f"{row.version}  {row.state}{when}  tried on {row.tried_on} messages"


def _marked(changes: dict[str, Any]) -> list[tuple[str, str]]:
    marks = {"added": "+", "removed": "-", "changed": "~", "thresholds": "threshold", "parts": "~"}
    return [(mark, one) for name, mark in marks.items() for one in changes[name]]


def _encoded(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False, default=str)
