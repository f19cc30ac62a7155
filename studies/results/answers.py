"""From the database to the table of answers: the counted ones, all of them or a part, read once. summary.py makes one
`Summary` of them.

Answers are counted by the database here, in participant_flow.py and in `studies.monitoring`, nowhere else. What is
counted: answers with status `counted` of participants who did not withdraw. Whose answers: `real` people's, `simulated`
volunteers', or `all`; every summary says which.
"""

import json
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from explain.map_sources import source_of
from studies.analysis.exclusions import Exclusions
from studies.analysis.table import UNKNOWN, Answers
from studies.core.bulk_read import CategoricalColumn, Columns, columns, room_to_sort
from studies.models import Arm, Participant, Response, Study, Trial
from studies.protocol import AnalysisPlan, plan_of
from studies.trial_types import Compared, trial_page_of, trial_type_of

from .bulk_values import bulk_value, kind_of_value, values_in
from .data_quality import left_out
from .part import AnswerSelection, _of_class, _of_part, check_who, counted, part_of

NOT_MEASURED = -1
SCORED, AGAIN, CHECK = range(3)  # what an answer is for


class Reading:
    """The answers of a part and what outputs say beside them. Each is read when it is first asked for, and once."""

    def __init__(self, study: Study, part: AnswerSelection) -> None:
        self.study, self.part = study, part

    @cached_property
    def arm_rows(self) -> list[Arm]:
        """The arms in their order."""
        return list(self.study.arms.all())

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(arm.name for arm in self.arm_rows)

    @property
    def maps_shown(self) -> int:
        """How many maps each trial shows, and so how many places there are to pick."""
        return trial_type_of(self.study).layout.shown(len(self.arms))

    @property
    def compared(self) -> Compared:
        """What the answers are about. With planned looks only a look judges the declared contrasts."""
        declared = () if self.plan.looks else self.plan.contrasts
        return Compared(
            self.arms,
            self.maps_shown,
            self.study.seed,
            declared,
            self.plan.primary,
            self.plan.smallest,
            at_looks=self.plan.looks is not None,
            baseline=next(
                (place for place, arm in enumerate(self.arm_rows) if not source_of(arm).explains), None
            ),
        )

    @cached_property
    def plan(self) -> AnalysisPlan:
        """What the protocol fixed about the analysis."""
        return plan_of(self.study, self.arms)

    @cached_property
    def items(self) -> list[int]:
        """The items that answers of this part may be about."""
        narrowed = {"image__class_name": self.part.class_name} if self.part.class_name else {}
        return list(self.study.items.filter(**narrowed).values_list("index", flat=True))

    @cached_property
    def answers(self) -> Answers:
        """The answers that decide: everybody's, or those of the people whom the protocol's rules keep, where it says so."""
        if self.plan.decided_by == "everybody" or self.left_out is None:
            return self.everybody
        return self.everybody.only(self.left_out.kept)

    @cached_property
    def left_out(self) -> Exclusions | None:
        """Whom the protocol's rules leave out, of those who answered; None where it has no rules, or nobody answered."""
        return left_out(self) if self.plan.rules is not None and len(self.everybody) else None

    @property
    def others(self) -> Answers | None:
        """The answers of the analysis that does not decide, of which there is one where there are rules."""
        if self.left_out is None:
            return None
        if self.plan.decided_by == "kept":
            return self.everybody
        return self.everybody.only(self.left_out.kept)

    @cached_property
    def everybody(self) -> Answers:
        """The counted answers of people who did not withdraw, in the order in which they were stored."""
        rows = self._rows.pop(SCORED)  # the table has them from now on
        people = rows["place"]
        fields = {
            "ids": rows["id"],
            "items": rows["item"],
            "participants": self._people["number"][people],
            "values": rows["value"],  # the rating is positive for the first arm
            "shown": rows["shown"],
            "orders": _orders(rows["order"], len(self.arms)),
            "response_ms": np.where(rows["ms"] == NOT_MEASURED, np.nan, rows["ms"]),
            "versions": rows.get("version", np.broadcast_to(1, len(people))),
            "simulated": rows.get("simulated", np.broadcast_to(self.part.who == "simulated", len(people))),
            "imported": self._people["imported"][people],
        }
        if "confidence" in rows:
            fields["confidence"] = rows["confidence"]
        if trial_type_of(self.study).asked.network_speaks:
            fields["truths"] = truths_of(self.study, rows["item"])
        return trial_type_of(self.study).results.table(fields, len(self.arms))

    @cached_property
    def second_answers(self) -> dict[tuple[int, int], int]:
        """(item, participant) -> what they said when they were asked again; repeats are not part of any score."""
        rows = self._rows[AGAIN]
        keys = zip(rows["item"].tolist(), self._numbers(rows), strict=True)
        return dict(zip(keys, rows["value"].tolist(), strict=True))

    @cached_property
    def check_answers(self) -> list[tuple[int, int]]:
        """(participant, stored value) for every answer to an attention check about any class: see trials.passes()."""
        rows = self._rows[CHECK]
        return list(zip(self._numbers(rows), rows["value"].tolist(), strict=True))

    def _numbers(self, rows: Columns) -> list[int]:
        return self._people["number"][rows["place"]].tolist()

    @cached_property
    def _people(self) -> dict[str, np.ndarray]:
        """Everybody in the study, in the order of their ids."""
        people = self.study.participants.annotate(imported=Q(external__has_key="imported")).order_by("pk")
        rows = people.values_list("pk", "number", "state", "imported")
        table = np.array(
            [(*row[:2], row[2] == Participant.State.WITHDRAWN, row[3]) for row in rows], np.int64
        )
        pk, number, withdrew, imported = table.reshape(-1, 4).T
        return {"pk": pk, "number": number, "withdrew": withdrew == 1, "imported": imported == 1}

    @cached_property
    def _rows(self) -> dict[int, Columns]:
        """Every answer that stands by what it is for, in the order of ids: sums of floats depend on their order in the last
        digit."""
        aside = Q(status=Response.Status.ASIDE)
        kind = trial_type_of(self.study).answers
        standing = Q(status=Response.Status.COUNTED, **_of_class(self.part)) | aside
        rows = columns(
            _of_part(self.study, self.part)
            .filter(standing)
            .annotate(
                item=F("trial__item__index"),
                value=bulk_value(kind),
                shown=Coalesce("shown_value", UNKNOWN),
                order=F("trial__order"),
                ms=Coalesce("response_ms", NOT_MEASURED),
                sure=Coalesce("confidence", UNKNOWN),
                use=Case(
                    When(aside, trial__kind=Trial.Kind.REPEAT, then=Value(AGAIN)),
                    When(aside, then=Value(CHECK)),
                    default=Value(SCORED),
                ),
            ),
            FIELDS
            | {"value": kind_of_value(kind)}
            | ({"sure": "small"} if trial_page_of(self.study).scale else {})
            | ({"version": "small"} if self.study.version > 1 else {})
            | ({"simulated": "bool"} if self.part.who == "all" else {}),
        )
        rows["value"] = values_in(rows["value"], kind)
        if "sure" in rows:
            rows["confidence"] = rows.pop("sure")
        people = self._people  # read after the answers, so that it knows everybody who gave one
        rows["place"] = np.searchsorted(people["pk"], rows.pop("participant_id"))
        stays, use = ~people["withdrew"][rows["place"]], rows.pop("use")
        return {kind: _some(rows, stays & (use == kind)) for kind in (SCORED, AGAIN, CHECK)}


