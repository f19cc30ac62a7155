"""How far studies have come: trials, answers and people by state, counted by the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from explain.core import clock
from studies.models import Invitation, Participant, Response, Study, Trial


@dataclass(frozen=True)
class StudyProgress:
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


def progress_of(studies: Iterable[Study]) -> dict[int, StudyProgress]:
    """Progress by study id, for all the studies of a page in two queries."""
    ids = [study.pk for study in studies]
    counts_of: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    trials = (
        Trial.objects.filter(study__in=ids, kind=Trial.Kind.MAIN)
        .order_by()
        .values_list("study", "state")
        .annotate(Count("id"))
    )
    for pk, state, count in trials:
        counts_of[pk][state] = count
    counted = Response.objects.filter(participant__study__in=ids, status=Response.Status.COUNTED).exclude(
        participant__state=Participant.State.WITHDRAWN
    )
    by_kind = (
        counted.order_by()
        .values("participant__study")
        .annotate(
            real=Count("id", filter=Q(simulated=False)), simulated=Count("id", filter=Q(simulated=True))
        )
    )
    for row in by_kind:
        counts_of[row["participant__study"]] |= {"real": row["real"], "simulated": row["simulated"]}
    return {pk: StudyProgress(**counts) for pk, counts in counts_of.items()}


def people_by_state(study: Study) -> dict[str, int]:
    """How many take part, have finished and withdrew; `simulated`: how many of all are simulated."""
    rows = study.participants.order_by().values_list("state").annotate(Count("id"))
    simulated = study.participants.filter(simulated=True).count()
    return dict.fromkeys(Participant.State.values, 0) | dict(rows) | {"simulated": simulated}


def invitations_with_people(study: Study) -> QuerySet[Invitation]:
    """A study's invitations, each with `people`: how many came by it."""
    return study.invitations.annotate(people=Count("participants")).order_by("-pk")


def personal_links_by_label(study: Study) -> list[dict[str, Any]]:
    """How many personal links there are with each label (`links`), and how many of them somebody came by (`used`)."""
    rows = study.invitations.filter(personal=True).order_by("label").values("label")
    used = Count("pk", filter=Q(participants__isnull=False), distinct=True)
    return [{**row} for row in rows.annotate(links=Count("pk", distinct=True), used=used)]


def with_item_count(studies: QuerySet[Study]) -> QuerySet[Study]:
    """The studies, each with `item_count`: how many items it has."""
    return studies.annotate(item_count=Count("items"))


@dataclass(frozen=True)
class Totals:
    """All studies together; no figure is of one study."""

    studies: dict[str, int]  # by state
    left: dict[str, int]  # trials of open studies that wait for their answer, by state
    at_work: int  # participants who hold a trial under a lease that still runs
    answers: dict[tuple[str, bool], int]  # by status, and whether a simulated volunteer gave them


def site_totals() -> Totals:
    """How the site goes as a whole, in four queries."""
    waiting = (Trial.State.OPEN.value, Trial.State.CLAIMED.value)
    required = Trial.objects.filter(study__state=Study.State.OPEN).order_by()
    left = required.filter(kind=Trial.Kind.MAIN, state__in=waiting)
    held = required.filter(state=Trial.State.CLAIMED, lease_until__gt=clock.now())
    answers = Response.objects.order_by().values_list("status", "simulated").annotate(Count("id"))
    none = {(status, simulated): 0 for status in Response.Status.values for simulated in (False, True)}
    return Totals(
        studies=dict.fromkeys(Study.State.values, 0)
        | dict(Study.objects.order_by().values_list("state").annotate(Count("id"))),
        left=dict.fromkeys(waiting, 0) | dict(left.values_list("state").annotate(Count("id"))),
        at_work=held.aggregate(people=Count("participant", distinct=True))["people"],
        answers=none | {(status, simulated): count for status, simulated, count in answers},
    )
