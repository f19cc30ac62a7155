"""Database → arrays → one `Summary`. Every output shows that same object.

The only code with aggregate queries. What is counted: answers with status `counted` of participants who did not
withdraw. Whose answers: `real` people's, `simulated` volunteers', or `all`; every summary says which.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce

from .analysis.answers import SAME, missing_items
from .analysis.intervals import choice_intervals, rating_intervals
from .analysis.scores import ChoiceScores, RatingScores, choice_scores, rating_scores
from .bulk import columns
from .looks import looks_of
from .models import Invitation, Participant, Response, Study, Trial
from .plan import plan_of
from .summary import WHO, Rating, Score, Summary

UNKNOWN = -128
NOT_MEASURED = -1


class UnknownWhoError(ValueError):
    """Asked for answers of nobody we know."""


@dataclass(frozen=True)
class Part:
    """Which answers: whose, and, if asked for, only those about one class or of one group of participants."""

    who: str
    class_name: str = ""
    group: str = ""


@dataclass(frozen=True)
class Answers:
    """Counted answers as arrays of one length n, in no order: no score depends on it."""

    ids: np.ndarray  # (n,) int64, Response.id: in the order in which they were stored
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


def part_of(study: Study, who: str | None = None, class_name: str = "", group: str = "") -> Part:
    """The part that is asked for; without `who`, that of `default_who(study)`."""
    return Part(check_who(who or default_who(study)), class_name, group)


def answers(study: Study, who: str | None = None, *, class_name: str = "", group: str = "") -> Answers:
    """The counted answers of people who did not withdraw, in one query.

    `who` is `real`, `simulated` or `all`; without it, `default_who(study)`.
    """
    return answers_of(study, part_of(study, who, class_name, group))


def answers_of(study: Study, part: Part) -> Answers:
    """The answers of a part."""
    arms = study.arms.count()
    rows = (
        _counted(study, part)
        .order_by()
        .annotate(
            item=F("trial__item__index"),
            person=F("participant__number"),
            value=F("choice" if study.task == Study.Task.CHOICE else "rating"),
            shown=Coalesce("shown_value", UNKNOWN),
            order=F("trial__order"),
            ms=Coalesce("response_ms", NOT_MEASURED),
        )
    )
    kinds = {"id": "int", "item": "int", "person": "int", "value": "small", "shown": "small", "ms": "int"}
    found = columns(rows, {**kinds, "order": max(2 * arms, 2)})
    return Answers(
        ids=found["id"],
        items=found["item"],
        participants=found["person"],
        values=found["value"],
        shown=found["shown"],
        orders=_orders(found["order"], arms),
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


def _orders(codes: np.ndarray, arms: int) -> np.ndarray:
    distinct, places = np.unique(codes, return_inverse=True)
    texts = [code.decode().strip() for code in distinct.tolist()]
    table = [[int(arm) for arm in text.split(",")] if text else [-1] * arms for text in texts]
    return np.array(table, np.int64).reshape(-1, arms)[places]


def totals(study: Study, who: str | None = None) -> ChoiceScores | RatingScores | None:
    """The scores alone, grouped by the database: for a million answers in a second. None without answers."""
    value = "choice" if study.task == Study.Task.CHOICE else "rating"
    rows = (
        _counted(study, part_of(study, who))
        .order_by()
        .values_list("trial__item", value)
        .annotate(Count("id"))
    )
    table = np.array(list(rows), np.int64).reshape(-1, 3)
    if not len(table):
        return None
    items, values, counts = table.T
    if study.task == Study.Task.CHOICE:
        return choice_scores(items, values, arms=study.arms.count(), counts=counts)
    return rating_scores(items, values, counts=counts)


def default_who(study: Study) -> str:
    """`simulated` as long as nobody but simulated volunteers has answered, else `real`."""
    kinds = set(_counted(study, Part("all")).order_by().values_list("simulated", flat=True).distinct())
    return "simulated" if kinds == {True} else "real"


def check_who(who: str) -> str:
    if who not in WHO:
        raise UnknownWhoError(f"who={who}: not one of {', '.join(WHO)}")
    return who


def _counted(study: Study, part: Part) -> QuerySet[Response]:
    return _of_part(study, part).filter(status=Response.Status.COUNTED)


def _of_part(study: Study, part: Part) -> QuerySet[Response]:
    rows = Response.objects.filter(trial__study=study).exclude(participant__state=Participant.State.WITHDRAWN)
    if part.who != "all":
        rows = rows.filter(simulated=part.who == "simulated")
    if part.class_name:
        rows = rows.filter(trial__item__image__class_name=part.class_name)
    return rows.filter(participant__invitation__label=part.group) if part.group else rows


def summary(study: Study, who: str | None = None, *, class_name: str = "", group: str = "") -> Summary:
    """The study's scores with 95 % intervals (two-way bootstrap, 2,000 draws from the study's seed).

    A fixed number of queries. What cannot be computed is None and a note says why: nothing here is ever NaN.
    """
    part = part_of(study, who, class_name, group)
    return summarise(study, part, answers_of(study, part))


def summarise(study: Study, part: Part, given: Answers) -> Summary:
    """The summary of answers that were read before."""
    methods = dict(study.arms.values_list("name", "method"))
    arms = tuple(methods)
    expected = study.items.filter(**{"image__class_name": part.class_name} if part.class_name else {})
    imported = _counted(study, part).filter(participant__external__has_key="imported").count()
    mixed = part.who == "all" and _counted(study, part).filter(simulated=True).exists()
    indices = list(expected.values_list("index", flat=True))
    missing = tuple(missing_items(indices, given.items).tolist())
    versions = answers_by_version(study, part)
    found: dict = {"scores": (), "same": None, "rating": None}
    notes: list[str] = []
    if len(given):
        found, notes = (_choice if study.task == Study.Task.CHOICE else _rating)(study, given, arms, found)
    needed, narrowed = len(indices) * study.responses_per_item, bool(part.class_name or part.group)
    looks, about_looks = looks_of(study, plan_of(study, arms), given, arms, needed=needed, narrowed=narrowed)
    return Summary(
        study=study.slug,
        title=study.title,
        task=study.task,
        state=study.state,
        who=part.who,
        class_name=part.class_name,
        group=part.group,
        simulated=part.who == "simulated" or mixed,
        arms=arms,
        items=len(np.unique(given.items)),
        missing_items=missing,
        responses=len(given),
        participants=len(np.unique(given.participants)),
        imported=imported,
        positions=_positions(given, len(arms), study.task == Study.Task.CHOICE),
        seed=study.seed,
        looks=looks,
        notes=(
            *notes,
            *about_looks,
            *_notes(given, missing, imported),
            *_versions_note(versions),
            *_controls(methods),
        ),
        protocol_sha256=study.protocol_sha256,
        versions=versions,
        **found,
    )


def answers_by_version(study: Study, part: Part) -> dict[int, int]:
    """How many counted answers of a part were given under each version of the protocol."""
    if study.version == 1:
        return {}
    rows = _counted(study, part).order_by().values_list("version").annotate(Count("id"))
    return dict(sorted(rows))


def _versions_note(versions: dict[int, int]) -> Iterable[str]:
    if len(versions) > 1:
        shares = ", ".join(f"{count} under version {number}" for number, count in versions.items())
        yield f"Answers under {len(versions)} versions of the protocol are counted together: {shares}."


def _choice(study: Study, given: Answers, arms: tuple[str, ...], found: dict) -> tuple[dict, list[str]]:
    scored = choice_scores(given.items, given.values, arms=len(arms))
    bounds = choice_intervals(given.items, given.participants, given.values, arms=len(arms), seed=study.seed)
    preferences = scored.share_of_preferences
    scores = tuple(
        Score(
            name=name,
            score=float(scored.arms[index]),
            share=float(scored.share[index]),
            share_of_preferences=None if preferences is None else float(preferences[index]),
            interval=_pair(None if bounds.arms is None else bounds.arms[index]),
        )
        for index, name in enumerate(arms)
    )
    same = Score("same", scored.same, scored.same_share, None, _pair(bounds.same))
    notes = [bounds.note] if bounds.note else []
    if preferences is None:
        notes.append("Nobody preferred any arm, so there are no shares of preferences.")
    return found | {"scores": scores, "same": same}, notes


def _rating(study: Study, given: Answers, arms: tuple[str, ...], found: dict) -> tuple[dict, list[str]]:
    scored = rating_scores(given.items, given.values, given.participants)
    bounds = rating_intervals(given.items, given.participants, given.values, seed=study.seed)
    rating = Rating(
        mean=float(scored.mean),
        interval=_pair(bounds.mean),
        mean_of_items=float(scored.mean_of_items),
        mean_of_items_interval=_pair(bounds.mean_of_items),
        counts={value: int((given.values == value).sum()) for value in range(-2, 3)},
    )
    return found | {"rating": rating}, [bounds.note] if bounds.note else []


def _pair(bounds: np.ndarray | None) -> tuple[float, float] | None:
    return None if bounds is None else (float(bounds[0]), float(bounds[1]))


def _positions(given: Answers, arms: int, choice: bool) -> dict[str, int]:
    shown = given.shown[given.shown != UNKNOWN]
    if choice:
        counts = {chr(ord("A") + place): int((shown == place).sum()) for place in range(arms)}
        return counts | {"same": int((shown == SAME).sum())}
    return {
        "left": int((shown < 0).sum()),
        "neither": int((shown == 0).sum()),
        "right": int((shown > 0).sum()),
    }


CONTROLS = {
    "random": "noise drawn for each photo, by no network",
    "centre": "the same spot in the middle of every photo, by no network",
}


def _controls(methods: dict[str, str]) -> Iterable[str]:
    """Arms that no network made: what a real map has to beat."""
    for name, method in methods.items():
        if method in CONTROLS:
            yield f"{name} is a control: {CONTROLS[method]}."


def _notes(given: Answers, missing: tuple[int, ...], imported: int) -> Iterable[str]:
    if not len(given):
        yield "No answers are counted yet, so there is nothing to score."
    elif missing:
        names = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
        total = len(missing) + len(np.unique(given.items))
        yield f"{len(missing)} of {total} items have no answer and are not in the scores: {names}."
    if imported:
        yield (
            f"{imported} of {len(given)} answers were collected elsewhere and imported; "
            "where things stood on screen is not known for them."
        )


@dataclass(frozen=True)
class Progress:
    """How far a study has come."""

    open: int = 0
    claimed: int = 0
    answered: int = 0
    void: int = 0
    real: int = 0  # counted answers of people
    simulated: int = 0  # counted answers of simulated volunteers

    @property
    def needed(self) -> int:
        return self.open + self.claimed + self.answered

    @property
    def counted(self) -> int:
        return self.real + self.simulated

    @property
    def percent(self) -> int:
        return 100 * self.answered // self.needed if self.needed else 0


def progress(studies: Iterable[Study]) -> dict[int, Progress]:
    """Progress by study id, for all the studies of a page in two queries."""
    ids = [study.pk for study in studies]
    found: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    trials = (
        Trial.objects.filter(study__in=ids, kind=Trial.Kind.MAIN)
        .order_by()
        .values_list("study", "state")
        .annotate(Count("id"))
    )
    for pk, state, count in trials:
        found[pk][state] = count
    counted = Response.objects.filter(trial__study__in=ids, status=Response.Status.COUNTED).exclude(
        participant__state=Participant.State.WITHDRAWN
    )
    by_kind = (
        counted.order_by()
        .values("trial__study")
        .annotate(
            real=Count("id", filter=Q(simulated=False)), simulated=Count("id", filter=Q(simulated=True))
        )
    )
    for row in by_kind:
        found[row["trial__study"]] |= {"real": row["real"], "simulated": row["simulated"]}
    return {pk: Progress(**counts) for pk, counts in found.items()}


def people_by_state(study: Study) -> dict[str, int]:
    """How many take part, have finished and withdrew; `simulated`: how many of all are simulated."""
    rows = study.participants.order_by().values_list("state").annotate(Count("id"))
    simulated = study.participants.filter(simulated=True).count()
    return dict.fromkeys(Participant.State.values, 0) | dict(rows) | {"simulated": simulated}


def invitations_with_people(study: Study) -> QuerySet[Invitation]:
    """A study's invitations, each with `people`: how many came by it."""
    return study.invitations.annotate(people=Count("participants"))


