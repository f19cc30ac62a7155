"""A study's answers as tidy files, one answer a row: CSV, JSON Lines, Parquet. archive.py adds what belongs to them.

columns.py says what stands in each column. Everything is written a chunk at a time, so memory does not grow with the study.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from studies.models import Study

from .columns import Export
from .csv_columns import csv_header, csv_rows


def csv_chunks(study: Study) -> Iterator[bytes]:
    """The answers as CSV, UTF-8, a chunk of rows at a time: text is quoted and defused, numbers stay numbers."""
    export = Export(study, defuse=True)
    yield csv_header(column.name for column in export.columns)
    yield from map(csv_rows, export.tables())


def jsonl_chunks(study: Study) -> Iterator[bytes]:
    """The answers as JSON Lines, UTF-8."""
    export = Export(study)
    names = [column.name for column in export.columns]
    for table in export.tables():
        rows = zip(*(column.values() for column in table), strict=True)
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows)
        yield ("\n".join(lines) + "\n").encode()


def write_csv(study: Study, path: Path) -> None:
    write(path, csv_chunks(study))


def write_jsonl(study: Study, path: Path) -> None:
    write(path, jsonl_chunks(study))


def write_parquet(study: Study, path: Path) -> None:
    """Parquet with each column's description in the file. Needs pyarrow, which a web host goes without."""
    from .parquet import parquet  # here, because only this format needs it

    with _in_place_of(path) as part:
        parquet(Export(study), part)


def write(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file whole or not at all."""
    with _in_place_of(path) as part, part.open("wb") as file:
        file.writelines(parts)


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


WRITERS: dict[str, Callable[[Study, Path], None]] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}
