"""Strengths of arms from answers about two at a time: with people and items both drawn, contrasts, and all arms at once.

A strength β is a log odds: of those who prefer one of two arms, the share 1/(1 + e^{β_b − β_a}) prefers a. What is judged is the
**difference of preferences** tanh((β_a − β_b)/2), the share that prefers a less the share that prefers b. It lies between −1 and 1, and on the
scale artanh, on which bounds.py works, it is half the difference of the strengths: interval and p are those of the log odds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from ..contrasts import Judged, judged
from ..distributions import student_quantile, student_tails
from ..inference.anytime import anytime_level
from ..inference.effects import Effect, Method
from ..inference.linearised import Linearised, Slopes
from ..inference.simultaneous import Family, JointTest, family, joint_test
from ..inference.sizes import Size
from ..intervals import Per, weights, why_no_interval
from ..table import remembered
from . import davidson
from .answers import MOST_ARMS, Pairs
from .ranks import components


@dataclass(frozen=True, eq=False)
class Strengths:
    """The strengths of the arms that are connected with each other; the largest such part of them, where there are several.

    `arms` are the indices of these; `place` gives the place of each in `fit`, or −1.
    """

    fit: davidson.Fit
    basis: Linearised | None  # None where there is no interval, and `note` says why
    arms: np.ndarray
    place: np.ndarray
    note: str = ""

    @property
    def helped(self) -> bool:
        return self.fit.helped

    def estimate(self, arm: int) -> float | None:
        """β of an arm, where the mean of all that are connected is 0; None where it is not connected with them."""
        at = int(self.place[arm])
        return None if at < 0 else float(self.fit.strengths[at])

    @cached_property
    def tie(self) -> float:
        """ν: how many times as often as either of two equal arms “same” is said."""
        return float(np.exp(self.fit.parameters[-1])) if self.fit.tied else 0.0

    def change_of(self, weights_of_arms: np.ndarray) -> np.ndarray:
        """(q, m): how Σ weight · β, weights (k, m), moves with the free parameters; the weights of a column sum to 0."""
        k, q = self.fit.cells.arms, len(self.fit.free)
        change = np.zeros((q, weights_of_arms.shape[1]))
        change[: k - 1] = weights_of_arms[1:]
        return change

    def contrasts(self, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
        """(q, m): the changes of β_a − β_b, for pairs of arms that are connected."""
        of_arms = np.zeros((self.fit.cells.arms, len(pairs)))
        for column, (a, b) in enumerate(pairs):
            of_arms[self.place[a], column], of_arms[self.place[b], column] = 1, -1
        return self.change_of(of_arms)

    @property
    def side(self) -> float | None:
        """s: the log odds for the left of two equal arms; None where it is not estimated."""
        return float(self.fit.parameters[-2]) if self.fit.sided else None

    def effects(self, change: np.ndarray, method: Method = "two-way") -> list[Effect] | None:
        """The effects of changes (q, m), in log odds; None where there is no interval."""
        return None if self.basis is None else self.basis.effects(change, method)


@remembered
def strengths_of(answers: Pairs, per: Per = "answers", method: Method = "two-way") -> Strengths:
    """The strengths of one answer at least. `per`: what counts once in the fit; an answer, in Bradley and Terry's likelihood."""
    a, b, outcome = answers.compared
    parts = components(answers.wins + answers.same)
    arms = np.array(max(parts, key=len))
    place = np.full(answers.arms, -1)
    place[arms] = np.arange(len(arms))
    here = place[a] >= 0
    if len(arms) < answers.arms:
        answers = answers.only(here)
        a, b, outcome = answers.compared
    weight = weights(answers, per) * len(answers)
    cells = davidson.cells_of(place[a], place[b], outcome, answers.side, weight, len(arms))
    fit = davidson.fit(cells)
    note = why_no_interval(answers, method)
    return Strengths(fit, None if note else _basis(answers, fit, outcome, weight), arms, place, note)


