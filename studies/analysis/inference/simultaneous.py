"""Several comparisons of one study: all arms at once, every pair at once, and Holm's correction.

All three go by the variances of effects.py, so they say what the interval of a single difference says, of more of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..distributions import f_tail
from .effects import WeightedShares

RANK = 1e-9  # a direction with so little of the largest variance is none
ONE_ARM = "There is only one arm: nothing to compare."
NO_CHOICE = "Nobody preferred any arm: there is nothing to test."
TOO_FEW = "There are too few people or items to compare so many arms at once."


@dataclass(frozen=True)
class JointTest:
    """Are all arms alike? Wald's statistic as F. `p` is None where it cannot be told, and `note` says why."""

    statistic: float | None
    df: tuple[float, float] | None
    p: float | None
    note: str = ""


def joint_test(shares: WeightedShares, change: np.ndarray) -> JointTest:
    """All effects of `change` (kinds, k) are zero: θ′ C⁻¹ θ, of as many as can be told apart.

    C is C_people + C_items − C_answers. Its principal directions, on the scale where single answers vary alike in each, are effects like any
    other: each has the variance that effects.py says, never less than people, items or answers alone make it. With q directions and
    the fewest degrees of freedom ν among them, (ν − q + 1)/(ν q) times the statistic is F with q and ν − q + 1 (Hotelling 1931).
    """
    alone = change.T @ shares.covariance_of_answers @ change
    values, vectors = np.linalg.eigh(alone)
    telling = values > RANK * max(values.max(initial=0.0), RANK)
    q = int(telling.sum())
    if q == 0:
        return JointTest(None, None, None, NO_CHOICE)
    white = change @ (vectors[:, telling] / np.sqrt(values[telling]))
    both = shares.people.covariance + shares.items.covariance
    _, principal = np.linalg.eigh(white.T @ both @ white)
    effects = shares.effects(white @ principal)
    wald = sum(effect.estimate**2 / effect.variance for effect in effects)
    df = min(effect.df for effect in effects)
    if df - q + 1 <= 0:
        return JointTest(None, None, None, TOO_FEW)
    f = float(wald * (df - q + 1) / (df * q))
    return JointTest(f, (float(q), df - q + 1), f_tail(f, q, df - q + 1))


def level_for(comparisons: int, level: float = 0.95) -> float:
    """The level of each of several intervals, so that all of them together hold at `level` (Bonferroni)."""
    return 1 - (1 - level) / max(1, comparisons)


def all_of(p: float, comparisons: int) -> float:
    """The same for a p."""
    return min(1.0, comparisons * p)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (1979): rejecting where the result is ≤ α keeps the family's error ≤ α.

    A test without a p-value (None) stays None, and still counts as one of the family.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted: list[float | None] = [None] * len(p_values)
    ordered = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    largest = 0.0
    for rank, (p, place) in enumerate(ordered):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p))
        adjusted[place] = largest
    return adjusted
