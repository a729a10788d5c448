"""Lists of conversations: pages by keyset, counters that are kept, each filter in its order."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from chat.commands import expire_held, mark_read, unsend_message
from chat.models import Conversation
from chat.queries.cards import PAGE, Card, CardPage, card_page
from paywall import ledger
from safety.screening import Action
from tests.chat.talk import Talk, decide, edit_of, verdict
from tests.factories import START, make_creator, make_fan

pytestmark = pytest.mark.django_db


def unread(talk: Talk) -> tuple[int, int]:
    """What the fan, and what the creator has not read."""
    place = Conversation.objects.get(id=talk.place.id)
    return place.fan_unread, place.creator_unread


def page_of(account: Account, which: str, mark: str | None = None) -> CardPage:
    """A page of this account's list."""
    return card_page(account_id=account.id, role=account.role, which=which, before=mark, now=START)


def cards(account: Account, which: str = "all") -> list[Card]:
    """Every card of this account's list, page by page."""
    found: list[Card] = []
    mark = None
    while True:
        page = card_page(
            account_id=account.id, role=account.role, which=which, before=mark, now=START
        )
        found += page.items
        if (mark := page.next) is None:
            return found


def places_of(creator: Account, count: int) -> list[UUID]:
    """So many conversations of this creator with fans who wrote nothing yet."""
    places = [
        Conversation(
            fan_id=make_fan().id,
            creator_id=creator.id,
            created_at=START,
            last_at=START,
            listed_at=START,
        )
        for _ in range(count)
    ]
    return [place.id for place in Conversation.objects.bulk_create(places)]


@contextmanager
def pretended(**values: Any) -> Iterator[None]:
    """Every conversation with these values, which nothing sent explains, for a while."""
    Conversation.objects.update(**values)
    yield
    Conversation.objects.update(due_at=None, creator_unread=0)


def test_what_its_author_takes_back_is_unread_no_longer() -> None:
    talk = Talk()
    first, _ = talk.ask("First"), talk.ask("Second")
    assert unread(talk) == (0, 2)
    unsend_message(
        account_id=talk.fan.id, conversation_id=talk.place.id, message_id=first.id, now=talk.now
    )
    assert unread(talk) == (0, 1)


def test_what_was_read_before_it_was_taken_back_changes_no_counter() -> None:
    talk = Talk()
    first, _ = talk.ask("First"), talk.ask("Second")
    mark_read(account_id=talk.creator.id, conversation_id=talk.place.id, seq=1)
    assert unread(talk) == (0, 1)
    unsend_message(
        account_id=talk.fan.id, conversation_id=talk.place.id, message_id=first.id, now=talk.now
    )
    assert unread(talk) == (0, 1)


def test_a_read_mark_counts_nothing_that_was_taken_back() -> None:
    talk = Talk()
    talk.ask("First")
    second = talk.ask("Second")
    unsend_message(
        account_id=talk.fan.id, conversation_id=talk.place.id, message_id=second.id, now=talk.now
    )
    mark_read(account_id=talk.creator.id, conversation_id=talk.place.id, seq=1)
    assert unread(talk) == (0, 0)


def test_a_delivered_message_that_is_withheld_is_unread_no_longer() -> None:
    talk = Talk()
    flagged = talk.ask("Flagged", action=Action.FLAG)
    assert unread(talk) == (0, 1)
    decide(flagged, "withhold", now=talk.now)
    assert unread(talk) == (0, 0)


@pytest.mark.parametrize("outcome", ["release", "withhold", "expire"])
def test_a_held_message_is_unread_once_it_is_delivered(outcome: str) -> None:
    talk = Talk()
    held = talk.ask("Held", action=Action.HOLD)
    assert unread(talk) == (0, 0)
    if outcome == "expire":
        talk.pass_time(days=8)
        assert expire_held(now=talk.now) == 1
    else:
        decide(held, outcome, now=talk.now)
    assert unread(talk) == (0, 1 if outcome == "release" else 0)


def test_a_new_text_is_no_new_message() -> None:
    talk = Talk()
    message = talk.ask("First")
    edit_of(talk, message, "Second", verdict(Action.PASS, "Second"))
    assert unread(talk) == (0, 1)


@pytest.mark.parametrize("which", ["all", "unread", "waiting"])
def test_pages_join_without_gap_or_double_even_where_their_keys_are_equal(which: str) -> None:
    creator = make_creator()
    places = places_of(creator, 2 * PAGE + 7)
    with pretended(listed_at=START, due_at=START, creator_unread=1):
        seen = [card.id for card in cards(creator, which)]
    assert len(seen) == len(places)
    assert set(seen) == set(places)


def test_what_waits_is_listed_by_its_nearest_deadline_across_pages() -> None:
    creator = make_creator()
    places = places_of(creator, PAGE + 3)
    with pretended():
        for number, place in enumerate(places):
            due, activity = (START + sign * timedelta(hours=number) for sign in (1, -1))
            Conversation.objects.filter(id=place).update(due_at=due, listed_at=activity)
        first = card_page(
            account_id=creator.id, role=creator.role, which="waiting", before=None, now=START
        )
    assert {card.id for card in first.items} == set(places[:PAGE])


