"""Hides how a column of Python values becomes an array of PostgreSQL, in its binary form.

psycopg converts a list value by value in Python, which cost a batch of messages more than all that
the database did with it. Here a column is converted as a whole, and a value that repeats in it (a
moment, a state) is converted once.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

type Column = Sequence[Any]

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NULL = b"\xff\xff\xff\xff"  # a length of -1
_SIXTEEN = (16).to_bytes(4)
_ONE_DIMENSION, _FROM_ONE = b"\0\0\0\1\0\0\0\0", b"\0\0\0\1"


class Array(bytes):
    """An array as PostgreSQL receives it; the statement names its type (`$1::uuid[]`)."""


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> bytes:
        return obj


psycopg.adapters.register_dumper(Array, _ArrayDumper)


def array_of(sql_type: str, column: Column) -> Array:
    """The column as an array of that type. Raises `KeyError` for a type that nobody writes yet."""
    oid, body = _TYPES[sql_type]
    if not column:
        return Array(b"\0\0\0\0\0\0\0\0" + oid)
    return Array(_ONE_DIMENSION + oid + len(column).to_bytes(4) + _FROM_ONE + body(column))


def _uuids(column: Column) -> bytes:
    """Without comparing any: that is a call in Python each."""
    try:
        return _SIXTEEN + _SIXTEEN.join([value.int.to_bytes(16) for value in column])
    except AttributeError:
        return b"".join(
            [_NULL if value is None else _SIXTEEN + value.int.to_bytes(16) for value in column]
        )


def _each(encode: Callable[[Any], bytes]) -> Callable[[Column], bytes]:
    """Each value once, however often it comes."""

    def body(column: Column) -> bytes:
        if len(column) == 1:
            return _element(encode, column[0])
        known = {value: _element(encode, value) for value in set(column)}
        return b"".join([known[value] for value in column])

    return body


def _documents(column: Column) -> bytes:
    return b"".join([_element(_document, value) for value in column])


def _element(encode: Callable[[Any], bytes], value: Any) -> bytes:
    if value is None:
        return _NULL
    data = encode(value)
    return len(data).to_bytes(4) + data


def _integer(width: int) -> Callable[[int], bytes]:
    return lambda value: value.to_bytes(width, signed=True)


def _moment(value: datetime) -> bytes:
    """Microseconds since the year 2000."""
    past = value - _EPOCH
    micros = (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
    return micros.to_bytes(8, signed=True)


def _document(value: Any) -> bytes:
    return b"\1" + json.dumps(value).encode()


_OIDS: dict[str, tuple[int, Callable[[Column], bytes]]] = {
    "uuid": (2950, _uuids),
    "text": (25, _each(str.encode)),
    "varchar": (1043, _each(str.encode)),
    "smallint": (21, _each(_integer(2))),
    "integer": (23, _each(_integer(4))),
    "bigint": (20, _each(_integer(8))),
    "boolean": (16, _each(lambda value: b"\1" if value else b"\0")),
    "timestamp with time zone": (1184, _each(_moment)),
    "bytea": (17, _each(bytes)),
    "jsonb": (3802, _documents),
}
_TYPES = {name: (oid.to_bytes(4), body) for name, (oid, body) in _OIDS.items()}
