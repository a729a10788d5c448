"""What a process remembers of a sender's last texts is what the database would say."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from accounts.db import in_db
from chat import tails
from chat.models import Message
from chat.queries.tails import TAIL_LENGTH, true_tail
from tests.chat.talk import Talk

pytestmark = pytest.mark.django_db(transaction=True)


def talk_with(count: int) -> Talk:
    talk = Talk()
    talk.ask()
    for number in range(count):
        talk.answer(f"stored {number}")
    return talk


async def remembered(talk: Talk) -> list[str]:
    tail = await tails.tail_of(talk.place.id, talk.creator.id, now=talk.now)
    return [text for _, text in tail]


def written(talk: Talk, text: str) -> UUID:
    message_id: UUID = uuid7()
    tails.remember(talk.place.id, talk.creator.id, message_id, text)
    return message_id


def changed_behind_its_back(talk: Talk) -> None:
    Message.objects.filter(conversation_id=talk.place.id).update(body="changed")


@pytest.mark.parametrize("refused", range(1, TAIL_LENGTH + 1))
async def test_what_was_refused_is_taken_back_and_nothing_is_read_again(refused: int) -> None:
    talk = await in_db(talk_with)(TAIL_LENGTH + 2)
    before = await remembered(talk)
    assert before == [f"stored {number}" for number in range(2, TAIL_LENGTH + 2)]
    await in_db(changed_behind_its_back)(talk)
    ids = [written(talk, f"refused {number}") for number in range(refused)]
    assert await remembered(talk) == [
        *before, *(f"refused {number}" for number in range(refused))
    ][-TAIL_LENGTH:]  # fmt: skip
    for message_id in ids:
        tails.take_back(talk.place.id, talk.creator.id, message_id)
    assert await remembered(talk) == before


async def test_a_text_between_two_that_are_refused_stays() -> None:
    talk = await in_db(talk_with)(TAIL_LENGTH)
    before = await remembered(talk)
    first, _, last = (written(talk, text) for text in ("refused", "accepted", "refused too"))
    for message_id in (last, first):
        tails.take_back(talk.place.id, talk.creator.id, message_id)
    assert await remembered(talk) == [*before, "accepted"][-TAIL_LENGTH:]


async def test_all_of_a_short_tail_stays_known_with_what_is_under_way() -> None:
    talk = await in_db(talk_with)(1)
    before = await remembered(talk)
    refused, _ = written(talk, "refused"), written(talk, "under way")
    tails.take_back(talk.place.id, talk.creator.id, refused)
    assert await remembered(talk) == [*before, "under way"]


@pytest.mark.parametrize(
    ("stored", "refused"), [(2, 2 * TAIL_LENGTH), (TAIL_LENGTH, 2 * TAIL_LENGTH + 1)]
)
async def test_where_less_than_a_tail_would_be_left_it_is_read_again(
    stored: int, refused: int
) -> None:
    talk = await in_db(talk_with)(stored)
    await remembered(talk)
    for message_id in [written(talk, "refused") for _ in range(refused)]:
        tails.take_back(talk.place.id, talk.creator.id, message_id)
    true = await in_db(true_tail)(talk.place.id, talk.creator.id, now=talk.now)
    assert await remembered(talk) == [text for _, text in true]
    assert len(true) == min(stored, TAIL_LENGTH)


async def test_a_text_that_was_taken_off_the_page_is_read_again() -> None:
    talk = await in_db(talk_with)(TAIL_LENGTH)
    await remembered(talk)
    await in_db(changed_behind_its_back)(talk)
    tails.forget(talk.place.id, talk.creator.id)
    assert await remembered(talk) == ["changed"] * TAIL_LENGTH


async def test_what_is_written_while_the_tail_is_forgotten_is_not_taken_for_all_of_it() -> None:
    talk = await in_db(talk_with)(TAIL_LENGTH)
    before = await remembered(talk)
    tails.forget(talk.place.id, talk.creator.id)
    written(talk, "under way")
    assert await remembered(talk) == before
