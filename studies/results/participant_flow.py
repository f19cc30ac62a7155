"""How many came, left or finished, and what became of their answers: the flow that CONSORT asks reports to show."""

from dataclasses import dataclass

from django.db.models import Count

from studies.models import Response, Study

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


def flow_of(study: Study, part: AnswerSelection) -> Flow:
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
        **{name: states.get(name, 0) for name in ("screened", "withdrawn", "active", "finished", "void")},
        imported=people.filter(external__has_key="imported").count(),
        answers=dict.fromkeys(Response.Status.values, 0) | by_status,
    )
