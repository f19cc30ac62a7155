"""Tables as files: CSV, JSON Lines, Parquet, Excel. tables.py says what stands in them; archive.py makes the folder.

Everything is written a chunk at a time, so memory does not grow with the study, and whole or not at all.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol

from studies.models import Study

from .tables import Table, answers_table

BOM = "\ufeff".encode()
WORKBOOK = "tables.xlsx"


def csv_chunks(study: Study) -> Iterator[bytes]:
    """The answers as CSV, UTF-8, a chunk of rows at a time: text is quoted and guarded, numbers stay numbers."""
    return answers_table(study).csv_chunks()


def jsonl_chunks(study: Study) -> Iterator[bytes]:
    """The answers as JSON Lines, UTF-8."""
    return _jsonl(answers_table(study))


def _jsonl(table: Table) -> Iterator[bytes]:
    names = [field.name for field in table.fields]
    for rows in table.chunks():
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows)
        yield ("\n".join(lines) + "\n").encode()


def write_csv(tables: Sequence[Table], to: Path, *, bom: bool = False) -> list[Path]:
    """`bom`: with a byte order mark first, by which Excel knows UTF-8."""
    return [
        write(to / f"{table.name}.csv", chain([BOM] if bom else [], table.csv_chunks())) for table in tables
    ]


def write_jsonl(tables: Sequence[Table], to: Path, *, bom: bool = False) -> list[Path]:
    return [write(to / f"{table.name}.jsonl", _jsonl(table)) for table in tables]


def write_parquet(tables: Sequence[Table], to: Path, *, bom: bool = False) -> list[Path]:
    """Parquet with each column's meaning in the file. Needs pyarrow, which a web host goes without."""
    from .parquet import parquet  # here, because only this format needs it

    return [_placed(to / f"{table.name}.parquet", partial(parquet, table)) for table in tables]


def write_xlsx(tables: Sequence[Table], to: Path, *, bom: bool = False) -> list[Path]:
    """One workbook with a sheet for each table. Needs openpyxl, which a web host goes without."""
    from .excel import workbook  # here, because only this format needs it

    return [_placed(to / WORKBOOK, partial(workbook, tables))]


def write(path: Path, parts: Iterable[bytes]) -> Path:
    """Write a file whole or not at all."""
    with _in_place_of(path) as part, part.open("wb") as file:
        file.writelines(parts)
    return path


def _placed(path: Path, fill: Callable[[Path], None]) -> Path:
    with _in_place_of(path) as part:
        fill(part)
    return path


@contextmanager
def _in_place_of(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place once it is whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class Writer(Protocol):
    """Writes tables into a folder in one format, and returns the files."""

    def __call__(self, tables: Sequence[Table], to: Path, *, bom: bool = False) -> list[Path]: ...


FORMATS: dict[str, Writer] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
}
