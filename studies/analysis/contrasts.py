"""Is one arm better than another, is the mean rating above zero? One inference: the interval and the p of a comparison come of the
same t (inference/), so they never contradict each other. Holm's correction, all pairs at once, all arms at once, planned looks and
simulated power take the same. Tests with other null hypotheses stand in inference/sensitivity.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from .answers import RATING_LIMIT, AnswersError
from .inference.bounds import Ends, mean_interval, mean_p
from .inference.effects import Effect
from .inference.equivalence import ALPHA, Equivalence, corrected, equivalence
from .inference.sensitivity import PERMUTATIONS, Finding, swap_tests_of
from .inference.simultaneous import NO_CHOICE, ONE_ARM, Family, JointTest, family, holm, joint_test
from .inference.sizes import Size, odds, standardised, superiorities, superiority_of_ratings
from .intervals import Per, rating_effect, shares_of, shares_of_ratings, why_no_interval
from .table import Choices, Ratings, remembered


@dataclass(frozen=True)
class Judged:
    """What is estimated, and what may be concluded. Without an interval there is no p either, and `note` says why."""

    estimate: float
    interval: Ends | None
    p: float | None  # at most 1 − level just where the interval leaves zero out
    df: float | None  # degrees of freedom of Student's t; None where every answer is the same
    note: str = ""
    equivalence: Equivalence | None = None  # beside the smallest effect that matters, where that is said

    def found(self, level: float) -> bool:
        """Whether a decision at this level finds a difference."""
        return self.p is not None and self.p <= 1 - level

    def scaled(self, factor: float) -> "Judged":
        """The same in another unit."""
        ends = self.interval and (factor * self.interval[0], factor * self.interval[1])
        beside = self.equivalence and self.equivalence.scaled(factor)
        return Judged(factor * self.estimate, ends, self.p, self.df, self.note, beside)

    def within(self, smallest: float) -> bool:
        """Whether all of the interval lies between −smallest and smallest."""
        return self.interval is not None and -smallest <= self.interval[0] and self.interval[1] <= smallest


def judged(effect: Effect, limit: float, level: float = 0.95, smallest: float | None = None) -> Judged:
    """An effect that lies between −limit and limit, judged; `smallest`: the smallest that matters."""
    return Judged(
        effect.estimate,
        mean_interval(effect, limit, level),
        mean_p(effect, limit),
        effect.df if effect.variance else None,
        equivalence=None if smallest is None else equivalence(effect, limit, smallest),
    )


@dataclass(frozen=True, eq=False)
class Contrast:
    """Arm `a` against arm `b`: the difference of their totals with its interval and p, and tests to stand beside them."""

    a: int
    b: int
    difference: float  # total of a − total of b
    interval: np.ndarray | None  # (2,)
    p: float | None
    df: float | None
    interval_all_pairs: np.ndarray | None  # (2,) those of all pairs hold together at 95 %
    p_all_pairs: float | None
    exploratory: bool  # not declared before the data
    p_holm: float | None  # of `p`, over the declared contrasts; None for exploratory ones
    equivalence: Equivalence | None  # in shares of all items; None where no smallest effect is declared
    p_equivalence: float | None  # of it, as Holm corrects it over the declared contrasts
    superiority: Size  # of those who picked one of the two, the share that picked `a`
    trials: Finding  # sensitivity: labels exchanged
    items: Finding
    people: Finding

    @property
    def odds(self) -> Size:
        """How many times as often `a` was picked as `b`."""
        return odds(self.superiority)

    @property
    def equivalent(self) -> bool | None:
        """Whether “no difference that matters” is found; None where nothing declared says so."""
        return None if self.p_equivalence is None else self.p_equivalence <= ALPHA


def compare_arms(
    items: ArrayLike,
    participants: ArrayLike,
    choices: ArrayLike,
    arms: int = 3,
    *,
    declared: Sequence[tuple[int, int]] = (),
    smallest: float | None = None,
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> list[Contrast]:
    """Every pair of arms, the declared ones first. Holm's correction runs over the declared ones alone.

    items, participants (n,): any labels. choices (n,) int: an arm's index, or -1 for “same”. smallest: the smallest difference of
    shares that matters, between 0 and 1. `draws` and `seed` are of the exchanges of labels. Raises AnswersError for bad columns or a contrast that names no arm.

    >>> contrast = compare_arms([*range(12)] * 5, [*range(60)], [0, 0, 0, 0, 1] * 12, arms=2)[0]
    >>> round(contrast.difference, 2), contrast.p < 0.05, bool(contrast.interval[0] > 0)
    (7.2, True, True)
    """
    answers = Choices.of(items, participants, choices, arms=arms)
    return compare_arms_of(answers, declared=declared, smallest=smallest, draws=draws, seed=seed)


def compare_arms_of(
    answers: Choices,
    *,
    declared: Sequence[tuple[int, int]] = (),
    smallest: float | None = None,
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> list[Contrast]:
    """`compare_arms` of a table."""
    pairs = _pairs(answers.arms, declared)
    each = judge_pairs(answers, pairs, smallest=smallest)
    every = family_of(answers, tuple(pairs))
    together = judge_pairs(answers, pairs, level=every.level())
    adjusted = holm([one.p for one in each[: len(declared)]])
    small = corrected([one.equivalence for one in each[: len(declared)]])
    sizes = superiorities_of(answers, tuple(pairs))
    items = answers.units.items
    return [
        Contrast(
            a=pair[0],
            b=pair[1],
            difference=items * one.estimate,
            interval=_in_items(one, items),
            p=one.p,
            df=one.df,
            interval_all_pairs=_in_items(wide, items),
            p_all_pairs=None if one.p is None else every.p(one.p),
            exploratory=number >= len(declared),
            p_holm=adjusted[number] if number < len(declared) else None,
            equivalence=one.equivalence,
            p_equivalence=small[number] if number < len(declared) else None,
            superiority=sizes[number],
            **vars(swap_tests_of(answers, pair, draws=draws, seed=seed)),
        )
        for number, (pair, one, wide) in enumerate(zip(pairs, each, together, strict=True))
    ]


def _pairs(arms: int, declared: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    for pair in declared:
        if len(set(pair)) != 2 or not all(0 <= arm < arms for arm in pair):
            raise AnswersError(f"contrast {pair}: name two different arms from 0 to {arms - 1}")
    return [
        *declared,
        *(pair for pair in combinations(range(arms), 2) if set(pair) not in map(set, declared)),
    ]


def _in_items(one: Judged, items: int) -> np.ndarray | None:
    return None if one.interval is None else items * np.array(one.interval)


def judge_pairs(
    answers: Choices,
    pairs: Sequence[tuple[int, int]],
    *,
    per: Per = "items",
    level: float = 0.95,
    smallest: float | None = None,
) -> list[Judged]:
    """The difference of the shares of two arms, for each pair. `smallest`: the smallest that matters."""
    shares, change = shares_of(answers, per), _changes(answers, pairs)
    if note := why_no_interval(answers):
        return [Judged(float(estimate), None, None, None, note) for estimate in shares.shares @ change]
    return [judged(effect, 1, level, smallest) for effect in shares.effects(change)]


def _changes(answers: Choices, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """(kinds, k): how the difference of each pair moves with the shares."""
    change = np.zeros((answers.arms + 1, len(pairs)))
    for place, (a, b) in enumerate(pairs):
        change[a, place], change[b, place] = 1, -1
    return change


@remembered
def family_of(answers: Choices, pairs: tuple[tuple[int, int], ...]) -> Family:
    """The differences of these pairs, all at once."""
    if why_no_interval(answers):
        return Family(len(pairs), None, 1.0)
    change = _changes(answers, pairs)
    return family(shares_of(answers), change, shares_of(answers).effects(change))


def equivalent_pairs(
    answers: Choices, declared: Sequence[tuple[int, int]], smallest: float
) -> list[tuple[int, int]]:
    """Those declared contrasts whose difference is found to be smaller than the smallest that matters, corrected by Holm."""
    each = judge_pairs(answers, declared, smallest=smallest)
    adjusted = corrected([one.equivalence for one in each])
    return [pair for pair, p in zip(declared, adjusted, strict=True) if p is not None and p <= ALPHA]


@remembered
def superiorities_of(answers: Choices, pairs: tuple[tuple[int, int], ...]) -> list[Size]:
    """For each pair: of those who picked one of the two, the share that picked the first."""
    return superiorities(shares_of(answers), pairs, enough=not why_no_interval(answers))


@remembered
def any_difference_of(answers: Choices) -> JointTest:
    """One test of all arms: are their shares alike, over people and items like these?"""
    arms, values = answers.arms, answers.values
    if arms < 2:
        return JointTest(None, None, None, ONE_ARM)
    if note := why_no_interval(answers):
        return JointTest(None, None, None, note)
    if (values == values[0]).all():
        units = min(answers.units.people, answers.units.items)
        return JointTest(
            None,
            None,
            float(arms) ** (1 - units) if values[0] >= 0 else None,
            NO_CHOICE if values[0] < 0 else "",
        )
    change = np.vstack([np.eye(arms - 1), -np.ones(arms - 1), np.zeros(arms - 1)])
    return joint_test(shares_of(answers), change)


def any_difference(items: ArrayLike, participants: ArrayLike, choices: ArrayLike, arms: int = 3) -> JointTest:
    """`any_difference_of` of columns."""
    return any_difference_of(Choices.of(items, participants, choices, arms=arms))


def judge_mean_of(
    answers: Ratings, per: Per = "items", *, level: float = 0.95, smallest: float | None = None
) -> Judged:
    """The mean rating, of the items' means, of people's means or of all answers, held against zero, and the smallest that matters."""
    effect = rating_effect(answers, per)
    if note := why_no_interval(answers):
        return Judged(effect.estimate, None, None, None, note)
    return judged(effect, RATING_LIMIT, level, smallest)


@remembered
def sizes_of_ratings(answers: Ratings, per: Per = "items") -> dict[str, Size]:
    """“superiority”: the chance that the first arm is rated better; “dz”: the mean in standard deviations of single answers."""
    values, shares = shares_of_ratings(answers, per)
    enough = not why_no_interval(answers)
    return {
        "superiority": superiority_of_ratings(values, shares, enough=enough),
        "dz": standardised(values, shares, RATING_LIMIT, enough=enough),
    }
