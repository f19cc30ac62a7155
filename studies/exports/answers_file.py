"""A file of answers, read: every row as what would be stored of it, and every mistake named by its line.

Columns `item,participant` and the one that the trial type names must be there. Every other column that an export has says
what it says there; in a file from elsewhere it may be missing, and other columns are passed over.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from explain.core.errors import BadInputError
from studies.core.guard import unguarded
from studies.models import Invitation, Participant, Response, Study, Trial
from studies.trial_types import trial_page_of, trial_type_of
from studies.trials import maps_shown, names_of_maps

from .columns import BETWEEN_ARMS

MOST_MISTAKES_SHOWN = 10
MOST = 2**31 - 1  # what a column of whole numbers holds


class AnswersFileError(BadInputError):
    """The file cannot be imported. The message is whole sentences, one mistake a line."""


@dataclass(frozen=True)
class Row:
    """One answer as it would be stored."""

    line: int
    item: int  # Item.id
    participant: str
    value: int  # as it is stored: studies/trial_types
    shown: int | None
    order: str
    kind: str
    status: str
    trial: object  # rows with the same answer one trial
    serial: int | None
    response_ms: int | None
    confidence: int | None
    simulated: bool
    state: str
    group: str | None  # None: the file does not say
    version: int
    at: datetime | None
    answer_id: UUID | None
    cells: dict[str, str] = field(repr=False)

    @property
    def stands(self) -> bool:
        return self.status in Response.STANDING


class Mistakes:
    """What is wrong with a file, by line."""

    def __init__(self, path: Path) -> None:
        self.path, self.found = path, list[tuple[int, str]]()

    def add(self, line: int, words: str) -> None:
        self.found.append((line, words))

    def refuse(self) -> None:
        """Raise AnswersFileError with every mistake (the first ten, and how many more), if there is any."""
        if not self.found:
            return
        words = [f"{self.path.name}, line {line}: {each}" for line, each in sorted(self.found)]
        more = len(words) - MOST_MISTAKES_SHOWN
        shown = [*words[:MOST_MISTAKES_SHOWN], *([f"… and {more} more."] if more > 0 else [])]
        raise AnswersFileError("\n".join([*shown, "Nothing was imported."]))


def table_in(path: Path, content: bytes) -> csv.DictReader:
    """The rows of a CSV file with a header. Raises AnswersFileError where it is none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnswersFileError(f"{path.name}: not UTF-8 ({error.reason}). Save it as CSV UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name for name in reader.fieldnames or [] if name]
    except csv.Error as error:
        raise AnswersFileError(f"{path.name}, line 1: {error}. Save it as CSV UTF-8.") from error
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise AnswersFileError(f"{path.name}: column {twice[0]} stands there twice. Take one of them out.")
    return reader


def lines_of(reader: csv.DictReader, mistakes: Mistakes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with its line, as far as the file is CSV."""
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        mistakes.add(reader.reader.line_num, f"{error}. Quote cells that contain commas or quotes.")


def read_answers(study: Study, path: Path, content: bytes) -> list[Row]:
    """The file's rows, or AnswersFileError with every mistake in it."""
    reader, value = table_in(path, content), trial_type_of(study).files.column
    missing = [name for name in ("item", "participant", value) if name not in (reader.fieldnames or [])]
    if missing:
        raise AnswersFileError(
            f"{path.name}: no column {', '.join(missing)}. A {study.task} study needs item,participant,{value}."
        )
    reading, mistakes, rows = Reading(study), Mistakes(path), list[Row]()
    for line, cells in lines_of(reader, mistakes):
        try:
            rows.append(reading.row(line, cells))
        except ValueError as error:
            mistakes.add(line, str(error))
    agree(rows, mistakes)
    nobody_who_withdrew(rows, mistakes)
    mistakes.refuse()
    if not rows:
        raise AnswersFileError(f"{path.name}: no answers in it, only a header. Nothing was imported.")
    return rows


class Reading:
    """Reads rows of a file as answers to a study. What is wrong with a row is a ValueError whose message is a sentence."""

    def __init__(self, study: Study) -> None:
        self.study, self.kind, self.scale = study, trial_type_of(study), trial_page_of(study).scale
        self.files, self.shown = self.kind.files, maps_shown(study)
        arms = list(study.arms.values_list("name", flat=True))
        self.names = {kind: names_of_maps(kind, arms) for kind in Trial.Kind.values}
        self.readings = {kind: self.files.readings(names) for kind, names in self.names.items()}

    @cached_property
    def items(self) -> dict[str, int]:
        """Item id by photo name (where only one item has it) and by number; the number wins."""
        items = list(self.study.items.values_list("id", "index", "image__original_name"))
        times = Counter(name for _, _, name in items)
        by_name = {name: pk for pk, _, name in items if times[name] == 1}
        return by_name | {str(index): pk for pk, index, _ in items}

    def row(self, line: int, raw: dict[str, Any]) -> Row:
        cells = {name: cell or "" for name, cell in raw.items() if name and isinstance(cell, str | None)}
        if hollow := [name for name, cell in cells.items() if "\0" in cell]:
            raise ValueError(f"{hollow[0]} has a NUL character. Save the file as CSV UTF-8.")

        def said(name: str) -> str:
            return cells.get(name, "").strip()

        def read(name: str, as_what: Callable[[str], Any], usual: Any = None) -> Any:
            return as_what(said(name)) if said(name) else usual

        item, person = unguarded(said("item")), said("participant")
        if item not in self.items:
            raise ValueError(f"no item {item!r} in the study. Use its number or its photo's name.")
        if not person:
            raise ValueError("no participant. Give each person a name or number.")
        kind = read("trial", one_of("trial", Trial.Kind.values), Trial.Kind.MAIN)
        order = read("order", lambda cell: self.order(unguarded(cell), kind), "")
        shown = read(self.files.shown_column, lambda cell: self.shown_value(cell, kind))
        usual = Response.Status.COUNTED if kind == Trial.Kind.MAIN else Response.Status.ASIDE
        return Row(
            line,
            self.items[item],
            person,
            self.value(unguarded(said(self.files.column)), kind, order, shown),
            shown,
            order,
            kind,
            read("status", one_of("status", STATUSES[kind]), usual),
            said("trial_id") or ("line", line),
            read("serial_position", whole("serial_position", 1)),
            read("response_ms", whole("response_ms", 0)),
            read("confidence", self.confidence),
            read("simulated", truth, False),
            read("participant_state", state, Participant.State.FINISHED),
            group(cells["group"]) if "group" in cells else None,
            read("protocol_version", self.version, self.study.version),
            read("answered_at", moment),
            read("answer", uuid),
            cells,
        )

    def value(self, cell: str, kind: str, order: str, shown: int | None) -> int:
        readings = self.readings[kind]
        if cell not in readings:
            allowed = self.files.allowed(self.names[kind])
            raise ValueError(f"{self.files.column} {cell!r} is not one of {allowed}.")
        if order and shown is not None:  # in a check several maps have the same name; the place tells which
            return self.kind.answers.stored_value(_indices(order), shown)
        return readings[cell]

    def shown_value(self, cell: str, kind: str) -> int:
        name = self.files.shown_column
        try:
            value = self.files.shown_value(cell)
        except ValueError:
            raise ValueError(f"{name} {cell!r} is no whole number.") from None
        if value not in self.kind.answers.shown_values(self.shown):
            raise ValueError(f"{name} {cell!r} is no answer to a trial that shows {self.shown}.")
        return value

    def order(self, cell: str, kind: str) -> str:
        """The order as a trial has it. Maps of a check that have the same name stand in their own order."""
        for places in _orders(cell, self.names[kind], ()):
            if len(places) == self.shown:
                return ",".join(map(str, places))
        names = ", ".join(dict.fromkeys(self.names[kind]))
        raise ValueError(f"order {cell!r} is not {self.shown} of {names}, separated by “{BETWEEN_ARMS}”.")

    def confidence(self, cell: str) -> int | None:
        """How sure they were. Of a study that does not ask it, a column of that name is somebody else's, and passed over."""
        scale = self.scale
        if scale is None:
            return None
        if not (
            cell.isascii() and cell.isdecimal() and len(cell) < 4 and scale.least <= int(cell) <= scale.most
        ):
            raise ValueError(f"confidence {cell!r} is no whole number from {scale.least} to {scale.most}.")
        return int(cell)

    def version(self, cell: str) -> int:
        number = whole("protocol_version", 1)(cell)
        if number > self.study.version:
            raise ValueError(
                f"protocol_version {number}: the study has versions 1 to {self.study.version}. Change its protocol as it was "
                "changed there, or take the column out."
            )
        return number


STATUSES = {
    kind: [
        status
        for status in Response.Status.values
        if status != (Response.Status.ASIDE if kind == Trial.Kind.MAIN else Response.Status.COUNTED)
    ]
    for kind in Trial.Kind.values
}


def _indices(order: str) -> list[int]:
    return [int(index) for index in order.split(",")]


def _orders(text: str, names: list[str], before: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    """Every way to read a text as names of different maps, one after the other."""
    tried = set()
    for index, name in enumerate(names):
        if index in before or name in tried:
            continue
        tried.add(name)
        if text == name:
            yield (*before, index)
        elif text.startswith(name + BETWEEN_ARMS):
            yield from _orders(text[len(name + BETWEEN_ARMS) :], names, (*before, index))


def one_of(name: str, words: list[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in words:
            raise ValueError(f"{name} {cell!r} is not one of {', '.join(words)}.")
        return cell

    return read


def whole(name: str, least: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        if not (cell.isascii() and cell.isdecimal() and len(cell) < 12 and least <= int(cell) <= MOST):
            raise ValueError(f"{name} {cell!r} is no whole number from {least} to {MOST}.")
        return int(cell)

    return read


def truth(cell: str) -> bool:
    """As this and earlier exports, spreadsheets and statistics programs write it."""
    if cell.lower() not in ("true", "false"):
        raise ValueError(f"simulated {cell!r} is neither TRUE nor FALSE.")
    return cell.lower() == "true"


def state(cell: str) -> str:
    if cell == Participant.State.WITHDRAWN:
        raise ValueError(
            "participant_state 'withdrawn': nothing of people who withdrew is taken. Delete their rows."
        )
    return one_of("participant_state", Participant.State.values)(cell)


def group(cell: str) -> str:
    label, most = unguarded(cell), Invitation._meta.get_field("label").max_length
    if most and len(label) > most:
        raise ValueError(f"group {label[:20] + '…'!r} has more than {most} characters.")
    return label


def moment(cell: str) -> datetime:
    """A time; one without a zone is UTC."""
    try:
        time = datetime.fromisoformat(cell)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"answered_at {cell!r} is no time like 2026-11-26T04:34:56Z.") from None


def uuid(cell: str) -> UUID:
    try:
        return UUID(cell)
    except ValueError:
        raise ValueError(f"answer {cell!r} is no UUID.") from None


def agree(rows: list[Row], mistakes: Mistakes) -> None:
    """Note what rows say against each other: about one person, one trial, one answer."""
    seen: dict[tuple, tuple[int, Any]] = {}

    def once(row: Row, key: tuple, value: Any, words: str) -> None:
        """The first row that speaks of `key` decides."""
        before, first = seen.setdefault(key, (row.line, value))
        if first != value:
            mistakes.add(row.line, words.format(before=before))

    for row in rows:
        person = row.participant
        once(
            row,
            ("study",),
            row.cells.get("study"),
            "study is another one than on line {before}. One file each.",
        )
        for name, value in (
            ("group", row.group),
            ("simulated", row.simulated),
            ("participant_state", row.state),
        ):
            once(
                row,
                (name, person),
                value,
                f"{name} of {person} is another one than on line {{before}}. One each.",
            )
        once(
            row,
            ("trial", row.trial),
            (row.item, row.kind, row.order),
            f"trial_id {row.trial} is about another item, trial or order than on line {{before}}.",
        )
        if row.answer_id:
            once(
                row,
                ("answer", row.answer_id),
                row.line,
                f"answer {row.answer_id} stands on line {{before}}, too.",
            )
        if row.serial:
            words = f"serial_position {row.serial} of {person} is another trial's on line {{before}}."
            once(row, ("serial", person, row.serial), row.trial, words)
        if row.stands or row.serial:
            item = unguarded(row.cells["item"].strip())
            words = f"{person} has answered item {item} on line {{before}}. One answer each."
            once(row, ("item", row.item, person, row.kind), row.trial, words)
        if row.stands:
            words = f"trial_id {row.trial} has an answer that counts on line {{before}}. One answer each."
            once(row, ("stands", row.trial), row.line, words)


def nobody_who_withdrew(rows: list[Row], mistakes: Mistakes) -> None:
    """Note answers, out of an export of a study on this site, of people who have withdrawn from it since."""
    slug = rows[0].cells.get("study", "").strip() if rows else ""
    left = Participant.objects.filter(study__slug=slug, state=Participant.State.WITHDRAWN) if slug else []
    numbers = {str(person.number) for person in left}
    for row in rows:
        if row.participant in numbers:
            mistakes.add(
                row.line,
                f"participant {row.participant} of {slug} has withdrawn: nothing of theirs is taken. Delete their rows.",
            )
