"""A wallet's page costs what it shows, and joins the next one whatever shares its moment."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from accounts.models import Account
from paywall import ledger
from paywall.ledger import Book, Leg, Place, Posting
from paywall.models import Transfer
from paywall.queries.wallet_lines import WalletLine, wallet_lines
from tests import plans
from tests.factories import START, make_fan

CLEARING, FEE = Place(Book.PROCESSOR_CLEARING), Place(Book.PLATFORM_FEE)
LONG = 1_500  # movements of one wallet, among as many of others


def moved(owner_id: UUID, number: int) -> Posting:
    """Money in, in two parts, or out; every third posting of a wallet is the latter."""
    wallet = Place(Book.FAN_WALLET, owner_id)
    into = (Leg(CLEARING, wallet, 30), Leg(CLEARING, wallet, number))
    legs = (Leg(wallet, FEE, 7),) if number % 3 == 2 else into
    return Posting(f"test:{uuid7()}", "test", legs, uuid7())


def moments(fan: Account, *, postings: int, each: int) -> None:
    """So many postings of this wallet, several at a moment."""
    for moment, first in enumerate(range(1, postings + 1, each)):
        at = START + timedelta(minutes=moment)
        with transaction.atomic():
            ledger.post([moved(fan.id, first + n) for n in range(each)], now=at)


def pages(fan: Account, limit: int) -> list[WalletLine]:
    found: list[WalletLine] = []
    mark: UUID | None = None
    while True:
        page = wallet_lines(owner_id=fan.id, before=mark, limit=limit)
        assert len(page.items) <= limit
        found += page.items
        if (mark := page.next) is None:
            return found


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_pages_join_and_every_line_has_the_balance_of_all_before_it(limit: int) -> None:
    fan = make_fan()
    moments(fan, postings=24, each=4)
    lines = pages(fan, limit)
    assert len({line.id for line in lines}) == len(lines) == 24
    places = [(line.at, line.id) for line in lines]
    assert places == sorted(places, reverse=True)
    left = 0
    for line in reversed(lines):
        left += line.in_cents - line.out_cents
        assert line.balance_cents == left
    assert left == ledger.wallet(fan.id).balance_cents


@pytest.mark.django_db
def test_what_moves_between_two_pages_changes_neither_the_second_nor_its_balances() -> None:
    fan = make_fan()
    moments(fan, postings=12, each=2)
    whole = pages(fan, 100)
    first = wallet_lines(owner_id=fan.id, limit=5)
    with transaction.atomic():
        ledger.post([moved(fan.id, 1), moved(fan.id, 2)], now=START + timedelta(days=1))
    second = wallet_lines(owner_id=fan.id, before=first.next, limit=100)
    assert first.items + second.items == whole


@pytest.mark.django_db
def test_a_moment_with_more_than_a_page_is_paged_whole() -> None:
    fan = make_fan()
    moments(fan, postings=60, each=60)
    assert len({line.id for line in pages(fan, 4)}) == 60


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_page_reads_no_more_of_a_long_history_than_of_a_short_one() -> None:
    fan, other = make_fan(), make_fan()
    for one in (fan, other):
        moments(one, postings=LONG, each=2)
    plans.know_the_tables("paywall_transfer", "paywall_ledgeraccount")
    limit = 20
    first = wallet_lines(owner_id=fan.id, limit=limit)

    def page(mark: UUID | None) -> object:
        return wallet_lines(owner_id=fan.id, before=mark, limit=limit)

    assert plans.visited(lambda: page(None)) <= 2 * (limit + 1)
    assert plans.visited(lambda: page(first.next)) <= 2 * (limit + 1)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX movements_into_an_account")
        assert plans.visited(lambda: page(None)) > LONG
        transaction.set_rollback(True)
    assert Transfer.objects.count() > 2 * LONG
