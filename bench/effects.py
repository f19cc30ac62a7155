"""Where there is a difference: how often equivalence is found wrongly, and how often the intervals of effect sizes hold the truth.

The worlds are those of worlds.py, in which one arm leads. The smallest effect that matters is set to the true difference itself, where
“no difference that matters” is false by a hair: it may be found in 5 %.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from bench import worlds
from bench.worlds import ARMS, SCALE
from studies.analysis.contrasts import judge_mean_of, judge_pairs, sizes_of_ratings, superiorities_of
from studies.analysis.inference.sizes import Size
from studies.analysis.table import Choices, Ratings

LEAD = {"choices": 0.25, "ratings": 0.8}
Happened = dict[tuple[str, str], bool]


def rows(studies: int) -> Iterator[tuple[str, str, str, int]]:
    """(part, world, what, times) of so many studies of each world."""
    for world in worlds.WORLDS:
        choices = worlds.Choices(world, LEAD["choices"])
        ratings = worlds.Ratings(world, LEAD["ratings"])
        for task, simulated, count in (("choices", choices, of_choices), ("ratings", ratings, of_ratings)):
            happened = Counter[tuple[str, str]]()
            for number in range(studies):
                study = simulated.study(np.random.default_rng([4, number]))
                happened.update({key: int(was) for key, was in count(study, simulated).items()})
            for (part, what), times in happened.items():
                yield f"{task}: {part}" if part == "contradictions" else part, world.name, what, times


def of_choices(study: worlds.Study, world: worlds.Choices) -> Happened:
    answers = Choices.of(study.items, study.participants, study.values, arms=ARMS)
    first, second = world.shares[:2].tolist()
    judged = judge_pairs(answers, [(0, 1)], smallest=first - second)[0]
    size = superiorities_of(answers, ((0, 1),))[0]
    return {
        ("equivalence", "choices"): judged.equivalence.p <= 0.05,
        ("effect sizes", "difference of shares"): judged.interval[0] <= first - second <= judged.interval[1],
        ("effect sizes", "odds"): size.estimate is None or _holds(size, first / (first + second)),
        ("contradictions", "equivalence"): _differ(judged),
        ("contradictions", "odds"): size.estimate is not None and (judged.p <= 0.05) == _holds(size, 0.5),
    }


def of_ratings(study: worlds.Study, world: worlds.Ratings) -> Happened:
    answers = Ratings.of(study.items, study.participants, study.values)
    mean = float(world.shares @ SCALE)
    deviation = float(world.shares @ (SCALE - mean) ** 2) ** 0.5
    judged, sizes = judge_mean_of(answers, smallest=mean), sizes_of_ratings(answers)
    superiority = (1 + float(world.shares @ np.sign(SCALE))) / 2
    return {
        ("equivalence", "ratings"): judged.equivalence.p <= 0.05,
        ("effect sizes", "mean"): judged.interval[0] <= mean <= judged.interval[1],
        ("effect sizes", "superiority"): _holds(sizes["superiority"], superiority),
        ("effect sizes", "dz"): sizes["dz"].estimate is None or _holds(sizes["dz"], mean / deviation),
        ("contradictions", "equivalence"): _differ(judged),
        ("contradictions", "dz"): sizes["dz"].estimate is not None
        and (judged.p <= 0.05) == _holds(sizes["dz"], 0),
    }


def _differ(judged) -> bool:
    """Whether equivalence and its 90 % interval say two things."""
    beside = judged.equivalence
    low, high = beside.interval
    return (beside.p <= 0.05) != (-beside.smallest <= low and high <= beside.smallest)


def _holds(size: Size, truth: float) -> bool:
    low, high = size.interval
    return (low is None or low <= truth) and (high is None or truth <= high)
