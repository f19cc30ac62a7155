"""Tables as an Excel workbook, one sheet each, by openpyxl: on hosts that have all of requirements.txt."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from explain.core.errors import BadInputError

from .tables import Table

MOST_ROWS = 1_048_576  # of a sheet, with its header


def workbook(tables: Sequence[Table], path: Path) -> None:
    """Write a workbook, row by row; nothing of it is kept in memory. Text is text, whatever it begins with.

    Raises:
        BadInputError: a table has more rows than a sheet can hold.
    """
    book = Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        try:
            for row in _rows(table):
                sheet.append([_text(sheet, cell) if isinstance(cell, str) else cell for cell in row])
        finally:
            sheet.close()
    book.save(path)


def _rows(table: Table) -> Iterator[Sequence[Any]]:
    """The header and the rows, as many as a sheet can hold."""
    rows = chain([[field.name for field in table.fields]], chain.from_iterable(table.chunks()))
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise BadInputError(
                f"{table.name}: has more rows than the {MOST_ROWS:,} of an Excel sheet. Choose csv or parquet."
            )
        yield row


def _text(sheet: Any, text: str) -> WriteOnlyCell:
    """A cell of text: openpyxl takes what begins with = for a formula. What no XML can hold becomes “�”."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
    cell.data_type = "s"
    return cell
