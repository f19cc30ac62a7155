"""The people of a study as whoever pays them needs to know them: by which id they came, their code, and how it ended.

Of who withdrew nothing is here: they are erased. Simulated people and answers that were brought in are nobody to pay.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, QuerySet

from studies.models import Event, Participant, Study
from studies.participation import way_back
from studies.protocol import FAILED_CHECKS, FINISHED, SCREENED
from studies.trials import checks_by_person, failed_checks

SESSION = ("SESSION_ID", "assignmentId")  # what sites call one visit of somebody
STATE = Participant.State


class Decision(StrEnum):
    """What a site can be told about somebody."""

    APPROVE = "approve"
    REJECT = "reject"
    NONE = ""


@dataclass(frozen=True)
class Payee:
    """One person. `checks`: attention checks passed and given. `code`: what they were shown, or else what was made for them.
    `reason`: why they are not simply to be paid."""

    row: Participant
    checks: tuple[int, int]
    code: str
    decision: Decision
    reason: str

    @property
    def site(self) -> str:
        return self.row.external_id.partition(":")[0]

    @property
    def external_id(self) -> str:
        """Who the site says they are."""
        return self.row.external_id.partition(":")[2]

    @property
    def session(self) -> str:
        return next((self.row.external[name] for name in SESSION if self.row.external.get(name)), "")

    @property
    def minutes(self) -> float | None:
        """From agreeing to the last answer."""
        begin, end = self.row.consented_at, self.row.finished_at
        return round((end - begin).total_seconds() / 60, 1) if begin and end else None

    @property
    def joined(self) -> datetime | None:
        return self.row.consented_at


def people_to_pay(study: Study, search: str = "") -> QuerySet[Participant]:
    """Real people who came by an invitation and have not withdrawn; those whose number, id, session or code it is, or all."""
    rows = study.participants.filter(simulated=False).exclude(state=STATE.WITHDRAWN)
    rows = rows.exclude(external__has_key="imported").order_by("number")
    if search := search.strip():
        wanted = Q(external_id__icontains=search) | Q(completion_code__iexact=search)
        for name in SESSION:
            wanted |= Q(**{f"external__{name}": search})
        if search.isdecimal() and len(search) < 10:
            wanted |= Q(number=int(search))
        rows = rows.filter(wanted)
    return rows


def payees(study: Study, people: QuerySet[Participant]) -> list[Payee]:
    """What there is to know of these people, in three queries whatever their number; none names them one by one."""
    keys = people.values("pk")
    passed, given = checks_by_person(study, keys)
    void = Event.objects.filter(study=study, kind=Event.Kind.PARTICIPANT_VOID, participant__in=keys)
    why = {
        key: data.get("reason", "") for key, data in void.order_by("id").values_list("participant", "data")
    }
    return [
        Payee(
            person,
            checks,
            _code(study, person, checks),
            *_judged(study, person, checks, why.get(person.pk, "")),
        )
        for person in people
        for checks in [(passed[person.pk], given[person.pk])]
    ]


def _code(study: Study, person: Participant, checks: tuple[int, int]) -> str:
    if person.state == STATE.SCREENED:
        return way_back(study, SCREENED, person.external).code
    if not person.completion_code:
        return ""
    end = FAILED_CHECKS if person.state == STATE.FINISHED and failed_checks(study, *checks) else FINISHED
    return way_back(study, end, person.external, person.completion_code).code or person.completion_code


def _judged(study: Study, person: Participant, checks: tuple[int, int], why: str) -> tuple[Decision, str]:
    if person.state == STATE.VOID:
        return Decision.REJECT, why or "taken out of the study"
    if person.state == STATE.SCREENED:
        return Decision.NONE, "not eligible by their own answers"
    if person.state != STATE.FINISHED:
        return Decision.NONE, ""
    if failed_checks(study, *checks):
        return Decision.REJECT, f"missed {checks[1] - checks[0]} of {checks[1]} attention checks"
    return Decision.APPROVE, ""
