"""What the wallet's screen is served: balance, history, receipts, top-ups; the webhook's door."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from uuid_utils.compat import uuid7

from accounts.models import Account
from paywall.commands import escrow, sales
from paywall.gateway import outbox, signature
from paywall.models import PaymentEvent, TopUp
from tests.factories import make_creator, make_fan, make_moderator
from tests.paywall.books import set_aside
from tests.paywall.provider import CHALLENGE, DECLINED, GOOD, funded_fan, wallet_cents, webhooks

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(account: Account | None) -> Client:
    client = Client()
    if account is not None:
        client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def topup_body(**changes: Any) -> dict[str, Any]:
    return {"client_id": str(uuid7()), "amount_cents": 2_000, "card_number": GOOD, **changes}


def begin(fan: Account, **changes: Any) -> Any:
    body = topup_body(**changes)
    return signed_in(fan).post("/api/wallet/topups", body, content_type="application/json")


def tell(*, sent_at: datetime | None = None, body: bytes | None = None) -> list[int]:
    """The provider's webhooks to the door, signed at `sent_at`; the statuses of the answers."""
    statuses = []
    for row in webhooks():
        _, headers, signed = outbox.seal(row, now=sent_at or datetime.now(UTC))
        answer = Client(enforce_csrf_checks=True).post(
            "/api/payments/webhook",
            body or signed,
            content_type="application/json",
            headers={signature.HEADER: headers[signature.HEADER]},
        )
        statuses.append(answer.status_code)
    return statuses


def sold(fan: Account, creator: Account, cents: int, *, now: datetime | None = None) -> int:
    """A paid message that was answered; the number of its receipt."""
    now = now or datetime.now(UTC)
    message_id = uuid7()
    with transaction.atomic():
        [hold_id] = set_aside([escrow.Reservation(message_id, fan.id, cents)], now=now)
        one = escrow.Capture(message_id, hold_id, fan.id, creator.id, cents, 20)
        [captured] = escrow.capture([one], now=now)
    return captured.receipt_id


def reserved(fan: Account, cents: int) -> UUID:
    [hold_id] = set_aside([escrow.Reservation(uuid7(), fan.id, cents)], now=datetime.now(UTC))
    return hold_id


def test_the_wallet_tells_what_the_screen_needs():
    fan = funded_fan(make_fan(), 2_000)
    reserved(fan, 300)
    wallet = signed_in(fan).get("/api/wallet").json()
    cards = wallet.pop("test_cards")
    assert wallet == {
        "balance_cents": 1_700,
        "reserved_cents": 300,
        "currency": "EUR",
        "topup_min_cents": 500,
        "topup_max_cents": 20_000,
        "ceiling_cents": 50_000,
        "presets_cents": [1_000, 2_000, 5_000],
    }
    assert [card["number"] for card in cards] == [
        number.replace(" ", "") for number in (GOOD, CHALLENGE, DECLINED, "4000000000009995")
    ]
    assert all(card["label_fr"] and card["label_en"] for card in cards)


PATHS = ("/api/wallet", "/api/wallet/lines", f"/api/wallet/topups/{uuid7()}")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("make", "status"), [(lambda: None, 401), (make_creator, 403), (make_moderator, 403)]
)
def test_a_wallet_is_shown_to_fans_alone(path, make, status):
    assert signed_in(make()).get(path).status_code == status


def test_a_top_up_from_the_first_press_to_the_balance():
    fan = make_fan()
    begun = begin(fan)
    assert (begun.status_code, begun.json()["state"]) == (200, "started")
    assert tell() == [200, 200]
    topup = signed_in(fan).get(f"/api/wallet/topups/{begun.json()['id']}").json()
    assert (topup["state"], topup["amount_cents"]) == ("succeeded", 2_000)
    assert signed_in(fan).get("/api/wallet").json()["balance_cents"] == 2_000


def test_a_top_up_of_somebody_else_is_not_there():
    topup_id = begin(make_fan()).json()["id"]
    answer = signed_in(make_fan()).get(f"/api/wallet/topups/{topup_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("approve", "cents"), [(True, 2_000), (False, 0)])
def test_the_banks_question_is_answered_on_the_page(approve, cents):
    fan = make_fan()
    begun = begin(fan, card_number=CHALLENGE).json()
    assert (begun["state"], bool(begun["challenge"])) == ("requires_action", True)
    path, body = f"/api/wallet/topups/{begun['id']}/challenge", {"approve": approve}
    answer = signed_in(fan).post(path, body, content_type="application/json")
    assert answer.json()["state"] == ("started" if approve else "declined")
    tell()
    assert wallet_cents(fan) == cents
    stranger = signed_in(make_fan()).post(path, body, content_type="application/json")
    assert stranger.status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "code", "facts"),
    [
        ({"card_number": DECLINED}, 402, "payment_declined", {"decline_code": "card_declined"}),
        ({"amount_cents": 499}, 422, "malformed", {"field": "amount_cents", "max_cents": 20_000}),
        ({"card_number": "4111"}, 422, "malformed", {"field": "card_number"}),
    ],
)
def test_a_refused_top_up_says_why_and_changes_nothing(changes, status, code, facts):
    fan = make_fan()
    answer = begin(fan, **changes)
    tell()
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert {name: body[name] for name in facts} == facts
    assert wallet_cents(fan) == 0


