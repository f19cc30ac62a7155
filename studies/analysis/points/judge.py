"""Mean points of arms and their differences, judged by the one inference (inference/): a mean of points is a weighted mean of answers."""

from collections.abc import Sequence

import numpy as np

from ..contrasts import Contrast, Judged, judged
from ..distributions import student_quantile
from ..inference.bounds import share_intervals
from ..inference.effects import Method
from ..inference.equivalence import ALPHA, corrected
from ..inference.sensitivity import PERMUTATIONS, SwapTests, swap_tests_of_votes
from ..inference.simultaneous import NO_CHOICE, ONE_ARM, Family, JointTest, family, holm, joint_test
from ..inference.sizes import Size, standardised, superiority_of_ratings
from ..intervals import Per, why_no_interval
from ..resampling import why_not
from ..table import remembered
from .luce import Logit
from .table import Points, shares_of_points

Pairs = Sequence[tuple[int, int]]


def judge_arms(
    answers: Points, per: Per = "items", method: Method = "two-way", level: float = 0.95
) -> list[Judged]:
    """The mean points of each arm with its interval. None has a p: there is no mean that it should have."""
    shares, scale = shares_of_points(answers, per), answers.scale
    change = answers.points - scale.middle
    if note := why_no_interval(answers, method):
        return [Judged(float(at), None, None, None, note) for at in shares.shares @ answers.points]
    found = [judged(effect, scale.reach, level) for effect in shares.effects(change, method)]
    return [
        Judged(one.estimate + scale.middle, _moved(one.interval, scale.middle), None, one.df) for one in found
    ]


def _moved(ends: tuple[float, float] | None, by: float) -> tuple[float, float] | None:
    return ends and (ends[0] + by, ends[1] + by)


def judge_shares(answers: Points, of: np.ndarray, per: Per = "items") -> list[Judged]:
    """Shares of the answers, for each column of `of` (kinds, k): how much of a yes each answer that occurs is, 0 to 1."""
    shares = shares_of_points(answers, per)
    at = shares.shares @ of
    if note := why_no_interval(answers):
        return [Judged(float(share), None, None, None, note) for share in at]
    ends = share_intervals(shares.effects(of))
    return [Judged(float(share), end, None, None) for share, end in zip(at, ends, strict=True)]


def judge_point_pairs(
    answers: Points, pairs: Pairs, *, per: Per = "items", level: float = 0.95, smallest: float | None = None
) -> list[Judged]:
    """The difference of the mean points of two arms, for each pair. `smallest`: the smallest that matters."""
    shares, change = shares_of_points(answers, per), _changes(answers, pairs)
    if note := why_no_interval(answers):
        return [Judged(float(estimate), None, None, None, note) for estimate in shares.shares @ change]
    return [judged(effect, 2 * answers.scale.reach, level, smallest) for effect in shares.effects(change)]


def _changes(answers: Points, pairs: Pairs) -> np.ndarray:
    """(kinds, pairs): what each answer that occurs says of each difference."""
    first, second = (np.array([pair[side] for pair in pairs], int) for side in (0, 1))
    return answers.points[:, first] - answers.points[:, second]


