"""Database → the table of answers: the counted ones, all of them or a part, read once. summarise.py makes one `Summary` of them.

With progress.py the only code with aggregate queries. What is counted: answers with status `counted` of participants who did not
withdraw. Whose answers: `real` people's, `simulated` volunteers', or `all`; every summary says which.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from .analysis.scores import ChoiceScores, RatingScores, choice_scores, rating_scores
from .analysis.table import UNKNOWN, Choices, Ratings
from .bulk import Codes, Columns, columns, room_to_sort
from .models import Participant, Response, Study, Trial
from .plan import Plan, plan_of
from .summary import WHO

NOT_MEASURED = -1
SCORED, AGAIN, CHECK = range(3)  # what an answer is for


class UnknownPartError(ValueError):
    """Asked for answers of nobody we know, or under a version that there is not. `what` is "who" or "version"."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


@dataclass(frozen=True)
class Part:
    """Which answers: whose, and, if asked for, only those about one class, of one group or under one version."""

    who: str
    class_name: str = ""
    group: str = ""
    version: int | None = None  # of the protocol

    @property
    def narrowed(self) -> bool:
        """Whether only some of the answers are asked for."""
        return bool(self.class_name or self.group or self.version)


def part_of(
    study: Study,
    who: str | None = None,
    class_name: str = "",
    group: str = "",
    version: int | str | None = None,
) -> Part:
    """The part that is asked for; without `who`, that of `default_who(study)`. Raises UnknownPartError."""
    number = _version(study, version) if version else None
    return Part(check_who(who or default_who(study)), class_name, group, number)


def _version(study: Study, asked: int | str) -> int:
    known = [str(number) for number in range(1, study.version + 1)]
    if str(asked) not in known:
        raise UnknownPartError(
            "version", f"{study.slug}: has no version {asked} of its protocol (there is: {', '.join(known)})."
        )
    return int(asked)


