"""What runs for a text of a given country and channel on this day, compiled before it is asked.

Hides how the lawful-basis table becomes matchers: rules without a basis are not in the matcher at
all, so that a text pays nothing for the question, and the day is looked at once a midnight.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from safety.rules.basis import (
    ANY,
    MEMORY,
    MODEL,
    RULES,
    SECOND_OPINION,
    BasisTable,
    day_of,
    midnight,
)
from safety.rules.matcher import Hit, Reading
from safety.rules.patterns import release_read
from safety.rules.rulebook import Rule


class Matches(Protocol):
    """What the engine needs of a matcher; tests hand in faulty ones."""

    def match(self, reading: Reading) -> list[Hit]:
        """The rules that match a reading."""
        ...


@dataclass(frozen=True, slots=True)
class Profile:
    """One answer of the table: its `name`, what runs, and which detectors are `off`."""

    name: str
    matcher: Matches
    memory: bool
    model: bool
    off: tuple[str, ...]


@contextmanager
def _compiling() -> Iterator[None]:
    """To compile a book: without a search for garbage, of which there is none, and leaving none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        release_read()
        if enabled:
            gc.enable()


class Profiles:
    """Every profile that a basis table can ask for. Threads share it."""

    def __init__(
        self,
        rules: Sequence[Rule],
        table: BasisTable,
        *,
        matcher_of: Callable[[Sequence[Rule]], Matches],
        now: Callable[[], float],
    ) -> None:
        self._table, self._now = table, now
        groups = sorted({rule.group for rule in rules})
        self._detectors = (*(RULES + one for one in groups), MEMORY, MODEL, SECOND_OPINION)
        self._countries = {country: country for country in (*table.countries, ANY)}
        self._channels = {channel: channel for channel in (*table.channels, ANY)}
        self._matchers: dict[frozenset[str], Matches] = {}
        with _compiling():
            for day in table.days(day_of(now())):  # at the turn of a day nothing is left to compile
                for country, channel in product(self._countries, self._channels):
                    off = frozenset(table.off(self._detectors, country, channel, day))
                    silent = off.intersection(self._detectors[: len(groups)])
                    if silent not in self._matchers:
                        heard = [rule for rule in rules if RULES + rule.group not in silent]
                        self._matchers[silent] = matcher_of(heard)
            self.everything = self._matchers.get(frozenset()) or matcher_of(rules)
        self._today, self._until = self._compiled(now())

    def of(self, country: str, channel: str) -> Profile:
        """The profile of this country and channel now."""
        now = self._now()
        if now >= self._until:
            self._today, self._until = self._compiled(now)
        place = self._countries.get(country, ANY), self._channels.get(channel, ANY)
        return self._today[place]

    def _compiled(self, now: float) -> tuple[dict[tuple[str, str], Profile], float]:
        """The profiles of this day, and the moment from which they are others."""
        today, *later = self._table.days(day_of(now))
        places = product(self._countries, self._channels)
        profiles = {place: self._profile(*place, now) for place in places}
        return profiles, midnight(later[0]) if later and later[0] > today else float("inf")

    def _profile(self, country: str, channel: str, now: float) -> Profile:
        off = self._table.off(self._detectors, country, channel, day_of(now))
        silent = frozenset(name for name in off if name.startswith(RULES))
        return Profile(
            name=f"{country}/{channel}",
            matcher=self._matchers[silent],
            memory=MEMORY not in off,
            model=MODEL not in off,
            off=off,
        )
