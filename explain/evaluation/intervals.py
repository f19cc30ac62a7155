"""The four figures of the paper's tables, from one score of each photo, with 95 % intervals over photos. numpy only."""

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from explain.cam.metrics.faithfulness import drops

LEVEL = 0.95
Interval = tuple[float, float]
TABLE_FIGURES: tuple[tuple[str, str, str], ...] = (
    ("confidence", "average_drop", "Average % drop in confidence (lower is better)"),
    ("activation", "average_drop", "Average % drop in activation (lower is better)"),
    ("confidence", "increase", "% increase in confidence (higher is better)"),
    ("activation", "increase", "% increase in activation (higher is better)"),
)
"""Score, figure, and its words in tables."""


@dataclass(frozen=True)
class Estimate:
    """A figure in per cent over photos with Y > 0; no interval where there are fewer than two of them."""

    value: float
    interval: Interval | None
    photos: int

    def __str__(self) -> str:
        if self.interval is None:
            return f"{self.value:.1f}"
        return f"{self.value:.1f} [{self.interval[0]:.1f}, {self.interval[1]:.1f}]"


def estimate(score: str, figure: str, whole: np.ndarray, left: np.ndarray) -> Estimate | None:
    """`average_drop` or `increase` from Y = `whole` and O = `left`, both (N,); None where no Y is above 0.

    Student's t for a mean of drops, cut off at what a drop can be; Wilson's interval for a share of photos.
    """
    kept = whole > 0
    whole, left = whole[kept], left[kept]
    if not len(whole):
        return None
    if figure == "increase":
        return _share(int((whole < left).sum()), len(whole))
    most = (
        100.0 if score == "confidence" else math.inf
    )  # a logit can fall below zero, and so by more than itself
    return mean(drops(whole, left, scale=100), least=0.0, most=most)


def mean(values: np.ndarray, *, least: float = -math.inf, most: float = math.inf) -> Estimate:
    """The mean of at least one value, with Student's interval as far as it lies within `least` and `most`."""
    middle, count = float(values.mean()), len(values)
    if count < 2:
        return Estimate(middle, None, count)
    half = _student(count - 1) * float(values.std(ddof=1)) / math.sqrt(count)
    return Estimate(middle, (max(least, middle - half), min(most, middle + half)), count)


def _share(hits: int, count: int) -> Estimate:
    share = hits / count
    if count < 2:
        return Estimate(100 * share, None, count)
    z2 = NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2 * share * (1 - share) / count + z2**2 / (4 * count**2)) / (1 + z2 / count)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Estimate(100 * share, (100 * low, 100 * high), count)


@cache
def _student(freedom: int) -> float:
    """How far from 0 Student's t keeps LEVEL of itself. With t = √ν·tan θ the density of θ is cos(θ)^(ν−1)."""
    angles = np.linspace(0, np.pi / 2, 200_001)
    density = np.cos(angles) ** (freedom - 1)
    area = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    angle = np.interp(LEVEL, area / area[-1], angles)
    return math.sqrt(freedom) * math.tan(angle)
