"""Media sold inside a conversation: only what was delivered can be bought, and only once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import NotFound
from chat.commands import create_offer, unlock, unsend_message
from chat.demo_data import PICTURE
from chat.errors import TooLate
from chat.models import Message
from chat.queries.pages import history_page
from paywall.commands import media, uploads
from safety.screening import Action
from tests.chat.talk import Talk, decide
from tests.factories import make_fan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_STORE_DIR = tmp_path


class Shop(Talk):
    """A conversation whose creator has a picture to sell."""

    def __init__(self, price_cents: int = 800) -> None:
        super().__init__()
        self.ask()
        content = PICTURE.read_bytes()
        upload = uploads.start_upload(
            creator_id=self.creator.id,
            client_id=uuid7(),
            size_bytes=len(content),
            now=self.now,
        )
        uploads.receive_part(
            creator_id=self.creator.id,
            media_id=upload.id,
            offset=0,
            part=content,
            now=self.now,
        )
        media.process_media(media_id=upload.id, now=self.now)
        self.offer = create_offer(
            creator_id=self.creator.id,
            conversation_id=self.place.id,
            media_ids=[upload.id],
            price_cents=price_cents,
            preview="",
            now=self.now,
        )

    def buy(self, most: int = 800) -> object:
        return unlock(
            fan_id=self.fan.id,
            offer_id=self.offer.offer_id,
            client_id=uuid7(),
            max_price_cents=most,
            now=self.now,
        )


def test_a_delivered_offer_is_bought_once_and_pays_its_creator_to_the_cent() -> None:
    shop = Shop()
    shop.answer("Here it is", offer_id=shop.offer.offer_id)
    assert shop.books["creator"] == 134  # the text answered the question
    shop.buy()
    shop.buy()
    assert shop.wallet == (1_000, 0)
    assert shop.books == {
        "escrow": 0,
        "creator": 134 + 534,
        "vat": 33 + 133,
        "reserve": 2 + 7,
        "platform": 31 + 126,
    }


def test_priced_media_without_text_answers_nothing() -> None:
    shop = Shop()
    shop.answer("", offer_id=shop.offer.offer_id)
    assert shop.books["creator"] == 0
    assert shop.wallet == (1_800, 200)


def test_an_offer_in_a_held_message_cannot_be_bought_until_a_human_releases_it() -> None:
    shop = Shop()
    with pytest.raises(NotFound):
        shop.buy()  # not sent yet
    held = shop.answer("Here", offer_id=shop.offer.offer_id, action=Action.HOLD)
    with pytest.raises(NotFound):
        shop.buy()
    decide(held, "release", now=shop.now)
    shop.buy()
    assert shop.wallet == (1_000, 0)


def test_another_fan_finds_no_offer() -> None:
    shop = Shop()
    shop.answer("Here", offer_id=shop.offer.offer_id)
    with pytest.raises(NotFound):
        unlock(
            fan_id=make_fan().id,
            offer_id=shop.offer.offer_id,
            client_id=uuid7(),
            max_price_cents=800,
            now=shop.now,
        )


def test_withholding_a_message_gives_the_buyers_of_its_offer_their_money_back() -> None:
    shop = Shop()
    flagged = shop.answer("Here", offer_id=shop.offer.offer_id, action=Action.FLAG)
    shop.buy()
    decide(flagged, "withhold", now=shop.now)
    assert shop.wallet == (1_800, 0)
    assert shop.books["creator"] == 134


def test_a_bought_offer_cannot_be_unsent() -> None:
    shop = Shop()
    message = shop.answer("", offer_id=shop.offer.offer_id)
    shop.buy()
    with pytest.raises(TooLate):
        unsend_message(
            account_id=shop.creator.id,
            conversation_id=shop.place.id,
            message_id=message.id,
            now=shop.now + timedelta(seconds=5),
        )


def test_history_shows_the_lure_before_and_the_entitlement_after() -> None:
    shop = Shop()
    shop.answer("Here", offer_id=shop.offer.offer_id)
    before, after = (_offer_seen(shop, buying) for buying in (False, True))
    assert (before.price_cents, before.owned, before.lure[:4]) == (800, False, b"RIFF")
    assert after.owned
    assert after.entitlement_id is not None


def _offer_seen(shop: Shop, buying: bool) -> Any:
    if buying:
        shop.buy()
    page = history_page(
        reader_id=shop.fan.id,
        conversation_id=shop.place.id,
        before_seq=None,
        limit=10,
        now=shop.now,
    )
    assert Message.objects.count() == 2
    return page.messages[-1].offer
