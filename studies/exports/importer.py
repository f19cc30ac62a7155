"""Answers that were collected elsewhere, from a CSV file: all of them, or none and every mistake named by line.

Columns `item,participant` and the one that the trial type names: `choice`, or `rating`. An item is named by its number in
the study or by its photo's file name. Imported answers stand beside the study's own trials and never use one up. A study
that was not opened is closed by an import, which freezes what it asks: answers to a question that can still change would
mean nothing.
"""

import csv
import hashlib
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from explain.core.errors import BadInputError
from studies.lifecycle import close_draft, picture_hashes
from studies.models import Event, Invitation, Participant, Response, Study, Trial, hash_token
from studies.trial_types import trial_type_of

MOST_MISTAKES_SHOWN = 10


class AnswersFileError(BadInputError):
    """The file cannot be imported. The message is whole sentences, one mistake a line."""


@dataclass(frozen=True)
class Row:
    line: int
    item: int  # Item.id
    participant: str
    value: int  # as it is stored: studies/trial_types


@dataclass(frozen=True)
class Allowed:
    """The column of the answers, what its cells may say with the stored values that they mean, and the same in words."""

    column: str
    readings: dict[str, int]
    in_words: str


def import_responses(*, study: Study, path: Path, user=None) -> tuple[int, int]:
    """Store every answer of the file; return how many answers of how many participants.

    Raises AnswersFileError and stores nothing if anything is wrong with the file, or if it is already in the study.
    """
    if study.state in Study.LACKS_SOMETHING:
        raise AnswersFileError(f"{study.slug}: is {study.state}, without items yet; make its maps first.")
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    rows = _check(study, path, content)
    # Files are read before the transaction begins: it holds SQLite's only write lock.
    pictures = {} if study.is_frozen else picture_hashes(study)
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        if study.events.filter(kind=Event.Kind.IMPORTED, data__sha256=digest).exists():
            raise AnswersFileError(
                f"{path.name}: these answers are already in {study.slug}. Nothing was imported."
            )
        if not study.is_frozen:
            close_draft(study=study, pictures=pictures, user=user)
        people = _store(study, path.name, rows)
        Event.objects.create(
            study=study,
            user=user,
            kind=Event.Kind.IMPORTED,
            data={"file": path.name, "sha256": digest, "answers": len(rows), "participants": people},
        )
    return len(rows), people


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AnswersFileError(f"{path}: {error.strerror}. Give the path of a CSV file.") from error


def _check(study: Study, path: Path, content: bytes) -> list[Row]:
    """The file's rows, or AnswersFileError with every mistake in it (the first ten, and how many more)."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise AnswersFileError(f"{path.name}: not UTF-8 ({error.reason}). Save it as CSV UTF-8.") from error
    reader = csv.DictReader(lines, strict=True)
    files, arms = trial_type_of(study).files, list(study.arms.values_list("name", flat=True))
    value = files.column
    missing = [name for name in ("item", "participant", value) if name not in (reader.fieldnames or [])]
    if missing:
        raise AnswersFileError(
            f"{path.name}: no column {', '.join(missing)}. A {study.task} study needs item,participant,{value}."
        )
    allowed = Allowed(value, files.readings(arms), files.allowed(arms))
    rows, mistakes = _rows(reader, _items(study), allowed)
    if mistakes:
        shown = [f"{path.name}, {mistake}" for mistake in mistakes[:MOST_MISTAKES_SHOWN]]
        more = len(mistakes) - len(shown)
        raise AnswersFileError(
            "\n".join([*shown, *([f"… and {more} more."] if more else []), "Nothing was imported."])
        )
    if not rows:
        raise AnswersFileError(f"{path.name}: no answers in it, only a header. Nothing was imported.")
    return rows


def _items(study: Study) -> dict[str, int]:
    """Item id by photo name (where only one item has it) and by number; the number wins."""
    items = list(study.items.values_list("id", "index", "image__original_name"))
    times = Counter(name for _, _, name in items)
    by_name = {name: pk for pk, _, name in items if times[name] == 1}
    return by_name | {str(index): pk for pk, index, _ in items}


def _rows(reader: csv.DictReader, items: dict, allowed: Allowed) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    mistakes: list[str] = []
    first_line: dict[tuple[int, str], int] = {}
    try:
        for cells in reader:
            line = reader.line_num
            item, participant, value = (
                (cells[name] or "").strip() for name in ("item", "participant", allowed.column)
            )
            if item not in items:
                mistakes.append(
                    f"line {line}: no item {item!r} in the study. Use its number or its photo's name."
                )
            elif not participant:
                mistakes.append(f"line {line}: no participant. Give each person a name or number.")
            elif value not in allowed.readings:
                mistakes.append(f"line {line}: {allowed.column} {value!r} is not one of {allowed.in_words}.")
            elif (before := first_line.setdefault((items[item], participant), line)) != line:
                mistakes.append(
                    f"line {line}: {participant} has answered item {item} on line {before}. One answer each."
                )
            else:
                rows.append(Row(line, items[item], participant, allowed.readings[value]))
    except csv.Error as error:
        mistakes.append(f"line {reader.reader.line_num}: {error}. Quote cells that contain commas or quotes.")
    return rows, mistakes


def _store(study: Study, file: str, rows: list[Row]) -> int:
    """Participants, answered trials of their own, and answers. Where things stood on screen stays unknown."""
    people = _participants(study, file, list(dict.fromkeys(row.participant for row in rows)))
    trials = Trial.objects.bulk_create(
        (
            Trial(
                study=study, item_id=row.item, participant=people[row.participant], state=Trial.State.ANSWERED
            )
            for row in rows
        ),
        batch_size=1000,
    )
    column = trial_type_of(study).answers.column
    Response.objects.bulk_create(
        (
            Response(
                answer_id=uuid.uuid4(), trial=trial, participant=trial.participant, **{column: row.value}
            )
            for row, trial in zip(rows, trials, strict=True)
        ),
        batch_size=1000,
    )
    return len(people)


def _participants(study: Study, file: str, names: list[str]) -> dict[str, Participant]:
    invitation, _ = Invitation.issue(study, label=f"imported: {file}"[:100], revoked_at=timezone.now())
    last = study.participants.aggregate(last=Max("number"))["last"] or 0
    people = Participant.objects.bulk_create(
        Participant(
            study=study,
            invitation=invitation,
            number=number,
            token_sha256=hash_token(secrets.token_urlsafe(32)),
            state=Participant.State.FINISHED,
            finished_at=timezone.now(),
            external={"imported": file, "participant": name},
        )
        for number, name in enumerate(names, last + 1)
    )
    return dict(zip(names, people, strict=True))
