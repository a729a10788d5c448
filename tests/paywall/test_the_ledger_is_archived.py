"""Archiving the ledger: what is over leaves for a file, and every proof still holds."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from uuid_utils.compat import uuid7

from accounts.models import Account
from paywall import ledger
from paywall.commands import escrow, sales
from paywall.commands.archives import archive_ledger
from paywall.commands.releases import release_earnings
from paywall.ledger import Book, Place
from paywall.ledger.archives import ArchiveRefused
from paywall.models import ArchivedPeriod, ArchivedPosting, Hold, Receipt, Transfer
from paywall.queries.archives import prove_archives
from paywall.queries.wallet_lines import wallet_lines
from tests.factories import make_creator, make_fan
from tests.paywall.books import CLEARING, set_aside, wallet_of
from tests.paywall.test_the_books_prove_themselves import execute, tampering

pytestmark = pytest.mark.django_db

JANUARY = datetime(2026, 1, 10, 9, tzinfo=UTC)
NEW_YEAR, FEBRUARY, MARCH = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))
NOW = datetime(2026, 3, 20, tzinfo=UTC)


class Shop:
    """A fan and a creator who deal with each other, at moments that the test names."""

    late: escrow.Capture  # asked in January, answered in February
    open: escrow.Capture  # asked in January

    def __init__(self) -> None:
        self.fan, self.creator = make_fan(), make_creator()

    def top_up(self, cents: int, *, at: datetime, key: str = "") -> ledger.Outcome:
        legs = (ledger.Leg(CLEARING, wallet_of(self.fan.id), cents),)
        posting = ledger.Posting(key or f"topup:{uuid7()}", "topup", legs, self.fan.id)
        return ledger.post([posting], now=at)[0]

    def ask(self, *, at: datetime) -> escrow.Capture:
        message_id = uuid7()
        [hold_id] = set_aside([escrow.Reservation(message_id, self.fan.id, 200)], now=at)
        return escrow.Capture(message_id, hold_id, self.fan.id, self.creator.id, 200, 20)

    def answer(self, asked: escrow.Capture, *, at: datetime) -> int:
        [captured] = escrow.capture([asked], now=at)
        return captured.receipt_id

    def give_back(self, asked: escrow.Capture, *, at: datetime) -> None:
        [outcome] = escrow.give_back([asked.hold_id], now=at)
        assert outcome.ok

    def unlock(self, *, at: datetime) -> int:
        sold = sales.sell(
            key=f"unlock:{uuid7()}",
            fan_id=self.fan.id,
            creator_id=self.creator.id,
            gross_cents=800,
            subject_kind="message",  # an unlock of its own needs an offer and its media
            subject_id=uuid7(),
            vat_rate_percent=20,
            now=at,
        )
        return sold.receipt_id

    @property
    def balances(self) -> dict[str, int]:
        system = [Place(book) for book in Book if book not in ledger.USER_BOOKS]
        own = [
            wallet_of(self.fan.id),
            Place(Book.CREATOR_PENDING, self.creator.id),
            Place(Book.CREATOR_AVAILABLE, self.creator.id),
        ]
        return {str(place): cents for place, cents in ledger.balances(system + own).items()}


@pytest.fixture
def shop() -> Shop:
    """January: everything a ledger knows. At its end one question is open, another is answered
    in February."""
    shop = Shop()
    with transaction.atomic():
        shop.top_up(5_000, at=JANUARY, key="topup:first")
        soon = JANUARY + timedelta(minutes=1)
        answered, returned = shop.ask(at=soon), shop.ask(at=soon)
        receipt = shop.answer(answered, at=JANUARY + timedelta(hours=1))
        shop.give_back(returned, at=JANUARY + timedelta(hours=2))
        shop.unlock(at=JANUARY + timedelta(hours=3))
        sales.refund_sale(receipt_id=receipt, now=JANUARY + timedelta(hours=4))
        shop.late = shop.ask(at=FEBRUARY - timedelta(hours=1))
        shop.open = shop.ask(at=FEBRUARY - timedelta(minutes=30))
        shop.answer(shop.late, at=FEBRUARY + timedelta(hours=1))
        release_earnings(now=FEBRUARY - timedelta(days=1))
        release_earnings(now=FEBRUARY + timedelta(days=9))
    return shop


def archived(before: datetime, folder: Path) -> ArchivedPeriod:
    period = archive_ledger(before=before, to=folder, now=NOW)
    assert period is not None
    return period


def wrong() -> list[ledger.Check]:
    return [check for check in ledger.check_books() if not check.ok]


def proved(folder: Path) -> list[str]:
    """What is wrong with each archived period."""
    return [proof.wrong or ("away" if proof.away else "") for proof in prove_archives(folder)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_no_balance_moves_and_every_proof_holds(shop: Shop, tmp_path: Path) -> None:
    before = shop.balances
    period = archived(FEBRUARY, tmp_path)
    assert shop.balances == before
    assert wrong() == []
    assert proved(tmp_path) == [""]
    remaining = Transfer.objects.exclude(kind="closing")
    assert remaining.filter(at__lt=FEBRUARY).count() == 2  # the two questions that went on
    written = lines(tmp_path / period.file)
    assert sum(len(line["legs"]) for line in written) == period.transfers
    assert (len(written), ArchivedPosting.objects.count()) == (period.postings, period.postings)


def test_the_file_proves_itself_without_us(shop: Shop, tmp_path: Path) -> None:
    period = archived(FEBRUARY, tmp_path)
    manifest = json.loads((tmp_path / f"{period.file}.manifest.json").read_text())
    content = (tmp_path / period.file).read_bytes()
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest() == period.sha256
    sums: dict[str, int] = {}
    for line in lines(tmp_path / period.file):
        for leg in line["legs"]:
            sums[leg["from"]] = sums.get(leg["from"], 0) - leg["cents"]
            sums[leg["to"]] = sums.get(leg["to"], 0) + leg["cents"]
    assert sum(sums.values()) == 0
    assert sums["processor_clearing"] == -5_000


def test_open_holds_and_what_ends_later_stay_where_they_are(shop: Shop, tmp_path: Path) -> None:
    archived(FEBRUARY, tmp_path)
    keys = set(Transfer.objects.values_list("posting_key", flat=True))
    for asked in (shop.late, shop.open):
        assert f"hold:message:{asked.message_id}" in keys
    shop.answer(shop.open, at=NOW)
    assert wrong() == []
    assert Hold.objects.filter(state="open").count() == 0


def test_the_next_period_takes_what_went_on_and_leaves_the_first_alone(
    shop: Shop, tmp_path: Path
) -> None:
    first = archived(FEBRUARY, tmp_path)
    second = archived(MARCH, tmp_path)
    assert (second.number, second.since) == (2, first.before)
    late = f"hold:message:{shop.late.message_id}"
    assert late in {line["key"] for line in lines(tmp_path / second.file)}
    assert proved(tmp_path) == ["", ""]
    assert wrong() == []


def test_the_same_date_again_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    period = archived(FEBRUARY, tmp_path)
    content = (tmp_path / period.file).read_bytes()
    for before in (FEBRUARY, NEW_YEAR):
        assert archive_ledger(before=before, to=tmp_path, now=NOW) is None
    assert (tmp_path / period.file).read_bytes() == content
    assert ArchivedPeriod.objects.count() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        period.file,
        f"{period.file}.manifest.json",
    ]


def test_what_is_not_settled_is_refused_and_leaves_no_file(shop: Shop, tmp_path: Path) -> None:
    shop.unlock(at=MARCH - timedelta(days=1))
    with pytest.raises(ArchiveRefused, match="1 sales before this date still wait"):
        archive_ledger(before=MARCH, to=tmp_path, now=NOW)
    with pytest.raises(ArchiveRefused, match="still to come"):
        archive_ledger(before=NOW + timedelta(days=1), to=tmp_path, now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_broken_books_are_not_archived(shop: Shop, tmp_path: Path) -> None:
    with tampering():
        execute("UPDATE paywall_ledgeraccount SET reserved_cents = 1 WHERE book = 'fan_wallet'")
        with pytest.raises(ArchiveRefused, match="do not balance"):
            archive_ledger(before=FEBRUARY, to=tmp_path, now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_another_file_of_that_name_is_never_overwritten(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "mine.jsonl"
    target.write_text("something else\n")
    with (
        pytest.raises(ArchiveRefused, match="is there already"),
        transaction.atomic(),
    ):
        archive_ledger(before=FEBRUARY, to=target, now=NOW)
    assert target.read_text() == "something else\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jsonl"]


def test_what_happened_happens_once_however_late_it_is_retried(shop: Shop, tmp_path: Path) -> None:
    archived(FEBRUARY, tmp_path)
    balances = shop.balances
    assert shop.top_up(5_000, at=NOW, key="topup:first").status == "replayed"
    assert shop.top_up(4_000, at=NOW, key="topup:first").status == "key_reused"
    settled = Hold.objects.get(state="settled", ended_at__lt=FEBRUARY)
    assert ledger.void([settled.id], now=NOW)[0].status == "not_open"
    voided = Hold.objects.get(state="voided")
    assert ledger.void([voided.id], now=NOW)[0].status == "replayed"
    assert shop.balances == balances


def test_a_sale_whose_transfers_are_archived_is_still_refunded(shop: Shop, tmp_path: Path) -> None:
    archived(FEBRUARY, tmp_path)
    sale = Receipt.objects.get(kind="sale", gross_cents=800)
    refunded = sales.refund_sale(receipt_id=sale.id, now=NOW)
    assert refunded.gross_cents == 800
    assert wrong() == []


def test_a_wallets_history_goes_back_to_one_line_for_what_is_archived(
    shop: Shop, tmp_path: Path
) -> None:
    whole = wallet_lines(owner_id=shop.fan.id).items
    archived(FEBRUARY, tmp_path)
    shown = wallet_lines(owner_id=shop.fan.id).items
    kept = [line for line in whole if line.id in {one.id for one in shown}]
    assert [line.id for line in shown[:-1]] == [line.id for line in kept]
    gone = [line for line in whole if line not in kept]
    first = shown[-1]
    assert (first.kind, first.archived_until) == ("closing", FEBRUARY)
    assert first.in_cents == sum(line.in_cents for line in gone)
    assert first.out_cents == sum(line.out_cents for line in gone)
    assert shown[0].balance_cents == whole[0].balance_cents
    assert all(line.balance_cents >= 0 for line in shown)


@pytest.mark.django_db(transaction=True)
def test_receipts_stay_and_the_screen_says_until_when_lines_are_archived(
    shop: Shop, tmp_path: Path
) -> None:
    archived(FEBRUARY, tmp_path)
    client = signed_in(shop.fan)
    last = client.get("/api/wallet/lines").json()["items"][-1]
    assert last["archived_until"].startswith("2026-02-01T00:00:00")
    for receipt in Receipt.objects.all():
        assert client.get(f"/api/receipts/{receipt.id}").json()["gross_cents"] > 0


def signed_in(account: Account) -> Client:
    client = Client()
    client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_the_database_lets_a_transfer_go_only_once_it_is_remembered(
    shop: Shop, tmp_path: Path
) -> None:
    archived(FEBRUARY, tmp_path)
    for sql, message in (
        ("DELETE FROM paywall_transfer", "transfers never vanish"),
        ("UPDATE paywall_transfer SET amount_cents = 1", "transfers never change"),
        ("DELETE FROM paywall_archivedposting", "an archive is final"),
        ("UPDATE paywall_archivedposting SET fingerprint = ''", "an archive is final"),
        ("DELETE FROM paywall_archivedperiod", "an archive is final"),
        ("UPDATE paywall_archivedperiod SET sha256 = ''", "an archive is final"),
    ):
        with pytest.raises(DatabaseError, match=message), transaction.atomic():
            execute(sql)


TAMPERED_ROWS = [
    "UPDATE paywall_transfer SET amount_cents = amount_cents + 1 WHERE kind = 'closing'",
    "UPDATE paywall_archivedposting SET fingerprint = '0' WHERE posting_key = 'topup:first'",
    "UPDATE paywall_hold SET settled_cents = 199, returned_cents = 1 WHERE state = 'settled'",
    "UPDATE paywall_receipt SET vat_cents = vat_cents + 1 WHERE kind = 'sale'",
    "UPDATE paywall_receipt SET reserve_cents = reserve_cents + 1 WHERE kind = 'credit_note'",
    "UPDATE paywall_archivedperiod SET transfers = transfers + 1",
]


@pytest.mark.parametrize("sql", TAMPERED_ROWS)
def test_a_row_that_disagrees_with_the_file_is_found(shop: Shop, tmp_path: Path, sql: str) -> None:
    archived(FEBRUARY, tmp_path)
    with tampering():
        assert execute(sql) > 0
        assert proved(tmp_path) != [""]


def test_a_transfer_that_an_archive_left_behind_is_found(shop: Shop, tmp_path: Path) -> None:
    archived(FEBRUARY, tmp_path)
    with tampering():
        left = "(SELECT min(posting_key) FROM paywall_transfer WHERE kind = 'hold')"
        execute(
            f"UPDATE paywall_archivedposting SET posting_key = {left}"
            " WHERE posting_key = 'topup:first'"
        )
        name = "every archived posting is remembered, and left no transfer behind"
        assert name in {check.name for check in wrong()}


def test_a_file_or_manifest_that_was_touched_is_found(shop: Shop, tmp_path: Path) -> None:
    period = archived(FEBRUARY, tmp_path)
    path = tmp_path / period.file
    manifest = tmp_path / f"{period.file}.manifest.json"
    content, told = path.read_bytes(), manifest.read_text()
    path.write_bytes(content.replace(b'"cents":200', b'"cents":201', 1))
    assert proved(tmp_path) == ["the file is not the one that was archived"]
    path.write_bytes(content)
    manifest.write_text(told.replace(period.sha256, "0" * 64))
    assert proved(tmp_path) == ["the manifest says something else"]


def test_the_commands_archive_prove_and_tell_a_persons_lines(shop: Shop, tmp_path: Path) -> None:
    def run(name: str, *arguments: str) -> str:
        out = StringIO()
        call_command(name, *arguments, stdout=out)
        return out.getvalue()

    folder = str(tmp_path)
    said = run("archive_ledger", "--before", "2026-02-01", "--to", folder)
    period = ArchivedPeriod.objects.get()
    assert period.file in said
    assert period.sha256 in said
    again = run("archive_ledger", "--before", "2026-02-01", "--to", folder)
    assert "Nothing to archive before 2026-02-01: archived until 2026-02-01." in again
    assert f"ok     archive 1, until 2026-02-01, {period.file}" in run(
        "check_books", "--archive", folder
    )
    assert "away   archive 1" in run("check_books", "--archive", str(tmp_path / "elsewhere"))
    printed = run("archive_ledger", "--statement", str(shop.fan.id), "--to", folder).splitlines()
    assert [json.loads(line)["kind"] for line in printed][:1] == ["topup"]
    assert all(str(shop.fan.id) in line for line in printed)
    assert run("archive_ledger", "--statement", str(uuid7()), "--to", folder) == ""


def test_the_commands_refuse_and_report_with_an_exit_code(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="still to come") as refused:
        call_command("archive_ledger", "--before", "2999-01-01", "--to", str(tmp_path))
    assert refused.value.returncode == 1
    period = archived(FEBRUARY, tmp_path)
    (tmp_path / period.file).write_text("")
    with pytest.raises(CommandError, match="invariants are broken"):
        call_command("check_books", "--archive", str(tmp_path), stdout=StringIO())
    with pytest.raises(CommandError, match="a date is written"):
        call_command("archive_ledger", "--before", "yesterday")


@pytest.mark.django_db(transaction=True)
def test_an_archive_that_fails_leaves_no_trace(shop: Shop, tmp_path: Path, monkeypatch) -> None:
    counted = Transfer.objects.count()
    monkeypatch.setattr("paywall.ledger.archives._remove", lambda period: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        archive_ledger(before=FEBRUARY, to=tmp_path, now=NOW)
    assert (Transfer.objects.count(), ArchivedPeriod.objects.count()) == (counted, 0)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    archived(FEBRUARY, tmp_path)
    assert wrong() == []
    assert connection.in_atomic_block is False
