"""Tables as spreadsheet programs write them: CSV with commas, semicolons or tabs, in UTF-8 or UTF-16. No Django here."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from explain.core.errors import BadInputError

_SEPARATORS = ",;\t|"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins the same
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LONGEST = 100_000
"""Characters of a cell. The limit of Python's reader is one for the whole process, and libraries lift it (scipy, frictionless)."""
AS_UTF_8 = "save it as UTF-8 CSV (in Excel: “CSV UTF-8”)"


@dataclass(frozen=True)
class Row:
    """A line of a table: cells by column, without spaces around them. Columns are in small letters with `_` for spaces."""

    line: int
    cells: dict[str, str]
    beyond: list[str]

    def check(self) -> None:
        """ValueError where there are more cells than columns: then a cell has been cut in two."""
        if self.beyond:
            raise ValueError(
                f"has a cell more than the first line has columns (“{self.beyond[0]}”); put a cell that holds a comma into quotes"
            )


@dataclass(frozen=True)
class Table:
    columns: list[str]
    rows: list[Row]


def read_table(content: bytes, *, name: str, needs: Sequence[set[str]], in_words: str) -> Table:
    """A table's rows, but for empty ones. BadInputError names the table and says what is wrong.

    needs      sets of columns, one of which the table has to have
    in_words   the same for people
    """
    text = _decoded(content, name)
    skipped = 0
    if told := re.match(r"(?i)\"?sep=([^\r\n])\"?\r?\n", text):  # Excel's own first line
        text, skipped = text[told.end() :], 1
    separator = told[1] if told else _separator(text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        columns = [_column(cell) for cell in next(reader, [])]
        rows = list(_rows(reader, columns, skipped))
    except csv.Error as error:
        raise BadInputError(f"{name}: is no CSV ({error}); {AS_UTF_8}") from error
    if not any(wanted <= {*columns} for wanted in needs):
        there = ", ".join(filter(None, columns)) or "nothing"
        raise BadInputError(f"{name}: needs {in_words}; its first line has {there}")
    if double := next((column for column in columns if column and columns.count(column) > 1), ""):
        raise BadInputError(f"{name}: has the column {double} twice; take one of them out")
    return Table(columns, rows)


def _decoded(content: bytes, name: str) -> str:
    encoding = next((known for mark, known in _BYTE_ORDER_MARKS if content.startswith(mark)), "")
    if not encoding and b"\0" in content[:200]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInputError(f"{name}: not UTF-8 text (line {line}); {AS_UTF_8}") from error


def _separator(text: str) -> str:
    """The one that stands most often in the first line, outside quotes."""
    first = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    return max(_SEPARATORS, key=first.count)


def _column(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.strip().casefold())


def _rows(reader: Any, columns: list[str], skipped: int) -> Iterator[Row]:
    """Rows of a csv.reader, but for empty ones."""
    for row in reader:
        if any(len(cell) > LONGEST for cell in row):
            raise csv.Error(f"a cell of more than {LONGEST:,} characters")
        cells = [cell.strip() for cell in row]
        if any(cells):
            padded = [*cells, *[""] * (len(columns) - len(cells))]
            named = {column: cell for column, cell in zip(columns, padded, strict=False) if column}
            yield Row(reader.line_num + skipped, named, [cell for cell in cells[len(columns) :] if cell])
