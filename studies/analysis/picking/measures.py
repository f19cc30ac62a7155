"""People pick one of n, of which one is right. What an arm's answers come to, beside chance (1/n) and beside another arm.

Accuracy is the mean of the photos' shares of correct answers, so that every photo counts once; beside it stand those of the photos
that the network gets right, and of those that it gets wrong. Intervals and p have both people and photos drawn (inference/effects.py).
Whether an arm is above chance is judged by the same t as its interval: p ≤ .05 just where the 95 % interval leaves chance out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from ..contrasts import Judged
from ..inference.bounds import mean_interval, mean_p
from ..inference.effects import WeightedMoves
from ..intervals import why_no_interval
from ..questionnaires import Difference, Measure, differences
from ..table import Answers


@dataclass(frozen=True, eq=False, kw_only=True)
class Picks(Answers):
    """Values say the arm and what was picked in one number; `truths` are those of `truth_of`."""

    arm: np.ndarray  # (n,) int: which arm was shown
    picked: np.ndarray  # (n,) int: 0 … classes − 1
    classes: int

    @property
    def correct(self) -> np.ndarray:
        """(n,) float: 1 where the one that is right was picked."""
        return (self.picked == self.truths // 2).astype(float)

    @property
    def network_right(self) -> np.ndarray:
        """(n,) bool: whether the network is right about the photo."""
        return self.truths % 2 == 1


def truth_of(place: int, network_right: bool) -> int:
    """Which one is right, and whether the network is, in one number.

    >>> truth_of(3, network_right=True)
    7
    """
    return 2 * place + network_right


class Kind(StrEnum):
    ACCURACY = "accuracy"
    WHERE_RIGHT = "where_right"
    WHERE_WRONG = "where_wrong"


MEASURES: dict[Kind, str] = {
    Kind.ACCURACY: "answers that are correct",
    Kind.WHERE_RIGHT: "answers that are correct, of photos that the network gets right",
    Kind.WHERE_WRONG: "answers that are correct, of photos that the network gets wrong",
}


@dataclass(frozen=True)
class ArmPicks:
    """A share of correct answers with one arm. No estimate: nobody answered what it is of; no interval alone: `note` says why.

    `p_chance`: of the share being that of chance.
    """

    answers: int
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    p_chance: float | None = None
    df: float | None = None
    note: str = ""


@dataclass(frozen=True)
class PickFigure:
    """One measure of every arm, and the differences of arms in it."""

    kind: Kind
    arms: tuple[ArmPicks, ...]
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        return MEASURES[self.kind]


def figures(
    table: Picks, arms: int, pairs: Sequence[tuple[int, int]], declared: Sequence[tuple[int, int]]
) -> list[PickFigure]:
    """Every measure. `pairs` are compared; Holm’s correction runs over the declared ones in each, or over all where none is among them."""
    found = []
    for kind in Kind:
        here = _which(table, kind)
        by_arm = tuple(arm_of(table, here & (table.arm == arm)) for arm in range(arms))
        found.append(PickFigure(kind, by_arm, tuple(contrasts(table, kind, pairs, declared))))
    return found


def arm_of(table: Picks, here: np.ndarray, level: float = 0.95) -> ArmPicks:
    """The share of correct answers where `here` (n,) bool is true, beside chance."""
    part = table.only(here)
    if not len(part):
        return ArmPicks(0)
    weight = part.units.per_item
    share = float(weight @ part.correct)
    if note := why_no_interval(part):
        return ArmPicks(len(part), share, note=note)
    (effect,) = WeightedMoves(part.units, weight, (part.correct - share)[:, None], np.array([share])).each()
    centred = replace(effect, estimate=share - 0.5)
    low, high = mean_interval(centred, 0.5, level)
    p = mean_p(centred, 0.5, 1 / table.classes - 0.5)
    return ArmPicks(len(part), share, (0.5 + low, 0.5 + high), p, effect.df if effect.variance else None)


def contrasts(
    table: Picks,
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
        smallest: the smallest difference that matters, below 1.
    """
    here = _which(table, kind)
    part = table.only(here)
    compared = [pair for pair in pairs if all((part.arm == arm).any() for arm in pair)]
    return differences(
        part,
        part.correct,
        part.arm,
        compared,
        Measure(kind.value, MEASURES[kind], 0, 1),
        declared=[pair for pair in declared if pair in compared],
        level=level,
        smallest=smallest,
    )


def judged_beside_chance(found: ArmPicks, classes: int) -> Judged | None:
    """An arm’s share − chance; None where nobody answered."""
    if found.estimate is None:
        return None
    chance = 1 / classes
    ends = found.interval and (found.interval[0] - chance, found.interval[1] - chance)
    return Judged(found.estimate - chance, ends, found.p_chance, found.df, found.note)


def _which(table: Picks, kind: Kind) -> np.ndarray:
    if kind == Kind.ACCURACY:
        return np.ones(len(table), bool)
    return table.network_right if kind == Kind.WHERE_RIGHT else ~table.network_right
