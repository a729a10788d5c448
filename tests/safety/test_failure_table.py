"""The failure table, row by row: whatever fails, nothing passes undecided and nobody is charged.

Other files prove rows of their own: a rule that raises or overruns
(`tests/chat/test_technical_holds_are_screened_again.py`, `test_screening_engine.py`), a broken
seal or bundle (`test_rule_book_watch.py`), no model at start (`test_rule_book_without_model.py`),
a lost bus (`tests/accounts`), a killed server (`tests/chat/test_kill9_loses_nothing.py`).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Account
from chat.commands import expire_held, refund_unanswered, screen_again
from safety import commands as desk
from safety import screening
from safety.book_watch import BookWatch
from safety.commands import beat, note_health
from safety.commands import rulebook as lifecycle
from safety.models import (
    Case,
    Decision,
    DegradedMinute,
    PolicyVersion,
    VersionState,
)
from safety.queries import versions
from safety.rules import classifier, rulebook
from safety.rules.rulebook import RuleBook
from safety.screening import Action, Context, Engine
from tests.chat.talk import Talk, fresh
from tests.factories import START, make_moderator
from tests.running_server import MOVABLE_CLOCK, RunningServer
from tests.safety import books
from tests.safety.desk import draft, finding, hearing, verdict
from tests.wire import Person

AT_ONCE = 5
CONTEXT = Context("fan", "FR")
STEAL = "je vais te tuer"


@pytest.fixture
def watch(db: None) -> Iterator[BookWatch]:
    """A process of this release, with its model, that has just started."""
    with books.own_process():
        screening.install(Engine.load(rulebook.SHIPPED, classifier.Classifier.load()))
        started = BookWatch()
        started.start()
        yield started


@pytest.fixture
def people(moderator: Account, colleague: Account) -> tuple[Account, Account]:
    desk.set_duty(moderator_id=moderator.id, on=True, now=START)
    return moderator, colleague


def put_in_table(book: RuleBook, by: tuple[Account, ...]) -> PolicyVersion:
    """Make a book the active one past all checks, as a fault or a thief would."""
    sealed = lifecycle._seal_of(Path("nowhere"), book, "M-17")
    PolicyVersion.objects.filter(state=VersionState.ACTIVE).update(
        state=VersionState.RETIRED, retired_at=timezone.now()
    )
    return PolicyVersion.objects.create(
        name=book.version,
        sha256=book.sha256,
        bundle=versions.bundle_of(book.files),
        seal=sealed.as_json(),
        key_id=sealed.key_id,
        state=VersionState.ACTIVE,
        proposed_by=by[0],
        approved_by=by[0],
        activated_by=by[1],
        proposed_at=START,
        active_since=timezone.now(),
    )


def changed(**parts: bytes) -> RuleBook:
    """The shipped book with other files in the places of some."""
    return rulebook.parse({**rulebook.read(rulebook.SHIPPED), **parts})


def without_its_example(tmp_path: Path, patch: pytest.MonkeyPatch) -> RuleBook:
    """A rule that does not find what it says it finds."""
    failing = books.rule(pattern="prune").replace('"une prune"', '"une pomme"').encode()
    return changed(**{"packs/fruit.fr.toml": b"version = 1\n" + failing})


def for_another_model(tmp_path: Path, patch: pytest.MonkeyPatch) -> RuleBook:
    """A book that names a model which is not here."""
    return changed(**{rulebook.MODEL_CHECKSUMS: b"another model"})


def with_the_model_corrupted(tmp_path: Path, patch: pytest.MonkeyPatch) -> RuleBook:
    """A good book, while the model's files on disk have lost their end."""
    load: Any = classifier.Classifier.load.__func__  # type: ignore[attr-defined]
    (folder,) = load.__defaults__
    shutil.copytree(folder, tmp_path / "model")
    weights = tmp_path / "model" / "weights.bin"
    weights.write_bytes(weights.read_bytes()[:-1])
    patch.setattr(load, "__defaults__", (tmp_path / "model",))
    good = books.rule(pattern="prune").encode()
    return changed(**{"packs/fruit.fr.toml": b"version = 1\n" + good})


