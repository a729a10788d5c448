"""Only an answer in person, in time, captures; everything else returns the money."""

from datetime import timedelta

import pytest

from accounts.errors import NotFound
from chat.commands import decline_message, expire_held, refund_unanswered, unsend_message
from chat.errors import TooLate
from chat.models import AuthorKind, Message
from safety.screening import Action
from tests.chat.talk import Talk, fresh
from tests.factories import make_creator

pytestmark = pytest.mark.django_db


def test_an_answer_in_person_captures_everything_that_waits_to_the_cent() -> None:
    talk = Talk()
    talk.ask()
    talk.ask()
    answer = talk.answer()
    assert talk.wallet == (1_600, 0)
    assert talk.books == {"escrow": 0, "creator": 268, "vat": 66, "reserve": 4, "platform": 62}
    paid = Message.objects.filter(money="captured")
    assert {m.answered_by_id for m in paid} == {answer.id}
    assert {m.earned_cents for m in paid} == {134}


@pytest.mark.parametrize(
    "kind", [AuthorKind.ASSISTANT, AuthorKind.AUTOMATIC, AuthorKind.AI_ASSISTED]
)
def test_another_seal_captures_nothing_and_the_clock_runs_on(kind: AuthorKind) -> None:
    talk = Talk()
    asked = talk.ask()
    talk.answer(kind=kind)
    assert talk.wallet == (1_800, 200)
    talk.pass_time(hours=72)
    assert refund_unanswered(now=talk.now) == 1
    assert fresh(asked).refund_reason == "unanswered"
    assert talk.wallet == (2_000, 0)


def test_an_answer_one_second_before_the_deadline_captures() -> None:
    talk = Talk()
    talk.ask()
    talk.pass_time(hours=71, minutes=59, seconds=59)
    assert refund_unanswered(now=talk.now) == 0
    talk.answer()
    assert talk.books["creator"] == 134


def test_an_answer_at_the_deadline_captures_nothing_even_if_the_clock_task_is_late() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.pass_time(hours=72)
    talk.answer()
    assert talk.books["creator"] == 0
    assert refund_unanswered(now=talk.now) == 1
    assert fresh(asked).money == "refunded"
    assert talk.wallet == (2_000, 0)


def test_refunding_again_changes_nothing() -> None:
    talk = Talk()
    talk.ask()
    talk.pass_time(hours=80)
    assert refund_unanswered(now=talk.now) == 1
    assert refund_unanswered(now=talk.now) == 0
    assert talk.wallet == (2_000, 0)


def test_a_worker_stopped_for_two_hours_refunds_at_restart_and_late_answers_earned_nothing() -> (
    None
):
    talk = Talk()
    talk.ask()
    talk.pass_time(hours=73)
    talk.answer()
    talk.pass_time(hours=1)
    refund_unanswered(now=talk.now)
    assert talk.wallet == (2_000, 0)
    assert talk.books["creator"] == 0


def test_declining_returns_the_money_once() -> None:
    talk = Talk()
    asked = talk.ask()
    for _ in range(2):
        decline_message(
            creator_id=talk.creator.id,
            conversation_id=talk.place.id,
            message_id=asked.id,
            now=talk.now,
        )
    assert talk.wallet == (2_000, 0)
    talk.answer()
    assert talk.books["creator"] == 0


def test_a_fan_or_another_creator_cannot_decline() -> None:
    talk = Talk()
    asked = talk.ask()
    for account in (talk.fan, make_creator()):
        with pytest.raises(NotFound):
            decline_message(
                creator_id=account.id,
                conversation_id=talk.place.id,
                message_id=asked.id,
                now=talk.now,
            )


def test_unsending_returns_the_money_and_after_the_window_it_is_too_late() -> None:
    talk = Talk()
    first, second = talk.ask(), talk.ask(action=Action.HOLD)
    talk.pass_time(seconds=120)
    for message in (first, second, second):
        unsend_message(
            account_id=talk.fan.id,
            conversation_id=talk.place.id,
            message_id=message.id,
            now=talk.now,
        )
    assert talk.wallet == (2_000, 0)
    third = talk.ask()
    talk.pass_time(seconds=121)
    with pytest.raises(TooLate):
        unsend_message(
            account_id=talk.fan.id,
            conversation_id=talk.place.id,
            message_id=third.id,
            now=talk.now,
        )


def test_neither_a_captured_message_nor_the_answer_that_captured_it_can_be_unsent() -> None:
    talk = Talk()
    asked = talk.ask()
    answer = talk.answer()
    for account, message in ((talk.fan, asked), (talk.creator, answer)):
        with pytest.raises(TooLate):
            unsend_message(
                account_id=account.id,
                conversation_id=talk.place.id,
                message_id=message.id,
                now=talk.now,
            )


def test_a_held_answer_stops_the_clock_and_its_expiry_lets_an_hour_at_least() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.pass_time(hours=71, minutes=50)
    held = talk.answer(action=Action.HOLD)
    assert fresh(asked).answer_due_at is None
    talk.pass_time(hours=30)
    assert refund_unanswered(now=talk.now) == 0
    assert expire_held(now=talk.now) == 1
    assert fresh(held).state == "expired"
    assert fresh(asked).answer_due_at == talk.now + timedelta(hours=1)
    talk.pass_time(minutes=59)
    talk.answer()
    assert talk.books["creator"] == 134
