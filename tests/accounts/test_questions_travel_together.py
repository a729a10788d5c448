"""What several want to know is read by one statement on PostgreSQL, and answered as if alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext, isolate_apps
from uuid_utils.compat import uuid7

from accounts.db import (
    Question,
    Read,
    answer,
    ask,
    first_rows,
    insert_rows,
    rows_of,
    update_rows,
)
from tests.tables import tables_of

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
COLUMNS = ("id", "name", "count", "big", "flag", "at", "facts", "raw")


@pytest.fixture
def shelf() -> Iterator[type[models.Model]]:
    """A table with a column of every kind."""
    with isolate_apps("accounts"):

        class Shelf(models.Model):
            id = models.UUIDField(primary_key=True)
            name = models.CharField(max_length=8)
            count = models.SmallIntegerField(null=True)
            big = models.BigIntegerField(null=True)
            flag = models.BooleanField(null=True)
            at = models.DateTimeField(null=True)
            facts = models.JSONField(null=True)
            raw = models.BinaryField(null=True)

            class Meta:
                app_label = "accounts"

        with tables_of(Shelf):
            yield Shelf


def fill(shelf: type[models.Model]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        (uuid7(), "one", 3, 2**40, True, AT, {"a": [1, None, "é"]}, b"\x00\xff"),
        (uuid7(), "two", None, None, None, None, None, None),
        (uuid7(), "two", -1, 0, False, AT, [], b""),
    ]
    insert_rows(shelf, COLUMNS, rows)
    return sorted(rows)


def named(
    shelf: type[models.Model], *names: str, **choices: Any
) -> Question[list[tuple[Any, ...]]]:
    among = [(name,) for name in names]
    return Question([rows_of(shelf, COLUMNS, where=("name",), among=among, **choices)], list)


def test_each_hears_its_own_rows_in_order_whatever_else_was_asked(shelf):
    rows = fill(shelf)
    one, two = named(shelf, "one"), named(shelf, "two")
    nobody, nothing = named(shelf, "nobody"), named(shelf)
    ask(two, nothing, one, nobody)
    assert (one.answer, two.answer) == ([rows[0]], rows[1:])
    assert (nobody.answer, nothing.answer) == ([], [])
    assert answer(named(shelf, "one", "two")) == rows
    assert answer(named(shelf, "two", matching="flag")) == []


def first(shelf: type[models.Model], most: int, **choices: Any) -> Read:
    return first_rows(shelf, COLUMNS, where={"name": "two"}, most=most, **choices)


def test_the_first_rows_of_an_order_are_read_from_where_the_last_page_ended(shelf):
    rows: list[tuple[Any, ...]] = [
        (uuid7(), "two", count, 2**40, True, at, None, None)
        for count in (1, 2, 3)
        for at in (AT, AT + timedelta(hours=1))
    ]
    insert_rows(shelf, COLUMNS, [*reversed(rows), (uuid7(), "one", 0, 0, True, AT, None, None)])
    assert first(shelf, 4, by=("count", "at")).run() == rows[:4]
    assert first(shelf, 4, by=("count", "at"), falling=True).run() == rows[:1:-1]
    behind = rows[2][2], rows[2][5]
    assert first(shelf, 2, by=("count", "at"), beyond=behind).run() == rows[3:5]
    assert first(shelf, 9, by=("count", "at"), beyond=behind, falling=True).run() == rows[1::-1]
    assert first(shelf, 9, by=("count", "at"), beyond=(1,)).run() == rows[2:]
    assert first(shelf, 9, by=("count", "at"), beyond=(2,), matching="count > 2").run() == rows[4:]
    page: Question[list[tuple[Any, ...]]] = Question([first(shelf, 1, by=("id",))], list)
    others = named(shelf, "one")
    ask(page, others)
    assert (len(page.answer), page.answer[0][1], len(others.answer)) == (1, "two", 1)


def test_an_answer_is_made_of_all_the_reads_of_its_question(shelf):
    rows = fill(shelf)
    both = Question([*named(shelf, "one").reads, *named(shelf, "two").reads], lambda a, b: a + b)
    assert answer(both.then(len)) == len(rows)


@pytest.mark.postgres
def test_many_questions_are_one_statement(shelf):
    fill(shelf)
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        ask(named(shelf, "one", lock=True), named(shelf, "two"), named(shelf, "nobody"))
    assert len([q for q in captured.captured_queries if "SELECT" in q["sql"]]) == 1


def test_no_two_of_them_lock(shelf):
    with pytest.raises(AssertionError), transaction.atomic():
        ask(named(shelf, "one", lock=True), named(shelf, "two", lock=True))


@pytest.mark.postgres
def test_a_locked_row_is_as_it_stands_once_it_is_locked(shelf):
    row = fill(shelf)[0]
    heard: list[Question[list[tuple[Any, ...]]]] = []

    def wait_for_it() -> None:
        locking, beside = named(shelf, "one", lock=True), named(shelf, "two")
        with transaction.atomic():
            ask(locking, beside)
        heard.append(locking)
        connection.close()

    with transaction.atomic():
        update_rows(shelf, ("count",), [(row[0], 4)])
        other = Thread(target=wait_for_it)
        other.start()
        _until_somebody_waits()
    other.join(10)
    assert [found[2] for found in heard[0].answer] == [4]


def _until_somebody_waits() -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    for _ in range(10_000):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits for the row")