@pytest.mark.parametrize(
    "fault", [without_its_example, for_another_model, with_the_model_corrupted]
)
def test_a_version_that_fails_its_checks_is_refused_and_the_last_good_one_judges(
    watch: BookWatch,
    people: tuple[Account, Account],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    fault: Callable[[Path, pytest.MonkeyPatch], RuleBook],
) -> None:
    before = screening.in_force().book
    version = put_in_table(fault(tmp_path, monkeypatch), people)
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        watch.look()
        watch.look()
    judged = screening.screen(STEAL, CONTEXT)
    assert (judged.action, judged.cause, judged.book_hash) == (Action.HOLD, "", before.sha256)
    assert judged.model == before.model
    (alarm,) = [frame for to, frame in heard if people[0].id in to]
    assert (alarm["t"], alarm["kind"], alarm["version"]) == (
        "rule_book_alarm", "refused", version.name,
    )  # fmt: skip
    assert DegradedMinute.objects.filter(cause="rule_book").count() == 1


def test_the_same_version_without_the_fault_is_followed(
    watch: BookWatch, people: tuple[Account, Account]
) -> None:
    good = books.rule(pattern="prune").encode()
    version = put_in_table(changed(**{"packs/fruit.fr.toml": b"version = 1\n" + good}), people)
    watch.look()
    assert screening.screen("une prune", CONTEXT).book_hash == version.sha256
    assert not DegradedMinute.objects.filter(cause="rule_book").exists()


@pytest.mark.django_db
def test_a_clock_that_stands_still_charges_nobody_and_catches_up(
    people: tuple[Account, Account], django_capture_on_commit_callbacks: Any
) -> None:
    talk = Talk()
    held = talk.ask(action=Action.HOLD)
    asked = talk.ask()
    assert held.decide_before is not None
    late = held.decide_before + timedelta(days=4)  # nothing ran meanwhile
    assert (fresh(held).state, fresh(asked).money) == ("held", "reserved")
    assert talk.wallet == (1_600, 400)
    assert (expire_held(now=late), refund_unanswered(now=late)) == (1, 1)
    assert (fresh(held).state, fresh(asked).money) == ("expired", "refunded")
    assert talk.wallet == (2_000, 0)


@pytest.mark.django_db
def test_servers_call_for_help_once_when_the_clock_was_silent_for_a_minute(
    people: tuple[Account, Account], django_capture_on_commit_callbacks: Any
) -> None:
    def alarms(seconds: int) -> list[Any]:
        with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
            note_health(causes=(), now=START + timedelta(seconds=seconds))
        return [frame for to, frame in heard if to == {people[0].id}]

    beat(now=START)
    assert alarms(60) == []
    assert [(frame["t"], frame["cause"]) for frame in alarms(61)] == [("service_degraded", "clock")]
    assert alarms(62) == alarms(600) == []
    assert DegradedMinute.objects.filter(cause="clock").count() == 2
    beat(now=START + timedelta(seconds=601))
    assert alarms(602) == []
    assert len(alarms(662)) == 1


@pytest.mark.django_db
def test_a_clock_that_never_ran_is_missed_too() -> None:
    note_health(causes=(), now=START)
    note_health(causes=(), now=START + timedelta(seconds=60))
    assert not DegradedMinute.objects.exists()
    note_health(causes=(), now=START + timedelta(seconds=61))
    assert DegradedMinute.objects.get().cause == "clock"


