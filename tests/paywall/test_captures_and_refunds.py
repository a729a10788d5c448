"""Paid messages and sales: reserved, captured with a receipt, given back, refunded, released."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from accounts.errors import NotFound
from paywall import ledger
from paywall.commands import escrow, sales
from paywall.commands.escrow import Capture, Captured, Reservation
from paywall.commands.releases import release_earnings
from paywall.ledger import Book, Leg, Place, Posting, Wallet
from paywall.models import Receipt, ReceiptKind
from tests.factories import START
from tests.paywall.books import ESCROW, PLATFORM, funded, set_aside

pytestmark = pytest.mark.django_db
VAT, RESERVE = Place(Book.VAT_PAYABLE), Place(Book.CHARGEBACK_RESERVE)
AFTER = START + settings.EARNINGS_PENDING


def pending(creator_id):
    return Place(Book.CREATOR_PENDING, creator_id)


def available(creator_id):
    return Place(Book.CREATOR_AVAILABLE, creator_id)


def reserved(fan_id, creator_id, cents) -> Capture:
    """A paid message that waits, as the capture an answer would make of it."""
    message_id = uuid7()
    escrow.lock_accounts(fan_ids=[fan_id], creator_ids=[creator_id])
    [hold_id] = set_aside([Reservation(message_id, fan_id, cents)])
    return Capture(message_id, hold_id, fan_id, creator_id, cents, 20)


def sold(fan_id, creator_id, cents=800, *, key=None, **changes) -> sales.Sold:
    terms = {
        "key": key or str(uuid7()),
        "fan_id": fan_id,
        "creator_id": creator_id,
        "gross_cents": cents,
        "subject_kind": "message",
        "subject_id": uuid7(),
        "vat_rate_percent": 20,
        "now": START,
    }
    return sales.sell(**{**terms, **changes})


def cents_on(*places) -> list[int]:
    return list(ledger.balances(places).values())


def test_three_answered_messages_are_captured_as_the_product_says():
    fan, creator = funded(2_000), uuid7()
    captures = [reserved(fan, creator, cents) for cents in (200, 300, 100)]
    assert ledger.wallet(fan) == Wallet(1_400, 600)
    captured = escrow.capture(captures, now=START)
    assert [c.creator_cents for c in captured] == [134, 200, 66]
    assert [c.message_id for c in captured] == [c.message_id for c in captures]
    assert ledger.wallet(fan) == Wallet(1_400, 0)
    assert cents_on(ESCROW, pending(creator), VAT, RESERVE, PLATFORM) == [0, 400, 100, 6, 94]


def test_a_receipt_is_numbered_and_has_every_part():
    fan, creator = funded(2_000), uuid7()
    capture = reserved(fan, creator, 200)
    [captured] = escrow.capture([capture], now=START)
    receipt = Receipt.objects.get(id=captured.receipt_id)
    parts = (33, 134, 2, 6, 25)
    assert parts == (
        receipt.vat_cents,
        receipt.creator_cents,
        receipt.reserve_cents,
        receipt.bank_cents,
        receipt.platform_cents,
    )
    assert (receipt.fan_id, receipt.creator_id, receipt.gross_cents) == (fan, creator, 200)
    assert (receipt.subject_kind, receipt.subject_id) == ("message", capture.message_id)
    [later] = escrow.capture([reserved(fan, creator, 200)], now=START)
    assert later.receipt_id > captured.receipt_id


def test_a_capture_again_answers_the_same_receipt():
    capture = reserved(funded(2_000), uuid7(), 200)
    first = escrow.capture([capture], now=START)
    assert escrow.capture([capture, capture], now=START) == [*first, *first]
    assert Receipt.objects.count() == 1


def test_what_was_given_back_is_never_captured():
    fan, creator = funded(2_000), uuid7()
    back, paid = (reserved(fan, creator, 200) for _ in range(2))
    assert escrow.give_back([back.hold_id], now=START)[0].status == "done"
    captured = escrow.capture([back, paid], now=START)
    assert [c.message_id for c in captured] == [paid.message_id]
    assert escrow.give_back([paid.hold_id], now=START)[0].status == "not_open"
    assert ledger.wallet(fan) == Wallet(1_800, 0)


def test_a_capture_below_the_hold_returns_the_difference():
    fan, creator = funded(2_000), uuid7()
    capture = reserved(fan, creator, 300)._replace(gross_cents=200)
    assert isinstance(escrow.capture([capture], now=START)[0], Captured)
    assert ledger.wallet(fan) == Wallet(1_800, 0)


def test_captures_cost_the_same_statements_whatever_their_number():
    creator = uuid7()
    counts = []
    for size in (1, 32):
        captures = [reserved(funded(500), creator, 200) for _ in range(size)]
        with CaptureQueriesContext(connection) as captured:
            escrow.capture(captures, now=START)
        counts.append(len(captured))
    assert counts == [8, 8]


def test_a_sale_is_charged_at_once_and_split():
    fan, creator = funded(1_400), uuid7()
    sale = sold(fan, creator)
    assert (sale.creator_cents, sale.balance_cents) == (534, 600)
    assert cents_on(pending(creator), VAT, RESERVE, PLATFORM) == [534, 133, 7, 126]


def test_the_same_sale_again_charges_nothing_and_another_content_is_refused():
    fan, creator, subject = funded(2_000), uuid7(), uuid7()
    first = sold(fan, creator, key="k", subject_id=subject)
    assert sold(fan, creator, key="k", subject_id=subject) == first
    with pytest.raises(sales.SaleKeyReused):
        sold(fan, creator, 900, key="k", subject_id=subject)
    assert ledger.wallet(fan).balance_cents == 1_200


def test_a_sale_beyond_the_wallet_is_refused_with_what_is_missing():
    fan = funded(700)
    with pytest.raises(sales.InsufficientFunds) as refused:
        sold(fan, uuid7())
    assert refused.value.data == {"missing_cents": 100}
    assert ledger.wallet(fan).balance_cents == 700
    assert not Receipt.objects.exists()


def test_a_refund_reverses_every_line_with_a_credit_note():
    fan, creator = funded(800), uuid7()
    sale = sold(fan, creator)
    refund = sales.refund_sale(receipt_id=sale.receipt_id, now=START)
    assert (refund.fan_id, refund.gross_cents, refund.balance_cents) == (fan, 800, 800)
    note = Receipt.objects.get(id=refund.credit_note_id)
    assert (note.kind, note.reverses_id) == (ReceiptKind.CREDIT_NOTE, sale.receipt_id)
    assert cents_on(pending(creator), VAT, RESERVE, PLATFORM) == [0, 0, 0, 0]


def test_a_refund_happens_once():
    fan = funded(1_600)
    first, second = (sold(fan, uuid7()).receipt_id for _ in range(2))
    sales.refund_sale(receipt_id=first, now=START)
    again = sales.refund_sales(receipt_ids=[first, second, first], now=START)
    assert again[0] == again[2]
    assert ledger.wallet(fan).balance_cents == 1_600
    assert Receipt.objects.filter(kind=ReceiptKind.CREDIT_NOTE).count() == 2


def test_only_a_sale_is_refunded():
    with pytest.raises(NotFound):
        sales.refund_sale(receipt_id=1_000_000, now=START)
    sale = sold(funded(800), uuid7())
    note = sales.refund_sale(receipt_id=sale.receipt_id, now=START).credit_note_id
    with pytest.raises(NotFound):
        sales.refund_sale(receipt_id=note, now=START)


def test_earnings_become_available_when_their_days_have_passed():
    creator = uuid7()
    sold(funded(800), creator)
    assert release_earnings(now=AFTER - timedelta(seconds=1)) == 0
    assert cents_on(pending(creator), available(creator)) == [534, 0]
    assert release_earnings(now=AFTER) == 1
    assert cents_on(pending(creator), available(creator)) == [0, 534]
    assert release_earnings(now=AFTER) == 0


def test_what_was_refunded_is_never_released():
    creator = uuid7()
    sale = sold(funded(800), creator)
    sales.refund_sale(receipt_id=sale.receipt_id, now=START)
    assert release_earnings(now=AFTER) == 0
    assert cents_on(pending(creator), available(creator)) == [0, 0]


def test_a_refund_after_the_release_takes_what_is_available_and_the_platform_pays_the_rest():
    fan, creator = funded(1_600), uuid7()
    first = sold(fan, creator)
    sold(fan, creator)
    release_earnings(now=AFTER)
    payout = Leg(available(creator), Place(Book.PROCESSOR_CLEARING), 700)
    ledger.post([Posting("payout:1", "payout", (payout,), creator)], now=AFTER)
    sales.refund_sale(receipt_id=first.receipt_id, now=AFTER)
    assert ledger.wallet(fan).balance_cents == 800
    assert cents_on(available(creator), PLATFORM) == [0, 126 - (534 - 368)]
