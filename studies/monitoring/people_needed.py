"""Whether the people who take part now can finish a study, and how many new ones it needs. Derived, never stored."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from explain.core import clock
from studies.analysis.staffing import new_people_needed
from studies.models import Event, Participant, Study, Trial
from studies.trial_types import Comparison, comparison_of
from studies.trials import expected_main, is_free


@dataclass(frozen=True)
class PeopleNeeded:
    """What is left for people who have not come yet."""

    answers: int
    people: int

    @property
    def in_words(self) -> str:
        if not self.people:
            return ""
        answers = "1 answer is" if self.answers == 1 else f"{self.answers:,} answers are"
        people = "1 new person" if self.people == 1 else f"{self.people:,} new people"
        return f"{answers} left that nobody who takes part now can give: {people} or more needed."


def need_of(study: Study) -> PeopleNeeded:
    """The answers that no one present can give. Present is who holds trials on a running lease, or has just come."""
    if study.state not in (Study.State.OPEN, Study.State.PAUSED):
        return PeopleNeeded(0, 0)
    now = clock.now()
    free = study.trials.filter(is_free(now)).order_by()
    if comparison_of(study) != Comparison.BETWEEN:
        need = Counter(free.values_list("item", flat=True))
        return PeopleNeeded(
            *new_people_needed(need, _present(study, now) if need else [], expected_main(study))
        )
    arms = range(study.arms.count())  # the condition of who meets this arm alone, too
    needs = [Counter(free.filter(order=str(arm)).values_list("item", flat=True)) for arm in arms]
    present = [_present(study, now, condition=arm) if needs[arm] else [] for arm in arms]

    def left(arm: int) -> tuple[int, int]:
        return new_people_needed(needs[arm], present[arm], expected_main(study))

    for one in _present(study, now, condition=None):  # just came: they will meet an arm that lacks people
        present[max(arms, key=left)].append(one)
    found = [left(arm) for arm in arms]
    return PeopleNeeded(sum(answers for answers, _ in found), sum(people for _, people in found))


def _present(study: Study, now, **which: int | None) -> list[tuple[set[int], int]]:
    """Of each person at it, the items they have met and how many more they may be given."""
    holding = Q(trials__state=Trial.State.CLAIMED, trials__lease_until__gte=now)
    just_came = Q(consented_at__gte=now - timedelta(seconds=settings.LEASE_SECONDS))
    active = study.participants.filter(state=Participant.State.ACTIVE).filter(holding | just_came, **which)
    ids = set(active.order_by().values_list("pk", flat=True))
    met: dict[int, set[int]] = {pk: set() for pk in ids}
    main_trials: Counter[int] = Counter()
    trials = Trial.objects.filter(study=study, participant__in=ids).order_by()
    for person, item, kind in trials.values_list("participant", "item", "kind"):
        met[person].add(item)
        main_trials[person] += kind == Trial.Kind.MAIN
    lapses = Event.objects.filter(study=study, kind=Event.Kind.LAPSED, participant__in=ids)
    for person, item in lapses.values_list("participant", "data__item"):
        met[person].add(item)
    return [(met[pk], max(0, study.trials_per_participant - main_trials[pk])) for pk in sorted(ids)]
