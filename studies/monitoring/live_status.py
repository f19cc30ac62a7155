"""A study that is under way: how recruitment goes, photo by photo and person by person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Count, Exists, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from explain.core import clock
from studies.analysis.times import Times, times_of
from studies.models import Event, Participant, Response, Study, Trial
from studies.trials import checks_by_person, failed_practice

COMPLAINTS_SHOWN = 20
LATEST = 1000  # answers that times are taken from
AWAY_MS = 1000  # the page was out of sight for as long: somebody did something else


@dataclass(frozen=True)
class LiveStatus:
    """`by_answers`: (answers, items) – how many items have so many counted answers, from 0 up to what is wanted."""

    by_answers: list[tuple[int, int]]
    quiet: int
    never_answered: int
    times: Times | None  # of the latest answers
    told: int  # how many of these tell for how long the page was out of sight, and
    away: int  # during how many it was
    checks_given: int
    checks_passed: int
    last_answer: datetime | None


@dataclass(frozen=True)
class Person:
    """One participant; `seconds` is their median time, `checks` (passed, given), None where there are none."""

    row: Participant
    answers: int
    void: int
    seconds: float | None
    last: datetime | None
    checks: tuple[int, int] | None
    failed_practice: bool


def live_status_of(study: Study) -> LiveStatus:
    """How a study goes now, in a fixed number of queries."""
    each = _items_by_answers(study)
    active = study.participants.filter(state=Participant.State.ACTIVE)
    held = study.trials.filter(state=Trial.State.CLAIMED, lease_until__gt=clock.now()).exclude(
        participant=None
    )
    answers = Exists(Response.objects.filter(participant=OuterRef("pk")))
    passed, total = checks_by_person(study)
    latest = list(
        Response.objects.filter(participant__study=study, status=Response.Status.COUNTED)
        .order_by("-id")
        .values_list("created_at", "response_ms", "telemetry__hidden_ms")[:LATEST]
    )
    hidden = [ms for _, _, ms in latest if isinstance(ms, int)]
    return LiveStatus(
        by_answers=[(count, each.get(count, 0)) for count in range(max(study.responses_per_item, *each) + 1)],
        quiet=active.exclude(pk__in=held.values("participant")).count(),
        never_answered=study.participants.filter(~answers).count(),
        times=times_of([ms for _, ms, _ in latest if ms is not None]),
        told=len(hidden),
        away=sum(ms >= AWAY_MS for ms in hidden),
        checks_given=sum(total.values()),
        checks_passed=sum(passed.values()),
        last_answer=latest[0][0] if latest else None,
    )


def complaints_of(study: Study) -> list[Event]:
    """What people wrote by “Something is wrong”, the latest first."""
    written = study.events.filter(kind=Event.Kind.WROTE).select_related("participant")
    return list(written.order_by("-id")[:COMPLAINTS_SHOWN])


def _items_by_answers(study: Study) -> dict[int, int]:
    """{answers: number of items that have so many}. The database counts both, so that no item is read."""
    answered = Trial.objects.filter(
        item=OuterRef("pk"), kind=Trial.Kind.MAIN, state=Trial.State.ANSWERED
    ).order_by()
    count = answered.values("item").annotate(count=Count("pk")).values("count")
    items = study.items.order_by().annotate(answers=Coalesce(Subquery(count), 0))
    return dict(items.values_list("answers").annotate(Count("pk")))


def people(study: Study, participants: Sequence[Participant]) -> list[Person]:
    """What there is to know of some participants of a study, in four queries whatever their number."""
    keys = [person.pk for person in participants]
    times: dict[int, list[int]] = {key: [] for key in keys}
    counts: dict[int, Counter[str]] = {key: Counter() for key in keys}
    last: dict[int, datetime] = {}
    rows = Response.objects.filter(participant__in=keys).order_by()
    by_status = rows.values_list("participant", "status").annotate(Count("pk"), Max("created_at"))
    for key, status, count, at in by_status:
        counts[key][status] = count
        last[key] = max(at, last.get(key, at))
    timed = rows.filter(status__in=Response.STANDING).values_list("participant", "response_ms")
    for key, ms in timed:
        if ms is not None:
            times[key].append(ms)
    passed, total = checks_by_person(study, keys)
    failed = failed_practice(study) if study.practice else {}
    return [
        Person(
            row=person,
            answers=counts[person.pk][Response.Status.COUNTED],
            void=counts[person.pk][Response.Status.VOID],
            seconds=float(np.median(times[person.pk])) / 1000 if times[person.pk] else None,
            last=last.get(person.pk),
            checks=(passed[person.pk], total[person.pk]) if total[person.pk] else None,
            failed_practice=failed.get(person.number, False),
        )
        for person in participants
    ]
