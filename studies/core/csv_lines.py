"""Rows of plain values as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from .guard import guarded


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV in UTF-8: text is guarded, truths are TRUE and FALSE, None is an empty cell."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).upper()
    return guarded(value) if isinstance(value, str) else value
