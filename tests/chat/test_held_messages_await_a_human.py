"""A held message: released, withheld or expired; each moves the money as promised."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from chat.commands import expire_held, unsend_message
from chat.models import Message
from paywall.models import Receipt
from safety.models import Case, Statement
from safety.screening import Action
from tests.chat.talk import Talk, decide, fresh

pytestmark = pytest.mark.django_db


def test_released_it_is_delivered_with_the_next_number_and_its_deadline_starts_then() -> None:
    talk = Talk()
    held = talk.ask("Shall we?", action=Action.HOLD)
    talk.ask("Another")
    talk.pass_time(hours=1)
    decide(held, "release", now=talk.now)
    released = fresh(held)
    assert (released.state, released.seq, released.money) == ("delivered", 2, "reserved")
    assert released.answer_due_at == talk.now + timedelta(hours=72)
    assert talk.wallet == (1_600, 400)
    talk.answer()
    assert talk.books["creator"] == 268


def test_withheld_its_price_returns_and_the_sender_reads_the_reasons() -> None:
    talk = Talk()
    held = talk.ask(action=Action.HOLD)
    decide(held, "withhold", now=talk.now)
    assert (fresh(held).state, fresh(held).money) == ("withheld", "refunded")
    assert talk.wallet == (2_000, 0)
    statement = Statement.objects.get()
    assert statement.addressee_id == talk.fan.id


def test_undecided_it_expires_at_its_time_and_is_never_charged() -> None:
    talk = Talk()
    held = talk.ask(action=Action.HOLD)
    assert held.decide_before is not None
    just_before = held.decide_before - timedelta(seconds=1)
    assert expire_held(now=just_before) == 0
    assert expire_held(now=held.decide_before) == 1
    assert (fresh(held).state, fresh(held).money) == ("expired", "refunded")
    assert talk.wallet == (2_000, 0)
    assert expire_held(now=held.decide_before) == 0


def test_a_decision_after_the_expiry_delivers_nothing() -> None:
    talk = Talk()
    held = talk.ask(action=Action.HOLD)
    expire_held(now=talk.pass_time(hours=25))
    case = Case.objects.get(subject_id=held.id)
    if case.state == "open":
        decide(held, "release", now=talk.now)
    assert fresh(held).state == "expired"
    assert talk.wallet == (2_000, 0)


def test_unsent_while_held_it_returns_the_money_and_a_late_release_changes_nothing() -> None:
    talk = Talk()
    held = talk.ask(action=Action.HOLD)
    unsend_message(
        account_id=talk.fan.id, conversation_id=talk.place.id, message_id=held.id, now=talk.now
    )
    assert fresh(held).state == "unsent"
    assert talk.wallet == (2_000, 0)


def test_a_released_answer_captures_then() -> None:
    talk = Talk()
    asked = talk.ask()
    held = talk.answer(action=Action.HOLD)
    assert fresh(asked).answer_due_at is None
    talk.pass_time(hours=90)
    decide(held, "release", now=talk.now)
    assert fresh(asked).money == "captured"
    assert fresh(asked).answered_by_id == held.id


def test_a_withheld_answer_captures_nothing_and_the_clock_goes_on() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.pass_time(hours=10)
    held = talk.answer(action=Action.HOLD)
    talk.pass_time(hours=5)
    decide(held, "withhold", now=talk.now)
    assert fresh(asked).answer_due_at == talk.now + timedelta(hours=62)
    assert talk.books["creator"] == 0


def test_a_flagged_message_withheld_later_returns_its_reserved_price() -> None:
    talk = Talk()
    flagged = talk.ask(action=Action.FLAG)
    decide(flagged, "withhold", now=talk.now)
    assert (fresh(flagged).state, fresh(flagged).seq) == ("withheld", 1)
    assert talk.wallet == (2_000, 0)


def test_a_captured_price_returns_only_when_the_payee_is_at_fault() -> None:
    kept, returned = Talk(), Talk()
    for talk, at_fault in ((kept, False), (returned, True)):
        flagged = talk.ask(action=Action.FLAG)
        talk.answer()
        decide(flagged, "withhold", now=talk.now, payee_at_fault=at_fault)
    assert kept.wallet == (1_800, 0)
    assert returned.wallet == (2_000, 0)
    assert Receipt.objects.filter(kind="credit_note").count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "held", "case_id": None, "decide_before": None, "seq": None},
        {"money": "captured", "answered_by_id": None},
        {"verdict": "deny"},
        {"author_kind": "robot"},
    ],
)
def test_the_database_refuses_what_a_machine_may_not_do(wrong: dict[str, object]) -> None:
    talk = Talk()
    message = talk.ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(id=message.id).update(**wrong)
