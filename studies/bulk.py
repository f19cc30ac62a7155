"""Many rows as numpy columns, a chunk at a time: the memory needed does not grow with the number of rows.

PostgreSQL is read by COPY in its binary format, any other database by a plain cursor. Both give the same arrays.
No field may be NULL: give the query set a Coalesce.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, islice
from operator import itemgetter
from typing import Any

import numpy as np
from django.db import DatabaseError, connections
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    F,
    Field,
    QuerySet,
    SmallIntegerField,
    UUIDField,
)
from django.db.models.expressions import Value
from django.db.models.functions import Cast, RPad

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POSTGRES_EPOCH_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01
COPY_HEADER_BYTES = 19

Columns = dict[str, np.ndarray]
Fields = dict[str, str | int]
# kind -> (type that PostgreSQL is asked for, its binary form)
KINDS: dict[str, tuple[Field, str]] = {
    "int": (BigIntegerField(), ">i8"),
    "small": (SmallIntegerField(), ">i2"),
    "bool": (BooleanField(), "?"),
    "time": (DateTimeField(), ">i8"),
    "uuid": (UUIDField(), "V16"),
}


def chunks(rows: QuerySet, fields: Fields, size: int = 20_000) -> Iterator[Columns]:
    """Yield the fields of a query set as arrays of at most `size` values.

    `fields` maps a field or annotation to its kind: int and small → int64, bool → bool, time → int64 microseconds
    since 1970 UTC, uuid → 16 bytes (uint8, n × 16), a number N → ASCII text of at most N characters, as bytes that
    may be padded with spaces.
    """
    vendor = connections[rows.db].vendor
    yield from (_copied if vendor == "postgresql" else _fetched)(rows, fields, size)


def columns(rows: QuerySet, fields: Fields) -> Columns:
    """All of it at once: {field: array}. Empty arrays when there are no rows."""
    parts = list(chunks(rows, fields))
    if not parts:
        return {name: _array([], kind) for name, kind in fields.items()}
    return {name: np.concatenate([part[name] for part in parts]) for name in fields}


def _fetched(rows: QuerySet, fields: Fields, size: int) -> Iterator[Columns]:
    cursor = rows.values_list(*fields).iterator(chunk_size=size)
    while batch := list(islice(cursor, size)):
        yield {
            name: _array(column, kind)
            for (name, kind), column in zip(fields.items(), zip(*batch, strict=True), strict=True)
        }


def _array(values: Any, kind: str | int) -> np.ndarray:
    if kind == "uuid":
        return np.frombuffer(b"".join(value.bytes for value in values), np.uint8).reshape(-1, 16)
    if kind == "time":
        microsecond = timedelta(microseconds=1)
        return np.array([(value - EPOCH) // microsecond for value in values], np.int64)
    if isinstance(kind, int):
        return np.array(values, f"S{kind}")
    return np.array(values, "?" if kind == "bool" else "i8")


def _copied(rows: QuerySet, fields: Fields, size: int) -> Iterator[Columns]:
    """COPY … TO STDOUT (FORMAT BINARY): each row has the same number of bytes, so a chunk is one numpy array."""
    query = rows.values_list(*(_fixed(name, kind) for name, kind in fields.items()))
    sql, params = query.query.sql_with_params()
    layout = [("count", ">i2")]
    for name, kind in fields.items():
        layout += [
            (f"length of {name}", ">i4"),
            (name, f"S{kind}" if isinstance(kind, int) else KINDS[kind][1]),
        ]
    row = np.dtype(layout)
    with connections[rows.db].cursor() as cursor:
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)", params)
        with cursor.copy(statement) as copy:
            yield from _cut(_raw_rows(copy.connection.pgconn), row, fields, size)


def _raw_rows(pgconn: Any) -> Iterator[bytes]:
    """The rows of a COPY straight from libpq, without a line of Python for each: psycopg's own loop takes much longer."""
    messages = iter(partial(pgconn.get_copy_data, 0), (-1, b""))  # (size, bytes); −1: no more
    yield from map(itemgetter(1), messages)
    failure = ""
    while result := pgconn.get_result():
        failure = failure or result.error_message.decode(errors="replace")
    if failure:
        raise DatabaseError(failure)


def _cut(data: Iterator[bytes], row: np.dtype, fields: Fields, size: int) -> Iterator[Columns]:
    """Whole rows, `size` at a time. The first has the header before it; two bytes after the last mark the end."""
    first = next(data, b"")[COPY_HEADER_BYTES:]
    parts = filter(None, chain([first], data))
    while batch := b"".join(islice(parts, size)):
        if count := len(batch) // row.itemsize:
            yield _unpacked(np.frombuffer(batch, row, count), fields)


def _fixed(name: str, kind: str | int):
    """The field cast to a type whose binary form always has the same length."""
    if isinstance(kind, int):
        return RPad(Cast(F(name), CharField()), kind, Value(" "))
    return Cast(F(name), KINDS[kind][0])


def _unpacked(table: np.ndarray, fields: Fields) -> Columns:
    return {name: _unpack(table[name], kind) for name, kind in fields.items()}


def _unpack(column: np.ndarray, kind: str | int) -> np.ndarray:
    if isinstance(kind, int):
        return np.ascontiguousarray(column)
    if kind == "uuid":
        return np.frombuffer(column.tobytes(), np.uint8).reshape(-1, 16)
    if kind == "time":
        return column.astype(np.int64) + POSTGRES_EPOCH_US
    return column.astype(np.bool_ if kind == "bool" else np.int64)
