"""A rule book in shadow: same contents, own records, no effect, and never in anybody's way."""

from dataclasses import replace as altered
from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction

from chat.commands import Sent
from chat.queries.rows import AnyMessage
from safety import commands, screening
from safety.commands import shadow
from safety.commands.shadow import BATCH_MAX, Recorder
from safety.models import Case, ShadowRecord, ShadowRun, VerdictRecord
from safety.queries.shadow import shadow_dropped, shadow_progress
from safety.screening import Context, Engine
from tests.chat.talk import Talk, edit_of
from tests.safety.small_book import book, put_in_force, rule

pytestmark = pytest.mark.django_db
RAN = book(rule("prost.suite", "suite"))
TRIED = book(rule("prost.suite", "suite"), rule("prost.room", "chambre"), version=2)
HERE = Context("fan", "FR", "fr")
SECONDS = 20.0  # at most, for a thread to do what takes it milliseconds


@pytest.fixture
def recorder(monkeypatch):
    """The recorder of this process, without its thread: the test says when it works."""
    put_in_force(monkeypatch, Engine(RAN), Engine(TRIED))
    ours = Recorder(background=False)
    monkeypatch.setattr(shadow, "_recorder", ours)
    return ours


def send(talk: Talk, text: str) -> AnyMessage:
    said = screening.screen(text, HERE)
    outcome = talk.send(altered(talk.draft(talk.fan, text), verdict=said))
    assert isinstance(outcome, Sent)
    return outcome.message


def contents(talk: Talk, count: int) -> list[commands.Screened]:
    return [
        commands.Screened(
            kind="message",
            subject_id=talk.draft(talk.fan).message_id,
            message_id=talk.place.id,
            text=f"chambre {number}",
            context=HERE,
            verdict=screening.screen("chambre", HERE),
        )
        for number in range(count)
    ]


def test_the_same_content_is_judged_by_the_version_in_shadow_without_effect(
    recorder, django_capture_on_commit_callbacks
):
    talk = Talk()
    with django_capture_on_commit_callbacks(execute=True):
        message = send(talk, "une chambre")
    assert recorder.drain() == 1
    tried = ShadowRecord.objects.get()
    enforced = VerdictRecord.objects.get()
    assert (tried.subject_id, tried.content_sha256) == (message.id, enforced.content_sha256)
    under = tried.under
    assert (under.version, under.book_hash) == (TRIED.version, TRIED.sha256)
    assert (enforced.action, tried.action, tried.rules) == ("pass", "hold", "prost.room")
    assert message.state == "delivered"
    assert not Case.objects.exists()


def test_what_was_not_committed_is_not_tried(recorder, django_capture_on_commit_callbacks):
    talk = Talk()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        send(talk, "une chambre")
        transaction.set_rollback(True)
    assert recorder.drain() == 0


def test_an_edit_is_tried_too(recorder, django_capture_on_commit_callbacks):
    talk = Talk()
    message = send(talk, "bonjour")
    with django_capture_on_commit_callbacks(execute=True):
        revision = edit_of(talk, message, "une chambre", screening.screen("une chambre", HERE))
    recorder.drain()
    assert list(ShadowRecord.objects.values_list("subject_id", "action")) == [(revision.id, "hold")]


def test_the_sender_s_last_words_are_the_same_for_both(
    recorder, django_capture_on_commit_callbacks
):
    talk = Talk()
    said = screening.screen("bonjour", HERE)
    draft = talk.draft(talk.fan, "bonjour")
    known = altered(draft.context, recent=("avant", "encore"))
    draft = altered(draft, verdict=said, context=known)
    with django_capture_on_commit_callbacks(execute=True):
        talk.send(draft)
    (waiting,) = recorder._take(0)
    assert waiting.context.recent == ("avant", "encore")


