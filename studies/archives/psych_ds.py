"""dataset_description.json and the names of data files, by Psych-DS (https://psych-ds.github.io)."""

import re
from collections.abc import Sequence
from typing import Any

from .facts import About, DataFile

NAME = "dataset_description.json"


def data_path(table: str) -> str:
    """Where a table lies: pairs of keyword and value, letters and digits alone.

    >>> data_path("answers-wide")
    'data/description-answersWide_data.csv'
    """
    return f"data/description-{re.sub(r'-(.)', lambda found: found[1].upper(), table)}_data.csv"


def dataset_description(about: About, tables: Sequence[DataFile]) -> dict[str, Any]:
    """The document: every column of every table is a variable, and no other is."""
    variables: dict[str, dict[str, Any]] = {}
    for table in tables:
        for column in table.columns:
            variable = variables.setdefault(
                column.name, {"@type": "PropertyValue", "name": column.name, "description": column.meaning}
            )
            if column.meaning not in variable["description"]:
                variable["description"] += f" In {table.name}: {column.meaning}"
            if column.levels:
                variable["levels"] = list(column.levels)
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": about.title,
        "description": about.description,
        "schemaVersion": "Psych-DS 1.5.0",
        "author": [{"@type": "Person" if about.responsible else "Organization", "name": about.author}],
        "license": about.licence.url if about.licence.name else about.licence.in_words,
        "citation": about.citation,
        "keywords": list(about.keywords),
        "variableMeasured": list(variables.values()),
    }
