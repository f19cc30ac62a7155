"""The folder that a researcher takes away: every table in each format, and what is needed to read and recompute them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from studies.lifecycle import SEAL_BROKEN, find_version, seal_in_words
from studies.models import Participant, Study
from studies.protocol import QuestionTime, to_toml
from studies.results import (
    MEANINGS,
    AnswerSelection,
    AttentionCheckResults,
    Reading,
    answers_of,
    checks_of,
    origins,
    part_of,
    reasons,
    scores_json,
)
from studies.trial_types import comparison_of, trial_type_of
from studies.trials import failed_practice

from . import how_answered, tables
from .columns import BOOL, CATEGORY, INT, TEXT, TIME
from .contrasts import contrasts
from .tables import Field, Table
from .writers import FORMATS, write

SCRIPTS = ("analysis.R", "analysis.py")


def export(
    *, study: Study, to: Path, formats: Iterable[str], who: str | None = None, bom: bool = False
) -> list[Path]:
    """Write answers, how they were given, participants, maps and codebook in each format, scores and protocol into a folder;
    return the files. Scripts of mixed models come along where the trial type has some.

    All but the answers are written as CSV, too, whatever the formats. Where the study's seal is broken, one more file says what differs.

    Args:
        who: whose answers scores.json and the wide file are about. All are in the tidy files.
        bom: CSV begins with a byte order mark, by which Excel knows UTF-8.
    """
    to.mkdir(parents=True, exist_ok=True)
    part = part_of(study, who)
    answers, *beside = tables_of(study, part.who)
    written = []
    for name in formats:
        written += FORMATS[name]([answers] if name == "csv" else [answers, *beside], to, bom=bom)
    scores = json.dumps(scores_json(study, part), ensure_ascii=False, indent=2, allow_nan=False)
    texts = {"scores.json": scores + "\n", "protocol.toml": to_toml(find_version(study))}
    if scripts := trial_type_of(study).results.scripts:
        texts |= {name: (scripts / name).read_text("utf-8") for name in SCRIPTS}
    if seal := seal_in_words(study):
        texts = {SEAL_BROKEN: seal.text + "\n", **texts}
    else:
        (to / SEAL_BROKEN).unlink(missing_ok=True)  # of an earlier export
    written += FORMATS["csv"](beside, to, bom=bom)
    for name, text in texts.items():
        write(to / name, [text.encode()])
        written.append(to / name)
    return written


def tables_of(study: Study, who: str | None = None) -> list[Table]:
    """Every table of a study, the answers first and the codebook of all last."""
    each = [
        tables.answers_table(study),
        wide(study, who),
        how_answered.how_answered(study),
        participants(study),
        maps(study),
        contrasts(study, who),
    ]
    return [*each, tables.codebook(each)]


def wide(study: Study, who: str | None) -> Table:
    """Counted answers with one participant a row and one item a column: an arm's name or same; or the rating."""
    arms = list(study.arms.values_list("name", flat=True))
    items = list(study.items.values_list("index", flat=True))
    files = trial_type_of(study).files

    def rows() -> Iterator[list[Any]]:
        answers = answers_of(study, part_of(study, who))
        order = np.argsort(answers.participants, kind="stable")
        edges = np.flatnonzero(np.diff(answers.participants[order])) + 1
        for places in np.split(order, edges) if len(order) else []:
            by_item = dict(zip(answers.items[places].tolist(), answers.values[places].tolist(), strict=True))
            cells = (files.wide_cell(by_item[index], arms) if index in by_item else None for index in items)
            yield [int(answers.participants[places[0]]), *cells]

    (answer,) = (column for column in files.columns if column.name == files.column)
    levels = answer.levels(arms, []) if answer.levels else ()
    return Table(
        "answers-wide",
        [
            Field("participant", INT, "Number of the participant. One row each; counted answers only."),
            *(
                Field(
                    f"item_{index}",
                    answer.type,
                    f"Their answer about item {index}: {files.in_wide}. Empty: none.",
                    levels,
                )
                for index in items
            ),
        ],
        rows,
    )


