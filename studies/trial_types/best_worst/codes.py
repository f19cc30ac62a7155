"""Best and worst as one number, and what it gives each arm."""

from functools import lru_cache
from itertools import permutations

import numpy as np

from studies.analysis.points.table import PointScale

BASE = 8  # more than there can be maps, so that a number can be read without knowing how many there were


def code(best: int, worst: int) -> int:
    """An arm (or a place on screen) that is best, and another that is worst: 8 · best + worst."""
    return BASE * best + worst


def decoded(value: int) -> tuple[int, int]:
    """(best, worst)."""
    return divmod(value, BASE)


@lru_cache
def codes(count: int) -> tuple[int, ...]:
    """All that there can be of so many arms, the lowest first."""
    return tuple(sorted(code(*pair) for pair in permutations(range(count), 2)))


def codes_of_orders(orders: np.ndarray) -> np.ndarray:
    """(n,): of orders (n, arms), the best arm first, the worst last."""
    return BASE * orders[:, 0] + orders[:, -1]


@lru_cache
def scale_of(arms: int) -> PointScale:
    """+1 for the best, −1 for the worst, 0 for every other."""
    values = np.array(codes(arms))
    best, worst = np.divmod(values, BASE)
    every = np.arange(arms)
    firsts = (best[:, None] == every).astype(float)
    return PointScale(values, firsts - (worst[:, None] == every), firsts, -1.0, 1.0)
