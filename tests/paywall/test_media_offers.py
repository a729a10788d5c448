"""Offers of media: what may be proposed, to whom, at what price, and what is known of it."""

from pathlib import Path
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotFound
from accounts.policies import NotCertified
from paywall.commands.media_sales import (
    MediaNotReady,
    OfferUnavailable,
    PriceOutOfBounds,
    create_offer,
)
from paywall.commands.uploads import start_upload
from paywall.models import Offer
from paywall.queries.offers import offer_facts, visible_offer
from tests.factories import START, make_creator, make_fan
from tests.paywall import shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path: Path) -> None:
    settings.MEDIA_STORE_DIR = tmp_path


@pytest.mark.parametrize("price_cents", [-1, 1, 199, 20_001])
def test_a_price_out_of_bounds_is_refused_with_the_bounds(price_cents: int) -> None:
    creator, fan = make_creator(), make_fan()
    media = shop.upload(creator)
    with pytest.raises(PriceOutOfBounds) as refused:
        shop.offer(creator, fan, [media], price_cents=price_cents)
    assert refused.value.data == {"min_cents": 200, "max_cents": 20_000}
    assert shop.offer(creator, fan, [media], price_cents=200).price_cents == 200


def test_only_own_ready_different_media_in_number_can_be_offered() -> None:
    creator, other, fan = make_creator(), make_creator(), make_fan()
    media, foreign = shop.upload(creator), shop.upload(other)
    unfinished = start_upload(creator_id=creator.id, client_id=uuid7(), size_bytes=9, now=START)
    with pytest.raises(NotFound):
        shop.offer(creator, fan, [media, foreign])
    with pytest.raises(MediaNotReady):
        shop.offer(creator, fan, [media, unfinished])
    for wrong in ([], [media, media], [media] * 11):
        with pytest.raises(Malformed):
            shop.offer(creator, fan, wrong)
    assert not Offer.objects.exists()


def test_an_uncertified_creator_offers_nothing_and_a_preview_line_has_120_characters() -> None:
    creator, fan = make_creator(), make_fan()
    media = shop.upload(creator)

    def propose(creator_id: UUID, preview: str) -> None:
        create_offer(
            creator_id=creator_id,
            fan_id=fan.id,
            conversation_id=uuid7(),
            media_ids=[media.id],
            price_cents=800,
            preview=preview,
            now=START,
        )

    with pytest.raises(NotCertified):
        propose(make_creator(certified=False).id, "")
    with pytest.raises(Malformed):
        propose(creator.id, "x" * 121)
    propose(creator.id, "x" * 120)


def test_an_offer_is_bound_to_one_message_once() -> None:
    creator, fan = make_creator(), make_fan()
    offer = shop.offer(creator, fan, [shop.upload(creator)], sent=False)
    assert offer.sendable
    shop.send(offer.offer_id, uuid7())
    assert not offer_facts(offer_ids=[offer.offer_id])[offer.offer_id].sendable
    with pytest.raises(OfferUnavailable):
        shop.send(offer.offer_id, uuid7())


def test_facts_of_an_offer_are_for_its_creator_and_after_sending_for_its_fan() -> None:
    creator, fan, other = make_creator(), make_fan(), make_fan()
    offer = shop.offer(creator, fan, [shop.upload(creator)], sent=False)
    offer_id = offer.offer_id
    assert visible_offer(account_id=creator.id, offer_id=offer_id).width == 640
    with pytest.raises(NotFound):
        visible_offer(account_id=fan.id, offer_id=offer_id)
    shop.send(offer_id, uuid7())
    assert visible_offer(account_id=fan.id, offer_id=offer_id).price_cents == 800
    with pytest.raises(NotFound):
        visible_offer(account_id=other.id, offer_id=offer_id)


def test_facts_of_many_offers_take_a_constant_number_of_statements(
    django_assert_num_queries,
) -> None:
    creator, fan = make_creator(), make_fan()
    media = [shop.upload(creator) for _ in range(3)]
    ids = [shop.offer(creator, fan, [one]).offer_id for one in media]
    for asked in (ids[:1], ids):
        with django_assert_num_queries(6):
            assert len(offer_facts(offer_ids=asked)) == len(asked)
    with django_assert_num_queries(0):
        assert offer_facts(offer_ids=[]) == {}
