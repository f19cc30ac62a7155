"""What stands in each column of the answers' tidy files: declared once; writers.py and the codebook read them.

Answers are read a chunk at a time, so memory does not grow with the study.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce

from studies.analysis.table import UNKNOWN
from studies.core.bulk_read import CategoricalColumn, Columns, chunks
from studies.core.guard import guarded
from studies.models import Participant, Response, Study, Trial
from studies.results import AnswerSelection, Reading, bulk_value, kind_of_value, reasons, values_in
from studies.trial_types import FileColumn, Rows, TrialType, trial_page_of, trial_type_of, trial_types
from studies.trials import names_of_maps, passes

from . import csv_columns
from .csv_columns import Categorical, Categories, Numbers

BETWEEN_ARMS = " > "
FIELDS = {
    "answer_id": "uuid",
    "item_id": "int",
    "participant_id": "int",
    "trial_id": "int",
    "shown": "int",
    "serial": "int",
    "ms": "int",
    "sure": "int",
    "simulated": "bool",
    "order": "code",
    "status": "code",
    "kind": "code",
    "version": "small",
    "created_at": "time",
}
INT, NUMBER, TEXT, CATEGORY, BOOL, TIME = (
    "integer",
    "number",
    "text",
    "category",
    "true or false",
    "date and time",
)
TRUTH = Categories([False, True, None])
# A trial has the position that it had for whom it went to; somebody else's late answer to it has none.
SERIAL = Case(
    When(trial__participant=F("participant"), then=Coalesce("trial__position", Numbers.UNKNOWN)),
    default=Numbers.UNKNOWN,
)


def no_levels(export: "Export") -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Column:
    """One column of every export. `make` turns a chunk of raw answers into its values."""

    name: str
    type: str  # one of those above
    description: str
    make: Callable[["Export", Columns], csv_columns.Column]
    task: str = ""  # only in studies of this trial type
    levels: Callable[["Export"], Sequence[str]] = no_levels  # of a category: what its cells may say
    of_study: bool = False  # an import does not bring it back: it says where the answer is stored now


class Export:
    """The answers of one study in its columns.

    `guard`: text that a spreadsheet would run as a formula gets an apostrophe before it.
    """

    def __init__(self, study: Study, *, guard: bool = False):
        self.study, self.guard = study, guard
        self.columns = columns_of(study)
        self.arms: list[str] = list(study.arms.values_list("name", flat=True))
        self.check_maps = names_of_maps(Trial.Kind.CHECK, self.arms)
        items = study.items.order_by("id").values_list(
            "id", "index", "image__original_name", "image__class_name"
        )
        self.items: dict[str, Categories]
        self.people: dict[str, Categories]
        self.item_ids, self.items = self.side_table(items, ["index", "photo", "class"])
        truth = trial_type_of(study).answers.truth
        predictions = study.items.order_by("id").values_list("prediction", flat=True)
        self.truths = np.array([truth(prediction) for prediction in predictions], np.int64)
        people = study.participants.order_by("id").values_list(
            "id", "number", "invitation__label", "state", "external__imported"
        )
        why = reasons(Reading(study, AnswerSelection("all")))
        self.person_ids, self.people = self.side_table(
            ((*row, why.get(row[1], "")) for row in people),
            ["number", "group", "state", "imported", "left_out_by"],
        )
        hashes = dict(study.versions.values_list("number", "sha256")) | {study.version: study.protocol_sha256}
        self.versions: Categories = Categories(range(1, study.version + 1))
        self.hashes: Categories = self.choices(
            hashes.get(number, "") for number in range(1, study.version + 1)
        )

    def side_table(self, rows: Iterable[tuple], names: list[str]) -> tuple[np.ndarray, dict[str, Categories]]:
        """The ids, in order, and what many answers share with each."""
        ids, *columns = list(zip(*rows, strict=True)) or [()] * (len(names) + 1)
        shared = {name: self.choices(column) for name, column in zip(names, columns, strict=True)}
        return np.array(ids, np.int64), shared

    def choices(self, values: Iterable[csv_columns.Value]) -> Categories:
        """Values that many rows share, made ready once."""
        if self.guard:
            values = [guarded(value) if isinstance(value, str) else value for value in values]
        return Categories(values)

    def texts(self, choices: Categories) -> list[str]:
        """The distinct ones of what many rows share, sorted."""
        return sorted({str(value) for value in choices.values if value is not None})

    def tables(self, which: Q | None = None) -> Iterator[list[csv_columns.Column]]:
        """The answers in the order in which they came, thousands a table: their columns. `which`: only some of them."""
        kind = trial_type_of(self.study).answers
        rows = Response.objects.filter(which or Q(), trial__study=self.study).annotate(
            item_id=F("trial__item"),
            order=F("trial__order"),
            value=bulk_value(kind),
            shown=Coalesce("shown_value", UNKNOWN),
            serial=SERIAL,
            ms=Coalesce("response_ms", Numbers.UNKNOWN),
            sure=Coalesce("confidence", Numbers.UNKNOWN),
            kind=F("trial__kind"),
        )
        for raw in map(self.known, chunks(rows, FIELDS | {"value": kind_of_value(kind)})):
            raw["value"] = values_in(raw["value"], kind)
            raw["item"] = np.searchsorted(self.item_ids, raw["item_id"])
            raw["person"] = np.searchsorted(self.person_ids, raw["participant_id"])
            raw["check"] = raw["kind"].are(Trial.Kind.CHECK)
            yield [column.make(self, raw) for column in self.columns]

    def known(self, raw: Columns) -> Columns:
        """A chunk without the answers of people, or under a version, that came meanwhile: the next export has them."""
        known = np.isin(raw["participant_id"], self.person_ids) & (raw["version"] <= self.study.version)
        return raw if known.all() else {name: column[known] for name, column in raw.items()}

    def of_item(self, raw: Columns, field: str) -> Categorical:
        return Categorical(self.items[field], raw["item"])

    def of_person(self, raw: Columns, field: str) -> Categorical:
        return Categorical(self.people[field], raw["person"])

    def constant(self, raw: Columns, value: str) -> Categorical:
        return Categorical(self.choices([value]), np.zeros(len(raw["value"]), np.int64))

    def by_code(self, codes: CategoricalColumn, meaning: Callable[[str], str]) -> Categorical:
        """A column of what each code means; `meaning` is called once for each distinct code."""
        return Categorical(self.choices(map(meaning, codes.texts)), codes.places)

    def own(self, raw: Columns, column: FileColumn) -> Categorical:
        """What the study's trial type says in one of its own columns."""
        cells = column.cells(
            Rows(
                arms=self.arms,
                check_maps=self.check_maps,
                value=raw["value"],
                shown=raw["shown"],
                check=raw["check"],
                orders=raw["order"].texts,
                order=raw["order"].places,
                truth=np.where(raw["check"], UNKNOWN, self.truths[raw["item"]]),
            )
        )
        return Categorical(self.choices(cells.values), cells.places)

    def orders(self, raw: Columns) -> Categorical:
        """Names from the first position to the last; empty if not known."""

        def order(code: str, check: bool) -> str:
            names = self.check_maps if check else self.arms
            return BETWEEN_ARMS.join(names[int(index)] for index in code.split(",")) if code else ""

        pairs, places = np.unique(2 * raw["order"].places + raw["check"], return_inverse=True)
        texts = [order(raw["order"].texts[pair // 2], pair % 2 == 1) for pair in pairs.tolist()]
        return Categorical(self.choices(texts), places)


def _checks_passed(raw: Columns, study: Study) -> Categorical:
    return Categorical(TRUTH, np.where(raw["check"], passes(raw["value"], study), 2))


def _true(values: np.ndarray) -> Categorical:
    return Categorical(TRUTH, values.astype(np.int64))


def _own_columns(entry: TrialType) -> list[Column]:
    """The columns of a trial type's own."""
    return [
        Column(
            own.name,
            own.type,
            own.description,
            partial(_own, column=own),
            task=entry.name,
            levels=partial(_own_levels, column=own),
        )
        for own in entry.files.columns
    ]


def _own_levels(export: Export, column: FileColumn) -> Sequence[str]:
    return column.levels(export.arms, export.check_maps) if column.levels else ()


def _own(export: Export, raw: Columns, column: FileColumn) -> Categorical:
    return export.own(raw, column)


BEFORE = [
    Column(
        "study",
        TEXT,
        "Short name of the study.",
        lambda e, raw: e.constant(raw, e.study.slug),
        of_study=True,
    ),
    Column(
        "answer",
        TEXT,
        "Identifier of the answer (UUID), made by the volunteer's browser, or at import.",
        lambda e, raw: csv_columns.uuids(raw["answer_id"]),
        of_study=True,
    ),
    Column(
        "item",
        INT,
        "Number of the item in the study, from 0.",
        lambda e, raw: e.of_item(raw, "index"),
        of_study=True,
    ),
    Column(
        "photo", TEXT, "File name of the photo as it was imported.", lambda e, raw: e.of_item(raw, "photo")
    ),
    Column(
        "class",
        CATEGORY,
        "Class of the photo by its own name, whatever title volunteers read for it.",
        lambda e, raw: e.of_item(raw, "class"),
        levels=lambda e: e.texts(e.items["class"]),
    ),
    Column(
        "participant",
        INT,
        "Number of the participant, from 1.",
        lambda e, raw: e.of_person(raw, "number"),
        of_study=True,
    ),
    Column(
        "group",
        CATEGORY,
        "Label of the invitation the participant came by.",
        lambda e, raw: e.of_person(raw, "group"),
        levels=lambda e: e.texts(e.people["group"]),
    ),
    Column(
        "serial_position",
        INT,
        "Which of the participant's trials it was, counted from 1 as they met them: photos, repeats and attention checks "
        "alike. Empty: not known, or the trial went to someone else.",
        lambda e, raw: Numbers(raw["serial"]),
    ),
    Column(
        "order",
        TEXT,
        "Arms as they stood on screen, from the first position to the last, separated by “ > ”; in an attention check "
        "object and elsewhere. Empty: not known.",
        lambda e, raw: e.orders(raw),
    ),
]
CONFIDENCE = Column(
    "confidence",
    INT,
    "How sure the participant was of the answer, on the scale of [trial] confidence in the protocol: 1 to 5 or 1 to 7 points, or 0 to "
    "100 percent, the higher the surer. Only in studies that ask it. Empty: not known.",
    lambda e, raw: Numbers(raw["sure"]),
)
AFTER = [
    Column(
        "response_ms",
        INT,
        "Milliseconds from the moment when every picture was visible to the answer. Empty: not measured.",
        lambda e, raw: Numbers(raw["ms"]),
    ),
    Column(
        "simulated",
        BOOL,
        "TRUE: given by a simulated volunteer, not by a person.",
        lambda e, raw: _true(raw["simulated"]),
    ),
    Column(
        "status",
        CATEGORY,
        "counted; undone: taken back by the volunteer; surplus: came after the trial was answered by someone else; "
        "void: taken out by staff; aside: to a repeat or an attention check. Scores use counted answers only.",
        lambda e, raw: e.by_code(raw["status"], str),
        levels=lambda e: Response.Status.values,
    ),
    Column(
        "trial",
        CATEGORY,
        "main: one of the required answers; repeat: the same item again for the same person, in another order; check: an "
        "attention check, one map plainly on the object. Scores use main only.",
        lambda e, raw: e.by_code(raw["kind"], str),
        levels=lambda e: Trial.Kind.values,
    ),
    Column(
        "trial_id",
        INT,
        "Number of the trial. An answer that was taken back or came too late has the same as the one that took its place.",
        lambda e, raw: Numbers(raw["trial_id"]),
        of_study=True,
    ),
    Column(
        "check_passed",
        BOOL,
        "TRUE: the map on the object was judged the better one. Empty: no attention check.",
        lambda e, raw: _checks_passed(raw, e.study),
    ),
    Column(
        "participant_state",
        CATEGORY,
        "active, finished, screened, withdrawn, or void (taken out by the researchers). Scores leave out the answers of people who withdrew.",
        lambda e, raw: e.of_person(raw, "state"),
        levels=lambda e: Participant.State.values,
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
        of_study=True,
    ),
    Column(
        "answered_at",
        TIME,
        "When the server stored the answer, UTC, ISO 8601.",
        lambda e, raw: csv_columns.times(raw["created_at"]),
    ),
    Column(
        "protocol_version",
        INT,
        "Version of the protocol that the answer was given under; 1: as the study was opened.",
        lambda e, raw: Categorical(e.versions, raw["version"] - 1),
    ),
    Column(
        "protocol_sha256",
        TEXT,
        "SHA-256 of all that was asked under that version of the protocol.",
        lambda e, raw: Categorical(e.hashes, raw["version"] - 1),
        of_study=True,
    ),
]
COLUMNS = [
    *BEFORE,
    *(column for entry in trial_types() for column in _own_columns(entry)),
    CONFIDENCE,
    *AFTER,
]
"""Those of every trial type, as it is where a protocol asks nothing of its own."""


def columns_of(study: Study) -> list[Column]:
    """The columns of one study's answers, with those of its trial type as the study asks it."""
    sure = [CONFIDENCE] if trial_page_of(study).scale else []
    return [*BEFORE, *_own_columns(trial_type_of(study)), *sure, *AFTER]
