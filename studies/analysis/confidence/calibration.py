"""How sure people are of their answers, and whether they are right to be.

Every figure is a mean over photos: each photo counts once among those that the figure is of. Intervals and p have both people and
photos drawn (inference/effects.py).

On a scale in percent what is said is read as the chance that the answer is right, c in 0 … 1; with y = 1 where it is right, else 0:

    Brier's score     mean (c − y)²      0 at best; who always says 50 % has 0.25 (Brier 1950, Monthly Weather Review 78, 1–3)
    over-confidence   mean (c − y)       above 0: surer than right; below 0: under-confident (Lichtenstein & Fischhoff 1977)

Points are no chances, so on other scales there is no such score. On every scale: how much surer people are of right answers than of
wrong ones, as a share of the scale; 0: what they say tells nothing of whether they are right.
"""

from dataclasses import dataclass

import numpy as np

from ..contrasts import Judged
from ..questionnaires import ArmMean, Measure, arm_mean, difference
from ..table import UNKNOWN, Answers

FIFTHS = ((0, 20), (21, 40), (41, 60), (61, 80), (81, 100))
SHARE = Measure("share", "share", 0, 1)
SURER = Measure("over", "over-confidence", -1, 1)


@dataclass(frozen=True)
class SureScale:
    """Whole numbers from `least` to `most`; `names` of each step, where steps have names. `is_chance`: percent that it is right."""

    least: int
    most: int
    names: tuple[str, ...] = ()
    is_chance: bool = False

    @property
    def bins(self) -> list[tuple[str, int, int]]:
        """Name, first and last step: each step by itself, of percent each fifth."""
        if self.is_chance:
            return [(f"{low}–{high} %", low, high) for low, high in FIFTHS]
        steps = range(self.least, self.most + 1)
        return [
            (self.names[place] if self.names else str(step), step, step) for place, step in enumerate(steps)
        ]


@dataclass(frozen=True)
class Bin:
    """What was answered with these steps of the scale. `right`: the share of right answers; None without a truth."""

    name: str
    answers: int
    said: float | None  # the mean step; None without answers
    right: ArmMean | None


@dataclass(frozen=True)
class ArmSureness:
    """Answers about one arm; −1: about none, as those that prefer none. What has no truth, or no chance, is None."""

    arm: int
    mean: ArmMean  # on the scale
    right: ArmMean | None
    brier: ArmMean | None
    over: ArmMean | None


@dataclass(frozen=True)
class Confidence:
    """How sure people were. `right` and what follows only where answers are right or wrong."""

    scale: SureScale
    answers: int
    mean: ArmMean
    arms: tuple[ArmSureness, ...]
    bins: tuple[Bin, ...]
    right: ArmMean | None = None
    brier: ArmMean | None = None
    over: ArmMean | None = None
    apart: Judged | None = None  # how much surer of right answers than of wrong ones


def confidence_of(
    table: Answers, said: np.ndarray, arm: np.ndarray, scale: SureScale, correct: np.ndarray | None
) -> Confidence | None:
    """How sure people were, and how often they were right; None where nobody said it.

    Args:
        said: (n,) int: what was said on the scale, UNKNOWN where nothing was.
        arm: (n,) int: which arm each answer is about, −1 for none.
        correct: (n,) int: 1 right, 0 wrong, UNKNOWN where that is not known; None where answers are neither.
    """
    told = said != UNKNOWN
    if not told.any():
        return None
    table, said, arm = table.only(told), said[told], arm[told]
    correct = None if correct is None else correct[told]
    whole = np.ones(len(said), bool)
    of_all = _figures(table, said, scale, correct, whole)
    return Confidence(
        scale=scale,
        answers=len(said),
        mean=of_all.mean,
        arms=tuple(
            _figures(table, said, scale, correct, arm == number, number) for number in np.unique(arm).tolist()
        ),
        bins=tuple(_bin(table, said, correct, *entry) for entry in scale.bins),
        right=of_all.right,
        brier=of_all.brier,
        over=of_all.over,
        apart=_apart(table, said, scale, correct),
    )


def _figures(
    table: Answers,
    said: np.ndarray,
    scale: SureScale,
    correct: np.ndarray | None,
    here: np.ndarray,
    arm: int = -1,
) -> ArmSureness:
    mean = arm_mean(
        table, said.astype(float), here, Measure("confidence", "confidence", scale.least, scale.most)
    )
    if correct is None:
        return ArmSureness(arm, mean, None, None, None)
    known = here & (correct != UNKNOWN)
    right = arm_mean(table, correct.astype(float), known, SHARE)
    if not scale.is_chance:
        return ArmSureness(arm, mean, right, None, None)
    beyond = said / 100 - correct
    return ArmSureness(
        arm, mean, right, arm_mean(table, beyond**2, known, SHARE), arm_mean(table, beyond, known, SURER)
    )


def _bin(table: Answers, said: np.ndarray, correct: np.ndarray | None, name: str, low: int, high: int) -> Bin:
    here = (said >= low) & (said <= high)
    right = (
        None
        if correct is None
        else arm_mean(table, correct.astype(float), here & (correct != UNKNOWN), SHARE)
    )
    return Bin(name, int(here.sum()), float(said[here].mean()) if here.any() else None, right)


def _apart(table: Answers, said: np.ndarray, scale: SureScale, correct: np.ndarray | None) -> Judged | None:
    if correct is None:
        return None
    share = (said - scale.least) / (scale.most - scale.least)
    return difference(table, share, correct, (1, 0), SHARE)
