"""A rule book is tried first, put in force by two people, and taken back by one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.errors import NotAllowed, NotFound
from accounts.models import Account
from safety import seal
from safety.commands import rulebook as lifecycle
from safety.commands.rulebook import TRIAL, TRIAL_MESSAGES, NotFit
from safety.models import PolicyEvent, PolicyVersion, ShadowRun, VersionState
from safety.queries import versions
from tests.factories import START, make_fan, make_moderator
from tests.safety import books

TRIED = START + TRIAL
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_books(settings: Any) -> None:
    """They name no model."""
    settings.SCREENING_RULES_ONLY = True


@pytest.fixture
def active(tmp_path: Path, db: None) -> PolicyVersion:
    """The book that came with the release, in force."""
    adopted = lifecycle.adopt_shipped(book=books.book_of(tmp_path / "shipped"), now=START)
    assert adopted
    return adopted


def propose(folder: Path, by: Account, *rules: str) -> PolicyVersion:
    written = books.write_book(folder, *(rules or (books.rule(pattern="poire"),)))
    return lifecycle.propose(folder=written, by=by, now=START)


def state(version: PolicyVersion) -> str:
    return PolicyVersion.objects.get(id=version.id).state


def happened(version: PolicyVersion) -> list[tuple[str, Any]]:
    rows = PolicyEvent.objects.filter(version=version).order_by("id")
    return [(row.kind, row.actor and row.actor.name) for row in rows]


def test_a_book_is_tried_then_approved_by_two_people_and_the_one_before_retires(
    tmp_path: Path, active: PolicyVersion, moderator: Account, colleague: Account
) -> None:
    version = propose(tmp_path / "new", moderator)
    assert (state(version), state(active)) == (VersionState.SHADOW, VersionState.ACTIVE)
    lifecycle.activate(name=version.name, by=moderator, now=TRIED)
    assert (state(version), state(active)) == (VersionState.SHADOW, VersionState.ACTIVE)
    lifecycle.activate(name=version.name, by=colleague, now=TRIED)
    assert (state(version), state(active)) == (VersionState.ACTIVE, VersionState.RETIRED)
    assert versions.standing() == {"active": version.sha256}
    assert happened(version) == [
        ("proposed", "M-17"), ("tried", "M-17"), ("approved", "M-17"), ("activated", "M-23"),
    ]  # fmt: skip
    assert happened(active) == [("shipped", None), ("activated", None), ("retired", None)]


def test_one_person_is_never_enough_however_urgent(
    tmp_path: Path, active: PolicyVersion, moderator: Account
) -> None:
    version = propose(tmp_path / "new", moderator)
    lifecycle.activate(name=version.name, by=moderator, now=START, urgent="a wave of scams")
    with pytest.raises(NotAllowed, match="another person"):
        lifecycle.activate(name=version.name, by=moderator, now=START, urgent="a wave of scams")
    assert state(active) == VersionState.ACTIVE
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.filter(id=version.id).update(activated_by=moderator)


def test_a_trial_ends_after_seven_days_or_ten_thousand_messages_and_not_before(
    tmp_path: Path, active: PolicyVersion, moderator: Account, colleague: Account
) -> None:
    version = propose(tmp_path / "new", moderator)
    run = ShadowRun.objects.create(version=version.name, since=START, messages=TRIAL_MESSAGES - 1)
    early = TRIED - timedelta(seconds=1)
    with pytest.raises(NotAllowed, match=f"{TRIAL_MESSAGES - 1} so far"):
        lifecycle.activate(name=version.name, by=moderator, now=early)
    run.messages = TRIAL_MESSAGES
    run.save()
    lifecycle.activate(name=version.name, by=moderator, now=early)
    lifecycle.activate(name=version.name, by=colleague, now=early)
    assert state(version) == VersionState.ACTIVE


def test_an_urgent_reason_cuts_the_trial_and_is_kept(
    tmp_path: Path, active: PolicyVersion, moderator: Account, colleague: Account
) -> None:
    version = propose(tmp_path / "new", moderator)
    with pytest.raises(NotAllowed):
        lifecycle.activate(name=version.name, by=moderator, now=START, urgent="  ")
    lifecycle.activate(name=version.name, by=moderator, now=START, urgent="a wave of scams")
    lifecycle.activate(name=version.name, by=colleague, now=START)
    stored = PolicyVersion.objects.get(id=version.id)
    assert (stored.state, stored.urgent) == (VersionState.ACTIVE, "a wave of scams")


def test_a_change_of_severity_4_alone_needs_no_trial(
    tmp_path: Path, active: PolicyVersion, moderator: Account, colleague: Account
) -> None:
    version = propose(tmp_path / "new", moderator, books.rule(), books.grave())
    lifecycle.activate(name=version.name, by=moderator, now=START)
    lifecycle.activate(name=version.name, by=colleague, now=START)
    assert state(version) == VersionState.ACTIVE


def test_one_person_goes_back_to_the_version_before(
    tmp_path: Path, active: PolicyVersion, moderator: Account, colleague: Account
) -> None:
    version = propose(tmp_path / "new", moderator)
    for person in (moderator, colleague):
        lifecycle.activate(name=version.name, by=person, now=TRIED)
    back = lifecycle.roll_back(by=moderator, now=TRIED)
    assert back.sha256 == active.sha256
    assert (state(version), state(active)) == (VersionState.RETIRED, VersionState.ACTIVE)
    assert happened(version)[-1] == ("rolled_back", "M-17")
    assert versions.was_rolled_back(version.sha256)
    with pytest.raises(NotFound):
        lifecycle.roll_back(by=moderator, now=TRIED)
    with pytest.raises(NotAllowed, match="propose it again"):
        lifecycle.activate(name=version.name, by=moderator, now=TRIED)


def test_a_version_taken_back_may_be_proposed_again_and_needs_two_people_again(
    tmp_path: Path, active: PolicyVersion, moderator: Account, colleague: Account
) -> None:
    version = propose(tmp_path / "new", moderator)
    for person in (moderator, colleague):
        lifecycle.activate(name=version.name, by=person, now=TRIED)
    lifecycle.roll_back(by=moderator, now=TRIED)
    assert propose(tmp_path / "new", colleague).id == version.id
    lifecycle.activate(name=version.name, by=colleague, now=TRIED)
    assert state(version) == VersionState.SHADOW
    lifecycle.activate(name=version.name, by=moderator, now=TRIED)
    assert state(version) == VersionState.ACTIVE
    assert not versions.was_rolled_back(version.sha256)


def test_one_book_is_tried_at_a_time_and_the_other_waits(
    tmp_path: Path, active: PolicyVersion, moderator: Account
) -> None:
    first = propose(tmp_path / "first", moderator)
    second = propose(tmp_path / "second", moderator, books.rule(pattern="prune"))
    assert (state(first), state(second)) == (VersionState.PROPOSED, VersionState.SHADOW)
    assert happened(first)[-1] == ("set_aside", "M-17")
    with pytest.raises(NotAllowed, match="already"):
        propose(tmp_path / "second", moderator, books.rule(pattern="prune"))


def test_a_book_that_does_not_load_is_not_stored_and_every_mistake_is_named(
    tmp_path: Path, active: PolicyVersion, moderator: Account
) -> None:
    bad = books.rule("one", policy="no.such"), books.rule("two").replace('"bonjour"', '"pomme"')
    with pytest.raises(NotFit) as refused:
        propose(tmp_path / "bad", moderator, *bad)
    assert "fruit.fr, rule one" in refused.value.detail
    assert "fruit.fr, rule two: finds its twin" in refused.value.detail
    assert PolicyVersion.objects.count() == 1


def test_only_an_active_moderator_decides(moderator: Account) -> None:
    assert lifecycle.author_of(moderator.email.upper()).id == moderator.id
    gone = make_moderator(is_active=False)
    for email in (make_fan().email, gone.email, "nobody@example.org"):
        with pytest.raises(NotAllowed):
            lifecycle.author_of(email)


@pytest.mark.django_db(transaction=True)
def test_what_was_stored_cannot_be_changed_or_deleted(tmp_path: Path) -> None:
    version = lifecycle.adopt_shipped(book=books.book_of(tmp_path), now=START)
    assert version
    for statement in (
        "UPDATE safety_policyversion SET bundle = ''",
        "UPDATE safety_policyversion SET sha256 = ''",
        "DELETE FROM safety_policyversion",
        "UPDATE safety_policyevent SET kind = 'activated'",
        "DELETE FROM safety_policyevent",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_stored_book_comes_back_byte_for_byte_with_a_seal_that_holds(
    tmp_path: Path, active: PolicyVersion, moderator: Account
) -> None:
    version = propose(tmp_path / "new", moderator)
    stored = PolicyVersion.objects.get(id=version.id)
    book = books.book_of(tmp_path / "new", books.rule(pattern="poire"))
    assert versions.stored_book(stored).files == book.files
    sealed = json.loads(stored.seal)
    assert (sealed["author"], sealed["sha256"]) == ("M-17", book.sha256)


def test_the_seal_of_the_folder_is_kept_when_it_holds_and_replaced_when_it_does_not(
    tmp_path: Path, active: PolicyVersion, moderator: Account, settings: Any
) -> None:
    key = "33" * 32
    settings.RULEBOOK_TRUSTED_KEYS = [seal.public_key(key)]
    for name, rule, kept in (("a", books.rule("x"), True), ("b", books.rule("y"), False)):
        book = books.book_of(tmp_path / name, rule)
        sealed = seal.sign(book, author="the committee", key=key if kept else "44" * 32)
        (tmp_path / name / "seal.json").write_text(sealed.as_json())
        version = propose(tmp_path / name, moderator, rule)
        assert (version.key_id == sealed.key_id) is kept


def test_in_development_another_release_brings_its_book_and_in_production_people_do(
    tmp_path: Path, active: PolicyVersion, settings: Any
) -> None:
    newer, newest = books.book_of(tmp_path / "b", version=2), books.book_of(tmp_path, version=3)
    adopted = lifecycle.adopt_shipped(book=newer, now=START)
    assert adopted
    assert (state(adopted), state(active)) == (VersionState.ACTIVE, VersionState.RETIRED)
    assert lifecycle.adopt_shipped(book=newer, now=START) is None
    settings.RULEBOOK_DEVELOPMENT = False
    assert lifecycle.adopt_shipped(book=newest, now=START) is None
    assert state(adopted) == VersionState.ACTIVE


def test_production_starts_only_with_a_book_that_its_own_keys_vouch_for(
    tmp_path: Path, db: None, settings: Any
) -> None:
    settings.RULEBOOK_DEVELOPMENT, settings.RULEBOOK_SIGNING_KEY = False, ""
    book = books.book_of(tmp_path)
    with pytest.raises(seal.SealBroken):
        lifecycle.adopt_shipped(book=book, now=START)
    settings.RULEBOOK_SIGNING_KEY = "55" * 32
    with pytest.raises(seal.SealBroken, match="not among the trusted"):
        lifecycle.adopt_shipped(book=book, now=START)
    settings.RULEBOOK_TRUSTED_KEYS = [seal.public_key("55" * 32)]
    assert lifecycle.adopt_shipped(book=book, now=START)
