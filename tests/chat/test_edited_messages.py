"""An edit is screened like a send; the old text stays until the new one may be shown."""

from datetime import timedelta
from typing import Any

import pytest

from chat.commands import edit_message, expire_held_revisions
from chat.errors import TooLate
from chat.models import Message, Revision
from safety.screening import Action
from tests.chat.talk import Talk, decide_case, fresh, verdict

pytestmark = pytest.mark.django_db


def edit(talk: Talk, message: Message, body: str, action: Action = Action.PASS) -> Any:
    return edit_message(
        account_id=message.sender_id,
        conversation_id=talk.place.id,
        message_id=message.id,
        body=body,
        verdict=verdict(action, body),
        language="fr",
        now=talk.now,
    )


def test_an_edit_shows_at_once_and_keeps_price_and_deadline() -> None:
    talk = Talk()
    asked = talk.ask("First")
    talk.pass_time(minutes=5)
    edit(talk, asked, "Second")
    changed = fresh(asked)
    assert (changed.body, changed.edited_at) == ("Second", talk.now)
    assert (changed.price_cents, changed.answer_due_at) == (200, asked.answer_due_at)
    assert Revision.objects.get().previous_body == "First"


def test_a_suspect_edit_waits_and_shows_only_when_released() -> None:
    talk = Talk()
    asked = talk.ask("First")
    edit(talk, asked, "Second", Action.HOLD)
    assert fresh(asked).body == "First"
    with pytest.raises(TooLate):
        edit(talk, asked, "Third")
    revision = Revision.objects.get()
    assert revision.case_id is not None
    decide_case(revision.case_id, "release", now=talk.now)
    assert fresh(asked).body == "Second"


@pytest.mark.parametrize("end", ["withhold", "expire"])
def test_a_withheld_or_expired_edit_leaves_the_old_text(end: str) -> None:
    talk = Talk()
    asked = talk.ask("First")
    edit(talk, asked, "Second", Action.HOLD)
    revision = Revision.objects.get()
    if end == "withhold":
        assert revision.case_id is not None
        decide_case(revision.case_id, "withhold", now=talk.now)
    else:
        assert expire_held_revisions(now=talk.now + timedelta(hours=25)) == 1
    assert fresh(asked).body == "First"
    assert talk.wallet == (1_800, 200)


def test_after_the_window_or_an_answer_it_is_too_late() -> None:
    talk = Talk()
    late, answered = talk.ask("Late"), talk.ask("Answered")
    talk.answer()
    with pytest.raises(TooLate):
        edit(talk, answered, "Changed")
    talk.pass_time(minutes=16)
    with pytest.raises(TooLate):
        edit(talk, late, "Changed")
