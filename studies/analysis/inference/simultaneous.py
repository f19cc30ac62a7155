"""Several comparisons of one study: all arms at once, every pair at once, and Holm's correction.

All three go by the variances of effects.py, so they say what the interval of a single difference says, of more of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..distributions import f_tail, f_tails, student_quantile
from .effects import LEAST_DF, Effect, Estimated

DIRECTIONS, SECANTS, CLOSE = 4096, 30, 1e-14
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


def joint_test(shares: Estimated, change: np.ndarray) -> JointTest:
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


class Family:
    """Several t at once: how likely it is that the largest of them is as large (max-T; Westfall & Young 1993, “Resampling-based multiple
    testing”, for one step), where they vary together as `correlation` says.

    With q directions in which they can vary, t = √q·R·(a, u): R² is F with q and df degrees of freedom, u is uniform on the sphere and a a
    row of unit length, so the chance is the mean over u of F's tail at (t/max |a·u|)²/q. For q of 1 and 2 u is laid out evenly, which is
    exact to 6 digits; else it is DIRECTIONS draws of a seed of its own. Each p comes with its own degrees of freedom: it is turned into the
    t that has the same p with the family's, so that p of the family only ever depends on p. Never below p, nor above comparisons·p
    (Bonferroni), which is taken where there is no correlation.
    """

    def __init__(self, comparisons: int, correlation: np.ndarray | None, df: float) -> None:
        self.comparisons, self.df = max(1, comparisons), df
        self._rank, self._reach = 1, np.ones(1)
        self._is_known = correlation is not None
        if correlation is not None:
            values, vectors = np.linalg.eigh(correlation)
            telling = values > RANK * values.max()
            rows = vectors[:, telling] * np.sqrt(values[telling])
            rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            self._rank = int(telling.sum())
            self._reach = abs(rows @ _directions(self._rank)).max(axis=0)

    def p(self, p: float) -> float:
        """The p of one of them, corrected for all."""
        most = min(1.0, self.comparisons * p)
        if not self._is_known or self.comparisons == 1 or p <= 0:
            return most
        t = -student_quantile(p / 2, self.df)
        squares = (t / self._reach) ** 2
        if self._rank == 2:  # then F has a tail in one line
            tails = (1 + squares / self.df) ** (-self.df / 2)
        else:
            tails = f_tails(squares / self._rank, self._rank, self.df)
        return min(most, max(p, float(tails.mean())))

    def level(self, level: float = 0.95) -> float:
        """The level of each interval, so that all of them together hold at `level`: where p is just 1 − level."""
        wanted = math.log(1 - level)

        def past(at: float) -> float:
            return math.log(self.p(math.exp(at))) - wanted

        low, high = wanted - math.log(self.comparisons), wanted  # Bonferroni's, and of one alone
        below, above = past(low), past(high)
        for _ in range(SECANTS):  # log p of the family is nearly straight in log p
            if abs(above - below) < CLOSE:
                break
            at = low - below * (high - low) / (above - below)
            low, high, below, above = high, at, above, past(at)
            if abs(above) < CLOSE:
                break
        return 1 - math.exp(high)


def _directions(dimensions: int) -> np.ndarray:
    """(dimensions, n) of unit length."""
    if dimensions == 1:
        return np.ones((1, 1))
    if dimensions == 2:
        angles = (np.arange(DIRECTIONS) + 0.5) * (math.pi / DIRECTIONS)
        return np.stack([np.cos(angles), np.sin(angles)])
    drawn = np.random.default_rng(0).standard_normal((dimensions, DIRECTIONS))
    return drawn / np.linalg.norm(drawn, axis=0)


def family(shares: Estimated, change: np.ndarray, effects: Sequence[Effect]) -> Family:
    """The effects of `change` (kinds, k) as a family: correlated as C_people + C_items says, with the fewest degrees of freedom among
    them. Where one has no variance, there is none to correlate."""
    covariance = change.T @ (shares.people.covariance + shares.items.covariance) @ change
    spread = np.sqrt(np.diag(covariance))
    if not all(effect.variance for effect in effects) or spread.min(initial=1) <= RANK * spread.max(
        initial=0
    ):
        return Family(len(effects), None, LEAST_DF)
    return Family(len(effects), covariance / np.outer(spread, spread), min(effect.df for effect in effects))


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
