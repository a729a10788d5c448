"""A fan, a creator and a moderator at once: a paid answer, suspect messages, a sale.

In French on a desktop and in English on a phone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys import desk
from tests.journeys.browser import DESKTOP, PHONE, Visitor, euros
from tests.paywall import pictures
from tests.running_server import RunningServer
from tests.wire import Person, until

FORBIDDEN = re.compile("cents|price|balance|revenue|follower")
AMOUNT = re.compile(r"€\s?\d|\d[.,]\d\d\s?€")
SUSPECT = "I will pay you 300 euros for a night at my hotel tomorrow"


@dataclass
class Cast:
    """Three people in the languages of their accounts, and what happened to the fan's money."""

    fan: Visitor
    creator: Visitor
    moderator: Visitor
    purse: Person  # the fan, over HTTP
    clerk: Person  # the moderator, over HTTP
    place: str
    language: str

    def say(self, text: str) -> None:
        """The fan writes and presses send, at the price on the button."""
        self.fan.write(text)
        self.fan.press("timeline:send", price=euros(200, self.language))

    def require_wallet(self, balance_cents: int, reserved_cents: int) -> None:
        until(lambda: self.purse.wallet() == (balance_cents, reserved_cents))


CASTS = {"fr": (0, DESKTOP), "en": (1, PHONE)}


@pytest.fixture(scope="module", params=CASTS)
def cast(request: pytest.FixtureRequest, chromium: Browser, stage: RunningServer) -> Iterator[Cast]:
    """Signed in on the page, each at their own home."""
    language: str = request.param
    number, size = CASTS[language]
    people = [
        [account for account in stage.accounts if account["role"] == role][number]
        for role in ("fan", "creator", "moderator")
    ]
    fan, creator, moderator = visitors = [
        Visitor(chromium, stage, language=language, size=size) for _ in people
    ]
    for visitor, account in zip(visitors, people, strict=True):
        visitor.sign_in(account["email"], account["password"])
    pair = (people[0]["email"], people[1]["email"])
    place = next(c["id"] for c in stage.conversations if (c["fan"], c["creator"]) == pair)
    purse, clerk = Person.of(stage, "fan", number), Person.of(stage, "moderator", number)
    with purse, clerk, fan, creator, moderator:
        cast = Cast(fan, creator, moderator, purse, clerk, place, language)
        cast.fan.page.goto(f"/messages/{place}")
        cast.creator.page.goto(f"/studio/{place}")
        yield cast
        assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


def test_the_price_comes_first_and_an_answer_in_person_is_charged_on_both_sides(
    cast: Cast,
) -> None:
    balance, reserved = cast.purse.wallet()
    fan, creator = cast.fan, cast.creator
    price, share = euros(200, cast.language), euros(134, cast.language)
    expect(fan.button("timeline:send", price=price)).to_be_disabled()
    fan.shows(fan.words("timeline:strip.terms", hours=72))
    fan.shows(
        fan.words(
            "timeline:strip.balance_after",
            before=euros(balance, cast.language),
            after=euros(balance - 200, cast.language),
        )
    )
    cast.say("Which play tonight?")
    fan.money_of("Which play tonight?", "reserved")
    cast.require_wallet(balance - 200, reserved + 200)
    expect(creator.money_of("Which play tonight?", "reserved")).to_contain_text(share)
    creator.write("The one with the storm.")
    creator.press("creator:answer.press", amount=share)
    fan.shows("The one with the storm.")
    expect(fan.money_of("Which play tonight?", "captured")).to_contain_text(
        fan.words("common:money.captured")
    )
    expect(creator.money_of("Which play tonight?", "earned")).to_contain_text(share)


