"""Tables and the data of charts as CSV: what is a number on the page is a number there, with the same digits."""

import re
from collections.abc import Sequence
from typing import Any

from studies.core.csv_lines import csv_lines

from .table import Row, Table

Plain = str | int | float | None
NONE = "–"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NUMBER = re.compile(r"[+−-]?(?:∞|\d+(?:\.\d+)?(?: × 10(?P<power>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))?)")
_END = _NUMBER.pattern.replace("?P<power>", "?:")
_INTERVAL = re.compile(f"({_END}) – ({_END})")


class Number(float):
    """A number that is written as it reads on the page: 12.50, not 12.5."""

    written: str

    def __repr__(self) -> str:
        return self.written

    __str__ = __repr__


def number_of(text: str) -> Number | None:
    """The number that a text is; None where it is something else.

    >>> number_of("−0.50"), number_of("4.2 × 10⁻⁷"), number_of("+12"), number_of("49.4 %")
    (-0.50, 4.2e-7, 12, None)
    """
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    digits = text.split(" ")[0].replace("−", "-").replace("∞", "inf").removeprefix("+")
    written = f"{digits}e{match['power'].translate(_SUPERSCRIPTS)}" if match["power"] else digits
    number = Number(written)
    number.written = written
    return number


def table_as_csv(table: Table) -> bytes:
    """The whole table with its last rows. A column of intervals becomes two, of their lower and their upper ends."""
    rows = [_spread(row) for row in (*table.body, *table.foot)]
    heads = [_spread(row) for row in table.head]
    intervals = [_is_of_intervals([row[at] for row in rows]) for at in range(table.columns)]
    lines: list[list[Plain]] = []
    for head in heads:
        names = zip(_told_apart(head), intervals, strict=True)
        lines.append([name for cell, two in names for name in _names(cell, two)])
    for row in rows:
        lines.append(
            [value for cell, two in zip(row, intervals, strict=True) for value in _values(cell, two)]
        )
    return csv_lines(lines)


def data_as_csv(data: Sequence[dict[str, Any]]) -> bytes:
    """A chart's data, unrounded; columns in the order in which they first come."""
    names = list(dict.fromkeys(name for row in data for name in row))
    rows = ([_plain(row.get(name)) for name in names] for row in data)
    return csv_lines([names, *rows])


def _plain(value: Any) -> Any:
    """A figure that a chart is labelled with as the number that it is."""
    if not isinstance(value, str):
        return value
    number = number_of(value)
    return value if number is None else number


def _spread(row: Row) -> list[str]:
    """One text for each column."""
    return [text for cell in row for text in (cell.text, *[""] * (cell.span - 1))]


def _told_apart(heads: Sequence[str]) -> list[str]:
    """A head that stands over several columns goes with the one before it that does not: “odds, 95 % interval”."""
    out, of = [], ""
    for head in heads:
        several = heads.count(head) > 1
        out.append(f"{of}, {head}" if several and of else head)
        of = of if several else head
    return out


def _is_of_intervals(column: Sequence[str]) -> bool:
    said = [text for text in column if text not in ("", NONE)]
    return bool(said) and all(_INTERVAL.fullmatch(text) for text in said)


def _names(head: str, two: bool) -> list[str]:
    return [f"{head}, low", f"{head}, high"] if two else [head]


def _values(text: str, two: bool) -> list[Plain]:
    if two:
        match = _INTERVAL.fullmatch(text)
        return [number_of(end) for end in match.groups()] if match else [None, None]
    if text == NONE:
        return [None]
    number = number_of(text)
    return [text if number is None else number]
