"""What people make of a network’s answers, with and without an explanation: is it right, they say, and it is or is not.

A “right” about a photo that the network gets right is a hit, about one that it gets wrong a false alarm. Accuracy, sensitivity and
specificity are means over photos, as those of inference: every photo counts once. d′ and the criterion c are of all answers of an arm,

    H = (hits + ½) / (right photos’ answers + 1)        F = (false alarms + ½) / (wrong photos’ answers + 1)
    d′ = z(H) − z(F)                                    c = −(z(H) + z(F)) / 2

with the log-linear correction (Hautus 1995, Behavior Research Methods, Instruments, & Computers 27, 46–51), always, so that no rate is
0 or 1. c above 0: people say “wrong” more readily. AUC is the chance that a photo that the network gets right got a higher answer than
one that it gets wrong, ties count one half: of the steps as people used them, without a model.

Intervals and p have both people and photos drawn (inference/effects.py). For d′, c and AUC each answer moves the figure by the slope of
the formula times how far it lies from its rate (of AUC: from its own placement value), the delta method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, pi, sqrt

import numpy as np

from ..contrasts import Judged, judged
from ..distributions import normal_quantile, student_quantile, student_tails
from ..inference.bounds import mean_interval
from ..inference.effects import Effect, WeightedMoves
from ..inference.simultaneous import holm
from ..intervals import why_no_interval
from ..questionnaires import Difference, Measure, arm_mean, difference, effect_of_difference
from ..table import Answers


@dataclass(frozen=True, eq=False, kw_only=True)
class Verdicts(Answers):
    """Values say the arm and the answer in one number; `truths` are 1 where the network is right, 0 where it is wrong."""

    arm: np.ndarray  # (n,) int: which arm was shown
    said: np.ndarray  # (n,) int: 0 … steps − 1, the higher the surer that the network is right
    steps: int

    @property
    def says_right(self) -> np.ndarray:
        """(n,) bool"""
        return 2 * self.said >= self.steps

    @property
    def correct(self) -> np.ndarray:
        """(n,) float: 1 where the answer agrees with the truth."""
        return (self.says_right == (self.truths == 1)).astype(float)


class Kind(StrEnum):
    ACCURACY = "accuracy"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"
    D_PRIME = "d_prime"
    CRITERION = "criterion"
    AUC = "auc"
    GAIN = "gain"


MEASURES: dict[Kind, str] = {
    Kind.ACCURACY: "answers that are correct",
    Kind.SENSITIVITY: "“right” where the network is right",
    Kind.SPECIFICITY: "“wrong” where the network is wrong",
    Kind.D_PRIME: "d′",
    Kind.CRITERION: "criterion c",
    Kind.AUC: "area under the curve of the four steps",
    Kind.GAIN: "team − network alone",
}


@dataclass(frozen=True)
class Arm:
    """One figure of one arm. No estimate: nobody answered what it is of; no interval alone: `note` says why."""

    answers: int
    estimate: float | None
    interval: tuple[float, float] | None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One measure of every arm, and the differences of arms in it."""

    kind: Kind
    arms: tuple[Arm, ...]
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        return MEASURES[self.kind]


def network_alone(table: Verdicts) -> float | None:
    """The share of the photos that were answered about which the network gets right; None without answers."""
    if not len(table):
        return None
    return float(table.units.per_item @ (table.truths == 1))


def kinds(table: Verdicts) -> list[Kind]:
    """The measures that there are; of two steps the AUC says no more than the rates."""
    return [kind for kind in Kind if kind != Kind.AUC or table.steps > 2]


def figures(
    table: Verdicts, arms: int, pairs: Sequence[tuple[int, int]], declared: Sequence[tuple[int, int]]
) -> list[Figure]:
    """Every measure. `pairs` are compared, but for the gain, in which arms differ as in accuracy; Holm’s correction runs over the declared ones in each, or over all."""
    return [
        Figure(
            kind,
            tuple(_of_arm(table, table.arm == arm, kind) for arm in range(arms)),
            () if kind == Kind.GAIN else tuple(contrasts(table, kind, pairs, declared)),
        )
        for kind in kinds(table)
    ]


def contrasts(
    table: Verdicts,
    kind: Kind,
    pairs: Sequence[tuple[int, int]],
    declared: Sequence[tuple[int, int]],
    *,
    level: float = 0.95,
    smallest: float | None = None,
) -> list[Difference]:
    """Differences of arms in one measure, first − second; those of which an arm has no answers are left out.

    Args:
        declared: Holm’s correction runs over these of the pairs, or over all where none is among them.
        smallest: the smallest difference that matters, of a measure between 0 and 1.
    """
    found = [
        (pair, one)
        for pair in pairs
        if (one := _difference(table, kind, pair, level=level, smallest=smallest)) is not None
    ]
    family = [place for place, (pair, _) in enumerate(found) if pair in declared] or [*range(len(found))]
    adjusted = dict(zip(family, holm([found[place][1].p for place in family]), strict=True))
    return [
        Difference(*pair, one, adjusted.get(place), pair in declared)
        for place, (pair, one) in enumerate(found)
    ]


# Means over photos


def _mean_of(table: Verdicts, kind: Kind) -> tuple[np.ndarray, np.ndarray, Measure] | None:
    """Of a measure that is a mean: which answers it is of (n,), what each says (n,), and between what it lies."""
    everything, right = np.ones(len(table), bool), table.truths == 1
    share = Measure(kind.value, MEASURES[kind], 0, 1)
    match kind:
        case Kind.ACCURACY:
            return everything, table.correct, share
        case Kind.SENSITIVITY:
            return right, table.correct, share
        case Kind.SPECIFICITY:
            return ~right, table.correct, share
        case Kind.GAIN:
            return everything, table.correct - right, Measure(kind.value, MEASURES[kind], -1, 1)
    return None


