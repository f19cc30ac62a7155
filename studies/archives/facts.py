"""What every description of an archive tells, whatever its form: plain data, no Django."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .licences import Licence

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "md": "text/markdown",
    "html": "text/html",
    "toml": "application/toml",
    "py": "text/x-python",
    "R": "text/x-r-source",
    "bib": "application/x-bibtex",
    "cff": "application/yaml",
    "txt": "text/plain",
    "npy": "application/octet-stream",
}


@dataclass(frozen=True)
class Column:
    """One column of a table. `type`: one of studies/exports/columns.py. `levels`: as its cells write them."""

    name: str
    type: str
    meaning: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFile:
    """A table as a CSV file of the archive. `key`: the column that names each row; empty: none."""

    path: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: str = ""


@dataclass(frozen=True)
class Packed:
    """One file of the archive as it lies there."""

    path: str
    size: int
    sha256: str
    meaning: str

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.path.rpartition(".")[2]]


@dataclass(frozen=True)
class About:
    """A study, for whoever finds its archive."""

    slug: str
    title: str
    description: str
    made_at: datetime
    licence: Licence
    responsible: str  # empty: nobody is named
    institution: str
    language: str
    keywords: tuple[str, ...]
    code_version: str
    protocol_sha256: str

    @property
    def author(self) -> str:
        """Who the archive is by, as far as the study says."""
        return self.responsible or self.institution or f"The authors of the study “{self.title}”"

    @property
    def day(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"

    @property
    def citation(self) -> str:
        of = f" ({self.institution})" if self.responsible and self.institution else ""
        title = self.title.rstrip(".")
        end = "" if title.endswith(("?", "!")) else "."
        return f"{self.author}{of}: {title}{end} Answers, protocol and analysis, {self.day}."


def as_json(data: dict[str, Any] | Sequence[Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