def test_without_a_version_in_shadow_nothing_is_kept_or_asked(
    recorder, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(screening, "_candidate", None)
    talk = Talk()
    with django_capture_on_commit_callbacks() as callbacks:
        send(talk, "une chambre")
    names = [getattr(one, "func", one) for one in callbacks]
    assert shadow.observe not in names
    recorder.offer(contents(talk, 3))
    assert recorder.drain() == 0


def test_a_trial_that_ended_throws_away_what_waits(recorder, monkeypatch):
    recorder.offer(contents(Talk(), 3))
    monkeypatch.setattr(screening, "_candidate", None)
    assert recorder.drain() == 3
    assert not ShadowRecord.objects.exists()


def test_a_full_queue_drops_counts_and_never_waits(recorder):
    full = Recorder(capacity=2, background=False)
    full.offer(contents(Talk(), 5))
    assert full.drain() == 2
    assert shadow_progress(TRIED.version).messages == 2
    assert shadow_dropped(TRIED.version) == 3
    full.offer(contents(Talk(), 1))
    full.drain()
    assert shadow_dropped(TRIED.version) == 3  # each drop is counted once


def test_batches_are_bounded(recorder):
    recorder.offer(contents(Talk(), BATCH_MAX + 1))
    assert [recorder.drain() for _ in range(3)] == [BATCH_MAX, 1, 0]


def test_progress_says_how_many_and_since_when_over_all_processes(recorder):
    assert shadow_progress(TRIED.version) == (0, None)
    recorder.offer(contents(Talk(), 2))
    recorder.drain()
    first = shadow_progress(TRIED.version)
    other = Recorder(background=False)
    other.offer(contents(Talk(), 3))
    other.drain()
    assert first.since is not None
    assert shadow_progress(TRIED.version) == (5, first.since)
    assert shadow_progress("another") == (0, None)


def test_a_content_is_recorded_once_a_version(recorder):
    twice = contents(Talk(), 1)
    recorder.offer(twice + twice)
    recorder.drain()
    assert ShadowRecord.objects.count() == 1


def test_shadow_records_go_after_their_time(recorder):
    recorder.offer(contents(Talk(), 2))
    recorder.drain()
    now = ShadowRun.objects.get().since
    assert commands.purge(now=now + timedelta(days=89)) == 0
    assert commands.purge(now=now + timedelta(days=91)) == 2


def test_a_batch_that_cannot_be_recorded_counts_as_dropped(recorder, monkeypatch):
    def refuse(*args: object, **options: object) -> None:
        raise RuntimeError

    recorder.offer(contents(Talk(), 3))
    with monkeypatch.context() as broken:
        broken.setattr(shadow, "insert_rows", refuse)
        with pytest.raises(RuntimeError):
            recorder.drain()
    recorder.offer(contents(Talk(), 1))
    recorder.drain()
    assert (shadow_progress(TRIED.version).messages, shadow_dropped(TRIED.version)) == (1, 3)


class Gate:
    """An engine that judges only when the test lets it, and says when it has begun."""

    def __init__(self, engine: Engine) -> None:
        self.version = engine.version
        self.begun, self.open = Event(), Event()
        self._engine = engine

    def screen(self, text: str, context: Context) -> screening.Verdict:
        self.begun.set()
        assert self.open.wait(SECONDS)
        return self._engine.screen(text, context)


@pytest.mark.django_db(transaction=True)
def test_the_thread_judges_aside_while_messages_go_on(monkeypatch):
    gate = Gate(Engine(TRIED))
    put_in_force(monkeypatch, Engine(RAN), gate)  # type: ignore[arg-type]
    recorder = Recorder()
    monkeypatch.setattr(shadow, "_recorder", recorder)
    monkeypatch.setattr(shadow, "IDLE_SECONDS", 0.01)
    talk = Talk()
    first = send(talk, "une chambre")
    thread = recorder._thread
    assert thread is not None
    assert gate.begun.wait(SECONDS)  # it judges, and is stuck
    second = send(talk, "encore une chambre")
    assert {first.state, second.state} == {"delivered"}
    assert not ShadowRecord.objects.exists()
    gate.open.set()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert set(ShadowRecord.objects.values_list("subject_id", flat=True)) == {first.id, second.id}
