"""The bridge from async code to the database, and set-based SQL that is the same on both engines.

Hides how SQLite and PostgreSQL take many rows in one statement. The text of a statement does not
depend on the number of rows, so the engine parses and plans it once per connection.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection, models

DB_POOL = ThreadPoolExecutor(max_workers=settings.DB_THREADS, thread_name_prefix="db")

type Convert = Callable[[Any], Any]


def in_db[**P, R](function: Callable[P, R]) -> Callable[P, Any]:
    """The only way from async code to the ORM: an awaitable that runs `function` in a pool thread.

    Never the one thread-sensitive thread of Channels, on which a slow query delays every socket.
    """
    bridged: Callable[P, Any] = database_sync_to_async(
        function, thread_sensitive=False, executor=DB_POOL
    )
    return bridged


def insert_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    ignore_conflicts: bool = False,
) -> None:
    """Insert plain tuples, in one statement whatever their number; constraints speak as usual.

    `columns` are column names of `model` (`conversation_id`, not `conversation`). Every column
    without a value here must have a database default or allow null. With `ignore_conflicts`, rows
    whose unique key is taken are left out.
    """
    if values := list(rows):
        _write(_insert(model, tuple(columns), ignore_conflicts, connection.vendor), values)


def update_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Set `columns` of the rows named by their primary key: each row is `(pk, value, ...)`."""
    if not (values := list(rows)):
        return
    if connection.vendor == "sqlite":
        values = [[*row[1:], row[0]] for row in values]
    _write(_update(model, tuple(columns), connection.vendor), values)


def read_rows(
    model: type[models.Model],
    columns: Sequence[str],
    *,
    where: Sequence[str],
    among: Iterable[Sequence[Any]],
    lock: bool = False,
) -> list[tuple[Any, ...]]:
    """The rows whose `where` columns equal one of the tuples `among`, in primary-key order.

    One statement whatever their number. With `lock`, the rows are locked in that order until the
    transaction ends (on SQLite the IMMEDIATE transaction is the lock).
    """
    keys = list(dict.fromkeys(tuple(key) for key in among))
    if not keys:
        return []
    statement = _read(model, tuple(columns), tuple(where), lock, connection.vendor)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(statement.sql, [json.dumps(statement.adapted(keys))])
        else:
            cursor.execute(statement.sql, statement.by_column(keys))
        found = cursor.fetchall()
    if not found or not statement.converters:
        return [tuple(row) for row in found]
    return list(zip(*_by_column(found, statement.converters), strict=True))


