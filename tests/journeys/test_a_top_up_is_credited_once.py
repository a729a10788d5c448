"""A new fan adds money: once, however often and in whatever order the provider says so."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from paywall.gateway import signature
from tests.running_server import RunningServer
from tests.wire import Person, until

DECLINED, ASKS_THE_BANK = "4000000000000002", "4000002760003184"


@pytest.fixture
def fan(town: RunningServer) -> Iterator[Person]:
    with Person.new_fan(town) as person:
        yield person


def tell(server: RunningServer, event: dict[str, Any], *, secret: str = "") -> httpx.Response:
    """Say something to the webhook as the provider does, signed now."""
    secret = secret or (server.home / "secrets" / "payment_webhook_secret").read_text()
    body = json.dumps(event).encode()
    header = signature.sign(body=body, secret=secret, now=server.now)
    headers = {signature.HEADER: header, "Content-Type": "application/json"}
    return httpx.post(f"{server.url}/api/payments/webhook", content=body, headers=headers)


def digest(*parts: str) -> str:
    """How the test provider names things: its ids follow from what they are about."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def clearing_cents(server: RunningServer) -> int:
    """What the processor owes us, below zero, by the ledger itself."""
    code = (
        "from paywall import ledger; place = ledger.Place(ledger.Book.PROCESSOR_CLEARING);"
        "print(ledger.balances([place])[place])"
    )
    shown = server.manage("shell", "--no-imports", "-c", code)
    assert shown.returncode == 0, shown.stderr
    return int(shown.stdout)


def test_twenty_euros_arrive_once_though_the_provider_repeats_itself_out_of_order(
    town: RunningServer, fan: Person
) -> None:
    before_cents = clearing_cents(town)
    topup = fan.ask_topup(2_000).json()
    until(lambda: fan.wallet() == (2_000, 0))
    payment_id = f"pay_{digest(topup['id'])}"
    facts: dict[str, Any] = {
        "payment_id": payment_id,
        "reference": topup["id"],
        "amount_cents": 2_000,
    }
    created, succeeded = (
        {**facts, "id": f"evt_{digest(payment_id, kind, '0')}", "kind": kind}
        | {"at": topup["created_at"]}
        for kind in ("payment.created", "payment.succeeded")
    )
    known = [tell(town, told).json()["first_time"] for told in (succeeded, created, succeeded)]
    assert known == [False, False, False]
    another = {**succeeded, "id": f"evt_{uuid7()}"}
    assert tell(town, another).json()["first_time"]
    assert fan.wallet() == (2_000, 0)
    assert clearing_cents(town) == before_cents - 2_000
    lines = fan.get("/api/wallet/lines").json()["items"]
    assert [(line["in_cents"], line["balance_cents"]) for line in lines] == [(2_000, 2_000)]


def test_a_declined_card_changes_nothing(fan: Person) -> None:
    fan.top_up(2_000)
    refused = fan.ask_topup(2_000, card=DECLINED)
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_declined")
    assert fan.wallet() == (2_000, 0)


def test_the_same_order_again_is_the_same_top_up_and_another_sum_is_refused(fan: Person) -> None:
    client_id = str(uuid7())
    first = fan.ask_topup(1_000, client_id=client_id).json()
    again = fan.ask_topup(1_000, client_id=client_id).json()
    assert again["id"] == first["id"]
    assert fan.ask_topup(1_500, client_id=client_id).json()["code"] == "client_id_reused"
    until(lambda: fan.wallet() == (1_000, 0))


@pytest.mark.parametrize(("approve", "cents"), [(True, 1_000), (False, 0)])
def test_the_bank_may_ask_first(fan: Person, approve: bool, cents: int) -> None:
    asked = fan.ask_topup(1_000, card=ASKS_THE_BANK).json()
    assert (asked["state"], fan.wallet()) == ("requires_action", (0, 0))
    path = f"/api/wallet/topups/{asked['id']}/challenge"
    answered = fan.post(path, json={"approve": approve})
    assert answered.status_code == 200
    until(lambda: fan.get(f"/api/wallet/topups/{asked['id']}").json()["state"] != "requires_action")
    until(lambda: fan.wallet() == (cents, 0))


def test_nobody_else_speaks_for_the_provider(town: RunningServer, fan: Person) -> None:
    topup = fan.ask_topup(1_000, card=ASKS_THE_BANK).json()
    event: dict[str, Any] = {
        "id": "evt_forged",
        "kind": "payment.succeeded",
        "payment_id": "pay_forged",
    }
    event |= {"reference": topup["id"], "amount_cents": 1_000, "at": town.now.isoformat()}
    assert tell(town, event, secret="guessed").status_code == 403
    assert fan.wallet() == (0, 0)