def compare_points(
    answers: Points,
    pairs: Pairs,
    declared: int,
    *,
    smallest: float | None = None,
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> list[Contrast]:
    """Each pair of arms; the first `declared` of them were declared before the data, and Holm's correction runs over these."""
    each = judge_point_pairs(answers, pairs, smallest=smallest)
    every = _family_of(answers, tuple(pairs))
    together = judge_point_pairs(answers, pairs, level=every.level())
    adjusted = holm([one.p for one in each[:declared]])
    small = corrected([one.equivalence for one in each[:declared]])
    return [
        Contrast(
            a=pair[0],
            b=pair[1],
            difference=one.estimate,
            interval=_ends(one),
            p=one.p,
            df=one.df,
            interval_all_pairs=_ends(wide),
            p_all_pairs=None if one.p is None else every.p(one.p),
            exploratory=number >= declared,
            p_holm=adjusted[number] if number < declared else None,
            equivalence=one.equivalence,
            p_equivalence=small[number] if number < declared else None,
            superiority=sizes_of_pair(answers, pair)["superiority"],
            **vars(_swap_tests(answers, pair, draws, seed)),
        )
        for number, (pair, one, wide) in enumerate(zip(pairs, each, together, strict=True))
    ]


def _ends(one: Judged) -> np.ndarray | None:
    return None if one.interval is None else np.array(one.interval)


@remembered
def _family_of(answers: Points, pairs: tuple[tuple[int, int], ...]) -> Family:
    """The differences of these pairs, all at once."""
    if why_no_interval(answers):
        return Family(len(pairs), None, 1.0)
    shares, change = shares_of_points(answers), _changes(answers, pairs)
    return family(shares, change, shares.effects(change))


@remembered
def _swap_tests(answers: Points, pair: tuple[int, int], draws: int, seed: int) -> SwapTests:
    votes = _changes(answers, [pair])[answers.kind, 0] / answers.units.with_same_item
    return swap_tests_of_votes(answers.units, votes, draws=draws, seed=seed)


@remembered
def sizes_of_pair(answers: Points, pair: tuple[int, int]) -> dict[str, Size]:
    """“superiority”: the chance that the first stands before the second, and half of the chance that neither does; “dz”: the mean
    difference in standard deviations of single answers."""
    shares, difference = shares_of_points(answers), _changes(answers, [pair])[:, 0]
    enough = not why_no_interval(answers)
    return {
        "superiority": superiority_of_ratings(difference, shares, enough=enough),
        "dz": standardised(difference, shares, 2 * answers.scale.reach, enough=enough),
    }


def equivalent_point_pairs(answers: Points, declared: Pairs, smallest: float) -> list[tuple[int, int]]:
    """Those declared contrasts whose difference is found to be smaller than the smallest that matters, corrected by Holm."""
    each = judge_point_pairs(answers, declared, smallest=smallest)
    adjusted = corrected([one.equivalence for one in each])
    return [pair for pair, p in zip(declared, adjusted, strict=True) if p is not None and p <= ALPHA]


@remembered
def any_point_difference(answers: Points) -> JointTest:
    """One test of all arms: are their mean points alike, over people and items like these?

    Where every answer is one and the same, p is the chance that arms in any order give it so often: arms^(1 − units), as for choices.
    """
    arms = answers.arms
    if arms < 2:
        return JointTest(None, None, None, ONE_ARM)
    if note := why_no_interval(answers):
        return JointTest(None, None, None, note)
    if len(answers.codes) == 1:
        if np.ptp(answers.points) == 0:
            return JointTest(None, None, None, NO_CHOICE)
        units = min(answers.units.people, answers.units.items)
        return JointTest(None, None, float(arms) ** (1 - units))
    return joint_test(shares_of_points(answers), answers.points[:, :-1] - answers.points[:, -1:])


def strengths_intervals(answers: Points, fitted: Logit, level: float = 0.95) -> tuple[np.ndarray | None, str]:
    """(arms, 2) of worths that sum to 1, from how far each answer moves the fit; None and why.

    An answer adds I⁻¹ · (its slope of the log likelihood) to the parameters, I the information: the “sandwich” of White (1982), whose
    middle is the two-way variance of all other estimates. On the scale of the log odds of a worth, which has no ends.
    """
    units = answers.units
    if note := why_not(units.people, units.items, "two-way"):
        return None, note
    moves = len(answers) * fitted.moves  # (kinds, arms - 1), of which the mean over answers is zero
    log_worth = np.hstack([np.zeros((len(moves), 1)), moves])
    worth = fitted.worth
    odds = (log_worth - (log_worth @ worth)[:, None]) / (1 - worth)
    at = np.log(worth) - np.log1p(-worth)
    effects = shares_of_points(answers, "answers").effects(odds, estimates=at)
    reach = np.array([student_quantile((1 + level) / 2, one.df) * one.variance**0.5 for one in effects])
    ends = np.stack([at - reach, at + reach], axis=1)
    return 1 / (1 + np.exp(-ends)), ""