def truths_of(study: Study, items: np.ndarray) -> np.ndarray:
    """(n,) what is right about items that are named by their indices."""
    answers = trial_type_of(study).answers
    rows = study.items.order_by("index").values_list("index", "prediction")
    by_index = {index: answers.truth(prediction) for index, prediction in rows}
    names, places = np.unique(items, return_inverse=True)
    return np.array([by_index[name] for name in names.tolist()], np.int64)[places]


def _some(table: Columns, rows: np.ndarray) -> Columns:
    return table if rows.all() else {name: values[rows] for name, values in table.items()}


FIELDS = {
    "id": "int",
    "item": "int",
    "participant_id": "int",
    "shown": "int",
    "ms": "int",
    "use": "small",
    "order": "code",
}


def answers(study: Study, who: str | None = None, *, class_name: str = "", group: str = "") -> Answers:
    """The counted answers of people who did not withdraw.

    `who` is `real`, `simulated` or `all`; without it, `default_who(study)`.
    """
    return answers_of(study, part_of(study, who, class_name, group))


def answers_of(study: Study, part: AnswerSelection) -> Answers:
    """The answers of a part, everybody's."""
    return Reading(study, part).everybody


def _orders(codes: CategoricalColumn, arms: int) -> np.ndarray:
    """(n, arms): the arm at each place, -1 where a trial shows fewer maps than there are arms, or where it is not known."""
    table = [[int(arm) for arm in text.split(",")] if text else [] for text in codes.texts]
    padded = [[*row, *[-1] * (arms - len(row))] for row in table]
    return np.array(padded, np.int64).reshape(-1, arms)[codes.places]


def totals(study: Study, who: str | None = None) -> Any:
    """The scores alone, grouped by the database: for a million answers in a second. None without answers.

    What they are is the trial type's: `choice_scores` or `rating_scores` of analysis/scores.py, or its own.
    """
    kind = trial_type_of(study)
    rows = counted(study, part_of(study, who)).order_by().annotate(value=bulk_value(kind.answers))
    with room_to_sort(rows.db):
        groups = list(rows.values_list("trial__item", "value").annotate(Count("id")))
    if kind.answers.several:
        groups = [(item, kind.answers.read(json.loads(text)), count) for item, text, count in groups]
    table = np.array(sorted(groups), np.int64).reshape(-1, 3)  # in one order everywhere, as in answers_of
    if not len(table):
        return None
    items, values, counts = table.T
    return kind.results.totals(items, values, counts, study.arms.count())


def all_answers(study: Study, who: str) -> QuerySet[Response]:
    """Every answer, counted or not, with all that is said about it, in one query a page."""
    rows = Response.objects.filter(trial__study=study).select_related(
        "trial__item__image", "participant__invitation"
    )
    return rows if check_who(who) == "all" else rows.filter(simulated=who == "simulated")


def classes_and_groups(study: Study) -> tuple[list[str], list[str]]:
    """What results can be narrowed to: class titles of the items, and labels of the invitations."""
    classes = study.items.order_by("image__class_name").values_list("image__class_name", flat=True).distinct()
    groups = study.invitations.filter(participants__isnull=False).exclude(label="")
    return list(classes), list(groups.order_by("label").values_list("label", flat=True).distinct())
