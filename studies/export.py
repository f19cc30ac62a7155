"""A study's answers as tidy files, one answer a row: CSV, JSON Lines, Parquet. folder.py adds what belongs to them.

The columns are declared once, in `COLUMNS`; the files and the codebook both come from there. Answers are read and
written a chunk at a time, so memory does not grow with the study. pyarrow writes CSV and Parquet.
"""

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from django.db.models import F
from django.db.models.functions import Coalesce

from .attention import names
from .bulk import Columns, chunks
from .models import Response, Study, Trial
from .people import reasons
from .results import NOT_MEASURED, UNKNOWN

FORMULA_STARTS = tuple("=+-@|%\t\r\n")
FIELDS: dict[str, str | int] = {
    "answer_id": "uuid",
    "item_id": "int",
    "participant_id": "int",
    "trial_id": "int",
    "value": "small",
    "shown": "small",
    "ms": "int",
    "simulated": "bool",
    "status": 10,
    "kind": 10,
    "version": "small",
    "created_at": "time",
}


@dataclass(frozen=True)
class Column:
    """One column of every export. `make` turns a chunk of raw answers into its values."""

    name: str
    type: pa.DataType
    description: str
    make: Callable[["Export", Columns], pa.Array]
    task: str = ""  # only in studies with this task


class Export:
    """The answers of one study as pyarrow tables with the columns of `COLUMNS`.

    `defuse`: text that a spreadsheet would run as a formula gets an apostrophe before it.
    """

    def __init__(self, study: Study, *, defuse: bool = False):
        self.study, self.defuse = study, defuse
        self.columns = [column for column in COLUMNS if column.task in ("", study.task)]
        self.arms: list[str] = list(study.arms.values_list("name", flat=True))
        items = study.items.order_by("id").values_list(
            "id", "index", "image__original_name", "image__class_name"
        )
        self.items = self.side_table(items, ["id", "index", "photo", "class"])
        people = study.participants.order_by("id").values_list(
            "id", "number", "invitation__label", "state", "external__imported"
        )
        why = reasons(study)
        self.people = self.side_table(
            ((*row, why.get(row[1], "")) for row in people),
            ["id", "number", "group", "state", "imported", "left_out_by"],
        )
        hashes = dict(study.versions.values_list("number", "sha256")) | {study.version: study.protocol_sha256}
        self.hashes: pa.Array = self.values(
            [hashes.get(number, "") for number in range(1, study.version + 1)]
        )

    def side_table(self, rows: Iterable[tuple], names: list[str]) -> dict[str, pa.Array]:
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        return {name: self.values(list(column)) for name, column in zip(names, columns, strict=True)}

    def values(self, values: list) -> pa.Array:
        """Values that many rows share, made ready once; an empty text becomes null."""
        if self.defuse:
            values = [defused(value) if isinstance(value, str) else value for value in values]
        return pa.array([None if value == "" else value for value in values])

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.columns])

    def tables(self) -> Iterator[pa.Table]:
        """The answers in the order in which they came, up to 20,000 a table."""
        rows = (
            Response.objects.filter(trial__study=self.study)
            .order_by("id")
            .annotate(
                item_id=F("trial__item"),
                order=F("trial__order"),
                value=F("choice" if self.study.task == Study.Task.CHOICE else "rating"),
                shown=Coalesce("shown_value", UNKNOWN),
                ms=Coalesce("response_ms", NOT_MEASURED),
                kind=F("trial__kind"),
            )
        )
        order_length = max(2 * len(self.arms), 2)
        item_ids = np.array(self.items["id"].to_pylist(), np.int64)
        person_ids = np.array(self.people["id"].to_pylist(), np.int64)
        for raw in chunks(rows, {**FIELDS, "order": order_length}):
            raw["item"] = np.searchsorted(item_ids, raw["item_id"])
            raw["person"] = np.searchsorted(person_ids, raw["participant_id"])
            arrays = [column.make(self, raw).cast(column.type) for column in self.columns]
            yield pa.Table.from_arrays(arrays, schema=self.schema)

    def of_item(self, raw: Columns, field: str) -> pa.Array:
        return self.items[field].take(pa.array(raw["item"]))

    def of_person(self, raw: Columns, field: str) -> pa.Array:
        return self.people[field].take(pa.array(raw["person"]))

    def constant(self, raw: Columns, value: str) -> pa.Array:
        return self.values([value]).take(pa.array(np.zeros(len(raw["value"]), np.int64)))

    def by_code(self, codes: np.ndarray, meaning: Callable[[str], str]) -> pa.Array:
        """What each short code means, worked out once for each distinct one."""
        encoded = pa.array(codes).dictionary_encode()
        texts = [meaning(code.decode().strip()) for code in encoded.dictionary.to_pylist()]
        return self.values(texts).take(encoded.indices)

    def orders(self, raw: Columns) -> pa.Array:
        """Names from the first position to the last; empty if not known."""

        def order(kind: str, code: str) -> str:
            stands = names(kind, self.arms)
            return " > ".join(stands[int(index)] for index in code.split(",")) if code else ""

        main = self.by_code(raw["order"], lambda code: order(Trial.Kind.MAIN, code))
        check = self.by_code(raw["order"], lambda code: order(Trial.Kind.CHECK, code))
        return pc.if_else(pa.array(_is_check(raw)), check, main)

    def choices(self, raw: Columns) -> pa.Array:
        places = pa.array(raw["value"] % (len(self.arms) + 1))
        main, check = (
            self.values([*names(kind, self.arms), "same"]).take(places)
            for kind in (Trial.Kind.MAIN, Trial.Kind.CHECK)
        )
        return pc.if_else(pa.array(_is_check(raw)), check, main)


