"""Opening an offer: exactly one charge and one entitlement, however it is pressed."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from uuid_utils.compat import uuid7

from accounts import inbox
from accounts.errors import NotFound, Refusal
from accounts.events import Event
from accounts.models import Account
from paywall.commands.media import delete_media, erase_media
from paywall.commands.media_sales import (
    AlreadyOwned,
    OfferPriceChanged,
    OfferUnavailable,
    Unlocked,
    UnlockIdReused,
    unlock,
    withdraw_offers,
)
from paywall.commands.sales import InsufficientFunds
from paywall.events import MediaUnlocked, WalletChanged
from paywall.models import Offer, Ownership, Receipt, Unlock
from paywall.queries.media import library, unlock_links
from paywall.queries.offers import entitlements
from tests.factories import START, make_creator, make_fan
from tests.paywall import shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path: Path) -> None:
    settings.MEDIA_STORE_DIR = tmp_path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, Event]]:
    """Who was told what, once it was committed."""
    heard: list[tuple[UUID, Event]] = []

    def send(deliveries: list[inbox.Delivery]) -> None:
        heard.extend((account, event) for accounts, event in deliveries for account in accounts)

    monkeypatch.setattr(inbox, "_send", send)
    return heard


def press(
    fan: Account, offer_id: UUID, *, client_id: UUID | None = None, max_price_cents: int = 20_000
) -> Unlocked:
    return unlock(
        fan_id=fan.id,
        offer_id=offer_id,
        client_id=client_id or uuid7(),
        max_price_cents=max_price_cents,
        now=START,
    )


def at_once(presses: list[Callable[[], Unlocked]]) -> list[Unlocked | Refusal]:
    """Each press in a thread of its own, all let go at the same moment."""
    barrier = threading.Barrier(len(presses))
    results: list[Unlocked | Refusal] = []

    def run(pressed: Callable[[], Unlocked]) -> None:
        try:
            barrier.wait()
            results.append(pressed())
        except Refusal as refusal:
            results.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(pressed,)) for pressed in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(presses)
    return results


def test_two_devices_at_once_charge_eight_euros_once_and_split_them_to_the_cent() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 1_400)
    offer = shop.offer(creator, fan, [shop.upload(creator)], price_cents=800)
    results = at_once([lambda: press(fan, offer.offer_id) for _ in range(2)])
    opened = [result for result in results if isinstance(result, Unlocked)]
    assert sorted(one.charged_cents for one in opened) == [0, 800]
    assert sorted(one.replay for one in opened) == [False, True]
    assert len({one.entitlement_id for one in opened}) == 1
    assert shop.balances(fan, creator) == {
        "fan": 600,
        "creator": 534,
        "vat": 133,
        "reserve": 7,
        "platform": 126,
    }
    assert (Unlock.objects.count(), Receipt.objects.count()) == (1, 1)


def test_ten_presses_with_one_client_id_at_once_charge_once() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 10_000)
    offer = shop.offer(creator, fan, [shop.upload(creator)])
    client_id = uuid7()
    at_once([lambda: press(fan, offer.offer_id, client_id=client_id) for _ in range(10)])
    assert shop.balances(fan, creator)["fan"] == 9_200
    assert Unlock.objects.count() == 1


def test_one_media_in_two_offers_opened_at_once_is_paid_once() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 10_000)
    media = shop.upload(creator)
    offers = [shop.offer(creator, fan, [media]).offer_id for _ in range(2)]
    at_once([lambda offer_id=one: press(fan, offer_id) for one in offers])  # type: ignore[misc]
    assert shop.balances(fan, creator)["fan"] == 9_200
    assert (Unlock.objects.count(), Ownership.objects.count()) == (2, 1)


def test_a_purchase_and_a_withdrawal_at_once_end_with_the_money_back() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 1_000)
    offer = shop.offer(creator, fan, [shop.upload(creator)])
    message_id = Offer.objects.get().message_id
    assert message_id is not None
    nobody = Unlocked(uuid7(), uuid7(), creator.id, 0, 0, replay=False)

    def withdraw() -> Unlocked:
        withdraw_offers(message_ids=[message_id], now=START)
        return nobody

    at_once([lambda: press(fan, offer.offer_id), withdraw])
    assert shop.balances(fan, creator)["fan"] == 1_000
    assert not Ownership.objects.exists()


def test_opening_again_answers_the_first_entitlement_and_charges_nothing() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 1_000)
    offer = shop.offer(creator, fan, [shop.upload(creator)])
    client_id = uuid7()
    first = press(fan, offer.offer_id, client_id=client_id)
    assert (first.charged_cents, first.balance_cents, first.replay) == (800, 200, False)
    for again, told_cents in (
        (press(fan, offer.offer_id, client_id=client_id), 800),  # the first outcome, once more
        (press(fan, offer.offer_id), 0),
        (press(fan, offer.offer_id, max_price_cents=0), 0),  # the maximum is for a charge
    ):
        assert again.entitlement_id == first.entitlement_id
        told = (again.charged_cents, again.balance_cents, again.replay)
        assert told == (told_cents, 200, True)


def test_a_client_id_opens_one_offer_only() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 5_000)
    first, second = (shop.offer(creator, fan, [shop.upload(creator)]) for _ in range(2))
    client_id = uuid7()
    press(fan, first.offer_id, client_id=client_id)
    with pytest.raises(UnlockIdReused):
        press(fan, second.offer_id, client_id=client_id)
    assert shop.balances(fan, creator)["fan"] == 4_200


def test_the_price_is_never_above_the_stated_maximum() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 5_000)
    offer = shop.offer(creator, fan, [shop.upload(creator)], price_cents=800)
    with pytest.raises(OfferPriceChanged) as refused:
        press(fan, offer.offer_id, max_price_cents=799)
    assert refused.value.data == {"price_cents": 800}
    assert not Unlock.objects.exists()
    assert press(fan, offer.offer_id, max_price_cents=800).charged_cents == 800


def test_a_wallet_one_cent_short_says_so_and_nothing_is_opened(told: list) -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 799)
    offer = shop.offer(creator, fan, [shop.upload(creator)])
    with pytest.raises(InsufficientFunds) as refused:
        press(fan, offer.offer_id)
    assert refused.value.data["missing_cents"] == 1
    assert not Unlock.objects.exists()
    assert not Ownership.objects.exists()
    assert told == []
    shop.top_up(fan, 1)
    assert press(fan, offer.offer_id).balance_cents == 0


def test_both_sides_hear_of_it_and_the_wallet_only_its_owner(told: list) -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 1_000)
    offer = shop.offer(creator, fan, [shop.upload(creator)])
    done = press(fan, offer.offer_id)
    press(fan, offer.offer_id)  # a replay tells nobody again
    opened = MediaUnlocked(
        offer_id=offer.offer_id, message_id=done.message_id, entitlement_id=done.entitlement_id
    )
    wallet = WalletChanged(balance_cents=200, reserved_cents=0)
    assert told == [(fan.id, opened), (creator.id, opened), (fan.id, wallet)]


def test_a_free_offer_opens_with_an_empty_wallet_and_writes_no_receipt(told: list) -> None:
    creator, fan = make_creator(), make_fan()
    offer = shop.offer(creator, fan, [shop.upload(creator)], price_cents=0)
    assert press(fan, offer.offer_id, max_price_cents=0).charged_cents == 0
    assert not Receipt.objects.exists()
    assert [type(event) for _, event in told] == [MediaUnlocked, MediaUnlocked]


def test_a_bundle_of_two_equal_items_costs_half_when_one_is_owned() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 5_000)
    owned, other = shop.upload(creator), shop.upload(creator)
    press(fan, shop.offer(creator, fan, [owned], price_cents=300).offer_id)
    bundle = shop.offer(creator, fan, [owned, other], price_cents=1_000)
    assert (bundle.price_cents, bundle.owned_count, bundle.media_count) == (500, 1, 2)
    assert press(fan, bundle.offer_id, max_price_cents=500).charged_cents == 500
    assert Ownership.objects.filter(fan=fan).count() == 2
    with pytest.raises(AlreadyOwned):
        shop.offer(creator, fan, [owned, other])


def test_what_is_left_of_a_price_is_rounded_for_the_fan() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 5_000)
    media = [shop.upload(creator) for _ in range(3)]
    press(fan, shop.offer(creator, fan, media[:1], price_cents=200).offer_id)
    assert shop.offer(creator, fan, media, price_cents=1_000).price_cents == 666


def test_an_offer_that_is_not_sent_not_yours_or_withdrawn_cannot_be_opened() -> None:
    creator, fan, other = make_creator(), make_fan(), make_fan()
    for one in (fan, other):
        shop.top_up(one, 5_000)
    offer = shop.offer(creator, fan, [shop.upload(creator)], sent=False)
    with pytest.raises(OfferUnavailable):
        press(fan, offer.offer_id)
    message_id = uuid7()
    shop.send(offer.offer_id, message_id)
    for stranger in (other, creator):
        with pytest.raises(NotFound):
            press(stranger, offer.offer_id)
    with pytest.raises(NotFound):
        press(fan, uuid7())
    withdraw_offers(message_ids=[message_id], now=START)
    with pytest.raises(OfferUnavailable):
        press(fan, offer.offer_id)


def test_an_offer_whose_media_was_erased_or_deleted_is_not_sold() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 5_000)
    for remove in (
        lambda media: erase_media(media_id=media.id, now=START),
        lambda media: delete_media(creator_id=creator.id, media_id=media.id, now=START),
    ):
        media = shop.upload(creator)
        offer = shop.offer(creator, fan, [media])
        remove(media)
        with pytest.raises(OfferUnavailable):
            press(fan, offer.offer_id)
    assert shop.balances(fan, creator)["fan"] == 5_000


def test_a_withheld_message_refunds_its_buyer_to_the_cent_and_closes_what_it_opened(
    told: list,
) -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 1_400)
    offer = shop.offer(creator, fan, [shop.upload(creator)])
    done = press(fan, offer.offer_id)
    told.clear()
    for _ in range(2):  # the second time changes nothing
        withdraw_offers(message_ids=[done.message_id], now=START + timedelta(hours=1))
    assert shop.balances(fan, creator) == {
        "fan": 1_400,
        "creator": 0,
        "vat": 0,
        "reserve": 0,
        "platform": 0,
    }
    assert told == [(fan.id, WalletChanged(balance_cents=1_400, reserved_cents=0))]
    assert entitlements(account_id=fan.id, offer_ids=[offer.offer_id]) == {}
    assert library(fan_id=fan.id, before=None, limit=50) == []
    with pytest.raises(NotFound):
        unlock_links(
            account_id=fan.id, session_key="s", entitlement_id=done.entitlement_id, now=START
        )


def test_withdrawing_one_message_leaves_other_sales_alone() -> None:
    creator, fan = make_creator(), make_fan()
    shop.top_up(fan, 5_000)
    kept, gone = (
        press(fan, shop.offer(creator, fan, [shop.upload(creator)]).offer_id) for _ in range(2)
    )
    withdraw_offers(message_ids=[gone.message_id, uuid7()], now=START)
    assert shop.balances(fan, creator)["fan"] == 4_200
    [entry] = library(fan_id=fan.id, before=None, limit=50)
    assert entry.entitlement_id == kept.entitlement_id


def test_the_library_is_the_fans_own_newest_first_in_pages() -> None:
    creator, fan, other = make_creator(), make_fan(), make_fan()
    made = [
        press(fan, shop.offer(creator, fan, [shop.upload(creator)], price_cents=0).offer_id)
        for _ in range(3)
    ]
    newest = library(fan_id=fan.id, before=None, limit=2)
    assert [entry.entitlement_id for entry in newest] == [
        made[2].entitlement_id,
        made[1].entitlement_id,
    ]
    rest = library(fan_id=fan.id, before=newest[-1].entitlement_id, limit=2)
    assert [entry.entitlement_id for entry in rest] == [made[0].entitlement_id]
    assert {entry.creator for entry in newest} == {creator.name}
    assert library(fan_id=other.id, before=None, limit=2) == []


def test_the_database_itself_refuses_a_second_unlock_and_a_second_sale_of_a_media() -> None:
    creator, fan = make_creator(), make_fan()
    media = shop.upload(creator)
    press(fan, shop.offer(creator, fan, [media], price_cents=0).offer_id)
    [opened] = Unlock.objects.all()
    again = Unlock(
        offer_id=opened.offer_id,
        fan_id=fan.id,
        client_id=uuid7(),
        charged_cents=0,
        unlocked_at=START,
    )
    for row in (again, Ownership(fan_id=fan.id, media_id=media.id, unlock=opened)):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)
