"""Do the items of a scale measure one thing? Cronbach's alpha and McDonald's omega total, of answers as their scale counts them.

Alpha (Cronbach 1951, Psychometrika 16, 297–334) is k/(k − 1) · (1 − Σ variances / variance of the sum). Omega total (McDonald 1999) is
1 − Σ uniquenesses / Σ correlations, with the uniquenesses of one factor that is fitted to the correlations by least squares outside
the diagonal (minres; Harman & Jones 1966), as `omega(m, nfactors = 1)` of R's psych has it.

Both take every answer as one line. People answer more than once, so the lines are not independent: these are descriptions, and have no
interval.
"""

from dataclasses import dataclass

import numpy as np

STEPS, CLOSE = 10_000, 1e-12
FEW_ITEMS = "A scale of one question has no reliability."
FEW_ANSWERS = "There are too few answers to tell how the questions of the scale go together."
ALIKE = (
    "Every answer to a question of the scale is the same, so how the questions go together cannot be told."
)
NO_FACTOR = "The questions of the scale have no factor in common, so omega cannot be told."


@dataclass(frozen=True)
class Reliability:
    """Of a scale with `items` questions and `answers` lines. What is None cannot be told, and `note` says why."""

    items: int
    answers: int
    alpha: float | None
    omega: float | None
    note: str = ""


def reliability(said: np.ndarray) -> Reliability:
    """said (n, k) float: n answers to the k questions of a scale, turned so that more is more of the scale.

    >>> reliability(np.array([[1, 2], [2, 2], [3, 4], [5, 4.0]])).alpha.__round__(3)
    0.879
    """
    n, k = said.shape
    if k < 2:
        return Reliability(k, n, None, None, FEW_ITEMS)
    if n < 3:
        return Reliability(k, n, None, None, FEW_ANSWERS)
    covariance = np.cov(said, rowvar=False)
    if np.diag(covariance).min() <= CLOSE:
        return Reliability(k, n, None, None, ALIKE)
    total = float(covariance.sum())
    alpha = k / (k - 1) * (1 - float(np.trace(covariance)) / total) if total > CLOSE else None
    omega = omega_total(np.corrcoef(said, rowvar=False)) if k > 2 else None
    note = "" if k == 2 or omega is not None else NO_FACTOR
    return Reliability(k, n, alpha, omega, note)


def omega_total(correlations: np.ndarray) -> float | None:
    """(k, k) correlations of three items or more; None where one factor cannot be fitted. Of two items a factor is not determined."""
    loadings = one_factor(correlations)
    total = float(correlations.sum())
    if loadings is None or total <= CLOSE:
        return None
    return 1 - float((1 - loadings**2).sum()) / total


def one_factor(correlations: np.ndarray) -> np.ndarray | None:
    """(k,) loadings λ that make Σ (r_ij − λ_i λ_j)² over i ≠ j least; None where they do not settle within −1 to 1.

    One loading after the other is set to its best value, given the others, until none moves.
    """
    apart = correlations - np.diag(np.diag(correlations))
    values, vectors = np.linalg.eigh(correlations)
    loadings = vectors[:, -1] * np.sqrt(max(values[-1], 0)) * np.sign(vectors[:, -1].sum() or 1)
    for _ in range(STEPS):
        before = loadings.copy()
        for place in range(len(loadings)):
            others = np.delete(loadings, place)
            below = float(others @ others)
            if below <= CLOSE:
                return None
            loadings[place] = np.clip(float(np.delete(apart[place], place) @ others) / below, -1, 1)
        if np.abs(loadings - before).max() < CLOSE:
            return loadings
    return None
