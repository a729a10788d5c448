"""What the server publishes is what it enforces, and both change together without a restart."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from safety.rules import rulebook
from tests.journeys import desk
from tests.running_server import RunningServer
from tests.safety import books
from tests.wire import Person, until

EFFECTIVE_SECONDS = 10.0
FIRM = "firm = true"  # the model has never met such a frog
BODY = "une grenouille turquoise"
PAGE = "/api/safety/rulebook"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of its own: its rule book changes."""
    with RunningServer(home=tmp_path_factory.mktemp("rule_book")) as running:
        yield running


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    """The shipped book with one rule more, as an operator would write it."""
    folder = tmp_path / "book"
    shutil.copytree(rulebook.SHIPPED / "packs", folder / "packs")
    for name in ("basis.toml", "thresholds.toml"):
        shutil.copy(rulebook.SHIPPED / name, folder / name)
    rule = books.rule("frog.fr", policy="fraud.scam", pattern="grenouille turquoise", more=FIRM)
    (folder / "packs" / "frog.fr.toml").write_text("version = 1\n" + rule, "utf-8")
    return folder


def run(server: RunningServer, *arguments: str) -> dict[str, Any]:
    done = server.manage("rulebook", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def published(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = person.get(PAGE).json()
    return found


def test_published_is_enforced_before_and_after_a_change(
    serving: RunningServer, proposal: Path
) -> None:
    emails = [one["email"] for one in serving.accounts if one["role"] == "moderator"][:2]
    with (
        Person.new_fan(serving, cents=2_000) as fan,
        Person.of(serving, "creator") as creator,
        Person.of(serving, "moderator") as moderator,
        fan.socket() as talk,
    ):
        place, before = fan.open(creator), published(fan)
        assert before["version"] in fan.get("/rules").text
        assert before["sha256"] in fan.get("/rules").text
        assert talk.send(place, BODY)["state"] == "delivered"
        held = talk.send(place, "je vais te tuer")
        assert held["state"] == "held"
        version = run(serving, "shadow", str(proposal), "--by", emails[0])["version"]
        for email in emails:
            run(serving, "activate", version, "--by", email, "--urgent", "a wave")
        until(lambda: published(fan)["version"] == version, seconds=EFFECTIVE_SECONDS)
        after = published(fan)
        assert after["sha256"] != before["sha256"]
        assert after["since"] > before["since"]
        assert {row["id"] for row in after["rules"]} - {row["id"] for row in before["rules"]} == {
            "frog.fr"
        }
        assert talk.send(place, BODY + " encore", client_id=str(uuid7()))["state"] == "held"
        cases = [
            desk.read(moderator, desk.open_case(moderator, body=body))
            for body in ("je vais te tuer", BODY + " encore")
        ]
        assert [case["policy_version"] for case in cases] == [before["version"], version]
        rows = run(serving, "show")["versions"]
        hashes = {row["version"]: row["sha256"] for row in rows}
        assert hashes == {one["version"]: one["sha256"] for one in (before, after)}
        run(serving, "rollback", "--by", emails[1])
        until(lambda: published(fan)["sha256"] == before["sha256"], seconds=EFFECTIVE_SECONDS)
        assert talk.send(place, BODY + " enfin")["state"] == "delivered"


def test_the_thresholds_and_the_seal_are_public(serving: RunningServer) -> None:
    shipped = rulebook.parse(rulebook.read())
    with Person(serving, "visitor@new.example") as visitor:
        page, shown = published(visitor), visitor.get("/rules?language=en").text
    assert page["second_opinion"] is False
    assert "asks for no second opinion" in shown
    threat = asdict(shipped.thresholds["violence.threat"])
    row = shown.partition('<th scope="row"><a href="#violence.threat">')[2].partition("</tr>")[0]
    assert [float(one) for one in re.findall(r"<td>([\d.]+)</td>", row)] == [
        threat[name] for name in ("review", "flag", "hold", "support", "second_flag", "second_hold",
                                  "second_support")
    ]  # fmt: skip
    assert page["sha256"] == shipped.sha256
    assert page["model"] == shipped.model != ""
    assert page["rules_only"] is False
    assert page["thresholds"] == {name: asdict(one) for name, one in shipped.thresholds.items()}
    assert rulebook.content_hash(shipped.files) == page["sha256"]
    assert set(page["files"]) == set(shipped.files)
    assert page["key_id"]
    assert page["signature"]
