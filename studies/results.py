"""Database → arrays: the counted answers, all of them or a part. summarise.py makes one `Summary` of them.

With progress.py the only code with aggregate queries. What is counted: answers with status `counted` of participants who did not
withdraw. Whose answers: `real` people's, `simulated` volunteers', or `all`; every summary says which.
"""

from dataclasses import dataclass, fields

import numpy as np
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Coalesce

from .analysis.scores import ChoiceScores, RatingScores, choice_scores, rating_scores
from .bulk import Codes, columns, room_to_sort
from .models import Participant, Response, Study, Trial
from .summary import WHO

UNKNOWN = -128
NOT_MEASURED = -1


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


@dataclass(frozen=True)
class Answers:
    """Counted answers as arrays of one length n, in the order in which they were stored."""

    ids: np.ndarray  # (n,) int64, Response.id
    items: np.ndarray  # (n,) int64, Item.index
    participants: np.ndarray  # (n,) int64, Participant.number
    values: np.ndarray  # (n,) int64: arm index or SAME; or the rating, positive for the first arm
    shown: np.ndarray  # (n,) int64: place picked (0…) or SAME; or the rating as on screen; or UNKNOWN
    orders: np.ndarray  # (n, k) int64: the arm at each place; -1 where it is not known
    response_ms: np.ndarray  # (n,) float64; nan where it was not measured

    def __len__(self) -> int:
        return len(self.values)

    def only(self, rows: np.ndarray) -> "Answers":
        """Some of the rows: a mask, or places."""
        return Answers(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


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


def answers(study: Study, who: str | None = None, *, class_name: str = "", group: str = "") -> Answers:
    """The counted answers of people who did not withdraw, in one query.

    `who` is `real`, `simulated` or `all`; without it, `default_who(study)`.
    """
    return answers_of(study, part_of(study, who, class_name, group))


def answers_of(study: Study, part: Part) -> Answers:
    """The answers of a part."""
    rows = counted(study, part).annotate(
        item=F("trial__item__index"),
        person=F("participant__number"),
        value=F("choice" if study.task == Study.Task.CHOICE else "rating"),
        shown=Coalesce("shown_value", UNKNOWN),
        order=F("trial__order"),
        ms=Coalesce("response_ms", NOT_MEASURED),
    )
    kinds = {"id": "int", "item": "int", "person": "int", "value": "small", "shown": "small", "ms": "int"}
    # In the order of their ids: sums of floats depend on their order in the last digit.
    found = columns(rows, {**kinds, "order": "code"})
    return Answers(
        ids=found["id"],
        items=found["item"],
        participants=found["person"],
        values=found["value"],
        shown=found["shown"],
        orders=_orders(found["order"], study.arms.count()),
        response_ms=np.where(found["ms"] == NOT_MEASURED, np.nan, found["ms"]),
    )


def second_answers(study: Study, part: Part) -> dict[tuple[int, int], int]:
    """(item, participant) -> what they said when they were asked again; repeats are not part of any score."""
    rows = _of_part(study, part).filter(status=Response.Status.ASIDE, trial__kind=Trial.Kind.REPEAT)
    value = "choice" if study.task == Study.Task.CHOICE else "rating"
    found = rows.order_by("id").values_list("trial__item__index", "participant__number", value)
    return {(item, person): said for item, person, said in found}


def check_answers(study: Study, part: Part) -> list[tuple[int, int]]:
    """(participant, what they said) for every answer to an attention check: 0, or a rating above it, is the object."""
    rows = _of_part(study, part).filter(status=Response.Status.ASIDE, trial__kind=Trial.Kind.CHECK)
    value = "choice" if study.task == Study.Task.CHOICE else "rating"
    return list(rows.order_by("id").values_list("participant__number", value))


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
    kinds = set(counted(study, Part("all")).order_by().values_list("simulated", flat=True).distinct())
    return "simulated" if kinds == {True} else "real"


def check_who(who: str) -> str:
    if who not in WHO:
        raise UnknownPartError("who", f"who={who}: not one of {', '.join(WHO)}")
    return who


def counted(study: Study, part: Part) -> QuerySet[Response]:
    return _of_part(study, part).filter(status=Response.Status.COUNTED)


def _of_part(study: Study, part: Part) -> QuerySet[Response]:
    # Few or none withdraw: leaving them out by number spares a look at the participant of each answer.
    withdrawn = study.participants.filter(state=Participant.State.WITHDRAWN).values_list("id", flat=True)
    rows = Response.objects.filter(trial__study=study).exclude(participant__in=list(withdrawn))
    if part.who != "all":
        rows = rows.filter(simulated=part.who == "simulated")
    if part.class_name:
        rows = rows.filter(trial__item__image__class_name=part.class_name)
    if part.version:
        rows = rows.filter(version=part.version)
    return rows.filter(participant__invitation__label=part.group) if part.group else rows


def answers_by_version(study: Study, part: Part) -> dict[int, int]:
    """How many counted answers of a part were given under each version of the protocol."""
    if study.version == 1:
        return {}
    rows = counted(study, part).order_by().values_list("version").annotate(Count("id"))
    return dict(sorted(rows))


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
