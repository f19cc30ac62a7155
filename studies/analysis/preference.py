"""How simulated people prefer: a rule that is stated beforehand, so that what a study recovers can be held against it.

By localisation: on an item whose arms have values v (the share of each map that lies in the object's box, 0..1), arm a is
preferred with chance exp(k · v_a) / (Σ_b exp(k · v_b) + exp(k · (v̄ − margin))), and “same” with what is left: k is how
sharply people see a difference, v̄ the mean over arms. A rating of the first of two arms has mean slope · (v_0 − v_1).
"""

import numpy as np
from numpy.typing import ArrayLike

from .answers import AnswersError

SHARPNESS, MARGIN = 10.0, 0.1
SLOPE = 6.0


def choice_shares(values: ArrayLike, sharpness: float = SHARPNESS, margin: float = MARGIN) -> np.ndarray:
    """(m, k + 1) chances of each arm and, last, of “same”, from values (m, k); rows sum to 1.

    >>> choice_shares([[0.5, 0.5], [0.9, 0.1]]).round(2).tolist()
    [[0.42, 0.42, 0.16], [0.99, 0.0, 0.01]]
    """
    table = _values(values)
    same = table.mean(axis=1, keepdims=True) - margin
    weight = np.exp(sharpness * (np.hstack([table, same]) - table.max(axis=1, keepdims=True)))
    return weight / weight.sum(axis=1, keepdims=True)


def rating_means(values: ArrayLike, slope: float = SLOPE) -> np.ndarray:
    """(m,) mean ratings from −2 to 2, positive for the first arm, from values (m, 2).

    >>> rating_means([[0.5, 0.25], [0.0, 1.0]]).tolist()
    [1.5, -2.0]
    """
    table = _values(values)
    if table.shape[1] != 2:
        raise AnswersError(f"values: {table.shape[1]} arms; a rating compares two")
    return np.clip(slope * (table[:, 0] - table[:, 1]), -2, 2)


def _values(values: ArrayLike) -> np.ndarray:
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise AnswersError(f"values: shape {table.shape}; give finite numbers, one row for each item")
    return table