class Reading:
    """The answers of a part and what outputs say beside them. Each is read when it is first asked for, and once."""

    def __init__(self, study: Study, part: Part) -> None:
        self.study, self.part = study, part

    @cached_property
    def methods(self) -> dict[str, str]:
        """The method of each arm by its name, in the order of the arms."""
        return dict(self.study.arms.values_list("name", "method"))

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(self.methods)

    @cached_property
    def plan(self) -> Plan:
        """What the protocol fixed about the analysis."""
        return plan_of(self.study, self.arms)

    @cached_property
    def items(self) -> list[int]:
        """The items that answers of this part may be about."""
        narrowed = {"image__class_name": self.part.class_name} if self.part.class_name else {}
        return list(self.study.items.filter(**narrowed).values_list("index", flat=True))

    @cached_property
    def answers(self) -> Choices | Ratings:
        """The counted answers of people who did not withdraw, in the order in which they were stored."""
        rows = self._rows.pop(SCORED)  # the table has them from now on
        people = rows["place"]
        found = {
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
        if self.study.task == Study.Task.CHOICE:
            return Choices(**found, arms=len(self.arms))
        return Ratings(**found)

    @cached_property
    def second_answers(self) -> dict[tuple[int, int], int]:
        """(item, participant) -> what they said when they were asked again; repeats are not part of any score."""
        rows = self._rows[AGAIN]
        keys = zip(rows["item"].tolist(), self._numbers(rows), strict=True)
        return dict(zip(keys, rows["value"].tolist(), strict=True))

    @cached_property
    def check_answers(self) -> list[tuple[int, int]]:
        """(participant, what they said) for every answer to an attention check about any class: 0, or a rating above it,
        is the object."""
        rows = self._rows[CHECK]
        return list(zip(self._numbers(rows), rows["value"].tolist(), strict=True))

    def _numbers(self, rows: Columns) -> list[int]:
        return self._people["number"][rows["place"]].tolist()

    @cached_property
    def _people(self) -> dict[str, np.ndarray]:
        """Everybody in the study, in the order of their ids."""
        people = self.study.participants.annotate(imported=Q(external__has_key="imported")).order_by("pk")
        found = people.values_list("pk", "number", "state", "imported")
        table = np.array(
            [(*row[:2], row[2] == Participant.State.WITHDRAWN, row[3]) for row in found], np.int64
        )
        pk, number, withdrew, imported = table.reshape(-1, 4).T
        return {"pk": pk, "number": number, "withdrew": withdrew == 1, "imported": imported == 1}

    @cached_property
    def _rows(self) -> dict[int, Columns]:
        """Every answer that stands by what it is for, in the order of ids: sums of floats depend on their order in the last
        digit."""
        aside = Q(status=Response.Status.ASIDE)
        standing = Q(status=Response.Status.COUNTED, **_of_class(self.part)) | aside
        found = columns(
            _of_part(self.study, self.part)
            .filter(standing)
            .annotate(
                item=F("trial__item__index"),
                value=F("choice" if self.study.task == Study.Task.CHOICE else "rating"),
                shown=Coalesce("shown_value", UNKNOWN),
                order=F("trial__order"),
                ms=Coalesce("response_ms", NOT_MEASURED),
                use=Case(
                    When(aside, trial__kind=Trial.Kind.REPEAT, then=Value(AGAIN)),
                    When(aside, then=Value(CHECK)),
                    default=Value(SCORED),
                ),
            ),
            FIELDS
            | ({"version": "small"} if self.study.version > 1 else {})
            | ({"simulated": "bool"} if self.part.who == "all" else {}),
        )
        people = self._people  # read after the answers, so that it knows everybody who gave one
        found["place"] = np.searchsorted(people["pk"], found.pop("participant_id"))
        stays, use = ~people["withdrew"][found["place"]], found.pop("use")
        return {kind: _some(found, stays & (use == kind)) for kind in (SCORED, AGAIN, CHECK)}


def _some(found: Columns, rows: np.ndarray) -> Columns:
    return found if rows.all() else {name: values[rows] for name, values in found.items()}


FIELDS = {
    "id": "int",
    "item": "int",
    "participant_id": "int",
    "value": "small",
    "shown": "small",
    "ms": "int",
    "use": "small",
    "order": "code",
}


def answers(
    study: Study, who: str | None = None, *, class_name: str = "", group: str = ""
) -> Choices | Ratings:
    """The counted answers of people who did not withdraw.

    `who` is `real`, `simulated` or `all`; without it, `default_who(study)`.
    """
    return answers_of(study, part_of(study, who, class_name, group))


def answers_of(study: Study, part: Part) -> Choices | Ratings:
    """The answers of a part."""
    return Reading(study, part).answers


def _orders(codes: Codes, arms: int) -> np.ndarray:
    table = [[int(arm) for arm in text.split(",")] if text else [-1] * arms for text in codes.texts]
    return np.array(table, np.int64).reshape(-1, arms)[codes.places]


def totals(study: Study, who: str | None = None) -> ChoiceScores | RatingScores | None:
    """The scores alone, grouped by the database: for a million answers in a second. None without answers."""
    value = "choice" if study.task == Study.Task.CHOICE else "rating"
    rows = (
        counted(study, part_of(study, who)).order_by().values_list("trial__item", value).annotate(Count("id"))
    )
    with room_to_sort(rows.db):
        found = list(rows)
    table = np.array(sorted(found), np.int64).reshape(-1, 3)  # in one order everywhere, as in answers_of
    if not len(table):
        return None
    items, values, counts = table.T
    if study.task == Study.Task.CHOICE:
        return choice_scores(items, values, arms=study.arms.count(), counts=counts)
    return rating_scores(items, values, counts=counts)


def default_who(study: Study) -> str:
    """`simulated` as long as nobody but simulated volunteers has answered, else `real`."""
    return "simulated" if not _have_answered(study, False) and _have_answered(study, True) else "real"


def _have_answered(study: Study, simulated: bool) -> bool:
    counts = Response.objects.filter(
        participant=OuterRef("pk"), status=Response.Status.COUNTED, simulated=simulated
    )
    people = study.participants.exclude(state=Participant.State.WITHDRAWN)
    return people.order_by().filter(Exists(counts)).exists()


def check_who(who: str) -> str:
    if who not in WHO:
        raise UnknownPartError("who", f"who={who}: not one of {', '.join(WHO)}")
    return who


def counted(study: Study, part: Part) -> QuerySet[Response]:
    withdrawn = study.participants.filter(state=Participant.State.WITHDRAWN).values_list("id", flat=True)
    # Few or none withdraw: leaving them out by number spares a look at the participant of each answer.
    rows = _of_part(study, part).filter(**_of_class(part)).exclude(participant__in=list(withdrawn))
    return rows.filter(status=Response.Status.COUNTED)


def _of_class(part: Part) -> dict[str, str]:
    return {"trial__item__image__class_name": part.class_name} if part.class_name else {}


def _of_part(study: Study, part: Part) -> QuerySet[Response]:
    """A part's answers about any class, also by people who withdrew."""
    rows = Response.objects.filter(trial__study=study)
    if part.who != "all":
        rows = rows.filter(simulated=part.who == "simulated")
    if part.version:
        rows = rows.filter(version=part.version)
    return rows.filter(participant__invitation__label=part.group) if part.group else rows


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
