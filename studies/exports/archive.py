"""The folder that a researcher takes away: answers in each format, and what is needed to read and recompute them."""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from defusedcsv import csv

from studies.lifecycle import SEAL_BROKEN, find_version, seal_in_words
from studies.models import Study
from studies.protocol import to_toml
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
from studies.trial_types import trial_type_of
from studies.trials import failed_practice

from . import how_answered
from .columns import Export
from .writers import WRITERS, write

WIDE = "answers-wide.csv"


def export(*, study: Study, to: Path, formats: Iterable[str], who: str | None = None) -> list[Path]:
    """Write answers in each format, how they were given, scores, participants, maps, codebook and protocol into a folder; return the files.

    Where the study's seal is broken, one more file says what differs.

    `who`: whose answers scores.json and the wide file are about. All are in the tidy files.
    """
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for name in formats:
        WRITERS[name](study, to / f"answers.{name}")
        written.append(to / f"answers.{name}")
    part = part_of(study, who)
    scores = json.dumps(
        scores_json(study, part),
        ensure_ascii=False,
        indent=2,
        allow_nan=False,
    )
    files: dict[str, Iterable[str]] = {
        WIDE: wide(study, part.who),
        how_answered.FILE: map(_line, how_answered.how_answered(study)),
        "participants.csv": participants(study),
        "maps.csv": maps(study),
        "codebook.csv": [codebook(study)],
        "scores.json": [scores + "\n"],
        "protocol.toml": [to_toml(find_version(study))],
    }
    if seal := seal_in_words(study):
        files = {SEAL_BROKEN: [seal.text + "\n"], **files}
    else:
        (to / SEAL_BROKEN).unlink(missing_ok=True)  # of an earlier export
    for name, parts in files.items():
        write(to / name, (text.encode() for text in parts))
        written.append(to / name)
    return written


def wide(study: Study, who: str) -> Iterator[str]:
    """Counted answers with one participant a row and one item a column: an arm's name or same; or the rating."""
    arms = list(study.arms.values_list("name", flat=True))
    items = list(study.items.values_list("index", flat=True))
    answers = answers_of(study, part_of(study, who))
    files = trial_type_of(study).files
    yield _line(["participant", *(f"item_{index}" for index in items)])
    order = np.argsort(answers.participants, kind="stable")
    edges = np.flatnonzero(np.diff(answers.participants[order])) + 1
    for rows in np.split(order, edges) if len(order) else []:
        by_item = dict(zip(answers.items[rows].tolist(), answers.values[rows].tolist(), strict=True))
        cells = (files.wide_cell(by_item[index], arms) if index in by_item else "" for index in items)
        yield _line([int(answers.participants[rows[0]]), *cells])


def participants(study: Study) -> Iterator[str]:
    """One participant a row, with what they said of themselves. No name, no id of a recruitment site."""
    keys = [question["key"] for question in study.questions]
    reading = Reading(study, AnswerSelection("all"))
    checks, practised, why = (
        checks_of(reading) or AttentionCheckResults(),
        failed_practice(study),
        reasons(reading),
    )
    yield _line([*PARTICIPANT_MEANINGS, *keys])
    for person in (
        study.participants.select_related("invitation").order_by("number").iterator(chunk_size=1000)
    ):
        yield _line(
            [
                person.number,
                person.group,
                person.state,
                str(person.simulated).lower(),
                person.consented_at.isoformat() if person.consented_at else "",
                person.finished_at.isoformat() if person.finished_at else "",
                checks.given[person.number] if study.attention_checks else "",
                checks.passed[person.number] if study.attention_checks else "",
                str(practised[person.number]).lower() if person.number in practised else "",
                why.get(person.number, ""),
                person.external.get("imported", ""),
                *(person.background.get(key, "") for key in keys),
            ]
        )


PARTICIPANT_MEANINGS = {
    "participant": "Number of the participant, from 1: `participant` of answers.csv.",
    "group": "Label of the invitation the participant came by. Empty also: they withdrew.",
    "state": "active, finished, screened (not eligible by their own answers), withdrawn, or void (taken out by the researchers).",
    "simulated": "true: a simulated volunteer, not a person.",
    "consented_at": "When they agreed to take part. Empty: they withdrew, and all that came with them is erased.",
    "finished_at": "When they gave their last answer. Empty: they did not finish.",
    "checks_given": "Attention checks they answered. Empty: the study has none.",
    "checks_passed": "How many of these they passed.",
    "practice_failed": "true: they got a practice example wrong every time. Empty: no practice.",
    "left_out_by": "The protocol's rules that leave out their answers, separated by “; ”. Empty: none.",
    "imported_from": "File from which their answers were imported. Empty: they answered here.",
}


def maps(study: Study) -> Iterator[str]:
    """One map a row: where the picture of each arm on each item came from."""
    yield _line(["class" if name == "class_name" else name for name in MEANINGS])
    for origin in origins(study):
        cells = asdict(origin)
        cells["manifest"] = json.dumps(origin.manifest, ensure_ascii=False, sort_keys=True)
        yield _line(cells.values())


def codebook(study: Study) -> str:
    """Every column of every file, with its type and meaning, as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["file", "column", "type", "meaning"])
    for column in Export(study).columns:
        writer.writerow(["answers", column.name, column.type, column.description])
    answer = trial_type_of(study).files.in_wide
    writer.writerow(
        [WIDE, "participant", "integer", "Number of the participant. One row each; counted answers only."]
    )
    writer.writerow([WIDE, "item_N", "text", f"Their answer about item N: {answer}. Empty: none."])
    for name, (kind, meaning) in how_answered.MEANINGS.items():
        writer.writerow([how_answered.FILE, name, kind, meaning])
    for name, meaning in PARTICIPANT_MEANINGS.items():
        writer.writerow(["participants.csv", name, "text", meaning])
    for question in study.questions:
        writer.writerow(["participants.csv", question["key"], "text", f"Answer to: {question['text']}"])
    for name, meaning in MEANINGS.items():
        writer.writerow(["maps.csv", "class" if name == "class_name" else name, "text", meaning])
    return file.getvalue()


def _line(cells: Iterable) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(cells)
    return file.getvalue()
