"""How many came, left or finished, and what became of their answers: the flow that CONSORT asks reports to show."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from studies.models import Participant, Response, Study
from studies.trial_types import comparison_of

from .part import AnswerSelection


@dataclass(frozen=True)
class Flow:
    """Numbers of people by state, and of answers by status."""

    joined: int
    screened: int
    withdrawn: int
    active: int
    finished: int
    void: int  # taken out by a researcher
    imported: int  # people whose answers were collected elsewhere; they are among the finished
    answers: dict[str, int]  # by status


@dataclass(frozen=True)
class ConditionFlow:
    """What became of the people of one condition: of who withdrew nothing is known any more."""

    name: str  # the arm that they meet alone, or the arms of their blocks in order
    given: int
    finished: int
    void: int

    @property
    def left(self) -> int:
        """How many did not finish, or have not yet."""
        return self.given - self.finished - self.void


def flow_by_condition(study: Study, part: AnswerSelection) -> list[ConditionFlow]:
    """The flow of people of each condition; empty where everybody meets all arms mixed."""
    names = list(study.arms.values_list("name", flat=True))
    people = _people_of(study, part)
    counts: dict[tuple[int, str], int] = {
        (condition, state): count
        for condition, state, count in people.filter(condition__isnull=False)
        .values_list("condition", "state")
        .annotate(Count("id"))
    }
    return [
        ConditionFlow(
            name,
            given=sum(count for (mine, _), count in counts.items() if mine == number),
            finished=counts.get((number, Participant.State.FINISHED), 0),
            void=counts.get((number, Participant.State.VOID), 0),
        )
        for number, name in enumerate(comparison_of(study).called(names))
    ]


def _people_of(study: Study, part: AnswerSelection) -> QuerySet[Participant]:
    people = study.participants.order_by()
    if part.who != "all":
        people = people.filter(simulated=part.who == "simulated")
    if part.group:
        people = people.filter(invitation__label=part.group)
    return people


def flow_of(study: Study, part: AnswerSelection) -> Flow:
    """The flow of people and answers of a part."""
    people = _people_of(study, part)
    rows = Response.objects.filter(trial__study=study).order_by()
    if part.who != "all":
        rows = rows.filter(simulated=part.who == "simulated")
    if part.group:
        rows = rows.filter(participant__invitation__label=part.group)
    states = dict(people.values_list("state").annotate(Count("id")))
    by_status = dict(rows.values_list("status").annotate(Count("id")))
    return Flow(
        joined=sum(states.values()),
        **{name: states.get(name, 0) for name in ("screened", "withdrawn", "active", "finished", "void")},
        imported=people.filter(external__has_key="imported").count(),
        answers=dict.fromkeys(Response.Status.values, 0) | by_status,
    )
