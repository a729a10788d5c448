"""Every rule of the bench's reconciliation holds on a true story and fails on its own lie."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bench.journal import Journal, Said
from bench.reconcile import RULES, Row, reconcile

FAN, CREATOR, PLACE = "fan", "creator", "place"

Story = tuple[Journal, list[Row]]


def row(client_id: str, **changes: Any) -> Row:
    base = Row(
        message_id=f"m-{client_id}",
        conversation_id=PLACE,
        fan_id=FAN,
        creator_id=CREATOR,
        sender_id=FAN,
        client_id=client_id,
        body=f"body {client_id}",
        state="delivered",
        seq=1,
        price_cents=50,
        money="reserved",
        hold_id=f"h-{client_id}",
        earned_cents=0,
    )
    return base._replace(**changes)


def said(client_id: str, **changes: Any) -> Said:
    base = Said(client_id, PLACE, FAN, f"body {client_id}", "delivered", f"m-{client_id}", "", 1)
    return replace(base, **changes)


@pytest.fixture
def story() -> Story:
    """Two delivered, one held, one refused, one that never had an answer and is stored."""
    stored = [
        row("one"),
        row("two", seq=2),
        row("held", seq=None, state="held"),
        row("unanswered", seq=3),
    ]
    told = [
        said("one"),
        said("two"),
        said("held", state="held"),
        said("refused", state="", message_id="", refused="insufficient_funds"),
        said("unanswered", state="", message_id="", answers=0),
    ]
    heard = {"m-one": 1, "m-two": 2, "m-unanswered": 3}
    journal = Journal({one.client_id: one for one in told}, {FAN: heard, CREATOR: dict(heard)})
    return journal, stored


def lose(journal: Journal, rows: list[Row]) -> None:
    rows.remove(row("two", seq=2))


def double(journal: Journal, rows: list[Row]) -> None:
    rows.append(row("unanswered", message_id="again", seq=4, hold_id="again"))


def store_refused(journal: Journal, rows: list[Row]) -> None:
    rows.append(row("refused", seq=4))


def invent(journal: Journal, rows: list[Row]) -> None:
    rows.append(row("nobody", seq=4))


def leave_gap(journal: Journal, rows: list[Row]) -> None:
    rows[1] = row("two", seq=9)


def miss(journal: Journal, rows: list[Row]) -> None:
    del journal.heard[CREATOR]["m-two"]


def leak_held(journal: Journal, rows: list[Row]) -> None:
    journal.heard[CREATOR]["m-held"] = 4


def capture_held(journal: Journal, rows: list[Row]) -> None:
    rows[2] = row("held", seq=None, state="held", money="captured", earned_cents=32)


def share_hold(journal: Journal, rows: list[Row]) -> None:
    rows[1] = row("two", seq=2, hold_id="h-one")


def charge_without_hold(journal: Journal, rows: list[Row]) -> None:
    rows[0] = row("one", hold_id="")


def break_promise(journal: Journal, rows: list[Row]) -> None:
    rows[0] = row("one", state="withheld")


LIES: dict[Callable[[Journal, list[Row]], None], str] = {
    lose: "an acknowledged message is stored once, as promised",
    break_promise: "an acknowledged message is stored once, as promised",
    double: "an unanswered message is stored at most once",
    store_refused: "a refused message left no row",
    invent: "every stored message was sent",
    leave_gap: "numbers of a conversation are 1 to n",
    miss: "both sides heard exactly what was delivered",
    leak_held: "a held message reached nobody and is not captured",
    capture_held: "a held message reached nobody and is not captured",
    share_hold: "a paid message has one hold of its own",
    charge_without_hold: "a paid message has one hold of its own",
}


def broken(story: Story) -> set[str]:
    return {verdict.name for verdict in reconcile(*story) if not verdict.ok}


def test_a_true_story_is_believed(story: Story):
    assert broken(story) == set()


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_breaks_its_rule(story: Story, lie: Callable[[Journal, list[Row]], None]):
    lie(*story)
    assert LIES[lie] in broken(story)


def test_every_rule_has_a_lie_that_breaks_it():
    assert set(LIES.values()) == set(RULES)


def test_a_verdict_names_its_first_offenders(story: Story):
    lose(*story)
    details = {verdict.name: verdict.detail for verdict in reconcile(*story) if not verdict.ok}
    assert "two is stored 0 times" in details["an acknowledged message is stored once, as promised"]


def test_a_journal_survives_the_way_to_another_process(story: Story):
    assert Journal.from_json(story[0].as_json()) == story[0]
