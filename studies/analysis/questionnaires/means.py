"""Answers about one map each, to one question or several: the mean of each arm, and differences of arms.

The mean of an arm is that of its photos' means, so that every photo counts once within it; where each photo has equally many answers
for an arm, it is the mean of all answers. Intervals and p are those of inference/effects.py, over people and photos: of an arm's mean
from the answers about that arm alone, of a difference from those about the two arms together, in which what a person or a photo adds
to both falls out. Where nobody has answers about both arms, the people of each are drawn by themselves (between people).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..contrasts import Judged, judged
from ..inference.bounds import mean_interval
from ..inference.effects import Effect, WeightedMoves, sides_of
from ..inference.sensitivity import NULLS_OF_RATINGS, Finding, rank_sum_test, sign_test, wilcoxon_test
from ..inference.simultaneous import holm
from ..intervals import why_no_interval
from ..table import Answers

ONE_IN_AN_ARM = "Nobody has answered about both arms, and about one of them only one person has: nothing tells how people differ."


NULL_BETWEEN = "people like these answer alike about either arm, about these photos alone"


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgements(Answers):
    """Values say the arm and every answer in one number, as the trial type counts them; these are its parts."""

    arm: np.ndarray  # (n,) int: which arm was judged
    said: np.ndarray  # (n, questions) int


@dataclass(frozen=True)
class Measure:
    """A figure of every answer that lies between `least` and `most`: the answer to a question, or the mean of a scale's."""

    key: str
    name: str
    least: float
    most: float

    @property
    def middle(self) -> float:
        return (self.least + self.most) / 2

    @property
    def range(self) -> float:
        return self.most - self.least


@dataclass(frozen=True)
class ArmMean:
    """The mean of one arm. Both None: nobody answered about it; no interval alone: `note` says why."""

    answers: int
    estimate: float | None
    interval: tuple[float, float] | None
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """The mean of arm `a` − that of arm `b`."""

    a: int
    b: int
    found: Judged
    p_holm: float | None  # over the declared differences, or over all where none is declared
    planned: bool  # declared before the data


def arm_mean(
    table: Answers, values: np.ndarray, here: np.ndarray, measure: Measure, level: float = 0.95
) -> ArmMean:
    """The mean of `values` (n,) where `here` (n,) bool is true."""
    part, values = table.only(here), values[here]
    if not len(values):
        return ArmMean(0, None, None)
    weight = part.units.per_item
    mean = float(weight @ values)
    if note := why_no_interval(part):
        return ArmMean(len(values), mean, None, note)
    (effect,) = WeightedMoves(part.units, weight, (values - mean)[:, None], np.array([mean])).each()
    centred = replace(effect, estimate=mean - measure.middle)
    low, high = mean_interval(centred, measure.range / 2, level)
    return ArmMean(len(values), mean, (measure.middle + low, measure.middle + high))


def difference(
    table: Answers,
    values: np.ndarray,
    arm: np.ndarray,
    pair: tuple[int, int],
    measure: Measure,
    *,
    level: float = 0.95,
    smallest: float | None = None,
) -> Judged | None:
    """The mean of the first arm of a pair − that of the second; None where nobody answered about one of them.

    table: who answered about what. values, arm (n,): the figure, and the arm that it is about. smallest: the smallest difference that
    matters, below the measure's range.
    """
    first, second = pair
    part = table.only((arm == first) | (arm == second))
    here = np.isin(arm, pair)
    values, is_first = values[here], arm[here] == first
    if is_first.all() or not is_first.any():
        return None
    weight, moves, means = np.zeros(len(values)), np.zeros(len(values)), []
    for rows, sign in ((is_first, 1), (~is_first, -1)):
        own = part.only(rows).units.per_item
        means.append(float(own @ values[rows]))
        weight[rows] = own / 2
        moves[rows] = 2 * sign * (values[rows] - means[-1])
    estimate = means[0] - means[1]
    effect, note = effect_of_difference(part, weight, moves, estimate, is_first)
    if effect is None:
        return Judged(estimate, None, None, None, note)
    return judged(effect, measure.range, level, smallest)


def effect_of_difference(
    part: Answers, weight: np.ndarray, moves: np.ndarray, estimate: float, is_first: np.ndarray
) -> tuple[Effect | None, str]:
    """A difference of two arms, as `WeightedMoves` has it; None where nothing tells how it varies, and why.

    is_first (n,) bool: which answers are about the first of the two arms; each arm has half of the weight.
    """
    if note := why_no_interval(part) or _alone(part, is_first):
        return None, note
    moved = WeightedMoves(part.units, weight, moves[:, None], np.array([estimate]), is_first.astype(int))
    return moved.each()[0], ""


def _alone(part: Answers, is_first: np.ndarray) -> str:
    """That nothing tells how people of one arm differ, where nobody has answers about both."""
    sides = sides_of(part.units, is_first.astype(int))
    return ONE_IN_AN_ARM if sides is not None and np.bincount(sides).min() < 2 else ""


def differences(
    table: Answers,
    values: np.ndarray,
    arm: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    measure: Measure,
    *,
    declared: Sequence[tuple[int, int]] = (),
    level: float = 0.95,
    smallest: float | None = None,
) -> list[Difference]:
    """Every pair that can be compared. Holm's correction runs over the declared ones, or over all where none is declared."""
    found = [
        (pair, one)
        for pair in pairs
        if (one := difference(table, values, arm, pair, measure, level=level, smallest=smallest)) is not None
    ]
    family = [place for place, (pair, _) in enumerate(found) if not declared or pair in declared]
    adjusted = dict(zip(family, holm([found[place][1].p for place in family]), strict=True))
    return [
        Difference(*pair, one, adjusted.get(place), pair in declared)
        for place, (pair, one) in enumerate(found)
    ]


def rank_tests(
    table: Answers, values: np.ndarray, arm: np.ndarray, pair: tuple[int, int]
) -> dict[str, Finding]:
    """Wilcoxon's and the sign test on the differences of those people, and of those photos, who have answers about both arms.

    A person's own difference is of other photos for one arm than for the other, and a photo's of other people. Where nobody has
    answers about both arms, Wilcoxon's rank sums of the means of the people of each stand in their place.
    """
    tests = {}
    here = np.isin(arm, pair)
    part, is_first = table.only(here), arm[here] == pair[0]
    sides = sides_of(part.units, is_first.astype(int)) if here.any() else None
    if sides is not None:
        of_people = _means(part.units.person, values[here], part.units.people)
        test = rank_sum_test(of_people[sides == 1], of_people[sides == 0])
        tests["people: rank sum"] = replace(test, null=NULL_BETWEEN)
    for unit, index in (("people", table.units.person), ("items", table.units.item)):
        means = [_means(index[arm == one], values[arm == one], int(index.max()) + 1) for one in pair]
        if unit == "people" and sides is not None:
            continue
        apart = means[0] - means[1]
        apart = apart[~np.isnan(apart)]
        tests[f"{unit}: Wilcoxon"] = replace(wilcoxon_test(apart), null=NULLS_OF_RATINGS[unit])
        tests[f"{unit}: signs"] = replace(sign_test(apart), null=NULLS_OF_RATINGS[unit])
    return tests


def _means(index: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """(count,) the mean of each unit's values; nan where it has none."""
    given = np.bincount(index, minlength=count)
    sums = np.bincount(index, values, minlength=count)
    return np.divide(sums, given, out=np.full(count, np.nan), where=given > 0)
