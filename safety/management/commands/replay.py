"""`aparte replay`: what another rule book would have done with what was sent.

Reads the records of verdicts: features, no texts. `docs/moderation.md` says what each line means.
"""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.errors import Refusal
from safety.models import VersionState
from safety.queries import versions
from safety.queries.floods import shadowed_rules
from safety.queries.replay import Agreement, Change, Replay, Side, replay
from safety.queries.shadow import shadow_dropped, shadow_progress
from safety.rules import rulebook
from safety.rules.rulebook import PackError, RuleBook
from safety.seal import SealBroken

RULES_SHOWN = 20


class Command(BaseCommand):
    """Exits 1 when there is no such version or the book does not load."""

    help = "Compare what happened with what another rule book would have done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which rule book to try, over which records, and whether a script reads the answer."""
        add = parser.add_argument
        add("--against", required=True, metavar="VERSION|FOLDER", help="the rule book to try")
        add("--since", type=moment, metavar="7d|DATE", help="only records from then on")
        add("--limit", type=positive, metavar="N", help="only the newest N records")
        add("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *, against: str, json: bool = False, **options: Any) -> None:
        """Print what that book would have held and flagged of what was sent, and how it differs.

        Reads records alone and changes nothing. Raises `CommandError` (exit 1) when there is no
        such version, or when either book does not load or is not sealed by a trusted key.
        """
        started, now = time.monotonic(), timezone.now()
        try:
            proposed, ran = proposed_book(against), book_in_force()
        except (Refusal, PackError, SealBroken) as no:
            raise CommandError(getattr(no, "detail", str(no))) from None
        found = replay(
            proposed,
            ran=ran,
            now=now,
            since=options["since"],
            limit=options["limit"],
            shadowed=shadowed_rules(),
        )
        seconds = time.monotonic() - started
        self.stdout.write(encoded(found, seconds) if json else "\n".join(told(found, seconds)))


def moment(text: str) -> datetime:
    """`7d` or `12h` before now, or an ISO date; `ArgumentTypeError` for anything else."""
    units = {"d": "days", "h": "hours"}
    try:
        if text[-1:] in units:
            return timezone.now() - timedelta(**{units[text[-1]]: float(text[:-1])})
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ArgumentTypeError("say 7d, 12h, or a date such as 2026-03-02") from None
    return found if found.tzinfo else timezone.make_aware(found)


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError("a whole number above 0")
    return int(text)


def proposed_book(name: str) -> RuleBook:
    """The book in a folder, or the stored version of that name. Raises `PackError`, `Refusal`."""
    folder = Path(name)
    if not folder.is_dir():
        return versions.stored_book(versions.find(name))
    whole = (folder / "packs").is_dir()
    return rulebook.parse(rulebook.read(folder)) if whole else rulebook.load(folder)


def book_in_force() -> RuleBook:
    """The active version, or the book of this release while none is stored."""
    active = versions.standing().get(VersionState.ACTIVE)
    return versions.stored_book(versions.find(active)) if active else proposed_book(
        str(rulebook.SHIPPED)
    )  # fmt: skip


def encoded(found: Replay, seconds: float) -> str:
    """The whole answer as one JSON object."""
    answer = asdict(found)
    for name in ("recorded", "proposed"):
        agreement: Agreement = getattr(found, name).agreement
        answer[name]["agreement"] |= {
            "precision": agreement.precision,
            "recall": agreement.recall,
        }
    progress = shadow_progress(found.version)
    answer["shadow"] = {
        "messages": progress.messages,
        "since": progress.since.isoformat() if progress.since else None,
        "dropped": shadow_dropped(found.version),
    }
    return json.dumps({**_named(answer), "seconds": round(seconds, 2)}, ensure_ascii=False)


def _named(value: Any) -> Any:
    """`Change` by its names: a named tuple would become a list."""
    if isinstance(value, Change):
        return value._asdict()
    if isinstance(value, dict):
        return {key: _named(one) for key, one in value.items()}
    return value


def told(found: Replay, seconds: float) -> Iterator[str]:
    """The answer for people, line by line."""
    yield f"Rule book {found.version} over {found.records} records, {seconds:.1f} s"
    yield f"  {found.from_shadow} judged by itself in shadow, {found.technical} held for a fault"
    yield f"  holds  {_change(found.holds)}      flags  {_change(found.flags)}"
    for language, changes in found.languages.items():
        name = language or "unknown"
        yield f"  {name:8} holds {_change(changes['holds'])}, flags {_change(changes['flags'])}"
    yield from _side("recorded", found.recorded)
    yield from _side("proposed", found.proposed)
    yield f"  messages touched {found.touched}, of which paid {found.paid_touched}"
    by_weight = sorted(found.rules.items(), key=lambda one: -sum(one[1]))
    for rule, change in by_weight[:RULES_SHOWN]:
        yield f"  {rule:40} {_change(change)}"
    if len(by_weight) > RULES_SHOWN:
        yield f"  ... and {len(by_weight) - RULES_SHOWN} other rules"
    for limit in found.limits:
        yield f"  not replayable: {limit}"


def _change(change: Change) -> str:
    return f"+{change.gained} -{change.lost}"


def _side(name: str, side: Side) -> Iterator[str]:
    agreement = side.agreement
    yield (
        f"  {name}: {side.holds} holds, {side.flags} flags, {side.desk_hours} h of desk work, "
        f"precision {_share(agreement.precision)}, recall {_share(agreement.recall)}"
    )


def _share(share: float | None) -> str:
    return "n/a" if share is None else f"{share:.3f}"
