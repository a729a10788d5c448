"""`aparte bench history`: its past is what it says, and a page that misses its index is named."""

import random
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from bench.history import VISITED_MAX, _cases, _measure, _statements
from bench.past import MESSAGES_EACH, Past, build, is_built
from chat.models import Conversation, Message

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PAST = Past(20_000)


@pytest.fixture
def past() -> Iterator[Past]:
    """A small one; gone before the books are asked, as its money stands nowhere else."""
    assert not is_built(PAST)
    build(PAST)
    yield PAST
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE chat_message, chat_conversation")
        cursor.execute("COMMENT ON TABLE chat_message IS NULL")
        cursor.execute("DROP FUNCTION past_id")


def visited(case: str, past: Past) -> int:
    found = _measure(case, _cases(past, random.Random(1))[case], times_each=3)
    assert found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]
    return max(statement["visited"] for statement in found["plan"]["statements"])


def test_a_past_is_built_once_as_it_says(past: Past) -> None:
    assert is_built(past)
    assert not is_built(Past(past.messages + 1))
    whole = Conversation.objects.count()
    assert past.conversations < whole <= past.conversations + past.creators
    longest = Conversation.objects.order_by("-seq")[0]
    assert (longest.seq, Message.objects.filter(conversation_id=longest.id).count()) == (200, 200)
    assert Message.objects.count() == whole * MESSAGES_EACH + past.long - MESSAGES_EACH
    creators = Conversation.objects.filter(creator_id=longest.creator_id)
    assert creators.count() == past.fans


def test_every_page_asks_little_until_its_index_is_gone(past: Past) -> None:
    for case, draw in _cases(past, random.Random(1)).items():
        assert _statements(draw()), case
    assert visited("history, deep page", past) <= VISITED_MAX
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE chat_message DROP CONSTRAINT a_number_is_given_once")
            cursor.execute("DROP INDEX messages_of_a_sender")  # it begins with the conversation too
        assert visited("history, deep page", past) > VISITED_MAX
        transaction.set_rollback(True)
