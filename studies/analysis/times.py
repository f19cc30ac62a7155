"""How long answers took."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Times:
    """Response times in seconds: how many were measured, their median and quartiles."""

    n: int
    low: float  # the first quartile
    median: float
    high: float  # the third quartile


def times_of(response_ms: ArrayLike) -> Times | None:
    """The median and quartiles of response times in milliseconds, in seconds; None where none was measured.

    What is not finite was not measured and is left out.

    Example:
        >>> times_of([1000, 2000, 3000, float("nan")])
        Times(n=3, low=1.5, median=2.0, high=2.5)
    """
    seconds = np.asarray(response_ms, dtype=float) / 1000
    measured = seconds[np.isfinite(seconds)]
    if not len(measured):
        return None
    return Times(len(measured), *(float(value) for value in np.quantile(measured, [0.25, 0.5, 0.75])))
