"""Many rows as numpy columns, a chunk at a time: the memory needed does not grow with the number of rows.

PostgreSQL packs thousands of rows into one, each field an array, and sends them by COPY in its binary format; SQLite is
read by a plain cursor. Both give the same columns. No field may be NULL: give the query set a Coalesce.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.contrib.postgres.aggregates import ArrayAgg, StringAgg
from django.db import DatabaseError, connections, transaction
from django.db.models import (
    Aggregate,
    BigIntegerField,
    BooleanField,
    DateTimeField,
    F,
    Field,
    QuerySet,
    SmallIntegerField,
    UUIDField,
)
from django.db.models.functions import Cast

POSTGRES_EPOCH_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01
COPY_HEADER_BYTES = 19
ARRAY_HEADER_BYTES = 20  # of an array with one dimension
END_BYTES = 2  # after the last row, instead of the number of its fields
# For one sort or one table of hashes. By default PostgreSQL takes 4 MB, and then goes to the disk.
WORK_MEMORY = "64MB"

Fields = dict[str, str]
# kind -> (type that PostgreSQL is asked for, its binary form)
KINDS: dict[str, tuple[Field, str]] = {
    "int": (BigIntegerField(), ">i8"),
    "small": (SmallIntegerField(), ">i2"),
    "bool": (BooleanField(), "?"),
    "time": (DateTimeField(), ">i8"),
    "uuid": (UUIDField(), "V16"),
}


@dataclass(frozen=True)
class CategoricalColumn:
    """n short texts of which few are distinct: row i has `texts[places[i]]`."""

    texts: list[str]
    places: np.ndarray  # (n,) int64

    def are(self, text: str) -> np.ndarray:
        """(n,) bool: which rows have this text."""
        return np.array([each == text for each in self.texts], bool)[self.places]

    def __getitem__(self, rows: Any) -> "CategoricalColumn":
        return CategoricalColumn(self.texts, self.places[rows])


Columns = dict[str, Any]  # of arrays of one length n, and of CategoricalColumns


class _Codebook(dict[str, int]):
    """Numbers texts 0, 1, 2 … as they are first met."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]

    def codes(self, texts: list[str]) -> CategoricalColumn:
        places = np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))
        return CategoricalColumn(list(self), places)


def chunks(rows: QuerySet, fields: Fields, size: int = 16_384) -> Iterator[Columns]:
    """Yield the fields of a query set in the order of its primary key, at most `size` rows at a time.

    `fields` maps a field or annotation to its kind: int and small → int64, bool → bool, time → int64 microseconds
    since 1970 UTC, uuid → 16 bytes (uint8, n × 16), code → `CategoricalColumn`: text without a line break, of which few are distinct.
    """
    books = {name: _Codebook() for name, kind in fields.items() if kind == "code"}
    read = _copied if connections[rows.db].vendor == "postgresql" else _fetched
    for raw, order in read(rows, fields, size):
        yield {
            name: (books[name].codes(values) if name in books else values)[order]
            for name, values in raw.items()
        }


def columns(rows: QuerySet, fields: Fields) -> Columns:
    """All rows at once: {field: column}. Empty columns when there are no rows."""
    parts = list(chunks(rows, fields)) or [{name: _nothing(kind) for name, kind in fields.items()}]
    return {name: _one_after_the_other([part[name] for part in parts]) for name in fields}


@contextmanager
def room_to_sort(alias: str) -> Iterator[None]:
    """For a statement over very many rows: PostgreSQL may take `WORK_MEMORY` for it."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(alias), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        yield


def _nothing(kind: str) -> Any:
    return CategoricalColumn([], np.array([], np.int64)) if kind == "code" else FROM_SQLITE[kind]([])


def _one_after_the_other(parts: list[Any]) -> Any:
    if isinstance(parts[0], CategoricalColumn):  # all by one book, so that its last state has every text
        return CategoricalColumn(parts[-1].texts, np.concatenate([part.places for part in parts]))
    return np.concatenate(parts)


def _fetched(rows: QuerySet, fields: Fields, size: int) -> Iterator[tuple[Columns, Any]]:
    """Columns, and what sorts their rows by primary key: nothing, as they come sorted.

    The values are as SQLite stores them, without Django's conversion of each.
    """
    sql, params = rows.order_by("pk").values_list(*fields).query.sql_with_params()
    with connections[rows.db].cursor() as cursor:
        cursor.execute(sql, params)
        while batch := cursor.fetchmany(size):
            by_field = zip(fields.items(), zip(*batch, strict=True), strict=True)
            yield {name: FROM_SQLITE[kind](values) for (name, kind), values in by_field}, slice(None)


FROM_SQLITE: dict[str, Callable[[Any], Any]] = {
    "int": partial(np.array, dtype=np.int64),
    "small": partial(np.array, dtype=np.int64),
    "bool": partial(np.array, dtype=bool),
    "time": lambda values: np.array(values, "M8[us]").astype(np.int64),
    "uuid": lambda values: np.frombuffer(bytes.fromhex("".join(values)), np.uint8).reshape(-1, 16),
    "code": list,
}


def _copied(rows: QuerySet, fields: Fields, size: int) -> Iterator[tuple[Columns, Any]]:
    """Columns, and what sorts their rows by primary key.

    By COPY … TO STDOUT (FORMAT BINARY): one row for every `size` primary keys, its values in any order.
    """
    packs = {f"pack_{name}": _packed(name, kind) for name, kind in (fields | {"pk": "int"}).items()}
    query = rows.order_by().annotate(pack=F("pk") / size).values("pack").annotate(**packs).order_by("pack")
    sql, params = query.values_list(*packs).query.sql_with_params()
    with room_to_sort(rows.db), connections[rows.db].cursor() as cursor:
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)", params)
        with cursor.copy(statement) as copy:
            for pack in _raw_rows(copy.connection.pgconn):
                *values, keys = _unpacked(pack, [*fields.values(), "int"])
                yield dict(zip(fields, values, strict=True)), np.argsort(keys)


def _packed(name: str, kind: str) -> Aggregate:
    if kind == "code":
        return StringAgg(F(name), "\n")
    return ArrayAgg(Cast(F(name), KINDS[kind][0]))


def _raw_rows(pgconn: Any) -> Iterator[memoryview]:
    """The rows of a COPY in binary format, straight from libpq, without the header before them and the trailer after."""
    skip = COPY_HEADER_BYTES
    while (message := pgconn.get_copy_data(0))[0] > 0:
        row = message[1][skip:]
        skip = 0
        if len(row) > END_BYTES:
            yield row
    failure = ""
    while result := pgconn.get_result():
        failure = failure or result.error_message.decode(errors="replace")
    if failure:
        raise DatabaseError(failure)


def _unpacked(row: memoryview, kinds: list[str]) -> Iterator[Any]:
    """Each field of one row: an array, or for a code a list of texts."""
    at = 2  # after the number of fields
    for kind in kinds:
        begin = at + 4
        at = begin + int.from_bytes(row[at:begin])
        if kind == "code":
            yield bytes(row[begin:at]).decode().split("\n")
        else:
            yield _elements(row[begin + ARRAY_HEADER_BYTES : at], kind)


def _elements(array: memoryview, kind: str) -> np.ndarray:
    values = np.frombuffer(array, [("length", ">i4"), ("value", KINDS[kind][1])])["value"]
    if kind == "uuid":
        return np.frombuffer(values.tobytes(), np.uint8).reshape(-1, 16)
    if kind == "time":
        return values.astype(np.int64) + POSTGRES_EPOCH_US
    return values.astype(np.bool_ if kind == "bool" else np.int64)