def with_item_count(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Studies, each with `item_count`."""
    return studies.annotate(item_count=Count("items"))


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


@dataclass(frozen=True)
class Flow:
    """Who came and what became of their answers, as in CONSORT."""

    joined: int
    screened: int
    withdrawn: int
    active: int
    finished: int
    imported: int  # people whose answers were collected elsewhere; they are among the finished
    answers: dict[str, int]  # by status


def flow_of(study: Study, part: Part) -> Flow:
    """The flow of people and answers of a part."""
    people = study.participants.order_by()
    rows = Response.objects.filter(trial__study=study).order_by()
    if part.who != "all":
        simulated = part.who == "simulated"
        people, rows = people.filter(simulated=simulated), rows.filter(simulated=simulated)
    if part.group:
        people = people.filter(invitation__label=part.group)
        rows = rows.filter(participant__invitation__label=part.group)
    states = dict(people.values_list("state").annotate(Count("id")))
    by_status = dict(rows.values_list("status").annotate(Count("id")))
    return Flow(
        joined=sum(states.values()),
        **{name: states.get(name, 0) for name in ("screened", "withdrawn", "active", "finished")},
        imported=people.filter(external__has_key="imported").count(),
        answers=dict.fromkeys(Response.Status.values, 0) | by_status,
    )