def test_a_suspect_message_is_released_and_another_withheld_with_its_reasons(cast: Cast) -> None:
    fan, creator = cast.fan, cast.creator
    balance, reserved = cast.purse.wallet()
    for room in ("one", "two"):
        cast.say(f"{SUSPECT}, room {room}.")
        fan.state_of(f"room {room}", "held")
        fan.says("common:state.held")
    cast.require_wallet(balance - 400, reserved + 400)
    expect(creator.row(SUSPECT)).to_have_count(0)
    decide(cast, f"{SUSPECT}, room one.", outcome="release")
    fan.state_of("room one", "delivered")
    creator.row("room one").wait_for()
    reason = "The message offers money for a meeting."
    decide(cast, f"{SUSPECT}, room two.", outcome="withhold", reason=reason)
    fan.state_of("room two", "withheld")
    cast.require_wallet(balance - 200, reserved + 200)
    expect(creator.row("room two")).to_have_count(0)
    fan.row("room two").get_by_role("link", name=fan.words("timeline:statement")).click()
    fan.shows(reason)
    expect(fan.page).to_have_url(re.compile("/statements/"))
    fan.page.goto(f"/messages/{cast.place}")


def decide(cast: Cast, text: str, *, outcome: str, reason: str = "") -> None:
    """Find the case in the queue, claim it, read it, decide; nothing there speaks of money."""
    moderator = cast.moderator
    page, words = moderator.page, moderator.words
    open_case(cast, text)
    moderator.press("moderator:lease.claim")
    moderator.says("moderator:lease.mine")
    chosen = words(f"moderator:decision.{outcome}")
    page.locator("label").filter(has=page.get_by_role("radio", name=chosen, exact=True)).click()
    expect(page.get_by_role("radio", name=chosen, exact=True)).to_be_checked()
    if outcome == "withhold":
        page.get_by_label(words("moderator:decision.rule")).select_option("prost.solicit")
        page.get_by_label(words("moderator:decision.reason")).fill(reason)
    assert not AMOUNT.search(page.locator("body").inner_text())
    moderator.press("moderator:decision.decide")


def open_case(cast: Cast, text: str) -> None:
    """From the queue to the case about this text."""
    page, case_id = cast.moderator.page, desk.open_case(cast.clerk, body=text)
    page.goto("/desk")
    link = page.locator(f"#case-{case_id}")
    link.wait_for()
    assert not AMOUNT.search(page.locator("body").inner_text())
    link.click()


def test_a_picture_is_uploaded_priced_sent_and_unlocked_once_though_pressed_twice(
    cast: Cast, tmp_path: Path
) -> None:
    fan, creator = cast.fan, cast.creator
    balance, _ = cast.purse.wallet()
    cast.say("May I see behind the curtain?")
    fan.money_of("May I see behind the curtain?", "reserved")
    picture = tmp_path / "stage-door.jpg"
    picture.write_bytes(pictures.jpeg(900, 600, seed=len(cast.language)))
    creator.page.goto("/studio/vault")
    creator.page.locator("input[type=file]").set_input_files(picture)
    creator.says("creator:upload.ready")
    creator.page.goto(f"/studio/{cast.place}")
    creator.press("creator:offer.attach")
    sheet = creator.page.get_by_role("dialog")
    sheet.locator("label").filter(has=creator.page.get_by_role("checkbox")).first.click()
    expect(sheet.get_by_role("checkbox").first).to_be_checked()
    sheet.get_by_label(creator.words("creator:offer.price")).fill("8")
    sheet.get_by_role("button", name=creator.words("creator:offer.add")).click()
    creator.write("From behind the curtain.")
    composer = creator.page.get_by_role("form", name=creator.words("timeline:composer.label"))
    composer.locator("button[type=submit]").click()
    fan.row("From behind the curtain.").wait_for()
    captured = fan.row("From behind the curtain.")
    captured.get_by_role("button", name=fan.words("timeline:media.unlock")).click()
    press = fan.page.get_by_role("dialog").get_by_role(
        "button", name=fan.words("timeline:unlock.press", price=euros(800, cast.language))
    )
    press.dblclick()
    image = fan.opened_picture()
    image.wait_for()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 900
    fan.money_of("May I see behind the curtain?", "captured")
    assert cast.purse.wallet()[0] == balance - 200 - 800


def test_the_moderator_was_told_nothing_of_money_or_fame(cast: Cast) -> None:
    assert len(cast.moderator.heard) > 10
    assert [key for key in sorted(cast.moderator.heard_keys()) if FORBIDDEN.search(key)] == []