def _basis(answers: Pairs, fit: davidson.Fit, outcome: np.ndarray, weight: np.ndarray) -> Linearised:
    cells, q = fit.cells, len(fit.free)
    apart, each = davidson.local_information(cells, fit.parameters)
    at = np.full(cells.arms + 2, q)
    at[fit.free] = np.arange(q)
    slopes = Slopes(
        weight[:, None] * apart[cells.cell, outcome],
        weight[:, None, None] * each[cells.cell],
        at[cells.places][cells.cell],
        weight,
    )
    least = np.linalg.inv(fit.information) if fit.helped else None
    return Linearised(answers.units, _free_figures(fit), slopes, fit.information, least)


def _free_figures(fit: davidson.Fit) -> np.ndarray:
    """(q,): the free parameters where the first arm's strength is 0."""
    k = fit.cells.arms
    from_first = fit.parameters.copy()
    from_first[:k] -= from_first[0]
    return from_first[fit.free]


@dataclass(frozen=True)
class Arm:
    """One arm's strength, and what it is where everybody compares it with an arm of average strength."""

    strength: float | None  # β; None: not connected with the others
    interval: tuple[float, float] | None
    variance: float | None = None

    @property
    def chance(self) -> float | None:
        """Of those who prefer one, the share that prefers it to an arm of average strength."""
        return None if self.strength is None else share_of(self.strength)

    @property
    def chance_interval(self) -> tuple[float, float] | None:
        return None if self.interval is None else (share_of(self.interval[0]), share_of(self.interval[1]))


def share_of(log_odds: float) -> float:
    return (1 + math.tanh(log_odds / 2)) / 2


def arms_of(
    answers: Pairs, per: Per = "answers", method: Method = "two-way", level: float = 0.95
) -> list[Arm]:
    """Every arm's strength with its interval, in the order of the arms."""
    found = strengths_of(answers, per, method)
    k = len(found.arms)
    effects = found.effects(found.change_of(np.eye(k) - 1 / k), method)
    arms = []
    for arm in range(answers.arms):
        estimate, at = found.estimate(arm), int(found.place[arm])
        if estimate is None or effects is None or k < 2:
            arms.append(Arm(estimate, None))
        else:
            arms.append(Arm(estimate, log_interval(effects[at], level), effects[at].variance))
    return arms


def log_interval(effect: Effect, level: float = 0.95) -> tuple[float, float]:
    """The interval of a log odds, which has no ends: estimate ± t · error."""
    reach = student_quantile((1 + level) / 2, effect.df) * math.sqrt(effect.variance)
    return effect.estimate - reach, effect.estimate + reach


def side_of(answers: Pairs, level: float = 0.95) -> Judged | None:
    """The log odds for the left of two equal arms; None where it is not estimated."""
    found = strengths_of(answers)
    return None if found.side is None else _log_judged(found, len(found.arms) - 1, found.side, level)


def tie_of(answers: Pairs, level: float = 0.95) -> Judged | None:
    """log ν; None where nobody said “same”."""
    found = strengths_of(answers)
    if not found.fit.tied:
        return None
    return _log_judged(found, len(found.fit.free) - 1, float(found.fit.parameters[-1]), level)


def _log_judged(found: Strengths, at: int, estimate: float, level: float) -> Judged:
    change = np.zeros((len(found.fit.free), 1))
    change[at] = 1
    effects = found.effects(change)
    if effects is None:
        return Judged(estimate, None, None, None, found.note)
    effect = effects[0]
    p = student_tails(effect.estimate / math.sqrt(effect.variance), effect.df)
    return Judged(estimate, log_interval(effect, level), p, effect.df)


def as_difference(effect: Effect) -> Effect:
    """A difference of strengths as a difference of preferences, tanh(δ/2)."""
    at = math.tanh(effect.estimate / 2)
    slope = (1 - at) * (1 + at) / 2
    return replace(effect, estimate=at, variance=effect.variance * slope**2)