def defused(text: str) -> str:
    """With an apostrophe before it, if a spreadsheet would run it as a formula.

    >>> defused("=1+1"), defused("hammer-1.jpg")
    ("'=1+1", 'hammer-1.jpg')
    """
    return f"'{text}" if text[:1] in FORMULA_STARTS else text


def _is_check(raw: Columns) -> np.ndarray:
    return np.char.strip(raw["kind"]) == Trial.Kind.CHECK.encode()


def _checks_passed(raw: Columns, choice: bool) -> pa.Array:
    passed = raw["value"] == 0 if choice else raw["value"] > 0
    return pa.array(passed, mask=~_is_check(raw))


def _known(values: np.ndarray, unknown: int) -> pa.Array:
    return pa.array(values, mask=values == unknown)


def _uuids(raw: np.ndarray) -> pa.Array:
    """16 bytes each → 8-4-4-4-12 hexadecimal digits."""
    digits = np.frombuffer(bytes(raw.tobytes().hex(), "ascii"), "S1").reshape(-1, 32)
    text = np.insert(digits, [8, 12, 16, 20], b"-", axis=1)
    return pa.array(np.frombuffer(text.tobytes(), "S36")).cast(pa.string())


SIDES = {"0,1": "left", "1,0": "right"}
INT, BIG, TEXT, BOOL = pa.int32(), pa.int64(), pa.string(), pa.bool_()
COLUMNS = [
    Column("study", TEXT, "Short name of the study.", lambda e, raw: e.constant(raw, e.study.slug)),
    Column(
        "answer",
        TEXT,
        "Identifier of the answer (UUID), made by the volunteer's browser, or at import.",
        lambda e, raw: _uuids(raw["answer_id"]),
    ),
    Column("item", INT, "Number of the item in the study, from 0.", lambda e, raw: e.of_item(raw, "index")),
    Column(
        "photo", TEXT, "File name of the photo as it was imported.", lambda e, raw: e.of_item(raw, "photo")
    ),
    Column("class", TEXT, "Class title shown with the photo.", lambda e, raw: e.of_item(raw, "class")),
    Column(
        "participant", INT, "Number of the participant, from 1.", lambda e, raw: e.of_person(raw, "number")
    ),
    Column(
        "group",
        TEXT,
        "Label of the invitation the participant came by.",
        lambda e, raw: e.of_person(raw, "group"),
    ),
    Column(
        "order",
        TEXT,
        "Arms as they stood on screen, from the first position to the last, separated by “ > ”; in an attention check "
        "object and elsewhere. Empty: not known.",
        lambda e, raw: e.orders(raw),
    ),
    Column(
        "choice",
        TEXT,
        "The arm that was picked, by name, or “same”; in an attention check object or elsewhere.",
        lambda e, raw: e.choices(raw),
        task="choice",
    ),
    Column(
        "position",
        INT,
        "Position that was picked, from 1 (A); 0 for “same”. Empty: not known.",
        lambda e, raw: _known(np.where(raw["shown"] == UNKNOWN, UNKNOWN, raw["shown"] + 1), UNKNOWN),
        task="choice",
    ),
    Column(
        "rating",
        INT,
        "−2 … 2. Positive: the first arm was judged more reliable; in an attention check, the map on the object.",
        lambda e, raw: pa.array(raw["value"]),
        task="rating",
    ),
    Column(
        "rating_shown",
        INT,
        "−2 … 2 as on screen. Positive: the map on the right. Empty: not known.",
        lambda e, raw: _known(raw["shown"], UNKNOWN),
        task="rating",
    ),
    Column(
        "first_arm_side",
        TEXT,
        "Side on which the first arm stood, or in an attention check the map on the object: left or right. Empty: not "
        "known.",
        lambda e, raw: e.by_code(raw["order"], lambda code: SIDES.get(code, "")),
        task="rating",
    ),
    Column(
        "response_ms",
        BIG,
        "Milliseconds from the moment when every picture was visible to the answer. Empty: not measured.",
        lambda e, raw: _known(raw["ms"], NOT_MEASURED),
    ),
    Column(
        "simulated",
        BOOL,
        "true: given by a simulated volunteer, not by a person.",
        lambda e, raw: pa.array(raw["simulated"]),
    ),
    Column(
        "status",
        TEXT,
        "counted; undone: taken back by the volunteer; surplus: came after the trial was answered by someone else; "
        "void: taken out by staff; aside: to a repeat or an attention check. Scores use counted answers only.",
        lambda e, raw: e.by_code(raw["status"], str),
    ),
    Column(
        "trial",
        TEXT,
        "main: one of the required answers; repeat: the same item again for the same person, in another order; check: an "
        "attention check, one map plainly on the object. Scores use main only.",
        lambda e, raw: e.by_code(raw["kind"], str),
    ),
    Column(
        "trial_id",
        BIG,
        "Number of the trial. An answer that was taken back or came too late has the same as the one that took its place.",
        lambda e, raw: pa.array(raw["trial_id"]),
    ),
    Column(
        "check_passed",
        BOOL,
        "true: the map on the object was judged the better one. Empty: no attention check.",
        lambda e, raw: _checks_passed(raw, e.study.task == Study.Task.CHOICE),
    ),
    Column(
        "participant_state",
        TEXT,
        "active, finished, screened or withdrawn. Scores leave out the answers of people who withdrew.",
        lambda e, raw: e.of_person(raw, "state"),
    ),
    Column(
        "left_out_by",
        TEXT,
        "The protocol's rules that leave out this person's answers, separated by “; ”. Empty: none.",
        lambda e, raw: e.of_person(raw, "left_out_by"),
    ),
    Column(
        "imported_from",
        TEXT,
        "File from which the answer was imported. Empty: given on the study's own pages.",
        lambda e, raw: e.of_person(raw, "imported"),
    ),
    Column(
        "answered_at",
        TEXT,
        "When the server stored the answer, UTC, ISO 8601.",
        lambda e, raw: pc.strftime(pa.array(raw["created_at"], pa.timestamp("us")), "%Y-%m-%dT%H:%M:%SZ"),
    ),
    Column(
        "protocol_version",
        INT,
        "Version of the protocol that the answer was given under; 1: as the study was opened.",
        lambda e, raw: pa.array(raw["version"]),
    ),
    Column(
        "protocol_sha256",
        TEXT,
        "SHA-256 of all that was asked under that version of the protocol.",
        lambda e, raw: e.hashes.take(pa.array(raw["version"].astype(np.int64) - 1)),
    ),
]


