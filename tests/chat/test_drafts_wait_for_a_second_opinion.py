"""A draft in doubt waits before the send queue; its line waits behind it, and nobody else does."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from accounts.db import in_db
from accounts.errors import Busy
from accounts.rest import Rest
from chat import opinions
from chat.batching import SendQueue
from chat.commands import Draft, Outcome, Sent, steps
from chat.commands.rescreen import screen_again
from chat.errors import ConversationIsPaused
from chat.models import Message, MessageState
from chat.opinions import WaitingRoom, opinion_on
from chat.queries.rows import AnyMessage
from safety.models import Case, CaseState
from safety.screening import TECHNICAL, Action, screen
from safety.second_opinion import stage
from safety.second_opinion.client import Client
from safety.second_opinion.supervisor import Supervisor
from tests.chat.talk import Talk, fresh
from tests.factories import make_moderator
from tests.safety.second_stage import (
    FAN,
    doubtful,
    needs_encoder,
    stopped,
    wait_for_worker,
    worker_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), needs_encoder]


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("stage") / "s.sock"
    supervisor = Supervisor(path)
    wait_for_worker(supervisor)
    yield path
    supervisor.end()


@pytest.fixture
async def on(settings: Any, monkeypatch: pytest.MonkeyPatch, worker: Path) -> AsyncIterator[Path]:
    """The second stage, patient enough for a busy machine."""
    settings.SECOND_OPINION, settings.SECOND_OPINION_SOCKET = True, worker
    monkeypatch.setattr(stage, "_rest", Rest())
    async with asking(Client(worker, cut_seconds=60), monkeypatch):
        yield worker


@pytest.fixture
async def away(
    settings: Any, monkeypatch: pytest.MonkeyPatch, on: Path, tmp_path: Path
) -> AsyncIterator[None]:
    """Nobody answers the sockets. A thread that may wait still finds the worker."""
    async with asking(Client(tmp_path / "nobody.sock"), monkeypatch):
        yield


@asynccontextmanager
async def asking(client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """This process asks through this client."""
    monkeypatch.setattr(stage, "shared", lambda: client)
    yield
    client.close()
    await asyncio.sleep(0)  # its tasks end


@pytest.fixture
def room() -> Iterator[WaitingRoom]:
    queue = SendQueue()
    yield WaitingRoom(queue)
    queue._writer.submit(connections.close_all).result()
    queue._writer.shutdown()


def a_text(*, grave: bool, settles: Action | None = None) -> str:
    """A text in doubt, that the second stage passes, flags or holds."""
    for text, _ in doubtful(grave=grave):
        if settles is None or stage.screen_patiently(text, FAN).action is settles:
            return text
    raise AssertionError("no such text")


def message_of(outcome: Outcome) -> AnyMessage:
    assert isinstance(outcome, Sent), outcome
    return outcome.message


async def sent_by(room: WaitingRoom, waiting: Draft) -> AnyMessage:
    """The message that was accepted."""
    return message_of(await room.submit(waiting, FAN))


def draft(talk: Talk, body: str) -> Draft:
    return replace(talk.draft(talk.fan, body), verdict=screen(body, FAN))


async def test_its_own_line_waits_behind_it_and_others_do_not(on: Path, room: WaitingRoom) -> None:
    talk, other = await in_db(Talk)(), await in_db(Talk)()
    doubt = a_text(grave=False)
    drafts = [await in_db(draft)(talk, body) for body in (doubt, "Hello", doubt, "Good night")]
    elsewhere = await in_db(draft)(other, "Hello")
    with stopped(worker_of(on)):
        line = [room.submit(one, FAN) for one in drafts]
        assert isinstance(await room.submit(elsewhere, FAN), Sent)
        assert not any(one.done() for one in line)
    sent = [message_of(outcome) for outcome in await asyncio.gather(*line)]
    assert [one.id for one in sent] == [one.message_id for one in drafts]
    assert [one.seq for one in sent] == [1, 2, 3, 4]
    assert not room._entering


async def test_what_is_not_in_doubt_goes_straight_on(on: Path, room: WaitingRoom) -> None:
    talk = await in_db(Talk)()
    with stopped(worker_of(on)):
        assert isinstance(await room.submit(await in_db(draft)(talk, "Hello"), FAN), Sent)


async def test_what_waited_through_a_pause_never_slips_out_after_it(
    on: Path, room: WaitingRoom
) -> None:
    talk = await in_db(Talk)()
    suspect = await in_db(talk.ask)(action=Action.FLAG)
    moderator = await in_db(make_moderator)(name="M-17")
    waiting = await in_db(draft)(talk, a_text(grave=False))
    with stopped(worker_of(on)):
        outcome = room.submit(waiting, FAN)
        arguments = {"moderator_id": moderator.id, "conversation_id": talk.place.id}
        arguments |= {"case_id": suspect.case_id, "reason": "Urgent.", "now": talk.now}
        await in_db(steps.pause_conversation)(**arguments)
        await in_db(steps.resume_conversation)(**arguments)
    assert isinstance(await outcome, ConversationIsPaused)
    assert isinstance(await room.submit(later(waiting), FAN), Sent)


def later(waiting: Draft) -> Draft:
    return replace(waiting, sent_at=waiting.sent_at + timedelta(seconds=1))


async def test_without_a_worker_the_grave_is_held_and_the_rest_is_flagged(
    away: None, room: WaitingRoom
) -> None:
    talk = await in_db(Talk)()
    for grave, action in ((True, "hold"), (False, "flag")):
        sent = await sent_by(room, await in_db(draft)(talk, a_text(grave=grave)))
        case = await in_db(Case.objects.get)(id=sent.case_id)
        assert (sent.verdict, case.cause) == (action, TECHNICAL)


async def test_what_was_held_for_want_of_an_answer_is_delivered_when_it_comes(
    away: None, room: WaitingRoom
) -> None:
    talk = await in_db(Talk)()
    body = a_text(grave=True, settles=Action.PASS)
    sent = await sent_by(room, await in_db(draft)(talk, body))
    assert sent.state == MessageState.HELD
    await in_db(rescreened)()
    assert (await in_db(fresh)(sent)).state == MessageState.DELIVERED
    assert (await in_db(Case.objects.get)(id=sent.case_id)).state == CaseState.CLEARED


async def test_while_it_stays_away_what_was_held_stays_held(
    away: None, room: WaitingRoom, settings: Any, tmp_path: Path
) -> None:
    settings.SECOND_OPINION_SOCKET = tmp_path / "nobody.sock"
    talk = await in_db(Talk)()
    sent = await sent_by(room, await in_db(draft)(talk, a_text(grave=True)))
    await in_db(rescreened)()
    assert (await in_db(fresh)(sent)).state == MessageState.HELD


def rescreened() -> None:
    again_at = Case.objects.get().screen_again_at
    assert again_at
    screen_again(now=again_at, judge=stage.screen_patiently)


async def test_a_flag_for_want_of_an_answer_closes_itself_as_no_decision(
    away: None, room: WaitingRoom
) -> None:
    talk = await in_db(Talk)()
    body = a_text(grave=False, settles=Action.PASS)
    sent = await sent_by(room, await in_db(draft)(talk, body))
    assert (sent.state, sent.verdict) == (MessageState.DELIVERED, "flag")
    await in_db(rescreened)()
    assert (await in_db(Case.objects.get)(id=sent.case_id)).state == CaseState.CLEARED


async def test_a_full_room_refuses_busy_and_nothing_is_stored(
    on: Path, room: WaitingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opinions, "WAITING_MAX", 1)
    talk = await in_db(Talk)()
    bodies = (a_text(grave=False), "Hello")
    first, second = [await in_db(draft)(talk, body) for body in bodies]
    with stopped(worker_of(on)):
        waiting = room.submit(first, FAN)
        assert isinstance(await room.submit(second, FAN), Busy)
    assert isinstance(await waiting, Sent)
    assert await in_db(Message.objects.count)() == 1


async def test_a_text_screened_again_in_the_batch_keeps_what_was_said_of_it(
    on: Path, room: WaitingRoom
) -> None:
    """Another device wrote meanwhile: the tail is another, the text and its opinion are not."""
    talk = await in_db(Talk)()
    body = a_text(grave=True, settles=Action.PASS)
    waiting = await in_db(draft)(talk, body)
    await in_db(talk.ask)("Hello")
    sent = await sent_by(room, waiting)
    assert (sent.verdict, sent.state) == ("pass", MessageState.DELIVERED)


async def test_an_edit_in_doubt_is_asked_about_as_well(on: Path, room: WaitingRoom) -> None:
    body = a_text(grave=True, settles=Action.PASS)
    verdict, chances = await opinion_on(body, screen(body, FAN), FAN)
    assert (verdict.action, verdict.cause) == (Action.PASS, "")
    assert chances is not None
    assert chances.keys() == set(verdict.uncertain)