def judge_pairs(
    answers: Pairs,
    pairs: Sequence[tuple[int, int]],
    *,
    per: Per = "answers",
    level: float = 0.95,
    smallest: float | None = None,
) -> list[Judged | None]:
    """The difference of preferences of two arms, for each pair; None where they are not connected. `smallest`: the smallest that matters."""
    found = strengths_of(answers, per)
    together = [pair for pair in pairs if connected(found, pair)]
    change = found.contrasts(together)
    effects = found.effects(change)
    results: dict[tuple[int, int], Judged] = {}
    for column, (a, b) in enumerate(together):
        if effects is None:
            gap = found.fit.strengths[found.place[a]] - found.fit.strengths[found.place[b]]
            results[a, b] = Judged(math.tanh(gap / 2), None, None, None, found.note)
        else:
            results[a, b] = judged(as_difference(effects[column]), 1.0, level, smallest)
    return [results.get((a, b)) for a, b in pairs]


def connected(found: Strengths, pair: tuple[int, int]) -> bool:
    return bool(found.place[pair[0]] >= 0 and found.place[pair[1]] >= 0)


def sizes_of(found: Judged) -> dict[str, Size]:
    """A difference of preferences, with its interval, as other studies give it."""
    difference = Size(found.estimate, found.interval)
    superiority = difference.through(lambda at: (1 + at) / 2)
    return {
        "superiority": superiority,
        "odds": superiority.through(lambda share: share / (1 - share) if share < 1 else None),
    }


@remembered
def family_of(answers: Pairs, pairs: tuple[tuple[int, int], ...]) -> Family:
    """The differences of these pairs, all at once; they must be connected."""
    found = strengths_of(answers)
    change = found.contrasts(pairs)
    effects = found.effects(change)
    if effects is None or found.basis is None:
        return Family(len(pairs), None, 1.0)
    return family(found.basis, change, effects)


@dataclass(frozen=True, eq=False)
class Better:
    """(k, k) bool of the connected arms: whether the arm of the row is found to be better than that of the column."""

    table: np.ndarray


@remembered
def better_of(answers: Pairs) -> Better:
    """Of a study with an end: all pairs at once by max-T, at one look, whose family errs with 5 % at most."""
    found = strengths_of(answers)
    pairs = tuple(combinations(found.arms.tolist(), 2))
    level = family_of(answers, pairs).level() if pairs and found.basis else 1.0
    return _better(answers, found, dict.fromkeys(pairs, level))


@remembered
def better_at_any_time(answers: Pairs) -> Better:
    """Of a study without one: all pairs that MOST_ARMS arms can ever make, whenever somebody looks (inference/anytime.py)."""
    found = strengths_of(answers)
    pairs = tuple(combinations(found.arms.tolist(), 2))
    effects = found.effects(found.contrasts(pairs)) if pairs else None
    levels = {
        pair: anytime_level(effect.variance, MOST_ARMS * (MOST_ARMS - 1) // 2)
        for pair, effect in zip(pairs, effects or [], strict=False)
    }
    return _better(answers, found, levels)


def _better(answers: Pairs, found: Strengths, levels: dict[tuple[int, int], float]) -> Better:
    k = len(found.arms)
    table = np.zeros((k, k), bool)
    pairs = tuple(levels) if found.basis is not None else ()
    for (a, b), one in zip(pairs, judge_pairs(answers, pairs), strict=True):
        if one is not None and one.found(levels[a, b]):
            first, second = (a, b) if one.estimate > 0 else (b, a)
            table[found.place[first], found.place[second]] = True
    return Better(table)


def any_pair_of(answers: Pairs) -> float | None:
    """The p of “no two connected arms differ”, by the largest t of all pairs (max-T). With as many arms as people it still says something,
    where an F over all arms (`any_difference_of`) has no degrees of freedom left."""
    found = strengths_of(answers)
    pairs = tuple(combinations(found.arms.tolist(), 2))
    if found.basis is None or not pairs:
        return None
    smallest = min(one.p for one in judge_pairs(answers, pairs) if one is not None and one.p is not None)
    return family_of(answers, pairs).p(smallest)


def any_difference_of(answers: Pairs) -> JointTest:
    """One test of all arms that are connected: are they equally strong? It asks for more people than arms, and is on the safe side."""
    found = strengths_of(answers)
    if found.basis is None:
        return JointTest(None, None, None, found.note)
    if len(found.arms) < 2:
        return JointTest(None, None, None, "Nothing was compared.")
    first = int(found.arms[0])
    return joint_test(found.basis, found.contrasts([(int(arm), first) for arm in found.arms[1:]]))
