"""Attention checks: a few trials of each person whose right answer is known, since one map is plainly on the object.

They look like every other trial: a photo of the study, as many maps as its trials show, by the same renderer and encoder.
Their maps are drawn around the photo's boxes (explain/cam/metrics/attention_maps.py), by no network. They are not scored.
Where they come, about which photo and in which order follows from the study's order seed and the person's number.

A check shows a photo that the person has answered already, if it can: a map plainly on an object says where to look,
and must not come before that photo's own maps. A photo shown before is not given to that person again. Where the network speaks,
a check tells that it is right about its photo: it is about one whose answer cannot change any more, or that is never asked about.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet

from explain.core.streams import Stream
from studies.analysis.orders import spread
from studies.models import CheckMap, Participant, Response, Study, Trial
from studies.trial_types import HasTask, trial_type_of

from .quota import expected_main, item_count, maps_shown
from .sql import PastTrial

ON, OFF = "object", "elsewhere"  # what stands in a check, in exports


@dataclass(frozen=True)
class Met:
    """What a participant has been given, in its order."""

    items: list[int]  # of the main part
    checked: list[int]  # of attention checks
    final: frozenset[int] | None = None  # items whose answer cannot change any more; None: it does not matter


def with_checks(
    participant: Participant,
    past: Sequence[PastTrial],
    chosen: list[Trial],
    *,
    lapsed: Iterable[int] = (),
    last: bool,
) -> list[Trial]:
    """Trials that are about to be given to someone, and among them the attention checks that come after them.

    Args:
        past: what the participant has been given before.
        lapsed: items that went to others; an answer to them may still come.
        last: no photo comes after these.
    """
    kinds = {trial.kind for trial in past}
    if not participant.study.attention_checks or Trial.Kind.REPEAT in kinds:
        return chosen
    before = sorted(past, key=lambda trial: trial.position)
    met = Met(
        items=[trial.item_id for trial in before if trial.kind == Trial.Kind.MAIN],
        checked=[trial.item_id for trial in before if trial.kind == Trial.Kind.CHECK],
        final=_final(participant, before),
    )
    trials: list[Trial] = []
    ahead = [*(trial.item_id for trial in chosen), *lapsed]
    for one_or_none in [[trial] for trial in chosen] or [[]]:
        trials += one_or_none
        met.items.extend(trial.item_id for trial in one_or_none)
        while check := next_check(participant, met, ahead=ahead, last=last):
            trials.append(Trial(study=participant.study, kind=Trial.Kind.CHECK, **check))
            met.checked.append(check["item_id"])
    return trials


def _final(participant: Participant, past: Iterable[PastTrial]) -> frozenset[int] | None:
    """`Met.final` of a study whose checks tell what is right: what is answered, but for the last answer, which can be taken back."""
    if not trial_type_of(participant.study).asked.network_speaks:
        return None
    last = participant.responses.values_list("trial__item", flat=True).last()
    answered = Trial.State.ANSWERED
    return frozenset(t.item_id for t in past if t.kind == Trial.Kind.MAIN and t.state == answered) - {last}


def next_check(
    participant: Participant, met: Met, *, ahead: Iterable[int] = (), last: bool = False
) -> dict[str, Any] | None:
    """The item and order of an attention check that comes now, or None if none is due.

    Args:
        ahead: items that come later and are fixed already, or can be answered yet.
        last: no photo comes after this, so any will do. Otherwise a check waits for a photo that was met, where the
            participant has no photo to spare.
    """
    study, checks_before = participant.study, len(met.checked)
    if checks_before >= study.attention_checks or checks_before >= _due(participant, len(met.items)):
        return None
    pool = set(CheckMap.objects.filter(item__study=study, place=0).values_list("item", flat=True))
    pool -= set(met.checked)
    if met.final is not None:
        pool -= {*met.items, *ahead} - met.final
    met_before = [item for item in met.items[:-1] if item in pool]
    # The first photos come again as repeats: better another one.
    again = set(met.items[: study.repeats_per_participant])
    choose_from = [item for item in met_before if item not in again] or met_before
    to_spare = item_count(study) - expected_main(study) >= study.attention_checks
    if not choose_from and (last or to_spare):
        choose_from = sorted(pool - {*met.items, *ahead}) or sorted(pool)
    if not choose_from:
        return None
    random = np.random.default_rng(Stream.CHECK_PHOTO.of(study.order_seed, participant.number, checks_before))
    return {
        "item_id": int(random.choice(choose_from)),
        "order": ",".join(map(str, check_order(study, participant.number, checks_before))),
    }


def _due(participant: Participant, answers: int) -> int:
    """How many checks should have come once somebody has been given so many photos."""
    study = participant.study
    spots = spread(
        expected_main(study),
        study.attention_checks,
        Stream.CHECK_PLACES.of(study.order_seed, participant.number),
    )
    return sum(spot <= answers for spot in spots)


def check_order(study: Study, number: int, checks_before: int) -> list[int]:
    """Which place of the check maps stands where. Over a person's checks the map on the object moves about."""
    shown = maps_shown(study)
    places = np.random.default_rng(Stream.CHECK_PLACES.of(study.order_seed, number, 0)).permutation(shown)
    seed = Stream.CHECK_PLACES.of(study.order_seed, number, 1, checks_before)
    order = [int(place) for place in np.random.default_rng(seed).permutation(shown)]
    at, to = order.index(0), int(places[checks_before % shown])
    order[at], order[to] = order[to], order[at]
    return order


def passes(value: Any, study: HasTask) -> Any:
    """Whether an answer to an attention check says that the map on the object is the better one.

    Args:
        value: what is stored of an answer; a number, or an array of them.
        study: whose trial type says what a value means.

    Returns:
        Yes or no; for an array an array of them.
    """
    # The map on the object has the place of arm 0.
    return trial_type_of(study).answers.prefers_first(value)


def checks_by_person(
    study: Study, people: QuerySet | Sequence[int] | None = None
) -> tuple[Counter[int], Counter[int]]:
    """Attention checks passed and given, by participant's key; of these people alone, or of all."""
    passed: Counter[int] = Counter()
    given: Counter[int] = Counter()
    if not study.attention_checks:
        return passed, given
    rows = Response.objects.filter(
        participant__study=study, trial__kind=Trial.Kind.CHECK, status=Response.Status.ASIDE
    )
    if people is not None:
        rows = rows.filter(participant__in=people)
    kind = trial_type_of(study).answers
    for person, held in rows.values_list("participant", kind.column):
        given[person] += 1
        passed[person] += passes(kind.read(held), study)
    return passed, given


def failed_checks(study: Study, passed: int, given: int) -> bool:
    """Whether somebody missed as many attention checks as the protocol leaves people out for; never where it says nothing."""
    most = study.protocol.get("exclusions", {}).get("missed_checks")
    return most is not None and given - passed >= most


def check_passed(response: Response, study: Study) -> bool:
    """Whether a stored answer of this study passes its attention check."""
    return passes(trial_type_of(study).answers.stored_in(response), study)


def names_of_maps(kind: str, arms: Sequence[str]) -> list[str]:
    """What the numbers in a trial's order stand for: arms, or in an attention check the object and elsewhere.

    There are as many names as arms, so that stored values of both kinds of trial count the same; a check may show fewer.
    """
    return [ON] + [OFF] * (len(arms) - 1) if kind == Trial.Kind.CHECK else list(arms)