def participants(study: Study) -> Table:
    """One participant a row, with what they said of themselves. No name, no id of a recruitment site."""
    questions = [question_field(question) for question in study.questions]
    met = conditions_of(study)
    keys = [question["key"] for question in study.questions]

    def rows() -> Iterator[list[Any]]:
        reading = Reading(study, AnswerSelection("all"))
        checks, practised, why = (
            checks_of(reading) or AttentionCheckResults(),
            failed_practice(study),
            reasons(reading),
        )
        people = study.participants.select_related("invitation").order_by("number")
        for person in people.iterator(chunk_size=1000):
            yield [
                person.number,
                _or_none(person.group),
                person.state,
                person.simulated,
                tables.moment(person.consented_at),
                tables.moment(person.finished_at),
                checks.given[person.number] if study.attention_checks else None,
                checks.passed[person.number] if study.attention_checks else None,
                practised.get(person.number),
                why.get(person.number),
                person.external.get("imported"),
                *([met.get(-1 if person.condition is None else person.condition)] if met else []),
                *(_or_none(person.background.get(key)) for key in keys),
            ]

    return Table("participants", [*PARTICIPANT, *([MET] if met else []), *questions], rows)


def conditions_of(study: Study) -> dict[int, str]:
    """What people of each condition meet, as participants.csv says it; nothing where everybody meets all arms mixed."""
    return dict(enumerate(comparison_of(study).called(list(study.arms.values_list("name", flat=True)))))


def _or_none(value: Any) -> Any:
    """An empty text is no text, in every format."""
    return None if value == "" else value


def question_field(question: dict[str, Any]) -> Field:
    """The column of one of the study's own questions; a name that another column has is told from it."""
    taken = question["key"] in {field.name for field in [*PARTICIPANT, MET]}
    return Field(
        f"question_{question['key']}" if taken else question["key"],
        {"number": INT, "text": TEXT}.get(question["kind"], CATEGORY),
        f"Answer to{', asked after the photos' if question.get('when') == QuestionTime.AFTER else ''}: {question['text']}",
        question.get("options") or (),
    )


MET = Field(
    "arms_in_blocks",
    TEXT,
    "The arm that they met alone, or the arms of their blocks in order, separated by “ > ”. Empty: they met none, or their blocks are not known (imported).",
)
PARTICIPANT = [
    Field("participant", INT, "Number of the participant, from 1: `participant` of answers.csv."),
    Field("group", TEXT, "Label of the invitation the participant came by. Empty also: they withdrew."),
    Field(
        "state",
        CATEGORY,
        "active, finished, screened (not eligible by their own answers), withdrawn, or void (taken out by the researchers).",
        Participant.State.values,
    ),
    Field("simulated", BOOL, "TRUE: a simulated volunteer, not a person."),
    Field(
        "consented_at",
        TIME,
        "When they agreed to take part. Empty: they withdrew, and all that came with them is erased.",
    ),
    Field("finished_at", TIME, "When they gave their last answer. Empty: they did not finish."),
    Field("checks_given", INT, "Attention checks they answered. Empty: the study has none."),
    Field("checks_passed", INT, "How many of these they passed."),
    Field("practice_failed", BOOL, "TRUE: they got a practice example wrong every time. Empty: no practice."),
    Field(
        "left_out_by",
        TEXT,
        "The protocol's rules that leave out their answers, separated by “; ”. Empty: none.",
    ),
    Field("imported_from", TEXT, "File from which their answers were imported. Empty: they answered here."),
]


def maps(study: Study) -> Table:
    """One map a row: where the picture of each arm on each item came from."""

    def rows() -> Iterator[list[Any]]:
        for origin in origins(study):
            cells = asdict(origin)
            cells["manifest"] = json.dumps(origin.manifest, ensure_ascii=False, sort_keys=True)
            yield [_or_none(cell) for cell in cells.values()]

    fields = [
        Field(
            "class" if name == "class_name" else name,
            INT if name in ("item", "target", "map") else TEXT,
            meaning,
        )
        for name, meaning in MEANINGS.items()
    ]
    return Table("maps", fields, rows)
