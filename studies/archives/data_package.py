"""datapackage.json, by Frictionless Data Package and Table Schema (https://specs.frictionlessdata.io): types and keys of each table."""

from collections.abc import Mapping, Sequence
from typing import Any

from .facts import About, Column, DataFile, Packed

NAME = "datapackage.json"
PEOPLE = "participants"  # the table that others refer to
TYPES: dict[str, dict[str, Any]] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "true or false": {"type": "boolean", "trueValues": ["TRUE"], "falseValues": ["FALSE"]},
    "date and time": {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S.%fZ"},
    "text": {"type": "string"},
    "category": {"type": "string"},
}


def data_package(about: About, tables: Sequence[DataFile], packed: Mapping[str, Packed]) -> dict[str, Any]:
    """The document. `packed`: the files of the archive by path."""
    licence = {"licenses": [{"name": about.licence.name, "path": about.licence.url}]}
    return {
        "profile": "tabular-data-package",
        "name": about.slug,
        "title": about.title,
        "description": about.description,
        "created": about.made_at.isoformat(timespec="seconds"),
        **(licence if about.licence.name else {}),
        "contributors": [{"title": about.author, "role": "author"}],
        "keywords": list(about.keywords),
        "resources": [_resource(table, packed[table.path]) for table in tables],
    }


def _resource(table: DataFile, file: Packed) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(column) for column in table.columns], "missingValues": [""]}
    if table.key:
        schema["primaryKey"] = table.key
    if table.name != PEOPLE and "participant" in {column.name for column in table.columns}:
        reference = {"resource": PEOPLE, "fields": "participant"}
        schema["foreignKeys"] = [{"fields": "participant", "reference": reference}]
    return {
        "name": table.name,
        "path": table.path,
        "description": table.meaning,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": file.media_type,
        "encoding": "utf-8",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
        "schema": schema,
    }


def _field(column: Column) -> dict[str, Any]:
    levels = {"constraints": {"enum": list(column.levels)}} if column.levels else {}
    return {"name": column.name, "description": column.meaning, **TYPES[column.type], **levels}
