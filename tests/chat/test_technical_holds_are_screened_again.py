"""What was held by a fault of ours finds its way back without a decision, and nothing else does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Account
from chat.commands import Sent, expire_held, screen_again, send_messages, steps
from chat.models import Message, MessageState, Revision, RevisionState
from paywall import ledger
from safety import commands as desk
from safety import screening
from safety.models import Case, CaseEvent, CaseState, Decision, Rescreening, VerdictRecord
from safety.screening import Action
from tests.chat.talk import Talk, decide, edit_of, fresh, verdict
from tests.factories import make_moderator
from tests.safety.desk import hearing
from tests.safety.faults import OVERRUNS, PAID, PREACHED, RAISES, Ailing, context_of, screened
from tests.safety.small_book import put_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fault(monkeypatch: pytest.MonkeyPatch) -> Ailing:
    ailing = Ailing()
    put_in_force(monkeypatch, ailing.engine())
    return ailing


def ask(talk: Talk, body: str, sender: Account | None = None) -> Message:
    outcome = talk.send(screened(talk, sender or talk.fan, body))
    assert isinstance(outcome, Sent), outcome
    return fresh(outcome.message)


def case_of(message: Message) -> Case:
    return Case.objects.get(subject_id=message.id)


@pytest.mark.parametrize("word", [RAISES, OVERRUNS])
def test_a_harmless_message_is_delivered_and_its_case_closes_without_a_decision(
    fault: Ailing, word: str
) -> None:
    talk = Talk()
    held = ask(talk, f"Bonsoir {word}")
    assert (held.state, case_of(held).cause, talk.wallet) == ("held", "technical", (1_800, 200))
    fault.broken = False
    assert screen_again(now=talk.pass_time(seconds=1)) == 1
    delivered = fresh(held)
    assert (delivered.state, delivered.seq, delivered.verdict) == ("delivered", 1, "pass")
    assert (delivered.delivered_at, delivered.sent_at) == (talk.now, held.sent_at)
    assert (case_of(held).state, case_of(held).closed_at) == (CaseState.CLEARED, talk.now)
    assert not Decision.objects.exists()
    assert talk.wallet == (1_800, 200)
    talk.answer()
    assert fresh(held).money == "captured"


def test_the_log_and_the_record_say_that_a_screening_was_the_cause(fault: Ailing) -> None:
    talk = Talk()
    held = ask(talk, f"Bonsoir {RAISES}")
    fault.broken = False
    screen_again(now=talk.pass_time(seconds=1))
    (event,) = CaseEvent.objects.filter(case=case_of(held), kind="rescreened")
    assert (event.actor_id, event.data["action"]) == (None, "pass")
    assert event.data["content_sha256"] == held.body_sha256
    first = VerdictRecord.objects.get(subject_id=held.id)
    again = Rescreening.objects.get(subject_id=held.id)
    assert (first.action, first.cause) == ("hold", "technical")
    assert (again.action, again.cause, again.at) == ("pass", "", talk.now)
    assert again.content_sha256 == held.body_sha256
    assert again.under.book_hash == screening.in_force().book.sha256


def test_what_is_flagged_is_delivered_and_its_case_stays_for_people(fault: Ailing) -> None:
    talk = Talk()
    held = ask(talk, f"Nous {PREACHED} {RAISES}")
    fault.broken = False
    assert screen_again(now=talk.pass_time(seconds=1)) == 1
    assert (fresh(held).state, fresh(held).verdict) == ("delivered", "flag")
    case = case_of(held)
    assert (case.state, case.verdict, case.cause, case.policy) == (
        "open", "flag", "", "prosel.religious",
    )  # fmt: skip
    assert (case.decide_before, case.screen_again_at) == (None, None)


def test_what_is_held_becomes_an_ordinary_hold_with_the_deadline_of_its_policy(
    fault: Ailing, django_capture_on_commit_callbacks
) -> None:
    talk = Talk()
    held = ask(talk, f"Une suite {PAID} {RAISES}")
    fault.broken = False
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        assert screen_again(now=talk.pass_time(seconds=1)) == 1
    waiting, case = fresh(held), case_of(held)
    assert (waiting.state, waiting.seq, waiting.verdict) == ("held", None, "hold")
    assert (case.state, case.verdict, case.cause, case.policy) == (
        "open", "hold", "", "prost.solicit",
    )  # fmt: skip
    assert waiting.decide_before
    assert held.decide_before
    assert waiting.decide_before == case.decide_before
    assert waiting.decide_before < held.decide_before
    told = [frame for to, frame in heard if to == {talk.fan.id}]
    assert [frame["t"] for frame in told] == ["message_held"]
    assert screen_again(now=talk.pass_time(hours=1)) == 0
    decide(held, "release", now=talk.now)
    assert fresh(held).state == "delivered"


def test_an_ordinary_hold_is_never_the_machine_s_to_release(fault: Ailing) -> None:
    talk = Talk()
    held = ask(talk, f"Une suite {PAID}")
    assert case_of(held).screen_again_at is None
    Case.objects.update(screen_again_at=talk.now)  # even if something asked for it
    assert screen_again(now=talk.pass_time(hours=1), judge=_lenient) == 0
    assert fresh(held).state == "held"


def _lenient(text: str, context: screening.Context) -> screening.Verdict:
    return verdict(Action.PASS, text)


def test_a_fault_that_lasts_is_tried_less_and_less_often_and_then_expires(fault: Ailing) -> None:
    talk = Talk()
    held = ask(talk, f"Bonsoir {RAISES}")
    tries = []
    for second in range(600):
        before = case_of(held).screen_again_at
        assert screen_again(now=talk.pass_time(seconds=1)) == 0
        if case_of(held).screen_again_at != before:
            tries.append(second + 1)
    assert tries[:5] == [1, 2, 4, 8, 16]
    assert len(tries) < 15
    assert not CaseEvent.objects.filter(kind="rescreened").exists()
    assert held.decide_before is not None
    assert expire_held(now=held.decide_before) == 1
    fault.broken = False
    assert screen_again(now=held.decide_before + timedelta(hours=1)) == 0
    assert (fresh(held).state, talk.wallet) == ("expired", (2_000, 0))


def test_two_clocks_settle_it_once(fault: Ailing) -> None:
    talk = Talk()
    held = ask(talk, f"Bonsoir {RAISES}")
    fault.broken = False
    later = talk.pass_time(seconds=1)
    assert [screen_again(now=later), screen_again(now=later)] == [1, 0]
    assert Rescreening.objects.filter(subject_id=held.id).count() == 1


def test_a_decision_of_a_person_comes_first(fault: Ailing) -> None:
    talk = Talk()
    released, withheld = (ask(talk, f"{n} {RAISES}") for n in ("Un", "Deux"))
    decide(released, "release", now=talk.now)
    decide(withheld, "withhold", now=talk.now)
    fault.broken = False
    assert screen_again(now=talk.pass_time(hours=1)) == 0
    assert (fresh(released).state, fresh(withheld).state) == ("delivered", "withheld")
    assert not Rescreening.objects.exists()


def test_where_a_person_has_proposed_something_the_machine_stays_out(fault: Ailing) -> None:
    talk = Talk()
    held = ask(talk, f"Bonsoir {RAISES}")
    case, moderator = case_of(held), make_moderator()
    lease = desk.claim(case_id=case.id, moderator_id=moderator.id, now=talk.now)
    desk.open_evidence(case_id=case.id, moderator_id=moderator.id, now=talk.now)
    judged = desk.decide(
        case_id=case.id, moderator_id=moderator.id, lease_token=lease.token, outcome="withhold",
        rule="csae.grooming", reason="A child writes.", now=talk.now,
    )  # fmt: skip
    assert judged.decision is None
    fault.broken = False
    assert screen_again(now=talk.pass_time(seconds=5)) == 0
    assert (fresh(held).state, case_of(held).screen_again_at) == ("held", None)


def test_nothing_is_delivered_during_a_pause_and_all_is_after_it(fault: Ailing) -> None:
    talk = Talk()
    other = talk.ask("Bonjour", action=Action.FLAG)
    held = ask(talk, f"Bonsoir {RAISES}")
    hand: dict[str, Any] = {
        "moderator_id": make_moderator().id,
        "conversation_id": talk.place.id,
        "case_id": other.case_id,
        "reason": "A look.",
    }
    steps.pause_conversation(**hand, now=talk.now)
    fault.broken = False
    assert screen_again(now=talk.pass_time(seconds=5)) == 0
    assert (fresh(held).state, fresh(held).verdict, case_of(held).state) == ("held", "hold", "open")
    steps.resume_conversation(**hand, now=talk.pass_time(seconds=5))
    assert screen_again(now=talk.pass_time(minutes=5)) == 1
    assert fresh(held).state == "delivered"


def test_an_answer_captures_when_it_is_delivered_and_its_clock_stood_still(fault: Ailing) -> None:
    talk = Talk()
    asked = talk.ask()
    held = ask(talk, f"Bonsoir {RAISES}", talk.creator)
    assert fresh(asked).answer_due_at is None
    fault.broken = False
    screen_again(now=talk.pass_time(hours=20))
    assert (fresh(held).state, fresh(asked).money) == ("delivered", "captured")
    assert fresh(asked).answered_by_id == held.id


def test_what_is_not_what_was_screened_is_left_to_people(fault: Ailing) -> None:
    talk = Talk()
    held = ask(talk, f"Bonsoir {RAISES}")
    Message.objects.filter(id=held.id).update(body="Bonsoir autrement")
    fault.broken = False
    assert screen_again(now=talk.pass_time(seconds=1)) == 0
    assert (fresh(held).state, case_of(held).screen_again_at) == ("held", None)


def test_the_sender_s_texts_before_it_are_joined_as_when_it_was_sent(fault: Ailing) -> None:
    talk = Talk()
    heard: list[tuple[str, ...]] = []
    talk.ask("Une")
    held = ask(talk, f"deux {RAISES}")
    talk.ask("trois")

    def listening(text: str, context: screening.Context) -> screening.Verdict:
        heard.append(context.recent)
        return screening.screen(text, context)

    fault.broken = False
    screen_again(now=talk.pass_time(seconds=1), judge=listening)
    assert heard == [("Une",)]
    assert fresh(held).state == "delivered"


def test_one_that_cannot_be_screened_keeps_no_other_waiting(fault: Ailing) -> None:
    talk = Talk()
    bad, good = ask(talk, f"Un {RAISES}"), ask(talk, f"Deux {RAISES}")

    def breaking(text: str, context: screening.Context) -> screening.Verdict:
        if text == bad.body:
            raise ZeroDivisionError
        return screening.screen(text, context)

    fault.broken = False
    assert screen_again(now=talk.pass_time(seconds=1), judge=breaking) == 1
    assert (fresh(bad).state, fresh(good).state) == ("held", "delivered")


@pytest.mark.parametrize("verdict_said", ["pass", "hold"])
def test_a_release_without_a_cause_is_a_breach_of_the_books(
    fault: Ailing, verdict_said: str
) -> None:
    talk = Talk()
    held = ask(talk, f"Bonsoir {RAISES}")
    fault.broken = False
    screen_again(now=talk.pass_time(seconds=1))
    assert not [check for check in ledger.check_books() if not check.ok]
    with transaction.atomic():
        Message.objects.filter(id=held.id).update(verdict=verdict_said)
        if verdict_said == "pass":
            Rescreening.objects.all().delete()
        wrong = [check.name for check in ledger.check_books() if not check.ok]
        transaction.set_rollback(True)
    assert wrong == ["a held message was released by one decision or one screening"]


def technical_flag(talk: Talk, body: str) -> Message:
    """A message that was flagged, hence delivered, because a later stage did not answer."""
    draft = talk.draft(talk.fan, body)
    late = replace(draft.verdict, action=Action.FLAG, cause="technical")
    (outcome,) = send_messages(drafts=[replace(draft, verdict=late)], now=talk.now)
    assert isinstance(outcome, Sent), outcome
    return fresh(outcome.message)


@pytest.mark.parametrize(
    ("body", "state", "said"),
    [
        ("Bonsoir", "cleared", "flag"),
        (f"Nous {PREACHED}", "open", "flag"),
        (f"Une suite {PAID}", "open", "flag"),
    ],
)
def test_a_technical_flag_closes_itself_when_harmless_and_is_never_taken_back(
    body: str, state: str, said: str
) -> None:
    talk = Talk()
    flagged = technical_flag(talk, body)
    assert (flagged.state, case_of(flagged).cause) == ("delivered", "technical")
    assert screen_again(now=talk.pass_time(seconds=1)) == 1
    case = case_of(flagged)
    assert (case.state, case.verdict, fresh(flagged).state) == (state, said, "delivered")
    assert (case.cause == "") is (state == "open")
    assert not Decision.objects.exists()


def test_a_flag_that_a_person_reported_stays_open_whatever_the_machine_finds() -> None:
    talk = Talk()
    flagged = technical_flag(talk, "Bonsoir")
    desk.report(
        reporter_id=talk.creator.id, kind="message", subject_id=flagged.id,
        author_id=talk.fan.id, conversation_id=talk.place.id, body=flagged.body,
        reason="threat", now=talk.now,
    )  # fmt: skip
    assert screen_again(now=talk.pass_time(seconds=1)) == 1
    case = case_of(flagged)
    assert (case.state, case.source, case.policy) == ("open", "report", "violence.threat")
    assert (case.cause, case.verdict) == ("", "pass")


@pytest.mark.parametrize(("word", "state"), [("", RevisionState.SHOWN), (PAID, RevisionState.HELD)])
def test_an_edit_finds_its_way_back_too(fault: Ailing, word: str, state: str) -> None:
    talk = Talk()
    message = talk.ask("Bonjour")
    body = f"Bonsoir {word} {RAISES}".replace("  ", " ")
    judged = screening.screen(body, context_of(talk, talk.fan))
    revision = edit_of(talk, message, body, judged)
    assert revision.state == RevisionState.HELD
    fault.broken = False
    assert screen_again(now=talk.pass_time(seconds=1)) == 1
    changed = Revision.objects.get(id=revision.id)
    assert changed.state == state
    assert (fresh(message).body == body) is (state == RevisionState.SHOWN)
    if state == RevisionState.HELD:
        case = Case.objects.get(subject_id=revision.id)
        assert changed.decide_before == case.decide_before
        assert case.cause == ""


def test_the_change_of_a_message_that_has_gone_is_never_shown(fault: Ailing) -> None:
    talk = Talk()
    message = talk.ask("Bonjour")
    body = f"Bonsoir {RAISES}"
    revision = edit_of(talk, message, body, screening.screen(body, context_of(talk, talk.fan)))
    Message.objects.filter(id=message.id).update(state=MessageState.WITHHELD, money="refunded")
    fault.broken = False
    screen_again(now=talk.pass_time(seconds=1))
    assert Revision.objects.get(id=revision.id).state == RevisionState.EXPIRED
    assert fresh(message).body == "Bonjour"
    Message.objects.filter(id=message.id).update(state=MessageState.DELIVERED, money="reserved")