def test_a_client_id_with_another_amount_is_refused():
    fan, client_id = make_fan(), str(uuid7())
    assert begin(fan, client_id=client_id).status_code == 200
    again = begin(fan, client_id=client_id, amount_cents=3_000)
    assert (again.status_code, again.json()["code"]) == (409, "client_id_reused")


@pytest.mark.parametrize("make", [make_creator, make_moderator])
def test_nobody_but_a_fan_begins_a_top_up(make):
    answer = begin(make())
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert TopUp.objects.count() == 0


def test_a_page_of_another_site_cannot_begin_a_top_up():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_fan(), "allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post("/api/wallet/topups", topup_body(), content_type="application/json")
    assert (answer.status_code, TopUp.objects.count()) == (403, 0)


def test_the_webhook_said_three_times_credits_once():
    fan = make_fan()
    begin(fan)
    assert [tell(), tell(), tell()] == [[200, 200]] * 3
    assert (wallet_cents(fan), PaymentEvent.objects.count()) == (2_000, 2)


def test_a_tampered_webhook_is_refused_and_credits_nothing():
    fan = make_fan()
    begin(fan)
    [_, success] = webhooks()
    assert tell(body=success.body.replace("2000", "9000").encode()) == [403, 403]
    assert (wallet_cents(fan), PaymentEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_stale_webhook_is_refused_and_credits_nothing(minutes):
    fan = make_fan()
    begin(fan)
    assert tell(sent_at=datetime.now(UTC) + timedelta(minutes=minutes)) == [403, 403]
    assert (wallet_cents(fan), PaymentEvent.objects.count()) == (0, 0)


def test_an_unsigned_request_is_refused():
    answer = Client().post("/api/payments/webhook", b"{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_the_history_shows_each_movement_with_the_balance_it_left():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    receipt_id = sold(fan, creator, 200)
    hold_id = reserved(fan, 300)
    with transaction.atomic():
        escrow.give_back([hold_id], now=datetime.now(UTC))
    items = signed_in(fan).get("/api/wallet/lines").json()["items"]
    shown = [(i["kind"], i["in_cents"], i["out_cents"], i["balance_cents"]) for i in items]
    assert shown == [
        ("void", 300, 0, 1_800),
        ("hold", 0, 300, 1_500),
        ("hold", 0, 200, 1_800),
        ("topup", 2_000, 0, 2_000),
    ]
    assert [item["receipt_id"] for item in items] == [None, None, receipt_id, None]
    assert [item["what"] for item in items] == ["", "", creator.name, ""]


def test_a_refunded_sale_shows_its_credit_note_beside_its_receipt():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    receipt_id = sold(fan, creator, 200)
    refunded = sales.refund_sale(receipt_id=receipt_id, now=datetime.now(UTC))
    items = signed_in(fan).get("/api/wallet/lines").json()["items"]
    assert [item["receipt_id"] for item in items[:2]] == [refunded.credit_note_id, receipt_id]
    assert (items[0]["in_cents"], items[0]["balance_cents"]) == (200, 2_000)
    note = signed_in(fan).get(f"/api/receipts/{refunded.credit_note_id}").json()
    assert (note["kind"], note["reverses_id"]) == ("credit_note", receipt_id)


def test_the_history_comes_in_pages_that_join_without_gap():
    fan = funded_fan(make_fan(), 2_000)
    for _ in range(6):
        reserved(fan, 100)
    whole = signed_in(fan).get("/api/wallet/lines").json()
    assert (len(whole["items"]), whole["next"]) == (7, None)
    pages: list[dict[str, Any]] = []
    before: str | None = ""
    while before is not None:
        page = signed_in(fan).get(f"/api/wallet/lines?limit=3{before and f'&before={before}'}")
        pages += page.json()["items"]
        before = page.json()["next"]
    assert pages == whole["items"]


def test_a_history_shows_nothing_of_other_people():
    fan, other = funded_fan(make_fan(), 2_000), make_fan()
    line_id = signed_in(fan).get("/api/wallet/lines").json()["items"][0]["id"]
    assert signed_in(other).get("/api/wallet/lines").json()["items"] == []
    funded_fan(other, 1_000)
    assert signed_in(other).get(f"/api/wallet/lines?before={line_id}").json()["items"] == []


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_a_size_within_bounds(limit):
    assert signed_in(make_fan()).get(f"/api/wallet/lines?limit={limit}").status_code == 422


def test_a_receipt_shows_every_part_to_its_fan_and_its_creator_alone():
    fan, creator = funded_fan(make_fan(), 2_000), make_creator()
    path = f"/api/receipts/{sold(fan, creator, 200)}"
    receipt = signed_in(fan).get(path).json()
    assert signed_in(creator).get(path).json() == receipt
    parts = [receipt[f"{name}_cents"] for name in ("vat", "creator", "reserve", "bank", "platform")]
    assert (receipt["gross_cents"], parts) == (200, [33, 134, 2, 6, 25])
    assert (receipt["fan_name"], receipt["creator_name"]) == (fan.name, creator.name)
    for stranger in (make_fan(), make_creator()):
        assert signed_in(stranger).get(path).status_code == 404
    assert signed_in(make_moderator()).get(path).status_code == 403
    assert signed_in(None).get(path).status_code == 401
