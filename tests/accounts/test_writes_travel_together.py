"""Writes of a block are one statement on PostgreSQL, and nobody can tell but by counting."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext, isolate_apps
from uuid_utils.compat import uuid7

from accounts.db import insert_rows, rows_of, update_rows, written_together
from tests.tables import tables_of

pytestmark = pytest.mark.django_db(transaction=True)
type Tables = tuple[type[models.Model], type[models.Model]]


@pytest.fixture
def tables() -> Iterator[Tables]:
    """A table, and one whose rows point at it and get a number of their own."""
    with isolate_apps("accounts"):

        class Shelf(models.Model):
            id = models.UUIDField(primary_key=True)
            name = models.TextField(unique=True)

            class Meta:
                app_label = "accounts"

        class Book(models.Model):
            shelf = models.ForeignKey(Shelf, on_delete=models.PROTECT)
            name = models.TextField(unique=True)

            class Meta:
                app_label = "accounts"

        with tables_of(Shelf, Book):
            yield Shelf, Book


def shelve(tables: Tables, name: str) -> UUID:
    shelf_id = uuid7()
    insert_rows(tables[0], ("id", "name"), [(shelf_id, name)])
    return shelf_id


def put(tables: Tables, shelf_id: UUID, name: str) -> None:
    insert_rows(tables[1], ("shelf_id", "name"), [(shelf_id, name)])


def names(model: type[models.Model]) -> list[str]:
    return sorted(model._default_manager.values_list("name", flat=True))


def undone(write: Callable[..., object], *arguments: object) -> None:
    """Write it behind a savepoint, and go back to that."""
    with suppress(RuntimeError), transaction.atomic():
        write(*arguments)
        raise RuntimeError


def statements(captured: CaptureQueriesContext) -> list[str]:
    return [q["sql"] for q in captured.captured_queries if "INSERT" in q["sql"]]


@pytest.mark.postgres
def test_writes_to_different_tables_are_one_statement(tables):
    old = shelve(tables, "old")
    with CaptureQueriesContext(connection) as captured, transaction.atomic(), written_together():
        put(tables, old, "one")
        update_rows(tables[0], ("name",), [(old, "new")])
        assert statements(captured) == []
    assert len(statements(captured)) == 1
    assert (names(tables[0]), names(tables[1])) == (["new"], ["one"])


def test_a_row_may_point_at_one_that_travels_beside_it(tables):
    with transaction.atomic(), written_together():
        put(tables, shelve(tables, "new"), "one")
    assert (names(tables[0]), names(tables[1])) == (["new"], ["one"])


@pytest.mark.parametrize("reading", ["rows", "orm", "savepoint"])
def test_whatever_else_runs_sees_what_was_written_before_it(tables, reading):
    with transaction.atomic(), written_together():
        shelf_id = shelve(tables, "new")
        if reading == "rows":
            found = rows_of(tables[0], ("name",), where=("id",), among=[(shelf_id,)]).run()
            assert found == [("new",)]
        elif reading == "orm":
            assert names(tables[0]) == ["new"]
        else:
            undone(put, tables, shelf_id, "undone")
        put(tables, shelf_id, "one")
    assert (names(tables[0]), names(tables[1])) == (["new"], ["one"])


def test_a_table_written_twice_keeps_the_order(tables):
    with transaction.atomic(), written_together():
        shelf_id = shelve(tables, "first")
        put(tables, shelf_id, "one")
        update_rows(tables[0], ("name",), [(shelf_id, "second")])
        update_rows(tables[0], ("name",), [(shelf_id, "third")])
    assert (names(tables[0]), names(tables[1])) == (["third"], ["one"])


@pytest.mark.postgres
def test_an_update_of_rows_apart_travels_with_an_insert_into_their_table(tables):
    old, other = shelve(tables, "old"), shelve(tables, "other")
    with CaptureQueriesContext(connection) as captured, transaction.atomic(), written_together():
        shelve(tables, "new")
        update_rows(tables[0], ("name",), [(old, "changed")], apart=True)
    assert len(statements(captured)) == 1
    with transaction.atomic(), written_together():
        update_rows(tables[0], ("name",), [(old, "again")], apart=True)
        update_rows(tables[0], ("name",), [(other, "too")], apart=True)
    assert names(tables[0]) == ["again", "new", "too"]


def test_a_write_that_answers_takes_the_others_with_it(tables):
    with transaction.atomic(), written_together():
        shelf_id = shelve(tables, "new")
        [(number,)] = insert_rows(
            tables[1], ("shelf_id", "name"), [(shelf_id, "one")], returning=("id",)
        )
        assert tables[1]._default_manager.get(id=number).name == "one"
    assert names(tables[0]) == ["new"]


def test_a_constraint_speaks_before_the_block_is_left_and_undoes_it_whole(tables):
    shelf_id = shelve(tables, "taken")

    @transaction.atomic
    def twice() -> None:
        with written_together():
            put(tables, shelf_id, "one")
            shelve(tables, "taken")

    with pytest.raises(IntegrityError):
        twice()
    assert (names(tables[0]), names(tables[1])) == (["taken"], [])


def test_a_block_that_raises_writes_nothing_and_leaves_nothing_behind(tables):
    with suppress(RuntimeError), transaction.atomic(), written_together():
        shelve(tables, "gone")
        raise RuntimeError
    with transaction.atomic(), written_together():
        shelve(tables, "kept")
    assert names(tables[0]) == ["kept"]