class _Statement(NamedTuple):
    """SQL, how Python values enter it, and how what it returns becomes Python values again."""

    sql: str
    adapters: tuple[Convert, ...]
    converters: tuple[Convert, ...] = ()

    def adapted(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """The rows as the engine takes them."""
        return list(zip(*self.by_column(rows), strict=True))

    def by_column(self, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """The same, turned: one list for each column."""
        return _by_column(rows, self.adapters)


def _by_column(rows: Sequence[Sequence[Any]], convert: Sequence[Convert]) -> list[list[Any]]:
    """Columns, not rows, are converted: most need nothing, and a call for each value is dear."""
    columns = zip(*rows, strict=True)
    return [
        list(column) if one is _plain else [one(value) for value in column]
        for one, column in zip(convert, columns, strict=True)
    ]


def _write(statement: _Statement, rows: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(statement.sql, statement.adapted(rows))
        else:
            cursor.execute(statement.sql, statement.by_column(rows))


@cache
def _insert(
    model: type[models.Model], columns: tuple[str, ...], ignore_conflicts: bool, vendor: str
) -> _Statement:
    fields = _fields(model, columns)
    if vendor == "sqlite":
        source = f"VALUES ({', '.join(['%s'] * len(columns))})"
    else:
        source = f"SELECT * FROM unnest({_arrays(fields)})"
    conflicts = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return _Statement(
        f'INSERT INTO "{model._meta.db_table}" ({_names(columns)}) {source}{conflicts}',
        _adapters(fields, vendor),
    )


@cache
def _update(model: type[models.Model], columns: tuple[str, ...], vendor: str) -> _Statement:
    table, key = model._meta.db_table, _key_column(model)
    if vendor == "sqlite":
        sets = ", ".join(f'"{column}" = %s' for column in columns)
        fields = _fields(model, (*columns, key))
        sql = f'UPDATE "{table}" SET {sets} WHERE "{key}" = %s'
    else:
        fields = _fields(model, (key, *columns))
        names = ", ".join(["key", *(f"v{i}" for i in range(len(columns)))])
        sets = ", ".join(f'"{column}" = source.v{i}' for i, column in enumerate(columns))
        sql = (
            f'UPDATE "{table}" SET {sets} FROM unnest({_arrays(fields)}) AS source({names}) '
            f'WHERE "{table}"."{key}" = source.key'
        )
    return _Statement(sql, _adapters(fields, vendor))


@cache
def _read(
    model: type[models.Model],
    columns: tuple[str, ...],
    where: tuple[str, ...],
    lock: bool,
    vendor: str,
) -> _Statement:
    table, key = model._meta.db_table, _key_column(model)
    wanted, keys = _fields(model, columns), _fields(model, where)
    if vendor == "sqlite":
        parts = ", ".join(f"value ->> {i}" for i in range(len(where)))
        among = f"SELECT {parts} FROM json_each(%s)"
    else:
        among = f"SELECT * FROM unnest({_arrays(keys)})"
    locking = " FOR UPDATE" if lock and vendor != "sqlite" else ""
    return _Statement(
        f'SELECT {_names(columns)} FROM "{table}" WHERE ({_names(where)}) IN ({among}) '
        f'ORDER BY "{key}"{locking}',
        _adapters(keys, vendor),
        _converters(wanted, vendor),
    )


def _key_column(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _fields(model: type[models.Model], columns: Sequence[str]) -> "list[models.Field[Any, Any]]":
    by_column = {field.column: field for field in model._meta.concrete_fields}
    return [by_column[column] for column in columns]


def _value_field(field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    return field.target_field if isinstance(field, models.ForeignKey) else field


def _arrays(fields: "Sequence[models.Field[Any, Any]]") -> str:
    """One array parameter per column; in binary, half the cost where the server binds them."""
    return ", ".join(f"%b::{_type(field)}[]" for field in fields)


def _type(field: "models.Field[Any, Any]") -> str:
    """The column's type without its length: a cast to varchar(8) would cut silently."""
    return str(_value_field(field).rel_db_type(connection)).split("(")[0]


def _adapters(fields: "Iterable[models.Field[Any, Any]]", vendor: str) -> tuple[Convert, ...]:
    return tuple(_adapter(_value_field(field), vendor) for field in fields)


def _adapter(field: "models.Field[Any, Any]", vendor: str) -> Convert:
    if isinstance(field, models.JSONField):
        return lambda value: field.get_db_prep_save(value, connection)
    if vendor == "sqlite" and isinstance(field, models.UUIDField):
        return _sqlite_uuid
    if vendor == "sqlite" and isinstance(field, models.DateTimeField):
        return _sqlite_time
    return _plain


def _converters(fields: "Iterable[models.Field[Any, Any]]", vendor: str) -> tuple[Convert, ...]:
    """How values come back; empty when the driver already returns what Python wants."""
    found = tuple(_converter(_value_field(field), vendor) for field in fields)
    return () if all(convert is _plain for convert in found) else found


def _converter(field: "models.Field[Any, Any]", vendor: str) -> Convert:
    if isinstance(field, models.JSONField):
        return _from_json
    if vendor != "sqlite":
        return _plain
    if isinstance(field, models.UUIDField):
        return _from_sqlite_uuid
    if isinstance(field, models.DateTimeField):
        return _from_sqlite_time
    return _plain


def _plain(value: Any) -> Any:
    return value


def _from_json(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _sqlite_uuid(value: uuid.UUID | None) -> str | None:
    return None if value is None else value.hex


def _sqlite_time(value: datetime | None) -> str | None:
    """As Django stores it: UTC, without saying so."""
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _from_sqlite_uuid(value: str | None) -> uuid.UUID | None:
    return None if value is None else uuid.UUID(int=int(value, 16))


def _from_sqlite_time(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