def test_a_conversation_waits_until_its_last_price_is_answered_or_returned() -> None:
    talk = Talk()
    first = talk.ask("First")
    talk.pass_time(minutes=1)
    second = talk.ask("Second")
    assert due(talk.place.id) == first.answer_due_at
    unsend_message(
        account_id=talk.fan.id, conversation_id=talk.place.id, message_id=first.id, now=talk.now
    )
    assert due(talk.place.id) == second.answer_due_at
    assert len(cards(talk.creator, "waiting")) == 1
    talk.answer()
    assert due(talk.place.id) is None
    assert cards(talk.creator, "waiting") == []


def test_a_stopped_deadline_keeps_its_place_and_says_none() -> None:
    talk = Talk()
    asked = talk.ask("First")
    held = talk.answer("Held", action=Action.HOLD)
    (card,) = cards(talk.creator, "waiting")
    assert (card.waiting, card.answer_due_at) == (1, None)
    assert due(talk.place.id) == asked.answer_due_at
    talk.pass_time(hours=2)
    decide(held, "withhold", now=talk.now)
    (card,) = cards(talk.creator, "waiting")
    assert card.answer_due_at == due(talk.place.id) is not None


def due(conversation_id: UUID) -> object:
    return Conversation.objects.get(id=conversation_id).due_at


def test_a_conversation_moves_in_the_index_once_a_minute_and_on_its_page_at_once() -> None:
    fan = make_fan()
    first, second = Talk(fan=fan), Talk(fan=fan)
    first.pass_time(minutes=5)
    moved = first.now
    first.ask("Moves it")
    second.pass_time(minutes=5, seconds=20)
    second.ask("Moves the other above it")
    assert [card.id for card in cards(fan)] == [second.place.id, first.place.id]
    first.pass_time(seconds=40)
    first.ask("Within the minute")
    assert Conversation.objects.get(id=first.place.id).listed_at == moved
    assert [card.id for card in cards(fan)] == [first.place.id, second.place.id]
    first.pass_time(seconds=20)
    first.ask("A minute later")
    assert Conversation.objects.get(id=first.place.id).listed_at == first.now


@pytest.mark.parametrize("which", ["all", "unread", "waiting"])
def test_a_full_page_takes_the_statements_of_a_short_one(which: str) -> None:
    creator = make_creator()

    def statements() -> int:
        with CaptureQueriesContext(connection) as caught:
            page = card_page(
                account_id=creator.id, role=creator.role, which=which, before=None, now=START
            )
        assert page.items
        return len(caught)

    places_of(creator, 1)
    with pretended(due_at=START, creator_unread=1):
        short = statements()
    places_of(creator, PAGE)
    with pretended(due_at=START, creator_unread=1):
        assert statements() == short


@pytest.mark.postgres
def test_a_message_within_the_minute_leaves_every_index_of_its_conversation_alone() -> None:
    def updates() -> tuple[int, int]:
        """Of conversations in this transaction: all, and those that no index heard of."""
        counted = "pg_stat_get_xact_tuples_{}('chat_conversation'::regclass)"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {counted.format('updated')}, {counted.format('hot_updated')}")
            ((every, quiet),) = cursor.fetchall()
        return every, quiet

    talk = Talk()
    talk.ask("Something is unread, and waits, from here on")
    talk.pass_time(seconds=20)
    every, quiet = updates()
    talk.ask("One more")
    assert updates() == (every + 1, quiet + 1)
    talk.pass_time(minutes=1)
    talk.ask("It moves up")
    assert updates() == (every + 2, quiet + 1)


def breaches() -> set[str]:
    return {check.name for check in ledger.check_books() if not check.ok}


@pytest.mark.parametrize("values", [{"creator_unread": 5}, {"fan_unread": 1}, {"fan_read_seq": 0}])
def test_a_counter_that_went_wrong_is_found(values: dict[str, int]) -> None:
    talk = Talk()
    talk.ask()
    talk.answer()
    mark_read(account_id=talk.fan.id, conversation_id=talk.place.id, seq=2)
    place = Conversation.objects.filter(id=talk.place.id)
    right = place.values(*values).get()
    assert breaches() == set()
    place.update(**values)
    assert breaches() == {"what is kept as unread is what is delivered and not read"}
    place.update(**right)


@pytest.mark.parametrize("due_at", [None, START])
def test_a_deadline_of_the_list_that_went_wrong_is_found(due_at: object) -> None:
    talk = Talk()
    asked = talk.ask()
    place = Conversation.objects.filter(id=talk.place.id)
    place.update(due_at=due_at)
    assert breaches() == {"a conversation is listed by the nearest deadline of what waits"}
    place.update(due_at=asked.answer_due_at)
