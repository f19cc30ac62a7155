"""The tables of an archive: those of an export, without what is withheld, under the names that Psych-DS asks for."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from studies.core.guard import guarded
from studies.exports import CATEGORY, TEXT, Field, Table, codebook, question_field, tables_of
from studies.models import Participant, Study
from studies.protocol import QuestionKind

from .facts import Column, DataFile
from .psych_ds import data_path
from .small_cells import SmallCell, small_cells

PEOPLE = "participants"
MEANINGS = {
    "answers": "Every answer, one a row; scores use those whose `status` is counted and whose `trial` is main.",
    "answers-wide": "Counted answers with one participant a row and one item a column.",
    "how-answered": "How each answer came about, as far as the browser told.",
    PEOPLE: "One participant a row, with what they told of themselves.",
    "maps": "One map a row: hashes of photo, pictures, raw map and the network's weights, and how it was made.",
    "contrasts": "What decides: each comparison with its interval and p.",
}
KEYS = {"answers": "answer", "answers-wide": "participant", "how-answered": "answer", PEOPLE: "participant"}
IDS = (
    Field("recruitment_id", TEXT, "Who a recruitment site says this is. Empty: they came by no such site."),
    Field(
        "recruitment",
        TEXT,
        "All that the recruitment site, or the file of an import, passed on, as JSON. Empty: nothing.",
    ),
)


@dataclass(frozen=True)
class Packable:
    """One table to write, and what is said of it."""

    table: Table
    file: DataFile


def packables(study: Study, who: str, *, free_text: bool, recruitment_ids: bool) -> list[Packable]:
    """Every table of an export but the codebook."""
    tables = []
    for table in tables_of(study, who)[:-1]:
        if table.name == PEOPLE:
            if not free_text:
                table = without(table, free_text_columns(study))
            if recruitment_ids:
                table = with_ids(table, study)
        tables.append(Packable(_renamed(table), _described(table)))
    return tables


def codebook_of(packables: Iterable[Packable]) -> Table:
    """What each column of the archive's tables means."""
    tables = (packable.table for packable in packables)
    return codebook(
        Table(table.name, table.fields, tuple) for table in tables
    )  # the answers', too, by its file's name


def free_text_columns(study: Study) -> tuple[str, ...]:
    """The columns in which people wrote what they liked."""
    return tuple(question_field(one).name for one in study.questions if one["kind"] == QuestionKind.TEXT)


def without(table: Table, names: Sequence[str]) -> Table:
    """The table without some of its columns."""
    kept = [place for place, field in enumerate(table.fields) if field.name not in names]

    def rows() -> Iterator[list[Any]]:
        for row in table.rows():
            yield [row[place] for place in kept]

    return replace(table, fields=[table.fields[place] for place in kept], rows=rows)


def with_ids(table: Table, study: Study) -> Table:
    """The table of participants with what recruitment sites passed on of each."""

    def rows() -> Iterator[list[Any]]:
        told = dict(_told_by_sites(study))
        for row in table.rows():
            yield [*row, *told.get(row[0], (None, None))]

    return replace(table, fields=[*table.fields, *IDS], rows=rows)


def _told_by_sites(study: Study) -> Iterator[tuple[int, tuple[str | None, str | None]]]:
    for number, name, told in study.participants.values_list("number", "external_id", "external"):
        passed_on = json.dumps(told, ensure_ascii=False, sort_keys=True) if told else None
        yield number, (name or None, passed_on)


def _renamed(table: Table) -> Table:
    return replace(table, name=data_path(table.name).removeprefix("data/").removesuffix(".csv"))


def _described(table: Table) -> DataFile:
    columns = tuple(
        Column(
            field.name,
            field.type,
            field.meaning,
            tuple(map(guarded, field.levels)) if field.type == CATEGORY else (),
        )
        for field in table.fields
    )
    return DataFile(
        data_path(table.name), table.name, MEANINGS[table.name], columns, KEYS.get(table.name, "")
    )


@dataclass(frozen=True)
class Found:
    """Who could be found by what they told: combinations of answers, and invitations, with few people."""

    questions: tuple[str, ...]
    cells: tuple[SmallCell, ...]
    groups: tuple[SmallCell, ...]


def small_cells_of(study: Study) -> Found:
    """Of the real people who did not withdraw. Free text is looked at by nobody: it is another for each person."""
    asked = [one for one in study.questions if one["kind"] != QuestionKind.TEXT]
    names = [question_field(one).name for one in asked]
    people = list(
        study.participants.filter(simulated=False)
        .exclude(state=Participant.State.WITHDRAWN)
        .select_related("invitation")
    )
    told = [[person.background.get(one["key"]) for one in asked] for person in people]
    return Found(
        tuple(names),
        small_cells(names, told),
        small_cells(["group"], [(person.group or None,) for person in people]),
    )
