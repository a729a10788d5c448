"""What is asked of a conversation from one place in it costs that place, not the conversation."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from chat.models import Conversation, Message
from chat.queries.cards import head
from chat.queries.cases import WINDOW, message_context
from chat.queries.tails import TAIL_AGE, TAIL_LENGTH, true_tail
from safety.screening import Action
from tests import plans
from tests.chat.talk import Talk
from tests.factories import START, make_creator, make_fan

LONG, OTHERS = 600, 20  # messages of one conversation; beside each, those of others


def written(place: UUID, sender: UUID, seq: int, at: datetime, **values: Any) -> Message:
    """A delivered message whose money stands nowhere else."""
    return Message(
        conversation_id=place,
        sender_id=sender,
        client_id=uuid7(),
        seq=seq,
        after_seq=seq - 1,
        state="delivered",
        author_kind="in_person",
        body=f"number {seq}",
        verdict="pass",
        sent_at=at,
        delivered_at=at,
        **values,
    )


def from_fan(seq: int) -> bool:
    """Two of three are the fan's, until only the creator writes."""
    return seq % 3 > 0 and seq <= LONG * 3 // 4


@pytest.fixture
def place(db: None) -> Iterator[Conversation]:
    """A long conversation between those of others; its paid messages were answered."""
    place = Conversation.objects.create(
        fan_id=make_fan().id,
        creator_id=make_creator().id,
        created_at=START,
        last_at=START,
        listed_at=START,
    )
    paid = {"money": "captured", "price_cents": 200, "answered_by_id": uuid7(), "hold_id": uuid7()}
    messages = []
    for seq in range(1, LONG + 1):
        at = START + timedelta(minutes=seq)
        sender, money = (place.fan_id, paid) if from_fan(seq) else (place.creator_id, {})
        messages.append(written(place.id, sender, seq, at, **money))
        messages += [written(uuid7(), place.creator_id, 1, at) for _ in range(OTHERS)]
    Message.objects.bulk_create(messages)
    yield place
    Message.objects.all().delete()  # before the books are asked: its money stands nowhere else


@pytest.mark.django_db
def test_the_last_words_of_a_sender_are_five_of_a_day_held_ones_included() -> None:
    talk = Talk()
    talk.ask("Yesterday")
    talk.pass_time(seconds=TAIL_AGE.total_seconds())
    for number in range(TAIL_LENGTH - 1):
        held = talk.ask(f"Today {number}", action=Action.HOLD if number == 1 else Action.PASS)
        talk.answer("Somebody else's words")
    tail = true_tail(talk.place.id, talk.fan.id, now=talk.now)
    assert [text for _, text in tail] == ["Today 0", "Today 1", "Today 2", "Today 3"]
    before = true_tail(talk.place.id, talk.fan.id, now=talk.now, before=held.id)
    assert before == tail[:-1]
    talk.ask("Today 4")
    talk.ask("Today 5")
    last = true_tail(talk.place.id, talk.fan.id, now=talk.now)
    assert [text for _, text in last] == [f"Today {number}" for number in range(1, 6)]


@pytest.mark.django_db
def test_a_case_shows_both_sides_around_it_in_the_order_they_were_written() -> None:
    talk = Talk(cents=50_000)
    said = []
    for number in range(8):
        said.append(talk.ask(f"ask {number}", action=Action.HOLD if number == 3 else Action.PASS))
        said.append(talk.answer(f"answer {number}"))
    context = message_context(said[6].id)
    assert [line.message_id for line in context.lines] == [message.id for message in said]
    assert [line.is_subject for line in context.lines].index(True) == 6
    assert [line.state for line in context.lines].index("held") == 6
    assert [line.author for line in context.lines] == ["fan", "creator"] * 8


def test_a_window_has_fifty_before_and_fifty_after_whoever_wrote_them(
    place: Conversation,
) -> None:
    middle = Message.objects.get(conversation_id=place.id, seq=LONG // 2)
    lines = [line.body for line in message_context(middle.id).lines]
    seqs = range(LONG // 2 - WINDOW, LONG // 2 + WINDOW + 1)
    assert lines == [f"number {seq}" for seq in seqs]


def test_a_fan_is_told_what_was_captured_this_month_and_ever(place: Conversation) -> None:
    paid = [seq for seq in range(1, LONG + 1) if from_fan(seq)]
    begun = (START + timedelta(days=1)).replace(hour=0)
    shown = head(account_id=place.fan_id, conversation=place, now=START + timedelta(days=1))
    assert shown.spent_ever_cents == len(paid) * 200
    assert shown.spent_month_cents == len(paid) * 200
    later = head(account_id=place.fan_id, conversation=place, now=begun + timedelta(days=40))
    assert (later.spent_ever_cents, later.spent_month_cents) == (len(paid) * 200, 0)
    assert head(account_id=place.creator_id, conversation=place, now=START).spent_ever_cents is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_none_of_them_reads_the_conversation(place: Conversation) -> None:
    plans.know_the_tables("chat_message", "chat_conversation")
    middle = Message.objects.get(conversation_id=place.id, seq=LONG // 2).id
    last = START + timedelta(minutes=LONG)

    def tail() -> object:
        return true_tail(place.id, place.fan_id, now=last)

    assert plans.visited(tail) <= TAIL_LENGTH
    assert plans.visited(lambda: message_context(middle)) <= WINDOW
    top = plans.nodes(lambda: head(account_id=place.fan_id, conversation=place, now=last))
    assert top.count("Index Only Scan on spent_in_a_conversation") == 2, top
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX messages_of_a_sender")
        assert plans.visited(tail) > LONG // 4
        transaction.set_rollback(True)
