"""One record a content: bound to its words, its media and the book, and nobody's text in it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from chat.commands import Sent, send_messages
from chat.models import Message
from chat.queries.rows import AnyMessage
from safety import commands, screening
from safety.models import Screening, VerdictRecord
from safety.queries.features import SCORE_FLOOR, SCORE_STEPS, decode, encode
from safety.rules.taxonomy import Action
from safety.screening import Context, Engine, content_sha256
from tests.chat.talk import Talk, decide, edit_of, fresh, verdict
from tests.factories import START
from tests.safety.small_book import book, put_in_force, rule

pytestmark = pytest.mark.django_db
SUSPECT = "Retrouvons-nous dans cette suite luxueuse"


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    return put_in_force(monkeypatch, Engine(book(rule("prost.one", "luxueuse"))))


def record_of(message: AnyMessage) -> VerdictRecord:
    return VerdictRecord.objects.get(subject_id=message.id)


@pytest.mark.parametrize("action", list(Action))
def test_each_message_has_one_record_bound_to_its_words_and_the_book(action):
    talk = Talk()
    message = talk.ask("Hello there", action=action)
    record = VerdictRecord.objects.get()
    assert (record.subject_id, record.kind, record.message_id) == (
        message.id,
        "message",
        message.id,
    )
    assert record.content_sha256 == message.body_sha256 == content_sha256("Hello there")
    assert (record.action, record.under.version) == (action.value, message.rule_book)
    assert (record.under.country, record.under.channel) == (talk.fan.country, "message")
    assert record.at == talk.now


def test_a_real_verdict_leaves_version_hash_model_and_profile(engine):
    talk = Talk()
    said = screening.screen(SUSPECT, Context("fan", "FR", "fr"))
    talk.send(replace(talk.draft(talk.fan, SUSPECT), verdict=said))
    record = VerdictRecord.objects.get()
    under = record.under
    assert (under.version, under.book_hash) == (engine.book.version, engine.book.sha256)
    assert (under.model, under.profile) == (said.model, said.profile)
    assert record.rules == "prost.one"


def test_a_refused_message_and_a_replay_leave_no_record():
    talk = Talk(cents=0)
    talk.send(talk.draft(talk.fan, "Hello", most=0))
    assert not VerdictRecord.objects.exists()
    rich = Talk()
    draft = rich.draft(rich.fan, "Hello")
    rich.send(draft)
    again = rich.send(replace(draft, verdict=verdict(Action.HOLD, "Hello")))
    assert isinstance(again, Sent)
    assert again.replay
    assert record_of(again.message).action == "pass"


def test_a_record_is_never_replaced():
    talk = Talk()
    message = talk.ask()
    twice = commands.Screened(
        kind="message",
        subject_id=message.id,
        message_id=message.id,
        text="Hello",
        context=Context("fan", "FR"),
        verdict=verdict(Action.PASS, "Hello"),
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        commands.record([twice], now=START)


def test_a_batch_that_is_undone_leaves_no_record():
    talk = Talk()
    with transaction.atomic():
        talk.send(talk.draft(talk.fan))
        assert VerdictRecord.objects.count() == 1
        transaction.set_rollback(True)
    assert not VerdictRecord.objects.exists()


def test_records_of_a_batch_are_written_in_one_statement():
    talks = [Talk() for _ in range(6)]
    drafts = [talk.draft(talk.fan) for talk in talks]
    with CaptureQueriesContext(connection) as queries:
        send_messages(drafts=drafts, now=START)
    inserts = [q for q in queries if 'INSERT INTO "safety_verdictrecord"' in q["sql"]]
    executions = {q["sql"].partition("VALUES")[0] for q in inserts}
    assert len(executions) == 1
    assert VerdictRecord.objects.count() == 6


def test_the_book_is_stored_once_and_named_again_after_a_rollback(
    django_capture_on_commit_callbacks,
):
    talk = Talk()
    with transaction.atomic():
        talk.ask()
        transaction.set_rollback(True)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            talk.ask()
    assert Screening.objects.count() == 1
    assert {record.under.version for record in VerdictRecord.objects.all()} == {"test"}


@pytest.mark.parametrize("action", list(Action))
def test_each_edit_has_a_record_of_its_own(action):
    talk = Talk()
    message = talk.ask("Hello")
    revision = edit_of(talk, message, "Hello again", verdict(action, "Hello again"))
    record = VerdictRecord.objects.get(subject_id=revision.id)
    assert (record.kind, record.message_id, record.action) == ("revision", message.id, action.value)
    assert record.content_sha256 == content_sha256("Hello again")
    assert VerdictRecord.objects.count() == 2


def test_an_edit_with_the_verdict_of_another_text_is_screened_again():
    talk = Talk()
    message = talk.ask("Hello")
    revision = edit_of(talk, message, SUSPECT, verdict(Action.PASS, "Hello again"))
    record = VerdictRecord.objects.get(subject_id=revision.id)
    assert record.content_sha256 == content_sha256(SUSPECT)
    assert (record.action, revision.state) == ("hold", "held")
    assert fresh(message).body == "Hello"


def test_a_message_with_the_verdict_of_another_text_is_screened_again():
    talk = Talk()
    swapped = replace(talk.draft(talk.fan, SUSPECT), verdict=verdict(Action.PASS, "Hello"))
    talk.send(swapped)
    assert record_of(Message.objects.get()).action == "hold"
    assert Message.objects.get().state == "held"


def test_a_release_keeps_the_record_of_the_hold():
    talk = Talk()
    message = talk.ask(action=Action.HOLD)
    decide(message, "release", now=talk.pass_time(minutes=1))
    assert fresh(message).state == "delivered"
    assert record_of(message).action == "hold"


def test_no_text_and_no_person_is_in_a_record():
    talk = Talk()
    said = screening.screen(SUSPECT, Context("fan", "FR", "fr"))
    talk.send(replace(talk.draft(talk.fan, SUSPECT), verdict=said))
    row = *VerdictRecord.objects.values_list().get(), *Screening.objects.values_list().get()
    words = {word for word in SUSPECT.lower().split() if len(word) > 4}
    stored = " ".join(map(str, row)).lower()
    assert not [word for word in words if word in stored]
    assert str(talk.fan.id) not in stored
    assert str(talk.creator.id) not in stored
    assert not any(field.related_model is Account for field in VerdictRecord._meta.get_fields())


def test_passes_go_after_their_time_suspects_later_and_the_rest_stays():
    talk = Talk()
    talk.ask(action=Action.PASS)
    held = talk.ask(action=Action.HOLD)
    passed_for = settings.VERDICT_RECORD_KEPT
    assert commands.purge(now=START + passed_for - timedelta(days=1)) == 0
    assert commands.purge(now=START + passed_for + timedelta(days=1)) == 1
    assert record_of(held).action == "hold"
    assert commands.purge(now=START + settings.SUSPECT_RECORD_KEPT + timedelta(days=1)) == 1
    assert not VerdictRecord.objects.exists()
    assert Message.objects.count() == 2


def test_a_purge_takes_the_oldest_batch_first(monkeypatch):
    monkeypatch.setattr("safety.commands.records.PURGE_BATCH", 2)
    talk = Talk()
    for _ in range(3):
        talk.ask()
        talk.pass_time(minutes=1)
    late = START + settings.VERDICT_RECORD_KEPT + timedelta(days=1)
    assert [commands.purge(now=late) for _ in range(3)] == [2, 1, 0]


SCORES = st.dictionaries(
    st.sampled_from(["prost.solicit", "hate.speech", "fraud.scam"]), st.floats(0, 1)
)


@given(scores=SCORES, threshold=st.integers(SCORE_FLOOR, SCORE_STEPS))
def test_a_kept_score_passes_a_threshold_exactly_when_the_score_did(scores, threshold):
    said = replace(verdict(Action.PASS), scores=scores)
    kept = decode(*encode(said)).scores
    limit = threshold / SCORE_STEPS
    near = {name for name, score in scores.items() if abs(score - limit) < 1e-9}
    for name, score in scores.items():
        if name not in near:
            assert (kept.get(name, 0) >= threshold) is (score >= limit)


def test_equal_verdicts_have_equal_features_and_a_plain_pass_has_none():
    said = replace(
        verdict(Action.HOLD),
        scores={"hate.speech": 0.41237, "fraud.scam": 0.01},
        extracts=("phone", "email"),
        off=("model",),
        abuse=0.3,
    )
    other = replace(said, scores={"fraud.scam": 0.02, "hate.speech": 0.41299})
    assert encode(said) == encode(replace(other, extracts=("email", "phone")))
    features = decode(*encode(said))
    assert features.scores == {"hate.speech": 412}
    assert (features.extracts, features.off, features.abuse) == (
        ("email", "phone"),
        ("model",),
        300,
    )
    assert encode(verdict(Action.PASS)) == ("", "")
