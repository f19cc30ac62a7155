"""What a record keeps of a file or of JSON: all but what honestly differs from run to run, or from machine to machine.

A value that is masked becomes “…”; an empty one stays empty, so that it shows where something appears or goes.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MASK = "…"
# Times, random ids and links, the version of the code; how much check_blinding saw and guessed, as file names are random.
VARIES = frozenset(
    {
        "answer",
        "answered_at",
        "at",
        "closed_at",
        "code_version",
        "consented_at",
        "created_at",
        "finished_at",
        "invitation",
        "link",
        "looked_at",
        "opened_at",
        "seconds",
    }
)
# What rests on the last digits of a network's numbers or on the library that encodes pictures: compared on one machine only.
OF_MACHINE = frozenset(
    {
        "manifest",
        "map_sha256",
        "photo_sha256",
        "photo_shown_sha256",
        "protocol_sha256",
        "sha256",
        "shown_sha256",
    }
)
ANYWHERE = VARIES | OF_MACHINE
LONG = 12  # entries: a longer list is recorded as a table, a hash for each column
WIDE = 60  # columns: more of them are recorded as one hash
FIELD = re.compile(r'("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n)')


def sha256(content: bytes | str) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def masked(value: Any, names: frozenset[str]) -> Any:
    """JSON with the values of these keys masked, however deep."""
    if isinstance(value, dict):
        return {key: _hidden(each) if key in names else masked(each, names) for key, each in value.items()}
    return [masked(each, names) for each in value] if isinstance(value, list) else value


def _hidden(value: Any) -> Any:
    return value if value in (None, "", [], {}) else MASK


def compact(value: Any) -> Any:
    """JSON to be read by people: long lists of rows as tables."""
    if isinstance(value, dict):
        return {key: compact(each) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) > LONG and all(isinstance(each, dict) for each in value):
        return table({name: [row.get(name) for row in value] for name in _names(value)}, len(value))
    return [compact(each) for each in value]


def _names(rows: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def table(columns: dict[str, list[Any]], rows: int) -> dict[str, Any]:
    """How many rows, and for each column, in their order, the first 16 digits of its hash."""
    hashes = {name: _of_column(values) for name, values in columns.items()}
    if len(columns) > WIDE:
        return {"rows": rows, "number of columns": len(columns), "all columns": sha256(json.dumps(hashes))}
    return {"rows": rows, "columns": hashes}


def _of_column(values: list[Any]) -> str:
    if values and all(value == MASK for value in values):
        return MASK
    return sha256(json.dumps(values, ensure_ascii=False))[:16]


def csv_fields(text: str) -> list[list[tuple[str, str]]]:
    """The fields of a CSV file, row by row, as they stand in the file: each with its quotes, and what comes after it."""
    rows: list[list[tuple[str, str]]] = [[]]
    for field, end in FIELD.findall(text):
        rows[-1].append((field, end))
        if end != ",":
            rows.append([])
    if rows.pop() or "".join(field + end for row in rows for field, end in row) != text:
        raise ValueError("not a CSV file that ends with a line")
    return rows


def masked_csv(text: str, names: frozenset[str]) -> str:
    """The file with the values of these columns masked; every other byte as it is."""
    head, *rows = csv_fields(text)
    hidden = [field.strip('"') in names for field, _ in head]
    lines = [
        (_hidden_field(field) if hide else field) + end
        for row in rows
        for (field, end), hide in zip(row, hidden, strict=True)
    ]
    return "".join([field + end for field, end in head] + lines)


def _hidden_field(field: str) -> str:
    if field.startswith('"'):
        return f'"{MASK}"' if field != '""' else field
    return MASK if field else field


def of_csv(text: str, names: frozenset[str]) -> dict[str, Any]:
    """A CSV file as a table of its raw fields, without the values of these columns."""
    head, *rows = csv_fields(masked_csv(text, names))
    columns = {
        field.strip('"'): [row[place][0].replace(f'"{MASK}"', MASK) for row in rows]
        for place, (field, _) in enumerate(head)
    }
    return table(columns, len(rows))


def masked_jsonl(text: str, names: frozenset[str]) -> str:
    """JSON Lines with the values of these keys masked; written as they were."""
    lines = [json.loads(line) for line in text.splitlines()]
    if "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) != text:
        raise ValueError("these JSON Lines are written in another way than json.dumps writes: see masks.py")
    return "".join(json.dumps(masked(line, names), ensure_ascii=False) + "\n" for line in lines)


def of_jsonl(text: str, names: frozenset[str]) -> dict[str, Any]:
    rows = [json.loads(line) for line in masked_jsonl(text, names).splitlines()]
    return table({name: [row.get(name) for row in rows] for name in _names(rows)}, len(rows))


def of_parquet(path: Path, names: frozenset[str]) -> dict[str, Any]:
    """Columns with their types and descriptions. Its bytes are compressed, so nothing in them could be masked."""
    from pyarrow import parquet

    read = parquet.read_table(path)
    columns = {name: [_hidden(each) if name in names else each for each in values] for name, values in read.to_pydict().items()}  # fmt: skip
    described = [(field.metadata or {}).get(b"description", b"").decode() for field in read.schema]
    return {
        **table(columns, read.num_rows),
        "types": {field.name: str(field.type) for field in read.schema},
        "descriptions": _of_column(described),
    }


def masked_html(text: str, secrets: Iterable[str] = ()) -> str:
    """A report without its style sheet, times, ids, and the words given."""
    text = re.sub(r"<style>.*?</style>", "", text, flags=re.S)
    for word in sorted(filter(None, secrets), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(word)}\b", MASK, text)
    text = re.sub(r"\b\d{1,2} \w+ \d{4},? \d\d:\d\d(:\d\d)?|\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?", MASK, text)  # fmt: skip
    return re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", MASK, text)


def of_html(text: str) -> list[str]:
    """The headings and the heads of tables of a report: what can be read of it on any machine."""
    heads = re.findall(r"<(h[1-4]|th)\b[^>]*>(.*?)</\1>", text, flags=re.S)
    words = (" ".join(re.sub(r"<[^>]+>", " ", head).split()) for _, head in heads)
    return list(dict.fromkeys(word for word in words if word and not re.search(r"\d", word)))


def without_fractions(value: Any) -> Any:
    """JSON with its fractions masked: those that rest on a network's numbers."""
    if isinstance(value, dict):
        return {key: without_fractions(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_fractions(each) for each in value]
    return MASK if isinstance(value, float) else value


HASH = r"\b[0-9a-f]{64}\b"
VARIES_IN_WORDS = (
    r"(?<=/join/)[\w-]+",  # a link
    r"(?<=code_version  )\S+",
    r"(?<= photos in )\d+(?= s\.)",
)


def masked_words(text: str, patterns: Iterable[str]) -> str:
    """A text that a command prints, without what these patterns fit."""
    for pattern in patterns:
        text = re.sub(pattern, MASK, text)
    return text
