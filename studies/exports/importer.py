"""Answers that come back, from an export or from elsewhere, out of a CSV file: all of them, or none and every mistake named by line.

Columns `item,participant` and the one that the trial type names: `choice`, or `rating`. An item is named by its number in
the study or by its photo's file name. Whatever other columns of an export the file has are honoured: once the answers are
stored they are exported again, and where a cell would not come back as it stands in the file, the file is refused by that
column. Imported answers stand beside the study's own trials and never use one up. A study that was not opened is closed by an
import, which freezes what it asks: answers to a question that can still change would mean nothing.
"""

import hashlib
import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from studies.core.guard import unguarded
from studies.lifecycle import close_draft, prepare_pictures, prepared_hashes
from studies.models import Event, Invitation, Participant, Response, Study, Trial, hash_token
from studies.trial_types import Comparison, comparison_of, trial_type_of
from studies.trials import kept_of

from . import answers_file, how_answered
from .answers_file import AnswersFileError, Mistakes, Row
from .columns import BOOL, INT, TIME, Column, Export

ANSWERS = "answers.csv"
HIGHEST_KEPT = 1_000_000  # a higher number is a name: people who come are counted on from the highest
AT_ONCE = 1000


def import_responses(*, study: Study, path: Path, user=None) -> tuple[int, int]:
    """Store every answer of the file; return how many answers of how many participants.

    `path`: the file, or an exported folder. How answers were given comes along where the export's how-answered.csv lies beside them.

    Raises AnswersFileError and stores nothing if anything is wrong with the file, or if it is already in the study.
    """
    if study.state in Study.LACKS_SOMETHING:
        raise AnswersFileError(f"{study.slug}: is {study.state}, without items yet; make its maps first.")
    path = path / ANSWERS if path.is_dir() else path
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    rows = answers_file.read_answers(study, path, content)
    told = _telemetry(rows, path.with_name(f"{how_answered.NAME}.csv"))
    if (
        not study.is_frozen
    ):  # files are written before the transaction begins: it holds SQLite's only write lock
        prepare_pictures(study)
    pictures = {} if study.is_frozen else prepared_hashes(study)
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        if study.events.filter(kind=Event.Kind.IMPORTED, data__sha256=digest).exists():
            raise AnswersFileError(
                f"{path.name}: these answers are already in {study.slug}. Nothing was imported."
            )
        if not study.is_frozen:
            close_draft(study=study, pictures=pictures, user=user)
        taken = _taken(study, rows, path)
        people = _participants(study, path.name, rows, _met_alone(study, rows, path))
        _store(study, rows, people, told, taken)
        _check_kept(study, rows, people.values(), path)
        Event.objects.create(
            study=study,
            user=user,
            kind=Event.Kind.IMPORTED,
            data={"file": path.name, "sha256": digest, "answers": len(rows), "participants": len(people)}
            | _origin(rows),
        )
    return len(rows), len(people)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AnswersFileError(f"{path}: {error.strerror}. Give the path of a CSV file.") from error


def _origin(rows: list[Row]) -> dict[str, list[str]]:
    """Which study an export was of, and what it asked: what is not taken over stays on record."""
    names = ("study", "protocol_sha256")
    said = {name: sorted({row.cells[name] for row in rows if row.cells.get(name)}) for name in names}
    return {f"from_{name}": values for name, values in said.items() if values}


def _telemetry(rows: list[Row], path: Path) -> dict[uuid.UUID, dict[str, Any]]:
    """What the file beside the answers tells of how they were given."""
    by_id = {str(row.answer_id): (row.answer_id, row) for row in rows if row.answer_id}
    if not by_id or not path.is_file():
        return {}
    reader, mistakes = answers_file.table_in(path, _read(path)), Mistakes(path)
    told: dict[uuid.UUID, dict[str, Any]] = {}
    for line, cells in answers_file.lines_of(reader, mistakes):
        if known := by_id.get(cells.get("answer") or ""):
            answer_id, row = known
            texts = {name: unguarded(cell) for name, cell in cells.items() if name and cell}
            sent = how_answered.telemetry_of(texts)
            told[answer_id] = kept_of(sent)
            for name in sent.keys() - told[answer_id].keys():
                mistakes.add(line, f"{name} {texts[name]!r} cannot be taken. Mend it, or empty the cell.")
            for name, said in (("participant", row.participant), ("status", row.status)):
                if name in texts and texts[name] != said:
                    mistakes.add(line, f"{name} is {texts[name]!r} here and {said!r} in the answers.")
    mistakes.refuse()
    return told