def _of_arm(table: Verdicts, here: np.ndarray, kind: Kind) -> Arm:
    if mean := _mean_of(table, kind):
        which, values, measure = mean
        found = arm_mean(table, values, here & which, measure)
        return Arm(found.answers, found.estimate, found.interval, found.note)
    part = table.only(here)
    groups = _groups(part, kind)
    if groups is None:
        return Arm(len(part), None, None)
    estimate, effect, note = _effect(part, groups)
    if effect is None:
        return Arm(len(part), estimate, None, note)
    return Arm(len(part), estimate, _interval(effect, kind))


def _difference(
    table: Verdicts, kind: Kind, pair: tuple[int, int], *, level: float, smallest: float | None
) -> Judged | None:
    if mean := _mean_of(table, kind):
        which, values, measure = mean
        part = table.only(which)
        return difference(part, values[which], part.arm, pair, measure, level=level, smallest=smallest)
    first, second = pair
    part = table.only((table.arm == first) | (table.arm == second))
    one, other = (_groups(part, kind, part.arm == arm) for arm in pair)
    if one is None or other is None:
        return None
    groups = [*one, *(group.turned() for group in other)]
    estimate, effect, note = _effect(part, groups, is_first=part.arm == first)
    if effect is None:
        return Judged(estimate, None, None, None, note)
    if kind == Kind.AUC:
        return judged(effect, 1.0, level)
    p = student_tails(estimate / sqrt(effect.variance), effect.df)
    return Judged(estimate, _interval(effect, kind, level), p, effect.df)


# Figures of all answers: the delta method


@dataclass(frozen=True, eq=False)
class _Group:
    """Some of the answers: `part` of the estimate is theirs, and each moves it by `moves` / their number."""

    here: np.ndarray  # (n,) bool
    moves: np.ndarray  # (n,) float: sums to 0 over them
    part: float

    def turned(self) -> "_Group":
        return _Group(self.here, -self.moves, -self.part)


def _groups(table: Verdicts, kind: Kind, here: np.ndarray | None = None) -> list[_Group] | None:
    """The answers about right photos, and those about wrong ones; None where there are none of one kind."""
    here = np.ones(len(table), bool) if here is None else here
    right, wrong = here & (table.truths == 1), here & (table.truths == 0)
    if not right.any() or not wrong.any():
        return None
    if kind == Kind.AUC:
        return _placements(table, right, wrong)
    slopes: tuple[Callable[[float], float], Callable[[float], float]] = (
        (lambda z: z, lambda z: -z) if kind == Kind.D_PRIME else (lambda z: -z / 2, lambda z: -z / 2)
    )
    groups = []
    for rows, turned in zip((right, wrong), slopes, strict=True):
        n, says = int(rows.sum()), table.says_right.astype(float)
        mean = says[rows].mean()
        z = normal_quantile((n * mean + 0.5) / (n + 1))
        slope = n / (n + 1) / (exp(-z * z / 2) / sqrt(2 * pi))
        groups.append(_Group(rows, turned(slope) * np.where(rows, says - mean, 0.0), turned(z)))
    return groups


def _placements(table: Verdicts, right: np.ndarray, wrong: np.ndarray) -> list[_Group]:
    counts = [np.bincount(table.said[rows], minlength=table.steps) / rows.sum() for rows in (right, wrong)]
    below_wrong = (
        np.cumsum(counts[1]) - counts[1] / 2
    )  # of each step: wrong photos’ answers below it, ties half
    above_right = 1 - (np.cumsum(counts[0]) - counts[0] / 2)
    auc = float(counts[0] @ below_wrong)
    return [
        _Group(rows, np.where(rows, values[table.said] - auc, 0.0), auc / 2)
        for rows, values in ((right, below_wrong), (wrong, above_right))
    ]


def _effect(
    table: Verdicts, groups: Sequence[_Group], is_first: np.ndarray | None = None
) -> tuple[float, Effect | None, str]:
    """The sum of the groups’ parts, how it varies, and why that cannot be told. `is_first`: of a difference, the answers of the first arm."""
    estimate = sum(group.part for group in groups)
    if note := why_no_interval(table):
        return estimate, None, note
    weight, moves = np.zeros(len(table)), np.zeros(len(table))
    for group in groups:
        weight[group.here] = 1 / len(groups) / group.here.sum()
        moves += len(groups) * group.moves
    effect: Effect | None
    if is_first is None:
        (effect,) = WeightedMoves(table.units, weight, moves[:, None], np.array([estimate])).each()
    else:
        effect, note = effect_of_difference(table, weight, moves, estimate, is_first)
    if effect is None:
        return estimate, None, note
    if effect.variance == 0:
        return estimate, None, "Every answer is the same, so nothing varies."
    return estimate, effect, ""


def _interval(effect: Effect, kind: Kind, level: float = 0.95) -> tuple[float, float]:
    if kind == Kind.AUC:
        low, high = mean_interval(_centred(effect), 0.5, level)
        return 0.5 + low, 0.5 + high
    reach = student_quantile((1 + level) / 2, effect.df) * sqrt(effect.variance)
    return effect.estimate - reach, effect.estimate + reach


def _centred(effect: Effect) -> Effect:
    at = min(0.5 - 1e-9, max(-0.5 + 1e-9, effect.estimate - 0.5))
    return Effect(at, effect.variance, effect.df, effect.units, effect.answers)