def test_a_real_server_tells_the_moderators_that_its_clock_stands_still(tmp_path: Path) -> None:
    with RunningServer(home=tmp_path, launcher=MOVABLE_CLOCK) as running:
        running.command = ("serve", "--no-worker")
        running.restart()
        with Person.of(running, "moderator") as moderator, moderator.socket() as listening:
            running.move_clock(seconds=62)
            alarm = listening.wait_for("service_degraded")
            assert alarm["cause"] == "clock"
            assert moderator.get("/api/safety/health").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("policy", "state"), [("prosel.religious", "expired"), ("csae.grooming", "open")]
)
def test_with_nobody_on_duty_a_hold_expires_and_is_never_released_by_a_machine(
    policy: str, state: str
) -> None:
    talk = Talk()
    held = talk.ask(action=Action.HOLD)
    severity = finding(policy, Action.HOLD).severity
    Case.objects.filter(subject_id=held.id).update(policy=policy, severity=severity)
    assert held.decide_before is not None
    for hours in range(30):
        now = START + timedelta(hours=hours)
        screen_again(now=now)
        expire_held(now=now)
        assert fresh(held).state == ("held" if now < held.decide_before else "expired")
    assert Case.objects.get(subject_id=held.id).state == state
    assert (talk.wallet, Decision.objects.count()) == ((2_000, 0), 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("policy", "called"), [("prost.solicit", False), ("csae.grooming", True)])
def test_with_nobody_on_duty_severity_4_calls_every_moderator(
    fan: Account, policy: str, called: bool, django_capture_on_commit_callbacks: Any
) -> None:
    moderator = make_moderator()
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        desk.open_cases([draft(fan, policy)], now=START)
        desk.escalate_breached(now=START + timedelta(days=2))
    told = [frame["t"] for to, frame in heard if moderator.id in to]
    assert told == (["case_opened"] * 2 if called else [])


@pytest.mark.django_db
def test_no_verdict_without_a_rule_book_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*, rules_only: bool = False) -> Engine:
        raise rulebook.PackError("nothing loads")

    with books.own_process():
        monkeypatch.setattr(screening, "_engine", None)
        monkeypatch.setattr(screening, "shipped", broken)
        said = screening.screen("bonjour", CONTEXT)
    assert (said.action, said.cause) == (Action.HOLD, "technical")
    assert said.content_sha256 == screening.content_sha256("bonjour")
    assert verdict().action is Action.HOLD


@pytest.mark.postgres
def test_without_its_database_a_send_is_refused_as_busy_and_a_retry_is_taken(
    tmp_path: Path,
) -> None:
    with (
        RunningServer(home=tmp_path) as running,
        Person.new_fan(running, cents=2_000) as fan,
        Person.of(running, "creator") as creator,
        fan.socket() as talk,
    ):
        place = fan.open(creator)
        assert talk.send(place, "Un")["state"] == "delivered"
        client_id = str(uuid7())
        with Away(running):
            for number in range(AT_ONCE):
                frame = {"conversation_id": place, "client_id": str(uuid7()), "body": "Trois"}
                talk.put({"t": "send_message", "r": str(number), "max_price_cents": 200, **frame})
            refused = talk.send(place, "Deux", client_id=client_id)
            assert (refused["t"], refused["code"]) == ("refused", "busy")
            assert refused["retry_after_ms"] > 0
            for number in range(AT_ONCE):  # a batch waits for its connection once, not per message
                assert talk.wait_for("refused", r=str(number))["code"] == "busy"
            other = talk.ask("history", conversation_id=place, limit=10)
            assert other["code"] == "busy"
            page = fan.get("/api/wallet")
            assert (page.status_code, page.json()["code"]) == (503, "busy")
            assert int(page.headers["Retry-After"]) > 0
            assert fan.get("/_allauth/browser/v1/auth/session").status_code == 503
        assert fan.wallet() == (1_800, 200)
        sent = talk.send(place, "Deux", client_id=client_id)
        assert (sent["state"], sent["seq"], sent["replay"]) == ("delivered", 2, False)
        assert fan.wallet() == (1_600, 400)


class Away:
    """While inside, the database of a server takes no connection, and has ended those it had."""

    def __init__(self, server: RunningServer) -> None:
        self.name = server._name

    def __enter__(self) -> None:
        self._administer(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS false')
        self._administer(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'"
        )

    def __exit__(self, *error: object) -> None:
        self._administer(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS true')

    def _administer(self, statement: str) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement.encode())