def _taken(study: Study, rows: list[Row], path: Path) -> set[uuid.UUID]:
    """Identifiers that other studies of the site have already; AnswersFileError where this one has."""
    ids = [row.answer_id for row in rows if row.answer_id]
    stored: dict[uuid.UUID, int] = {}
    for start in range(0, len(ids), AT_ONCE):
        batch = Response.objects.filter(answer_id__in=ids[start : start + AT_ONCE])
        stored |= dict(batch.values_list("answer_id", "trial__study"))
    mistakes = Mistakes(path)
    for row in rows:
        if row.answer_id and stored.get(row.answer_id) == study.pk:
            mistakes.add(row.line, f"answer {row.answer_id} is already in {study.slug}.")
    mistakes.refuse()
    return set(stored)


def _met_alone(study: Study, rows: list[Row], path: Path) -> dict[str, int]:
    """The one arm that each person met, by their name in the file, where the study is between people; else nothing.

    Raises AnswersFileError where somebody met two.
    """
    if comparison_of(study) != Comparison.BETWEEN:
        return {}
    met: dict[str, int] = {}
    mistakes, answers = Mistakes(path), trial_type_of(study).answers
    names = list(study.arms.values_list("name", flat=True))
    for row in rows:
        if row.kind != Trial.Kind.CHECK:
            arm = int(answers.arm_of(np.array([row.value]))[0])
            if (first := met.setdefault(row.participant, arm)) != arm:
                mistakes.add(
                    row.line,
                    f"participant {row.participant} has answers about {names[first]} and about {names[arm]}; in this study each person "
                    'meets one arm alone. Import into a study without design.comparison = "between".',
                )
    mistakes.refuse()
    return met


def _participants(study: Study, file: str, rows: list[Row], met: dict[str, int]) -> dict[str, Participant]:
    """Everybody in the file, by their name there, each by an invitation of their group that lets nobody in."""
    first = {row.participant: row for row in reversed(rows)}
    names = list(dict.fromkeys(row.participant for row in rows))
    last: dict[str, Any] = {}
    for row in rows:
        if row.at:
            last[row.participant] = max(row.at, last.get(row.participant, row.at))
    invitations: dict[tuple[str, bool], Invitation] = {}
    people = []
    for name, number in zip(names, _numbers(study, names), strict=True):
        row = first[name]
        label = f"imported: {file}"[:100] if row.group is None else row.group
        if (label, row.simulated) not in invitations:
            invitations[label, row.simulated], _ = Invitation.issue(
                study, label=label, simulated=row.simulated, revoked_at=timezone.now()
            )
        finished = row.state == Participant.State.FINISHED
        people.append(
            Participant(
                study=study,
                invitation=invitations[label, row.simulated],
                number=number,
                token_sha256=hash_token(secrets.token_urlsafe(32)),
                state=row.state,
                simulated=row.simulated,
                finished_at=last.get(name, timezone.now()) if finished else None,
                external={"imported": file, "participant": name},
                condition=met.get(name),
            )
        )
    return dict(zip(names, Participant.objects.bulk_create(people), strict=True))


def _numbers(study: Study, names: list[str]) -> Iterable[int]:
    """The numbers that people have in an export, where they are free; else those after everybody who is there."""
    taken = set(study.participants.values_list("number", flat=True))
    if all(name.isascii() and name.isdecimal() and name[0] != "0" for name in names):
        numbers = [int(name) for name in names if len(name) <= len(str(HIGHEST_KEPT))]
        if len(numbers) == len(names) and max(numbers) <= HIGHEST_KEPT and not taken & set(numbers):
            return numbers
    last = study.participants.aggregate(last=Max("number"))["last"] or 0
    return range(last + 1, last + 1 + len(names))


