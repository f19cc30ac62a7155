"""Taking part without pages: an open study, and what people do in it. Shared by the tests of who is asked what."""

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from studies.models import CheckMap, Participant, Study, Trial
from studies.trials.allocation import Outcome, answer_trial, claim_trials, lay_out_trials
from tests.factories import make_participant, make_study


def make_check_maps(study: Study, items: list[int] | None = None) -> None:
    """Rows of check maps, without pictures, for all photos or for the items with those numbers."""
    rows = study.items.all() if items is None else study.items.filter(index__in=items)
    CheckMap.objects.bulk_create(
        CheckMap(item=item, place=place, file=f"{item.pk}-{place}.jpg")
        for item in rows
        for place in range(study.arms.count())
    )


def open_study(slug: str = "demo", **fields) -> Study:
    """An open study with all its trials; check maps where it asks for checks. Quicker than the real opening."""
    study = make_study(slug, **fields)
    if study.attention_checks:
        make_check_maps(study)
    lay_out_trials(study)
    study.state = Study.State.OPEN
    study.save()
    return study


def answer(
    person: Participant, position: int, value: int = 0, answer_id: UUID | None = None, **fields
) -> Outcome:
    return answer_trial(
        participant=person, position=position, shown_value=value, answer_id=answer_id or uuid4(), **fields
    )


def two_people(**fields) -> tuple[Study, Participant, Participant]:
    """Two people of one study who each hold two trials, of four items that are asked once."""
    study = open_study(**{"items": 4, "responses_per_item": 1, **fields})
    first, second = (make_participant(study, number) for number in (1, 2))
    for person in (first, second):
        claim_trials(participant=person, count=2)
    return study, first, second


def held_by(person: Participant) -> list[Trial]:
    return list(person.trials.filter(state="claimed").order_by("position"))


def answer_what_they_hold(person: Participant) -> None:
    for trial in held_by(person):
        answer(person, trial.position)


def answer_all(person: Participant, count: int = 5) -> None:
    """Claim and answer until nothing comes any more."""
    while claim_trials(participant=person, count=count):
        answer_what_they_hold(person)


def expire(study: Study) -> None:
    """The lease of everything that anybody holds is over."""
    study.trials.filter(state="claimed").update(lease_until=timezone.now() - timedelta(seconds=1))


def asked(study: Study) -> Counter[tuple[int, str]]:
    """How often each item is asked, by item and order, or was answered and counts: what is void is left out."""
    main = study.trials.filter(kind="main").exclude(state="void").order_by()
    return Counter(main.values_list("item__index", "order"))
