"""Columns of a table as numpy arrays, and their text as CSV, many rows at a time. Numpy only, no Django.

A chunk of CSV is one matrix of bytes: each column is as wide as its longest cell, the rest is filled with NUL bytes, and
those are dropped from the whole chunk at once. So no row is ever a Python object.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

Value = str | int | bool | None
NUL = b"\0"
TWO_DIGITS = np.array([b"%02d" % number for number in range(100)])


class Column(Protocol):
    """n values of one column."""

    def csv(self) -> np.ndarray:
        """(n,) bytes: each value as it stands in a CSV file, filled up with NUL bytes."""

    def values(self) -> list[Value]:
        """The same n values for other formats; None where there is none."""


class Categories:
    """The few values that the cells of many rows may have. An empty text is None, and an empty cell."""

    def __init__(self, values: Iterable[Value]):
        self.values = [None if value == "" else value for value in values]

    @cached_property
    def csv(self) -> np.ndarray:
        return np.array([_cell(value) for value in self.values] or [b""])


@dataclass(frozen=True)
class Categorical:
    """Of each row, which of the choices it has."""

    choices: Categories
    places: np.ndarray  # (n,) int

    def csv(self) -> np.ndarray:
        return self.choices.csv[self.places]

    def values(self) -> list[Value]:
        return [self.choices.values[place] for place in self.places.tolist()]


@dataclass(frozen=True)
class Numbers:
    """Whole numbers from 0, most of them different; `UNKNOWN` stands for one that is not known."""

    UNKNOWN: ClassVar[int] = -1
    numbers: np.ndarray  # (n,) int64

    def csv(self) -> np.ndarray:
        width = len(str(self.numbers.max(initial=0)))
        digits = np.zeros((len(self.numbers), width), np.uint8)
        rest = self.numbers
        # Nothing is written for the last digit of an unknown number, and for zeros before a number.
        for place in reversed(range(width)):
            tens = rest // 10
            written = rest >= 0 if place == width - 1 else rest > 0
            digits[:, place] = np.where(written, rest - 10 * tens + ord("0"), 0)
            rest = tens
        return digits.view(f"S{width}").reshape(-1)

    def values(self) -> list[Value]:
        return [None if number == self.UNKNOWN else number for number in self.numbers.tolist()]


@dataclass(frozen=True)
class FixedWidthText:
    """ASCII texts of one length without a quotation mark, all different: identifiers, times."""

    codes: np.ndarray  # (n,) bytes

    def csv(self) -> np.ndarray:
        quotation_mark = _all(self.codes, b'"')
        return _joined([quotation_mark, self.codes, quotation_mark])

    def values(self) -> list[Value]:
        return [code.decode() for code in self.codes.tolist()]


def times(microseconds: np.ndarray) -> FixedWidthText:
    """Microseconds since 1970 UTC (n,) → ISO 8601.

    >>> times(np.array([1_795_667_696_000_007])).values()
    ['2026-11-26T04:34:56.000007Z']
    """
    day, rest = np.divmod(microseconds, 86_400_000_000)
    days, places = np.unique(day, return_inverse=True)
    dates = np.datetime_as_string(days.astype("M8[D]")).astype("S10")
    seconds, fraction = np.divmod(rest, 1_000_000)
    text = [dates[places], _all(day, b"T"), TWO_DIGITS[seconds // 3600], _all(day, b":")]
    text += [TWO_DIGITS[seconds // 60 % 60], _all(day, b":"), TWO_DIGITS[seconds % 60], _all(day, b".")]
    text += [TWO_DIGITS[fraction // 10_000], TWO_DIGITS[fraction // 100 % 100], TWO_DIGITS[fraction % 100]]
    return FixedWidthText(_joined([*text, _all(day, b"Z")]))


def uuids(raw: np.ndarray) -> FixedWidthText:
    """(n, 16) bytes → 8-4-4-4-12 hexadecimal digits."""
    digits = np.frombuffer(bytes(raw.tobytes().hex(), "ascii"), "S1").reshape(-1, 32)
    text = np.insert(digits, [8, 12, 16, 20], b"-", axis=1)
    return FixedWidthText(np.ascontiguousarray(text).view("S36").reshape(-1))


def csv_header(names: Iterable[str]) -> bytes:
    return b",".join(_cell(name) for name in names) + b"\n"


def csv_rows(columns: Sequence[Column]) -> bytes:
    r"""Rows of CSV: texts in quotation marks, numbers without, nothing where there is no value.

    >>> csv_rows([Numbers(np.array([7, -1])), Categorical(Categories(['a "b" c', ""]), np.array([0, 1]))])
    b'7,"a ""b"" c"\n,\n'
    """
    parts = [column.csv() for column in columns]
    layout = [(str(place), [("cell", part.dtype), ("end", "S1")]) for place, part in enumerate(parts)]
    rows = np.zeros(len(parts[0]), layout)
    for place, part in enumerate(parts):
        rows[str(place)]["cell"] = part
        rows[str(place)]["end"] = b"," if place < len(parts) - 1 else b"\n"
    return rows.tobytes().translate(None, NUL)


def _all(rows: np.ndarray, sign: bytes) -> np.ndarray:
    """The same sign for each row."""
    return np.full(len(rows), sign)


def _joined(texts: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) bytes: what stands in each row, one after the other, each still filled up with NUL bytes."""
    rows = len(texts[0])
    joined = np.hstack([text.view(np.uint8).reshape(rows, text.itemsize) for text in texts])
    return joined.view(f"S{joined.shape[1]}").reshape(rows)


def _cell(value: Value) -> bytes:
    if isinstance(value, bool):
        return b"TRUE" if value else b"FALSE"
    if isinstance(value, str):
        quoted = value.replace('"', '""')
        return f'"{quoted}"'.encode()
    return b"" if value is None else str(value).encode()
