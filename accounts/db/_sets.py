"""Set-based SQL on both engines: JSON and repeated statements on SQLite, arrays on PostgreSQL."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

from accounts.db._arrays import array_of
from accounts.db._together import MARK, Part, run_part

type Convert = Callable[[Any], Any]
type Row = tuple[Any, ...]


def insert_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    ignore_conflicts: bool = False,
    returning: Sequence[str] = (),
) -> list[Row]:
    """Insert plain tuples, in one statement whatever their number; constraints speak as usual.

    `columns` are column names of `model` (`conversation_id`, not `conversation`). Every column
    without a value here must have a database default or allow null. With `ignore_conflicts`, rows
    whose unique key is taken are left out. Answers with the `returning` columns of each row that
    was inserted, in any order.
    """
    if not (values := list(rows)):
        return []
    names, wanted, vendor = tuple(columns), tuple(returning), connection.vendor
    return _insert(model, names, ignore_conflicts, wanted, vendor).run(values)


def update_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    beside: Sequence[str] = (),
    apart: bool = False,
) -> None:
    """Set `columns` of the rows named by their primary key: each row is `(pk, value, ...)`.

    Columns `beside` the key name the row too, such as the one a table may be split by: then each
    row is `(pk, *beside, value, ...)`. With `apart`, no other write of a block that is
    `written_together` touches these rows, so that they may travel with an insert into their table.
    """
    if not (values := list(rows)):
        return
    if connection.vendor == "sqlite":
        keys = 1 + len(beside)
        values = [[*row[keys:], *row[:keys]] for row in values]
    _update(model, tuple(columns), tuple(beside), apart, connection.vendor).run(values)


def rows_of(
    model: type[models.Model],
    columns: Sequence[str],
    *,
    where: Sequence[str],
    among: Iterable[Sequence[Any]],
    matching: str = "true",
    lock: bool = False,
) -> "Read":
    """The rows whose `where` columns equal one of the tuples `among`, in primary-key order: to be
    read by themselves (`run`) or with others (`Question`).

    One statement whatever their number. `matching` is a constant condition beside, such as that of
    a partial index. With `lock`, the rows are locked in that order until the
    transaction ends (on SQLite the IMMEDIATE transaction is the lock).
    """
    wanted, by, vendor = tuple(columns), tuple(where), connection.vendor
    keys = list(among)  # one that comes twice finds its rows once all the same
    return Read(_read(model, wanted, by, matching, lock, vendor), keys, lock)


def first_rows(
    model: type[models.Model],
    columns: Sequence[str],
    *,
    where: Mapping[str, Any],
    by: Sequence[str],
    most: int,
    falling: bool = False,
    beyond: Sequence[Any] = (),
    matching: str = "true",
) -> "Read":
    """The first `most` rows whose columns equal the values of `where`, in the order of `by`, or
    against it (`falling`): to be read by themselves (`run`) or with others (`Question`).

    With `beyond`, those behind a row with these values of `by`, or of its first columns. Costs what
    it shows where an index has the columns of `where` and then those of `by`. `matching` as in
    `rows_of`; `most` is part of the statement, so that the plan knows how few are wanted.
    """
    names, order, vendor = tuple(where), tuple(by), connection.vendor
    behind = order[: len(beyond)]
    statement = _first(model, tuple(columns), names, order, behind, falling, matching, most, vendor)
    return Read(statement, [(*where.values(), *beyond)], lock=False)


@cache
def columns_of(model: type[models.Model]) -> tuple[str, ...]:
    """Every column of `model`, as `instances` wants them."""
    return tuple(str(field.attname) for field in model._meta.concrete_fields)


def instances[M: models.Model](model: type[M], rows: Iterable[Row]) -> list[M]:
    """What the ORM makes of rows that have all columns of `model`."""
    columns = columns_of(model)
    return [model.from_db(DEFAULT_DB_ALIAS, columns, row) for row in rows]


class Read(NamedTuple):
    """Rows that are wanted, and were not read yet."""

    statement: "_Statement"
    keys: Sequence[Sequence[Any]]
    lock: bool

    def run(self, using: str = DEFAULT_DB_ALIAS) -> list[Row]:
        """Read them, alone."""
        return self.statement.run(self.keys, using) if self.keys else []

    @property
    def part(self) -> Part:
        """How PostgreSQL is asked for them."""
        return self.statement.part(list(zip(*self.keys, strict=True)))


class _Statement(NamedTuple):
    """SQL, how Python values enter it, and how what it returns becomes Python values again."""

    sql: str
    types: tuple[str, ...]  # of the arrays that PostgreSQL takes
    adapters: tuple[Convert, ...]
    converters: tuple[Convert, ...]
    many: bool = False  # runs once a row
    changes: str = ""  # as `Part.changes`

    def run(self, rows: Sequence[Sequence[Any]], using: str = DEFAULT_DB_ALIAS) -> list[Row]:
        """Execute it for these rows, or keys; what it returns, if it returns anything."""
        columns = list(zip(*rows, strict=True))
        own = connections[using]  # each use of `connection` looks it up again
        if own.vendor != "sqlite":
            return run_part(own, self.part(columns))
        found = self._run_on_sqlite(columns)
        if not found or all(convert is _plain for convert in self.converters):
            return found
        return list(zip(*_by_column(list(zip(*found, strict=True)), self.converters), strict=True))

    def part(self, columns: Sequence[Row]) -> Part:
        """This statement for PostgreSQL, with these columns of values."""
        each = zip(self.types, columns, strict=True)
        arrays = [array_of(sql_type, column) for sql_type, column in each]
        return Part(self.sql, arrays, self.changes, len(self.converters))

    def _run_on_sqlite(self, columns: Sequence[Row]) -> list[Row]:
        rows = list(zip(*_by_column(columns, self.adapters), strict=True))
        with connection.cursor() as cursor:
            if self.many:
                cursor.executemany(self.sql, rows)
                return []
            cursor.execute(self.sql, [json.dumps(rows)])
            return cursor.fetchall() if self.converters else []


def _by_column(columns: Sequence[Row], convert: Sequence[Convert]) -> list[Sequence[Any]]:
    """Columns, not rows, are converted: most need nothing, and a call for each value is dear."""
    return [
        column if one is _plain else [one(value) for value in column]
        for one, column in zip(convert, columns, strict=True)
    ]


@cache
def _insert(
    model: type[models.Model],
    columns: tuple[str, ...],
    ignore_conflicts: bool,
    returning: tuple[str, ...],
    vendor: str,
) -> _Statement:
    fields = _fields(model, columns)
    many = vendor == "sqlite" and not returning
    conflicts = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    answer = f" RETURNING {_names(returning)}" if returning else ""
    values = f"VALUES ({', '.join(['%s'] * len(columns))})" if many else _handed_in(fields, vendor)
    return _Statement(
        f'INSERT INTO "{model._meta.db_table}" ({_names(columns)}) {values}{conflicts}{answer}',
        _types(fields, vendor),
        _adapters(fields, vendor),
        _converters(_fields(model, returning), vendor),
        many,
        model._meta.db_table,
    )


@cache
def _update(
    model: type[models.Model],
    columns: tuple[str, ...],
    beside: tuple[str, ...],
    apart: bool,
    vendor: str,
) -> _Statement:
    table, keys = model._meta.db_table, (_key_column(model), *beside)
    if vendor == "sqlite":
        sets = ", ".join(f'"{column}" = %s' for column in columns)
        fields = _fields(model, (*columns, *keys))
        named = " AND ".join(f'"{key}" = %s' for key in keys)
        sql = f'UPDATE "{table}" SET {sets} WHERE {named}'
    else:
        fields = _fields(model, (*keys, *columns))
        names = ", ".join(f"v{i}" for i in range(len(fields)))
        sets = ", ".join(f'"{c}" = source.v{i}' for i, c in enumerate(columns, len(keys)))
        named = " AND ".join(f'"{table}"."{key}" = source.v{i}' for i, key in enumerate(keys))
        sql = (
            f'UPDATE "{table}" SET {sets} FROM ({_handed_in(fields, vendor)}) AS source({names}) '
            f"WHERE {named}"
        )
    changes = f"{table} apart" if apart else table
    return _Statement(sql, _types(fields, vendor), _adapters(fields, vendor), (), True, changes)


@cache
def _read(
    model: type[models.Model],
    columns: tuple[str, ...],
    where: tuple[str, ...],
    matching: str,
    lock: bool,
    vendor: str,
) -> _Statement:
    table, key = model._meta.db_table, _key_column(model)
    keys = _fields(model, where)
    among = f"IN ({_handed_in(keys, vendor)})"
    if vendor != "sqlite" and len(keys) == 1:  # each is looked up in an index, however many exist
        among = f"= ANY({MARK}::{_types(keys, vendor)[0]}[])"
    locking = " FOR UPDATE" if lock and vendor != "sqlite" else ""
    return _Statement(
        f'SELECT {_names(columns)} FROM "{table}" '
        f"WHERE ({_names(where)}) {among} AND {matching} "
        f'ORDER BY "{key}"{locking}',
        _types(keys, vendor),
        _adapters(keys, vendor),
        _converters(_fields(model, columns), vendor),
    )


@cache
def _first(
    model: type[models.Model],
    columns: tuple[str, ...],
    where: tuple[str, ...],
    by: tuple[str, ...],
    behind: tuple[str, ...],
    falling: bool,
    matching: str,
    most: int,
    vendor: str,
) -> _Statement:
    keys = _fields(model, (*where, *behind))
    if vendor == "sqlite":
        handed_in = "WITH handed AS (SELECT value FROM json_each(%s)) "
        values = [f"(SELECT value ->> {i} FROM handed)" for i in range(len(keys))]
    else:
        handed_in = ""
        values = [f"({MARK}::{one}[])[1]" for one in _types(keys, vendor)]
    wanted = [f'"{name}" = {value}' for name, value in zip(where, values, strict=False)]
    if behind:
        sign, last = "<" if falling else ">", ", ".join(values[len(where) :])
        wanted.append(f"({_names(behind)}) {sign} ({last})")
    order = ", ".join(f'"{name}" DESC' if falling else f'"{name}"' for name in by)
    return _Statement(
        f'{handed_in}SELECT {_names(columns)} FROM "{model._meta.db_table}" '
        f"WHERE {' AND '.join(wanted)} AND {matching} ORDER BY {order} LIMIT {most}",
        _types(keys, vendor),
        _adapters(keys, vendor),
        _converters(_fields(model, columns), vendor),
    )


def _handed_in(fields: "Sequence[models.Field[Any, Any]]", vendor: str) -> str:
    """A query for the rows that are handed in: one JSON document, or one array a column."""
    if vendor == "sqlite":
        parts = ", ".join(f"value ->> {i}" for i in range(len(fields)))
        return f"SELECT {parts} FROM json_each(%s) WHERE true"  # else ON CONFLICT reads as a join
    arrays = (f"{MARK}::{one}[]" for one in _types(fields, vendor))
    return f"SELECT * FROM unnest({', '.join(arrays)})"


def _key_column(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _fields(model: type[models.Model], columns: Sequence[str]) -> "list[models.Field[Any, Any]]":
    by_column = {field.column: field for field in model._meta.concrete_fields}
    return [by_column[column] for column in columns]


def _value_field(field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    return field.target_field if isinstance(field, models.ForeignKey) else field


def _types(fields: "Sequence[models.Field[Any, Any]]", vendor: str) -> tuple[str, ...]:
    """Without their length: a cast to varchar(8) would cut silently."""
    if vendor == "sqlite":
        return ()
    return tuple(str(_value_field(one).rel_db_type(connection)).split("(")[0] for one in fields)


def _adapters(fields: "Iterable[models.Field[Any, Any]]", vendor: str) -> tuple[Convert, ...]:
    """How values enter SQLite; PostgreSQL takes them as they are."""
    return tuple(_adapter(_value_field(field)) for field in fields) if vendor == "sqlite" else ()


def _adapter(field: "models.Field[Any, Any]") -> Convert:
    if isinstance(field, models.JSONField):
        return lambda value: field.get_db_prep_save(value, connection)
    if isinstance(field, models.UUIDField):
        return _sqlite_uuid
    return _sqlite_time if isinstance(field, models.DateTimeField) else _plain


def _converters(fields: "Iterable[models.Field[Any, Any]]", vendor: str) -> tuple[Convert, ...]:
    """How values come back; the driver of PostgreSQL already returns what Python wants."""
    return tuple(
        _converter(_value_field(field)) if vendor == "sqlite" else _plain for field in fields
    )


def _converter(field: "models.Field[Any, Any]") -> Convert:
    if isinstance(field, models.JSONField):
        return _from_json
    if isinstance(field, models.UUIDField):
        return _from_sqlite_uuid
    if isinstance(field, models.BooleanField):
        return _from_sqlite_truth
    return _from_sqlite_time if isinstance(field, models.DateTimeField) else _plain


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


def _from_sqlite_truth(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _from_sqlite_time(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
