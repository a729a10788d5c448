"""A page that is reloaded before its receipt, or that is offline: one charge for one press."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.journeys.browser import Visitor, decoded, euros
from tests.running_server import RunningServer
from tests.wire import Person, until

RESULTS = ("receipt", "message_delivered", "media_unlocked", "wallet_changed")


class Line:
    """The socket of a page; while `deaf`, what became of a press does not arrive."""

    def __init__(self, page: Page) -> None:
        self.deaf = False
        page.route_web_socket("**/ws", self._connect)

    def _connect(self, page_end: WebSocketRoute) -> None:
        server_end = page_end.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if not (self.deaf and decoded(message)["t"] in RESULTS):
                page_end.send(message)

        server_end.on_message(pass_on)


@pytest.fixture(scope="module")
def purse(stage: RunningServer) -> Iterator[Person]:
    """The fan, over HTTP."""
    with Person.of(stage, "fan") as person:
        yield person


@pytest.fixture
def fan(chromium: Browser, stage: RunningServer, purse: Person) -> Iterator[Visitor]:
    """In the conversation where a picture is for sale."""
    with Visitor(chromium, stage, language="fr") as visitor:
        visitor.take_session(purse)
        yield visitor
        assert visitor.complaints == []


@pytest.fixture(scope="module")
def address(stage: RunningServer, purse: Person) -> str:
    creator = [a["email"] for a in stage.accounts if a["role"] == "creator"][1]
    pair = (purse.email, creator)
    return next(
        f"/messages/{c['id']}" for c in stage.conversations if (c["fan"], c["creator"]) == pair
    )


def test_a_reload_between_press_and_receipt_is_one_message_and_one_charge(
    fan: Visitor, purse: Person, address: str
) -> None:
    balance, reserved = purse.wallet()
    line = Line(fan.page)
    fan.page.goto(address)
    fan.write("Sent once")
    line.deaf = True
    fan.press("timeline:send", price=euros(200, "fr"))
    until(lambda: purse.wallet() == (balance - 200, reserved + 200), pause=fan.pause)
    line.deaf = False
    fan.page.reload()
    fan.state_of("Sent once", "delivered")
    fan.money_of("Sent once", "reserved")
    expect(fan.row("Sent once")).to_have_count(1)
    expect(fan.page.locator("article[data-row]").filter(has_text="Sent once")).to_have_count(1)
    assert purse.wallet() == (balance - 200, reserved + 200)


def test_three_messages_written_offline_leave_once_when_the_line_is_back(
    fan: Visitor, purse: Person, address: str
) -> None:
    balance, reserved = purse.wallet()
    fan.page.goto(address)
    fan.button("timeline:send", price=euros(200, "fr")).wait_for()
    fan.go_offline(True)
    for number in ("one", "two", "three"):
        fan.write(f"Offline {number}")
        fan.press("timeline:send", price=euros(200, "fr"))
        fan.state_of(f"Offline {number}", "queued")
    assert purse.wallet() == (balance, reserved)
    fan.go_offline(False)
    for number in ("one", "two", "three"):
        fan.state_of(f"Offline {number}", "delivered")
    assert purse.wallet() == (balance - 600, reserved + 600)
    expect(fan.page.locator("article[data-row]").filter(has_text="Offline ")).to_have_count(3)


def test_an_unlock_whose_receipt_is_lost_is_open_after_a_reload_and_paid_once(
    fan: Visitor, purse: Person, address: str
) -> None:
    balance, reserved = purse.wallet()
    line = Line(fan.page)
    fan.page.goto(address)
    fan.button("timeline:media.unlock").last.click()
    line.deaf = True
    fan.page.get_by_role("dialog").get_by_role(
        "button", name=fan.words("timeline:unlock.press", price=euros(800, "fr"))
    ).click()
    until(lambda: purse.wallet() == (balance - 800, reserved), pause=fan.pause)
    line.deaf = False
    fan.page.reload()
    fan.opened_picture().wait_for()
    assert purse.wallet() == (balance - 800, reserved)