def csv_chunks(study: Study) -> Iterator[bytes]:
    """The answers as CSV, UTF-8, a chunk of rows at a time: text is quoted and defused, numbers stay numbers."""
    export = Export(study, defuse=True)
    yield _csv(export.schema.empty_table(), header=True)
    for table in export.tables():
        yield _csv(table, header=False)


def jsonl_chunks(study: Study) -> Iterator[bytes]:
    """The answers as JSON Lines, UTF-8."""
    for table in Export(study).tables():
        lines = (json.dumps(row, ensure_ascii=False) for row in table.to_pylist())
        yield ("\n".join(lines) + "\n").encode()


def _csv(table: pa.Table, *, header: bool) -> bytes:
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=header))
    return sink.getvalue()


def write_csv(study: Study, path: Path) -> None:
    write(path, csv_chunks(study))


def write_jsonl(study: Study, path: Path) -> None:
    write(path, jsonl_chunks(study))


def write_parquet(study: Study, path: Path) -> None:
    """Parquet with each column's description in the file."""
    export = Export(study)
    schema = pa.schema(
        [
            field.with_metadata({"description": column.description})
            for field, column in zip(export.schema, export.columns, strict=True)
        ]
    )
    with _in_place_of(path) as part, pyarrow.parquet.ParquetWriter(part, schema) as writer:
        for table in export.tables():
            writer.write_table(table.cast(schema))


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
