"""`aparte rulebook`: what an operator types, and what a script reads."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from safety import seal
from safety.commands import rulebook as lifecycle
from safety.rules import rulebook
from tests.factories import START, make_fan
from tests.safety import books


@pytest.fixture(autouse=True)
def small_books(settings: Any) -> None:
    """They name no model."""
    settings.SCREENING_RULES_ONLY = True


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rulebook", *arguments, stdout=out)
    return out.getvalue()


def told(*arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return answer


def test_check_accepts_a_good_book_and_says_whether_its_seal_holds(tmp_path: Path) -> None:
    book = str(books.write_book(tmp_path))
    assert told("check", book)["seal"] == "none"
    run("seal", book)
    answer = told("check", book)
    assert answer["seal"].startswith("holds")
    assert (answer["rules"], answer["problems"]) == (1, [])
    (tmp_path / "basis.toml").write_text(books.BASIS + "\n# more")
    assert told("check", book)["seal"].startswith("broken (basis.toml")


def test_check_names_every_mistake_in_one_sentence_each(tmp_path: Path) -> None:
    missing = books.rule("one").replace('matches = ["une pomme"', 'matches = ["une poire"')
    thresholds = books.THRESHOLDS + '["no.such"]\nreview = 0.9\nflag = 0.5\nhold = 0.2\n'
    books.write_book(
        tmp_path,
        missing,
        books.rule("two", action="refuse"),
        basis=books.BASIS.replace("terms", "whim"),
        thresholds=thresholds,
    )
    (tmp_path / "packs" / "broken.fr.toml").write_text("[[")
    out = io.StringIO()
    with pytest.raises(CommandError, match="5 problems"):
        call_command("rulebook", "check", str(tmp_path), stdout=out)
    lines = out.getvalue().splitlines()
    for start in (
        "broken.fr.toml: ",
        "thresholds.toml, no.such: ",
        "fruit.fr, rule two: ",
        "basis.toml, line 1",
        "fruit.fr, rule one: misses its match",
    ):
        assert sum(line.startswith(start) for line in lines) == 1, (start, lines)


def test_a_book_that_does_not_check_is_not_sealed(tmp_path: Path) -> None:
    book = books.write_book(tmp_path, books.rule(action="refuse"))
    with pytest.raises(CommandError):
        run("seal", str(book))
    assert not (book / rulebook.SEAL).exists()


def test_a_folder_that_is_no_book_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no rule book"):
        run("check", str(tmp_path))


def test_a_book_goes_through_its_life_by_commands_alone(
    tmp_path: Path, db: None, moderator: Account, colleague: Account
) -> None:
    shipped = lifecycle.adopt_shipped(book=books.book_of(tmp_path / "old"), now=START)
    assert shipped
    folder = str(books.write_book(tmp_path / "new", books.rule(), books.grave()))
    version = told("shadow", folder, "--by", moderator.email)["version"]
    assert "second one" in run("activate", version, "--by", moderator.email)
    with pytest.raises(CommandError, match="another person"):
        run("activate", version, "--by", moderator.email)
    shown = told("show", version)
    assert shown["changes"]["added"] == [books.GRAVE]
    limits = {"review": 0.2, "flag": 0.5, "hold": 0.8}
    seconds = {"second_flag": 0.5, "second_hold": 0.8}  # those of the model, where none are given
    contradiction = {"support": 0.0, "second_support": 0.0}  # none: nobody contradicts a rule
    assert shown["thresholds"]["fraud.scam"] == limits | seconds | contradiction
    assert [one["kind"] for one in shown["events"]] == ["proposed", "tried", "approved"]
    assert told("activate", version, "--by", colleague.email)["state"] == "active"
    assert told("rollback", "--by", moderator.email)["version"] == shipped.name
    states = {row["version"]: row["state"] for row in told("show")["versions"]}
    assert states == {version: "retired", shipped.name: "active"}
    assert f"{shipped.name}  active" in run("show")
    assert f"+ {books.GRAVE}" in run("show", version)


def test_a_fan_and_an_unknown_version_are_refused(db: None, moderator: Account) -> None:
    with pytest.raises(CommandError, match="moderator"):
        run("activate", "1-abc", "--by", make_fan().email)
    with pytest.raises(CommandError, match="no rule book version"):
        run("activate", "1-abc", "--by", moderator.email)
    with pytest.raises(CommandError, match="no earlier version"):
        run("rollback", "--by", moderator.email)


def test_an_installation_without_a_key_cannot_seal(tmp_path: Path, settings: Any) -> None:
    settings.RULEBOOK_DEVELOPMENT, settings.RULEBOOK_SIGNING_KEY = False, ""
    with pytest.raises(CommandError, match="RULEBOOK_SIGNING_KEY"):
        run("seal", str(books.write_book(tmp_path)))
    settings.RULEBOOK_SIGNING_KEY = "77" * 32
    assert told("seal", str(tmp_path))["key_id"] == seal.key_id_of(seal.public_key("77" * 32))
