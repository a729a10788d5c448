"""Each process follows the active rule book, and keeps the last good one when it must."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from safety import screening, seal
from safety.book_watch import BookWatch
from safety.commands import CaseDraft, open_cases, set_duty
from safety.commands import rulebook as lifecycle
from safety.models import Case, PolicyEvent, PolicyVersion, ShadowedRule, VersionState
from safety.queries import versions
from safety.screening import Action, Context, Engine
from tests.factories import START
from tests.safety import books
from tests.safety.desk import draft, hearing

CONTEXT = Context("fan", "FR")
LATER = START + lifecycle.TRIAL
pytestmark = pytest.mark.django_db


@pytest.fixture
def watch(tmp_path: Path, db: None, settings: Any) -> Iterator[BookWatch]:
    """A process that has just started, with a small book as the one of its release."""
    settings.SCREENING_RULES_ONLY = True  # the small books name no model
    with books.own_process():
        screening.install(books.engine_of(tmp_path / "shipped"))
        started = BookWatch()
        started.start()
        yield started


def activate(folder: Path, people: tuple[Account, ...], *rules: str) -> PolicyVersion:
    written = books.write_book(folder, *rules)
    version = lifecycle.propose(folder=written, by=people[0], now=START)
    for person in people:
        version = lifecycle.activate(name=version.name, by=person, now=LATER)
    return version


@pytest.fixture
def people(moderator: Account, colleague: Account) -> tuple[Account, Account]:
    return moderator, colleague


def stored(folder: Path, *, state: str, by: tuple[Account, ...], **wrong: Any) -> PolicyVersion:
    """A version written straight into the table, some of it `wrong`."""
    book = books.book_of(folder, books.rule(pattern="prune"))
    sealed = lifecycle._seal_of(folder, book, "M-17")
    facts: dict[str, Any] = {
        "name": book.version,
        "sha256": book.sha256,
        "bundle": versions.bundle_of(book.files),
        "seal": sealed.as_json(),
        "key_id": sealed.key_id,
        "state": state,
        "proposed_by": by[0],
        "approved_by": by[0],
        "activated_by": by[1],
        "proposed_at": START,
        "active_since": timezone.now(),
    }
    PolicyVersion.objects.filter(state=state).update(
        state=VersionState.RETIRED, retired_at=timezone.now()
    )
    return PolicyVersion.objects.create(**facts | wrong)


def test_at_its_start_a_process_makes_the_book_of_its_release_known(watch: BookWatch) -> None:
    shipped = screening.in_force().book
    assert versions.standing() == {"active": shipped.sha256}
    assert versions.published().since is not None


def test_a_process_follows_an_activation_and_a_rollback(
    watch: BookWatch, tmp_path: Path, people: tuple[Account, ...]
) -> None:
    before = screening.in_force()
    version = activate(tmp_path / "new", people, books.rule(pattern="poire"))
    assert screening.screen("une poire", CONTEXT).action is Action.PASS
    watch.look()
    verdict = screening.screen("une poire", CONTEXT)
    assert (verdict.action, verdict.book_hash) == (Action.HOLD, version.sha256)
    assert versions.published().sha256 == version.sha256
    lifecycle.roll_back(by=people[0], now=LATER)
    watch.look()
    assert screening.screen("une poire", CONTEXT).book_hash == before.book.sha256


def test_a_process_tries_the_candidate_beside_and_drops_it_when_it_is_over(
    watch: BookWatch, tmp_path: Path, moderator: Account
) -> None:
    book = books.write_book(tmp_path / "new", books.rule(pattern="poire"))
    version = lifecycle.propose(folder=book, by=moderator, now=START)
    watch.look()
    tried = screening.candidate()
    assert tried
    assert tried.book.sha256 == version.sha256
    assert screening.screen("une poire", CONTEXT).action is Action.PASS
    PolicyVersion.objects.filter(id=version.id).update(state=VersionState.PROPOSED)
    watch.look()
    assert screening.candidate() is None


def test_a_rule_without_effect_loses_it_here_too(watch: BookWatch) -> None:
    assert screening.screen("une pomme", CONTEXT).action is Action.HOLD
    ShadowedRule.objects.create(
        rule=books.FRUIT, policy="fraud.scam", severity=3, without_effect=True, hits=600,
        hourly_median=1, since=START,
    )  # fmt: skip
    watch.look()
    assert screening.screen("une pomme", CONTEXT).action is Action.PASS


@pytest.mark.parametrize("wrong", ["bundle", "seal", "signature", "trust", "hash"])
def test_a_version_that_is_not_what_was_sealed_is_refused_once_with_an_alarm(
    watch: BookWatch,
    tmp_path: Path,
    people: tuple[Account, ...],
    settings: Any,
    django_capture_on_commit_callbacks: Any,
    wrong: str,
) -> None:
    before = screening.in_force().book
    set_duty(moderator_id=people[0].id, on=True, now=START)
    other = books.book_of(tmp_path / "other", books.rule(pattern="figue"))
    good = lifecycle._seal_of(
        tmp_path, books.book_of(tmp_path / "x", books.rule(pattern="prune")), "M-17"
    )
    cases: dict[str, dict[str, Any]] = {
        "bundle": {"bundle": b"not a book"},
        "seal": {"seal": "{}"},
        "signature": {"seal": good.as_json().replace(good.signature, "00" * 64)},
        "trust": {},
        "hash": {"bundle": versions.bundle_of(other.files)},
    }
    version = stored(tmp_path / "bad", state=VersionState.ACTIVE, by=people, **cases[wrong])
    if wrong == "trust":
        settings.RULEBOOK_DEVELOPMENT = False
    with hearing() as heard, django_capture_on_commit_callbacks(execute=True):
        watch.look()
        watch.look()
    assert screening.in_force().book.sha256 == before.sha256
    assert screening.screen("une prune", CONTEXT).book_hash == before.sha256
    (alarm,) = [frame for to, frame in heard if people[0].id in to]
    assert (alarm["t"], alarm["version"], alarm["kind"]) == (
        "rule_book_alarm", version.name, "refused",
    )  # fmt: skip
    assert PolicyEvent.objects.filter(version=version, kind="refused").count() == 1


def test_a_process_that_starts_with_a_corrupted_active_version_uses_the_last_good_one(
    watch: BookWatch, tmp_path: Path, people: tuple[Account, ...]
) -> None:
    shipped = screening.in_force()
    good = activate(tmp_path / "good", people, books.rule(pattern="poire"))
    stored(tmp_path / "bad", state=VersionState.ACTIVE, by=people, bundle=b"not a book")
    screening.install(shipped)
    BookWatch().start()
    assert screening.in_force().book.sha256 == good.sha256


def test_production_falls_back_to_the_book_of_its_release_only_if_it_is_sealed_for_it(
    watch: BookWatch, tmp_path: Path, people: tuple[Account, ...], settings: Any
) -> None:
    key = "66" * 32
    PolicyVersion.objects.update(rolled_back_at=START)
    stored(tmp_path / "bad", state=VersionState.ACTIVE, by=people, bundle=b"not a book")
    PolicyVersion.objects.filter(shipped=True).update(rolled_back_at=START)
    settings.RULEBOOK_DEVELOPMENT, settings.RULEBOOK_SIGNING_KEY = False, key
    with pytest.raises(seal.SealBroken):
        BookWatch().start()
    settings.RULEBOOK_TRUSTED_KEYS = [seal.public_key(key)]
    BookWatch().start()
    assert screening.screen("une pomme", CONTEXT).action is Action.HOLD


def test_a_process_that_starts_uses_the_active_version(
    watch: BookWatch, tmp_path: Path, people: tuple[Account, ...]
) -> None:
    shipped = screening.in_force()
    version = activate(tmp_path / "new", people, books.rule(pattern="poire"))
    PolicyVersion.objects.filter(id=version.id).update(active_since=START + timedelta(days=30))
    screening.install(shipped)
    BookWatch().start()
    assert screening.in_force().book.sha256 == version.sha256


def test_a_book_that_failed_here_is_told_and_not_taken_up_again(
    watch: BookWatch, tmp_path: Path, people: tuple[Account, ...]
) -> None:
    before = screening.in_force().book.sha256
    version = activate(tmp_path / "new", people, books.rule(pattern="poire"))
    watch.look()

    def raising(text: str, context: Context) -> Any:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(screening.in_force(), "_verdict", raising)
        assert screening.screen("une pomme", CONTEXT).book_hash == before
    watch.look()
    assert screening.in_force().book.sha256 == before
    assert PolicyEvent.objects.filter(version=version, kind="failed").count() == 1


def test_a_decision_of_yesterday_keeps_the_version_it_was_made_under(
    watch: BookWatch, tmp_path: Path, people: tuple[Account, ...], fan: Account
) -> None:
    before = screening.rule_book_version()
    judged = screening.screen("une pomme", CONTEXT)
    old = case_of(draft(fan), judged)
    activate(tmp_path / "new", people, books.rule(pattern="poire"))
    watch.look()
    new = case_of(draft(fan), screening.screen("une poire", CONTEXT))
    assert Case.objects.get(id=old.id).policy_version == before
    assert new.policy_version == screening.rule_book_version() != before


def case_of(draft: CaseDraft, verdict: screening.Verdict) -> Case:
    (opened,) = open_cases([replace(draft, verdict=verdict)], now=START)
    return Case.objects.get(id=opened.case_id)


def test_the_engine_of_a_stored_version_is_the_one_that_was_proposed(
    watch: BookWatch, tmp_path: Path, moderator: Account
) -> None:
    book = books.write_book(tmp_path / "new", books.rule(pattern="poire"))
    version = lifecycle.propose(folder=book, by=moderator, now=START)
    engine = versions.engine_of(version.sha256, rules_only=True)
    assert engine.screen("une poire", CONTEXT) == Engine.load(book).screen("une poire", CONTEXT)
