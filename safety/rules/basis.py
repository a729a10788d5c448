"""The lawful basis of every detector: which may run for whom, where, and until when.

Hides how the rows of `basis.toml` are weighed. A detector without an active, unexpired basis does
not run: ePrivacy directive 2002/58 art. 5 forbids looking into private messages without one, and
the derogation that allowed it of one's own accord (regulation 2021/1232) ended on 3 April 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

ANY, EU = "*", "EU"
NO_BASIS = "none"
BASES = frozenset(
    {
        "terms",  # accepted by both sides, the creator being certified (GDPR art. 6.1.b)
        "consent",  # GDPR art. 6.1.a
        "legal_obligation",  # GDPR art. 6.1.c
        "vital_interest",  # GDPR art. 6.1.d
        "legitimate_interest",  # GDPR art. 6.1.f
        "derogation",  # a law that sets the secrecy of messages aside, for a time
        NO_BASIS,
    }
)
EU_COUNTRIES = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
MEMORY, MODEL, SECOND_OPINION = "memory", "model", "second_opinion"
RULES = "rules."
_KEYS = {"detector", "country", "channel", "basis", "valid_until", "note"}


class BasisError(ValueError):
    """A basis table that does not load; one sentence that names the row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `valid_until` is its last day (UTC), None without an end."""

    detector: str
    country: str
    channel: str
    basis: str
    valid_until: date | None
    note: str

    def active(self, day: date) -> bool:
        """Whether this line lets its detector run on `day`."""
        return self.basis != NO_BASIS and (self.valid_until is None or day <= self.valid_until)

    def speaks_of(self, detector: str, country: str, channel: str) -> tuple[int, ...] | None:
        """How closely the line names this detector, country and channel; None when it does not."""
        weights = (
            _detector_weight(self.detector, detector),
            _country_weight(self.country, country),
            (self.channel == channel) if self.channel in (ANY, channel) else None,
        )
        return None if None in weights else tuple(int(one or 0) for one in weights)


@dataclass(frozen=True, slots=True)
class BasisTable:
    """All lines. The one that names detector, then country, then channel most closely decides."""

    rows: tuple[Row, ...]

    def basis(self, detector: str, country: str, channel: str) -> Row | None:
        """The line that decides for this detector, or None: then it does not run."""
        weighed = [(row.speaks_of(detector, country, channel), row) for row in self.rows]
        named = [(weight, row) for weight, row in weighed if weight is not None]
        return max(named, key=lambda one: one[0])[1] if named else None

    def off(
        self, detectors: Collection[str], country: str, channel: str, day: date
    ) -> tuple[str, ...]:
        """Those of `detectors` that may not run there on that day, in their order."""
        deciding = {name: self.basis(name, country, channel) for name in detectors}
        return tuple(name for name, row in deciding.items() if row is None or not row.active(day))

    @property
    def countries(self) -> frozenset[str]:
        """Every country that the table may treat apart; all others are alike."""
        named = {row.country for row in self.rows} - {ANY}
        return frozenset(named - {EU}) | (EU_COUNTRIES if EU in named else frozenset())

    @property
    def channels(self) -> frozenset[str]:
        """Every channel that the table names; all others are alike."""
        return frozenset(row.channel for row in self.rows) - {ANY}

    def days(self, day: date) -> Iterator[date]:
        """`day`, and every later one on which a line has just ended, in order."""
        yield day
        ends = {row.valid_until for row in self.rows if row.valid_until}
        yield from (end + timedelta(days=1) for end in sorted(ends) if end >= day)


def parse(table: Mapping[str, Any], groups: Collection[str]) -> BasisTable:
    """The table of a `basis.toml`, or `BasisError`. `groups` are the pack groups of the book."""
    known = {*(RULES + group for group in groups), MEMORY, MODEL, SECOND_OPINION, RULES + ANY, ANY}
    rows = tuple(_row(row, number, known) for number, row in enumerate(table.get("basis", []), 1))
    if not rows:
        raise BasisError("basis.toml: without a line no detector may run")
    places = [(row.detector, row.country, row.channel) for row in rows]
    for place in places:
        if places.count(place) > 1:
            raise BasisError(f"basis.toml: two lines speak of {' '.join(place)}")
    return BasisTable(rows)


def midnight(day: date) -> float:
    """The first second of `day` in UTC, since the epoch."""
    return datetime.combine(day, time(), UTC).timestamp()


def day_of(now: float) -> date:
    """The day (UTC) of a moment given in seconds since the epoch."""
    return datetime.fromtimestamp(now, UTC).date()


def _row(row: Mapping[str, Any], number: int, known: Collection[str]) -> Row:
    wrong = _wrong(row, known)
    if wrong:
        raise BasisError(f"basis.toml, line {number} ({row.get('detector', '?')}): {wrong}")
    return Row(
        detector=row["detector"],
        country=row["country"],
        channel=row["channel"],
        basis=row["basis"],
        valid_until=row.get("valid_until"),
        note=row["note"],
    )


def _wrong(row: Mapping[str, Any], known: Collection[str]) -> str:
    """What keeps this line from being read, or nothing."""
    if set(row) - _KEYS or (_KEYS - {"valid_until"}) - set(row):
        return "a line has detector, country, channel, basis, note and perhaps valid_until"
    if row["detector"] not in known:
        return "no detector of this book is called so"
    if row["basis"] not in BASES:
        return f"{row['basis']!r} is no basis"
    country = row["country"]
    if country != ANY and not (len(country) == 2 and country.isalpha() and country.isupper()):
        return f"{country!r} is no country: two capital letters, EU or *"
    until = row.get("valid_until", date.max)
    if not isinstance(until, date) or isinstance(until, datetime):
        return "valid_until is a date, without quotes"
    return "" if row["channel"] and row["note"] else "channel and note are not empty"


def _detector_weight(named: str, detector: str) -> int | None:
    if named == detector:
        return 2
    if named == RULES + ANY and detector.startswith(RULES):
        return 1
    return 0 if named == ANY else None


def _country_weight(named: str, country: str) -> int | None:
    if named == country:
        return 2
    if named == EU and country in EU_COUNTRIES:
        return 1
    return 0 if named == ANY else None
