"""The tables that a researcher takes away, each as columns with their types and rows of plain values; writers.py makes files of them.

Rows are read a chunk at a time, so memory does not grow with the study. In a format that has types a value keeps its own:
a truth, a number, a time; None where there is none.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from studies.core.csv_lines import csv_lines
from studies.models import Study

from .columns import Export
from .csv_columns import csv_header, csv_rows

ROWS = 2000  # a chunk


@dataclass(frozen=True)
class Field:
    """One column of a table: what stands in it, for the codebook."""

    name: str
    type: str  # one of those in columns.py
    meaning: str
    levels: Sequence[str] = ()  # of a category


@dataclass(frozen=True)
class Table:
    """One table under its file's name, without an ending."""

    name: str
    fields: Sequence[Field]
    rows: Callable[[], Iterable[Sequence[Any]]]

    @property
    def file(self) -> str:
        """What the codebook calls it."""
        return f"{self.name}.csv"

    def chunks(self) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows, many at a time."""
        rows = iter(self.rows())
        while chunk := list(islice(rows, ROWS)):
            yield chunk

    def columns(self) -> Iterator[Sequence[Sequence[Any]]]:
        """The same chunks, column by column."""
        for rows in self.chunks():
            yield list(zip(*rows, strict=True))

    def csv_chunks(self) -> Iterator[bytes]:
        """The same as CSV in UTF-8: text is guarded, truths are TRUE and FALSE, a value that there is none of is empty."""
        yield csv_lines([[field.name for field in self.fields]])
        yield from map(csv_lines, self.chunks())


@dataclass(frozen=True)
class AnswersTable(Table):
    """Every answer: its CSV is put together by numpy, a million rows in seconds."""

    study: Study

    @property
    def file(self) -> str:
        return self.name

    def chunks(self) -> Iterator[Sequence[Sequence[Any]]]:
        for columns in self.columns():
            yield list(zip(*columns, strict=True))

    def columns(self) -> Iterator[Sequence[Sequence[Any]]]:
        for table in Export(self.study).tables():
            yield [column.values() for column in table]

    def csv_chunks(self) -> Iterator[bytes]:
        export = Export(self.study, guard=True)
        yield csv_header(column.name for column in export.columns)
        yield from map(csv_rows, export.tables())


def answers_table(study: Study) -> AnswersTable:
    export = Export(study)
    fields = [
        Field(column.name, column.type, column.description, column.levels(export))
        for column in export.columns
    ]
    return AnswersTable("answers", fields, tuple, study)


def codebook(tables: Iterable[Table]) -> Table:
    """A table of the columns of others: each with its type, its meaning and, of a category, its levels as a JSON list."""
    tables = list(tables)

    def rows() -> Iterator[list[Any]]:
        for table in tables:
            for field in table.fields:
                levels = json.dumps(list(field.levels), ensure_ascii=False) if field.levels else None
                yield [table.file, field.name, field.type, field.meaning, levels]

    return Table("codebook", CODEBOOK, rows)


CODEBOOK = [
    Field("file", "text", "Name of the file; in other formats it has another ending."),
    Field("column", "text", "Name of the column."),
    Field(
        "type", "text", "integer, number, text, category, true or false, or date and time (ISO 8601, UTC)."
    ),
    Field("meaning", "text", "What stands in it."),
    Field("levels", "text", "Of a category, what its cells may say, as a JSON list."),
]


def moment(time: datetime | None) -> str | None:
    """As `answered_at` has it.

    >>> moment(datetime(2026, 11, 26, 4, 34, 56, 7, tzinfo=UTC))
    '2026-11-26T04:34:56.000007Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if time else None
