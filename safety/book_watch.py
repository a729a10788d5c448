"""Every process follows the active rule book within seconds, whichever process changed it.

Polling the database once a second, and nothing else: it holds for an activation, a rollback, a
rule that lost its effect and a lost bus alike. A version is read, verified and compiled in this
thread, beside the event loop, and only then takes the place of the one before. One that cannot be
used is refused once, with an alarm, and the last good one stays.
"""

import logging
from collections.abc import Mapping
from threading import Event

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from safety import screening
from safety.commands import note_health
from safety.commands import rulebook as lifecycle
from safety.models import VersionHappening, VersionState
from safety.queries import versions
from safety.queries.floods import shadowed_rules
from safety.queries.health import RULE_BOOK, RULES_ONLY
from safety.screening import Engine

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0


class BookWatch:
    """What one process knows of the versions: which it runs, and which it could not use."""

    def __init__(self) -> None:
        self._refused: set[str] = set()
        self._told: set[str] = set()
        self._started = False

    def start(self) -> None:
        """Before the first message: make this release's book known, and load the active version.

        Raises `PackError`, `ModelError` or `SealBroken` when this release cannot screen at all.
        """
        shipped = screening.warm_up(rules_only=settings.SCREENING_RULES_ONLY)
        lifecycle.adopt_shipped(book=shipped.book, now=timezone.now())
        self._started = True
        self.look()
        if versions.standing().get(VersionState.ACTIVE) in self._refused:
            self._go_back()
        if screening.in_force().book.sha256 == shipped.book.sha256:
            lifecycle.require_sealed(shipped.book)

    def look(self) -> None:
        """One turn: follow what is active, what is tried, and which rules are without effect."""
        if not self._started:
            return self.start()
        self._tell_failures()
        standing = versions.standing()
        self._follow_active(standing.get(VersionState.ACTIVE, ""))
        self._follow_candidate(standing.get(VersionState.SHADOW, ""))
        demoted = shadowed_rules()
        if demoted != screening.demoted():
            screening.demote(demoted)
        note_health(causes=self._wrong(standing), now=timezone.now())

    def _wrong(self, standing: Mapping[str, str]) -> set[str]:
        """What does not work here as it should."""
        engine, active = screening.in_force(), standing.get(VersionState.ACTIVE)
        wrong = {RULES_ONLY} if engine.rules_only else set()
        return wrong | {RULE_BOOK} if active not in (None, engine.book.sha256) else wrong

    def _follow_active(self, sha256: str) -> None:
        current = screening.in_force()
        if not sha256 or sha256 == current.book.sha256 or sha256 in screening.failed_books():
            return
        if engine := self._loaded(sha256):
            spare = None if versions.was_rolled_back(current.book.sha256) else current
            screening.install(engine, spare=spare)

    def _follow_candidate(self, sha256: str) -> None:
        current = screening.candidate()
        if sha256 == (current.book.sha256 if current else ""):
            return
        screening.install_candidate(self._loaded(sha256) if sha256 else None)

    def _go_back(self) -> None:
        """The active version could not be used: the last good one of those that were active."""
        for sha256 in versions.formerly_active():
            if sha256 == screening.in_force().book.sha256:
                return
            if engine := self._loaded(sha256):
                screening.install(engine)
                return

    def _loaded(self, sha256: str) -> Engine | None:
        """The engine of a version; None, with one alarm, when it must not be used."""
        if sha256 in self._refused:
            return None
        try:
            return versions.engine_of(sha256, rules_only=settings.SCREENING_RULES_ONLY)
        except DatabaseError:
            raise
        except Exception as wrong:  # whatever it is, the last good one stays
            self._refused.add(sha256)
            reason = str(wrong) if isinstance(wrong, ValueError) else type(wrong).__name__
            self._tell(sha256, VersionHappening.REFUSED, reason)
            return None

    def _tell_failures(self) -> None:
        for sha256 in screening.failed_books():
            if sha256 not in self._told:
                self._told.add(sha256)
                self._tell(sha256, VersionHappening.FAILED, "a rule raised, or took too long")

    def _tell(self, sha256: str, kind: VersionHappening, reason: str) -> None:
        lifecycle.note_trouble(sha256=sha256, kind=kind, reason=reason, now=timezone.now())


def run_until(stop: Event, watch: BookWatch) -> None:
    """Look again and again until `stop` is set; a failure is logged and the next turn heals it."""
    while not stop.wait(POLL_SECONDS):
        try:
            watch.look()
        except Exception as error:
            logger.warning("the rule book could not be checked: %s", type(error).__name__)
        finally:
            close_old_connections()
