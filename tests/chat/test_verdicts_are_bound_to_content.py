"""A verdict counts for what it was said of, and for nothing else that travels in its place."""

from dataclasses import replace
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import NotAllowed
from chat.models import Message, MessageState, RevisionState
from safety.screening import Action, in_force
from tests.chat.talk import Talk, decide, edit_of, fresh, verdict

pytestmark = pytest.mark.django_db
THREAT = "je vais te tuer"


def test_other_words_under_a_passed_verdict_are_screened_for_themselves() -> None:
    talk = Talk()
    swapped = replace(talk.draft(talk.fan, "Bonjour"), body=THREAT)
    talk.send(swapped)
    stored = Message.objects.get(id=swapped.message_id)
    assert (stored.state, stored.seq, stored.verdict) == (MessageState.HELD, None, "hold")
    assert stored.rule_book == in_force().version
    honest = talk.ask("Bonjour")
    assert (honest.state, honest.rule_book) == (MessageState.DELIVERED, "test")


@pytest.mark.parametrize("offer_id", [None, uuid7()])
def test_a_verdict_on_other_attachments_is_not_taken_over(offer_id: UUID | None) -> None:
    talk = Talk()
    draft = talk.draft(talk.fan, "Bonjour")
    judged = verdict(Action.PASS, "Bonjour", offer_id=offer_id)
    talk.send(replace(draft, verdict=judged))
    stored = Message.objects.get(id=draft.message_id)
    assert (stored.rule_book == "test") is (offer_id is None)
    assert stored.body_sha256 == draft.verdict.content_sha256


def test_an_edit_needs_a_verdict_on_its_own_words() -> None:
    talk = Talk()
    asked = talk.ask("Bonjour")
    revision = edit_of(talk, asked, THREAT, verdict(Action.PASS, "Bonsoir"))
    assert (revision.state, revision.verdict) == (RevisionState.HELD, "hold")
    assert fresh(asked).body == "Bonjour"


def test_a_held_message_whose_words_changed_meanwhile_is_never_released() -> None:
    talk = Talk()
    held = talk.ask("Bonjour", action=Action.HOLD)
    Message.objects.filter(id=held.id).update(body=THREAT)
    with pytest.raises(NotAllowed, match="not what was screened"):
        decide(held, "release", now=talk.now)
    assert fresh(held).state == MessageState.HELD
    Message.objects.filter(id=held.id).update(body="Bonjour")
    decide(held, "release", now=talk.pass_time(minutes=5))  # the first lease lapsed
    assert fresh(held).state == MessageState.DELIVERED
