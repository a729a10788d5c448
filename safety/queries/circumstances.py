"""Under what circumstances the content of a case was screened: from the record of its verdict."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from safety.models import Case, PolicyVersion, VerdictRecord
from safety.queries.features import decode
from safety.queries.versions import stored_book
from safety.rules.basis import NO_BASIS, BasisTable, day_of
from safety.rules.rulebook import PackError
from safety.screening import in_force
from safety.seal import SealBroken

ENDED, MISSING, UNKNOWN = "ended", "missing", "unknown"
TABLES_REMEMBERED = 4


class DetectorOff(NamedTuple):
    """A detector that had no lawful basis then and there.

    `why`: `ended`, after `until`, the last day (UTC) of the basis it had; `missing`, as nothing in
    the table allows it; `unknown`, for the rule book of that day cannot be read here any more.
    """

    detector: str
    why: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How the content was screened: `off` are the detectors that had no lawful basis for this
    country and channel, `shadow` the rules that spoke without effect."""

    country: str = ""
    channel: str = ""
    off: tuple[DetectorOff, ...] = ()
    shadow: tuple[str, ...] = ()


def circumstances_of(case: Case) -> Circumstances:
    """From the record of the verdict; nothing once its time of keeping has passed."""
    records = VerdictRecord.objects.filter(subject_id=case.subject_id, kind=case.kind)
    record = records.select_related("under").first()
    if record is None:
        return Circumstances()
    features, under = decode(record.rules, record.features), record.under
    table = _table(under.book_hash) if features.off else None
    place = (under.country, under.channel)
    return Circumstances(
        country=under.country,
        channel=under.channel,
        off=tuple(_why(table, detector, *place, record.at) for detector in features.off),
        shadow=features.shadow,
    )


def _why(
    table: BasisTable | None, detector: str, country: str, channel: str, at: datetime
) -> DetectorOff:
    if table is None:
        return DetectorOff(detector, UNKNOWN)
    row = table.basis(detector, country, channel)
    if row is None or row.basis == NO_BASIS:
        return DetectorOff(detector, MISSING)
    if row.active(day_of(at.timestamp())):  # it ended in the night between verdict and record
        return DetectorOff(detector, UNKNOWN)
    return DetectorOff(detector, ENDED, row.valid_until)


def _table(book_hash: str) -> BasisTable | None:
    """The table of the book that judged, where it can still be read."""
    book = in_force().book
    if book.sha256 == book_hash:
        return book.basis
    try:
        return _stored_table(book_hash)
    except (PolicyVersion.DoesNotExist, PackError, SealBroken):
        return None


@lru_cache(maxsize=TABLES_REMEMBERED)
def _stored_table(book_hash: str) -> BasisTable:
    return stored_book(PolicyVersion.objects.get(sha256=book_hash)).basis
