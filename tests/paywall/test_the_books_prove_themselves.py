"""`check_books`: every invariant holds after honest work, and each one can catch a breach."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from paywall import ledger
from paywall.commands import escrow, sales
from paywall.commands.escrow import Capture, Reservation
from paywall.ledger._checks import LEDGER_CHECKS, register_check
from paywall.models import Offer, Unlock
from paywall.queries.proofs import PROOFS
from tests.factories import START, make_creator, make_fan
from tests.guards import lifted_guards
from tests.paywall.books import set_aside, top_up

pytestmark = pytest.mark.django_db
TABLES = (
    "transfer", "hold", "receipt", "ledgeraccount", "unlock", "archivedperiod", "archivedposting",
)  # fmt: skip

BREACHES = {
    "every stored balance is the sum of its transfers": [
        "UPDATE paywall_ledgeraccount SET balance_cents = balance_cents + 1",
        "UPDATE paywall_transfer SET amount_cents = amount_cents + 1 WHERE kind = 'topup'",
        "DELETE FROM paywall_ledgeraccount WHERE book = 'fan_wallet'",
    ],
    "all balances sum to zero": [
        "UPDATE paywall_ledgeraccount SET balance_cents = balance_cents + 1",
    ],
    "no user balance, no escrow, no VAT and no reserve is negative": [
        "UPDATE paywall_transfer SET source_book = 'chargeback_reserve' WHERE kind = 'topup'",
        "DELETE FROM paywall_transfer WHERE kind = 'topup'",
    ],
    "every hold ends once, and settled plus returned is what it held": [
        "UPDATE paywall_hold SET amount_cents = amount_cents + 1 WHERE state = 'open'",
        "UPDATE paywall_hold SET settled_cents = settled_cents - 1 WHERE state = 'settled'",
        "UPDATE paywall_hold SET state = 'open' WHERE state = 'voided'",
        "DELETE FROM paywall_transfer WHERE posting_key LIKE 'end:%'",
    ],
    "escrow is the sum of the open holds": ["DELETE FROM paywall_hold WHERE state = 'open'"],
    "what a wallet reserves is the sum of its open holds": [
        "UPDATE paywall_ledgeraccount SET reserved_cents = 1 WHERE book = 'fan_wallet'",
    ],
    "every archived posting is remembered, and left no transfer behind": [
        "INSERT INTO paywall_archivedperiod"
        " (number, since, before, file, sha256, postings, transfers, archived_at)"
        " VALUES (1, '2026-01-01', '2026-02-01', '', '', 1, 1, '2026-02-02')",
    ],
    "the parts of every receipt sum to its price": [
        "UPDATE paywall_receipt SET platform_cents = platform_cents + 1",
    ],
    "every sale moved what its receipt says": [
        "UPDATE paywall_transfer SET target_book = 'escrow' WHERE target_book = 'vat_payable'",
        "UPDATE paywall_receipt SET creator_id = fan_id WHERE kind = 'sale'",
        "UPDATE paywall_receipt SET bank_cents = bank_cents + 1 WHERE kind = 'sale'",
        "UPDATE paywall_receipt SET reserve_cents = 0 WHERE kind = 'sale'",
    ],
    "every credit note moved what it says": [
        "UPDATE paywall_transfer SET amount_cents = amount_cents + 1 WHERE kind = 'refund'",
        "UPDATE paywall_receipt SET fan_id = creator_id WHERE kind = 'credit_note'",
    ],
    "every credit note reverses the lines of a sale": [
        "UPDATE paywall_receipt SET vat_cents = vat_cents + 1 WHERE kind = 'credit_note'",
    ],
    "everything captured has a receipt": [
        "UPDATE paywall_receipt SET posting_key = 'x' || id WHERE subject_kind = 'message'",
        "UPDATE paywall_receipt SET posting_key = 'x' || id WHERE subject_kind = 'unlock'",
    ],
    "VAT payable is what was captured less what was reversed and remitted": [
        "UPDATE paywall_receipt SET vat_cents = vat_cents + 1 WHERE kind = 'sale'",
    ],
    "pending plus available is what was earned less what went out": [
        "UPDATE paywall_receipt SET creator_cents = creator_cents + 1 WHERE kind = 'sale'",
    ],
    "pending is the creator's part of the sales not yet released": [
        "UPDATE paywall_receipt SET released_at = at WHERE released_at IS NULL",
    ],
    "every paid unlock is one sale, and ended exactly when it was refunded": [
        "DELETE FROM paywall_unlock",
        "UPDATE paywall_unlock SET ended_at = unlocked_at",
        "UPDATE paywall_unlock SET charged_cents = charged_cents + 1",
        "UPDATE paywall_unlock SET receipt_id = receipt_id + 1000000",
    ],
}


def unlock(fan, creator) -> None:
    offer = Offer.objects.create(
        creator=creator, fan=fan, conversation_id=uuid7(), price_cents=800, created_at=START
    )
    unlock_id = uuid7()
    sale = sales.sell(
        key=f"unlock:{unlock_id}",
        fan_id=fan.id,
        creator_id=creator.id,
        gross_cents=800,
        subject_kind="unlock",
        subject_id=unlock_id,
        vat_rate_percent=20,
        now=START,
    )
    Unlock.objects.create(
        id=unlock_id,
        offer=offer,
        fan=fan,
        client_id=uuid7(),
        charged_cents=800,
        receipt_id=sale.receipt_id,
        unlocked_at=START,
    )


@pytest.fixture
def honest_work() -> None:
    """A bit of everything: open, settled and voided holds, a sale, an unlock, a refund."""
    fan, creator = make_fan(), make_creator()
    top_up(fan.id, 5_000)
    messages = [uuid7() for _ in range(4)]
    holds = set_aside([Reservation(m, fan.id, 200) for m in messages])
    captures = [
        Capture(message_id, hold_id, fan.id, creator.id, 200, 20)
        for message_id, hold_id in zip(messages[:2], holds, strict=False)
    ]
    captured = escrow.capture(captures, now=START)
    escrow.give_back([holds[2]], now=START)
    sales.refund_sale(receipt_id=captured[0].receipt_id, now=START)
    unlock(fan, creator)


@contextmanager
def tampering() -> Iterator[None]:
    """As somebody with the keys of the database: no trigger, no constraint; undone at the end."""
    with transaction.atomic():
        if connection.vendor == "sqlite":
            execute("PRAGMA ignore_check_constraints = ON")
            with lifted_guards():
                yield
            execute("PRAGMA ignore_check_constraints = OFF")
        else:
            execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may be pending when a table changes
            for table in TABLES:
                execute(f"ALTER TABLE paywall_{table} DISABLE TRIGGER USER")
            execute(DROP_CHECKS)
            yield
        transaction.set_rollback(True)


DROP_CHECKS = """
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
                WHERE contype = 'c' AND conrelid::regclass::text LIKE 'paywall_%' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.relation, found.conname);
  END LOOP;
