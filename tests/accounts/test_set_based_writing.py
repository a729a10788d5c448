"""Many rows in one statement: what goes in comes out, on both engines, with every kind of value."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext, isolate_apps
from uuid_utils.compat import uuid7

from accounts.db import insert_rows, rows_of, update_rows
from tests.tables import tables_of

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
COLUMNS = ("id", "name", "count", "big", "flag", "at", "other", "facts", "raw", "parent_id")


@pytest.fixture
def sample() -> Iterator[type[models.Model]]:
    """A table with a column of every kind the product writes in sets."""
    with isolate_apps("accounts"):

        class Sample(models.Model):
            id = models.UUIDField(primary_key=True)
            name = models.CharField(max_length=8, unique=True)
            count = models.SmallIntegerField(null=True)
            big = models.BigIntegerField(null=True)
            flag = models.BooleanField(null=True)
            at = models.DateTimeField(null=True)
            other = models.UUIDField(null=True)
            facts = models.JSONField(null=True)
            raw = models.BinaryField(null=True)
            parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True)
            kept = models.IntegerField(db_default=7)

            class Meta:
                app_label = "accounts"

        with tables_of(Sample):
            yield Sample


def full(name: str, **changes) -> tuple:
    values = {
        "id": uuid7(),
        "name": name,
        "count": 3,
        "big": 2**40,
        "flag": True,
        "at": AT,
        "other": uuid7(),
        "facts": {"a": [1, None, "é"], "b": {"c": 1.5}},
        "raw": b"\x00\xff",
        "parent_id": None,
    }
    return tuple({**values, **changes}.values())


def empty(name: str) -> tuple:
    return (uuid7(), name, *[None] * 8)


def read(model, columns=COLUMNS, *, names) -> list[tuple]:
    return rows_of(model, columns, where=("name",), among=[(name,) for name in names]).run()


def test_every_kind_of_value_comes_back_as_it_went_in(sample):
    row = full("one")
    child = full("two", parent_id=row[0], facts=[], flag=False, raw=b"")
    insert_rows(sample, COLUMNS, [row, child])
    found = [(*r[:8], bytes(r[8]), r[9]) for r in read(sample, names=["one", "two"])]
    assert found == [row, child]


def test_the_orm_reads_the_same_values(sample):
    row = full("one")
    insert_rows(sample, COLUMNS, [row])
    [found] = sample._default_manager.values_list(*COLUMNS)
    assert (*found[:8], bytes(found[8]), found[9]) == row


def test_rows_of_nothing_but_nulls_and_mixed_ones_are_written(sample):
    rows = [empty("one"), full("two"), empty("three")]
    insert_rows(sample, COLUMNS, rows[:1])
    insert_rows(sample, COLUMNS, rows[1:])
    assert [r[2] for r in read(sample, names=["one", "two", "three"])] == [None, 3, None]
    assert read(sample, ("facts", "at", "other", "flag"), names=["one"]) == [(None,) * 4]


def test_a_moment_of_another_zone_is_the_same_moment(sample):
    elsewhere = AT.astimezone(timezone(timedelta(hours=5)))
    insert_rows(sample, COLUMNS, [full("one", at=elsewhere)])
    assert read(sample, ("at",), names=["one"]) == [(AT,)]


def test_what_is_not_named_takes_the_default_of_the_database(sample):
    insert_rows(sample, COLUMNS, [full("one")])
    assert read(sample, ("kept",), names=["one"]) == [(7,)]


@pytest.mark.postgres  # SQLite does not limit the length of a text
def test_a_text_too_long_is_refused_never_cut(sample):
    with pytest.raises(DatabaseError), transaction.atomic():
        insert_rows(sample, COLUMNS, [full("nine chars")])


def test_a_constraint_speaks_and_nothing_is_written(sample):
    insert_rows(sample, COLUMNS, [full("one")])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(sample, COLUMNS, [full("two"), full("one")])
    assert read(sample, names=["two"]) == []


def test_conflicts_are_left_out_when_asked(sample):
    insert_rows(sample, COLUMNS, [full("one", count=1)])
    rows = [full("one", count=9), full("two", count=2)]
    insert_rows(sample, COLUMNS, rows, ignore_conflicts=True)
    assert read(sample, ("name", "count"), names=["one", "two"]) == [("one", 1), ("two", 2)]


def test_an_update_changes_the_named_columns_of_the_named_rows(sample):
    first, second, third = full("one"), full("two"), full("three")
    insert_rows(sample, COLUMNS, [first, second, third])
    later = AT + timedelta(days=1)
    update_rows(
        sample,
        ("count", "at", "facts", "flag"),
        [(first[0], 10, later, {"x": 1}, False), (third[0], None, None, None, None)],
    )
    found = read(sample, ("count", "at", "facts", "flag", "big"), names=["one", "two", "three"])
    assert found == [
        (10, later, {"x": 1}, False, 2**40),
        (3, AT, second[7], True, 2**40),
        (None, None, None, None, 2**40),
    ]


def test_rows_are_found_by_several_columns_together(sample):
    insert_rows(sample, COLUMNS, [full("one", count=1), full("two", count=2)])
    found = rows_of(
        sample, ("name",), where=("name", "count"), among=[("one", 1), ("two", 1), ("one", 1)]
    ).run()
    assert found == [("one",)]


@pytest.mark.parametrize("kind", ["id", "other", "at", "big", "flag"])
def test_rows_are_found_by_every_kind_of_key(sample, kind):
    one, two = full("one"), full("two", at=AT + timedelta(1), big=5, flag=False)
    insert_rows(sample, COLUMNS, [one, two])
    key = one[COLUMNS.index(kind)]
    assert rows_of(sample, ("name",), where=(kind,), among=[(key,)]).run() == [("one",)]


def test_rows_come_in_the_order_of_their_keys_locked_or_not(sample):
    rows = [full(f"n{number}") for number in range(9)]
    insert_rows(sample, COLUMNS, rows[::-1])
    names = [f"n{number}" for number in (5, 3, 8, 0)]
    with transaction.atomic():
        locked = rows_of(
            sample, ("name",), where=("name",), among=[(n,) for n in names], lock=True
        ).run()
    assert locked == read(sample, ("name",), names=names) == [("n0",), ("n3",), ("n5",), ("n8",)]


def test_any_number_of_rows_is_one_statement_and_none_is_no_statement(sample):
    rows = [full(f"n{number}") for number in range(200)]
    with CaptureQueriesContext(connection) as captured:
        insert_rows(sample, COLUMNS, rows)
        update_rows(sample, ("count",), [(row[0], 5) for row in rows])
        assert len(read(sample, names=[row[1] for row in rows])) == 200
    assert len(captured) == 3
    with CaptureQueriesContext(connection) as captured:
        insert_rows(sample, COLUMNS, [])
        update_rows(sample, ("count",), [])
        assert read(sample, names=[]) == []
    assert len(captured) == 0
