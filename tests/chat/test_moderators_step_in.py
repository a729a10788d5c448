"""A moderator in a live conversation: under a case, seen by both; deadlines stand still."""

from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import NotAllowed, NotFound
from chat.commands import steps
from chat.errors import ConversationIsEnded, ConversationIsPaused
from chat.models import Conversation, Line, Message, Watcher
from chat.queries.pages import history_page
from safety.queries import NoOpenCase
from safety.screening import Action
from tests.chat.talk import Talk, fresh
from tests.factories import make_fan, make_moderator

pytestmark = pytest.mark.django_db


class Scene(Talk):
    """A conversation with a flagged message, and a moderator."""

    def __init__(self) -> None:
        super().__init__()
        self.suspect = self.ask(action=Action.FLAG)
        self.moderator = make_moderator(name="M-17")

    def step(self, name: str, **changes: Any) -> Any:
        arguments = {
            "moderator_id": self.moderator.id,
            "conversation_id": self.place.id,
            "case_id": self.suspect.case_id,
            "reason": "A report says it is urgent.",
            "now": self.now,
            **changes,
        }
        return getattr(steps, name)(**arguments)


def test_without_an_open_case_nobody_steps_in() -> None:
    scene = Scene()
    with pytest.raises(NoOpenCase):
        scene.step("step_in", case_id=uuid7())
    with pytest.raises(NotAllowed):
        scene.step("step_in", moderator_id=make_fan().id)


def test_a_watcher_reads_without_money_and_without_a_trace_for_the_sides() -> None:
    scene = Scene()
    with pytest.raises(NotFound):
        history(scene)
    scene.step("watch")
    (message,) = history(scene).messages
    assert message.price_cents is None
    assert message.amount_cents is None
    assert Line.objects.count() == 0
    scene.step("step_out")
    assert Watcher.objects.count() == 0
    with pytest.raises(NotFound):
        history(scene)


def history(scene: Scene) -> Any:
    return history_page(
        reader_id=scene.moderator.id,
        conversation_id=scene.place.id,
        before_seq=None,
        limit=10,
        now=scene.now,
    )


def test_a_pause_stops_sending_and_the_deadlines_and_its_end_resumes_both() -> None:
    scene = Scene()
    scene.pass_time(hours=2)
    before = scene.draft(scene.fan)
    scene.step("pause_conversation")
    assert fresh(scene.suspect).answer_due_at is None
    assert isinstance(scene.send(scene.draft(scene.fan)), ConversationIsPaused)
    scene.pass_time(minutes=10)
    assert steps.resume_lapsed_pauses(now=scene.now) == 1
    assert isinstance(scene.send(before), ConversationIsPaused)  # it waited through the pause
    assert fresh(scene.suspect).answer_due_at == scene.now + timedelta(hours=70)
    assert scene.ask().state == "delivered"


def test_a_moderator_may_resume_early() -> None:
    scene = Scene()
    scene.step("pause_conversation")
    scene.pass_time(minutes=1)
    scene.step("resume_conversation")
    scene.pass_time(seconds=1)
    assert scene.ask().state == "delivered"
    kinds = list(Line.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["conversation_paused", "conversation_resumed"]


def test_ending_returns_every_reserved_price_for_good() -> None:
    scene = Scene()
    scene.ask(action=Action.HOLD)
    scene.step("end_conversation")
    assert scene.wallet == (2_000, 0)
    assert isinstance(scene.send(scene.draft(scene.fan)), ConversationIsEnded)
    assert Conversation.objects.get().state == "ended"
    assert not Message.objects.filter(money="reserved").exists()