END $$
"""


def execute(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


def broken() -> dict[str, str]:
    return {check.name: check.detail for check in ledger.check_books() if not check.ok}


def test_honest_work_breaks_nothing(honest_work):
    assert broken() == {}
    assert {check.name for check in ledger.check_books()} >= {*LEDGER_CHECKS, *PROOFS}


def test_every_invariant_has_a_breach_to_catch():
    assert set(BREACHES) == {*LEDGER_CHECKS, *PROOFS}


@pytest.mark.parametrize(
    ("name", "sql"), [(name, sql) for name, breaches in BREACHES.items() for sql in breaches]
)
def test_a_breach_made_behind_our_back_is_caught(honest_work, name, sql):
    with tampering():
        assert execute(sql) > 0
        found = broken()
        assert found.get(name), found


def test_the_command_says_ok_for_every_invariant(honest_work):
    out = StringIO()
    call_command("check_books", stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == len(ledger.check_books())
    assert all(line.startswith("ok ") for line in lines)


def test_the_command_names_a_breach_and_fails(honest_work):
    out = StringIO()
    with tampering():
        execute("UPDATE paywall_ledgeraccount SET reserved_cents = 1 WHERE book = 'fan_wallet'")
        with pytest.raises(CommandError) as failed:
            call_command("check_books", stdout=out)
    assert failed.value.returncode == 1
    assert "BREACH what a wallet reserves is the sum of its open holds: " in out.getvalue()


def test_another_module_adds_its_own_invariant(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("paywall.ledger._checks._checks", {})
        register_check("every test is short", lambda: [("this one", 3)])
        assert broken() == {"every test is short": "this one, 3"}