def _store(
    study: Study,
    rows: list[Row],
    people: dict[str, Participant],
    told: dict[uuid.UUID, dict[str, Any]],
    taken: set[uuid.UUID],
) -> None:
    """Trials of their own, which nobody else is given, and the answers in the order of the file."""
    by_trial: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        by_trial[row.trial].append(row)
    trials = [_trial(study, answers, people) for answers in by_trial.values()]
    stored = dict(zip(by_trial, Trial.objects.bulk_create(trials, batch_size=AT_ONCE), strict=True))
    kind, now = trial_type_of(study).answers, timezone.now()
    Response.objects.bulk_create(
        (
            Response(
                answer_id=uuid.uuid4() if row.answer_id in taken else row.answer_id or uuid.uuid4(),
                trial=stored[row.trial],
                participant=people[row.participant],
                status=row.status,
                shown_value=row.shown,
                simulated=row.simulated,
                version=row.version,
                response_ms=row.response_ms,
                confidence=row.confidence,
                telemetry=told.get(row.answer_id, {}) if row.answer_id else {},
                created_at=row.at or now,
                **{kind.column: kind.kept(row.value)},
            )
            for row in rows
        ),
        batch_size=AT_ONCE,
    )


def _trial(study: Study, answers: list[Row], people: dict[str, Participant]) -> Trial:
    """The trial of some answers: it was that person's whose answer stands, or who met it at a known position."""
    first, stands = answers[0], [row for row in answers if row.stands]
    owner = next(iter([*stands, *(row for row in answers if row.serial)]), None)
    return Trial(
        study=study,
        kind=first.kind,
        item_id=first.item,
        order=first.order,
        state=Trial.State.ANSWERED if stands else Trial.State.VOID,
        participant=people[owner.participant] if owner else None,
        position=owner.serial if owner else None,
    )


# Where a cell says nothing, these say what is usual.
USUAL = (
    "photo",
    "class",
    "status",
    "trial",
    "simulated",
    "participant_state",
    "answered_at",
    "protocol_version",
)


def _check_kept(study: Study, rows: list[Row], people: Iterable[Participant], path: Path) -> None:
    """AnswersFileError where an export of what is stored by now would say something else than the file."""
    export, mistakes, reading = Export(study), Mistakes(path), answers_file.Reading(study)
    places = [
        (place, column)
        for place, column in enumerate(export.columns)
        if column.name in rows[0].cells and not column.of_study
    ]
    new = Q(participant__invitation__in={person.invitation_id for person in people})
    tables = export.tables(new)
    stored = (
        values for table in tables for values in zip(*(column.values() for column in table), strict=True)
    )
    for row, values in zip(rows, stored, strict=True):
        for place, column in places:
            if not _same(column, row, values[place], reading):
                mistakes.add(row.line, _lost(column, row, values[place]))
    mistakes.refuse()


def _same(column: Column, row: Row, value: Any, reading: answers_file.Reading) -> bool:
    cell = row.cells.get(column.name, "").strip()
    if not cell:
        return value is None or column.name in USUAL
    if column.name == reading.files.column:
        readings = reading.readings[row.kind]
        return readings[unguarded(cell)] == readings[str(value)]
    if value is None:
        return False
    if column.type == INT:
        return cell.lstrip("+-").isdecimal() and int(cell) == value
    if column.type == BOOL:
        return cell.lower() == str(value).lower()
    if column.type == TIME:
        return answers_file.moment(cell) == answers_file.moment(value)
    return unguarded(cell) == str(value).strip()


def _lost(column: Column, row: Row, value: Any) -> str:
    said = row.cells.get(column.name, "").strip()
    return (
        f"{column.name} {said!r} does not fit the other columns or the study, by which it is {'' if value is None else str(value)!r}. "
        "Mend it, or take the column out."
    )
