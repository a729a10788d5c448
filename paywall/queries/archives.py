"""Proving archived periods from their files: what left the ledger is what the database remembers.

Nothing here changes anything. `check_books` proves what stands; this proves what left.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from uuid import UUID

from accounts.db import rows_of
from paywall.ledger import Book, Place, Posting, archive_file, archives, end_key, hold_key
from paywall.ledger.archive_file import Archived
from paywall.ledger.books import fingerprint
from paywall.models import ArchivedPeriod, ArchivedPosting, Hold, Receipt, ReceiptKind

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a period's file: proved, `away` from this folder, or what is `wrong`."""

    period: ArchivedPeriod
    wrong: str = ""
    away: bool = False


class _Wrong(Exception):
    """The first thing that does not hold."""


def prove_archives(folder: Path) -> Iterator[Proof]:
    """Every archived period, oldest first, proved from its file in this folder."""
    for period in ArchivedPeriod.objects.order_by("number"):
        path = folder / period.file
        if not path.exists():
            yield Proof(period, away=True)
            continue
        try:
            _prove(period, path)
            yield Proof(period)
        except (_Wrong, ValueError, OSError) as error:
            yield Proof(period, wrong=str(error) or type(error).__name__)


def archived_lines(owner_id: UUID, folder: Path) -> Iterator[Archived]:
    """The archived postings that touched an account of this person, oldest first.

    Reads every file from end to end. Raises `FileNotFoundError` when one is not in the folder.
    """
    for period in ArchivedPeriod.objects.order_by("number"):
        for archived in archive_file.read(folder / period.file):
            owners = {place.owner_id for leg in archived.posting.legs for place in leg[:2]}
            if owner_id in owners:
                yield archived


def _prove(period: ArchivedPeriod, path: Path) -> None:
    if archive_file.sha256_of(path) != period.sha256:
        raise _Wrong("the file is not the one that was archived")
    if archive_file.read_manifest(path) != archives.facts_of(period):
        raise _Wrong("the manifest says something else")
    flows: Counter[tuple[Place, Place]] = Counter()
    postings = transfers = 0
    for part in batched(archive_file.read(path), AT_ONCE):
        found = [archived.posting for archived in part]
        _prove_remembered(period, found)
        _prove_holds(found)
        _prove_receipts(found)
        for posting in found:
            postings, transfers = postings + 1, transfers + len(posting.legs)
            for leg in posting.legs:
                flows[(leg.source, leg.target)] += leg.amount_cents
    if (postings, transfers) != (period.postings, period.transfers):
        raise _Wrong("it holds another number of postings or transfers")
    if flows != archives.closings(period):
        raise _Wrong("the closings are not the sums of what it holds")


def _prove_remembered(period: ArchivedPeriod, postings: Sequence[Posting]) -> None:
    rows = rows_of(
        ArchivedPosting,
        ("posting_key", "fingerprint", "period_id"),
        where=("posting_key",),
        among=[(posting.key,) for posting in postings],
    ).run()
    remembered = {key: (told, number) for key, told, number in rows}
    for posting in postings:
        if remembered.get(posting.key) != (fingerprint(posting), period.number):
            raise _Wrong(f"{posting.key} is not remembered as it is written")


def _prove_holds(postings: Collection[Posting]) -> None:
    """A hold took in what it held, once, and paid out and returned what its row says."""
    told: dict[str, list[int]] = {}
    for posting in postings:
        if posting.kind == "hold":
            told[posting.key] = [leg.amount_cents for leg in posting.legs]
        elif posting.kind in ("settle", "void"):
            sums = Counter({True: 0, False: 0})
            for leg in posting.legs:
                sums[leg.target.book == Book.FAN_WALLET] += leg.amount_cents
            told[posting.key] = [sums[False], sums[True]]
    keys = {key.partition(":")[2] for key in told}
    columns = ("key", "amount_cents", "settled_cents", "returned_cents")
    for key, amount, *ended in rows_of(
        Hold, columns, where=("key",), among=[(key,) for key in keys]
    ).run():
        for posting_key, cents in ((hold_key(key), [amount]), (end_key(key), ended)):
            if told.pop(posting_key, cents) != cents:
                raise _Wrong(f"{posting_key} moved something else than its hold says")
    if told:
        raise _Wrong(f"{next(iter(told))} has no hold")


def _prove_receipts(postings: Collection[Posting]) -> None:
    """A receipt's lines are the transfers it names."""
    by_key = {posting.key: posting for posting in postings}
    columns = ("posting_key", "kind", "gross_cents", "vat_cents", "reserve_cents", "creator_cents")
    for key, kind, gross, vat, reserve, creator in rows_of(
        Receipt, columns, where=("posting_key",), among=[(key,) for key in by_key]
    ).run():
        legs = by_key[key].legs
        is_sale = kind == ReceiptKind.SALE
        books: Counter[Book] = Counter()
        for leg in legs:
            books[leg.target.book if is_sale else leg.source.book] += leg.amount_cents
        paid = sum(books.values()) - books[Book.FAN_WALLET]
        expected = {Book.VAT_PAYABLE: vat, Book.CHARGEBACK_RESERVE: reserve}
        if is_sale:
            expected[Book.CREATOR_PENDING] = creator
        if paid != gross or any(books[book] != cents for book, cents in expected.items()):
            raise _Wrong(f"{key} moved something else than its receipt says")
