"""A ranking as one number, and what it gives each arm.

The number has a digit to the base 6 for each map, the first map's lowest: its place, 1 for the best. Maps that tie have one place, and
the next place follows it: 1, 2, 2, 3. So it can be read without knowing how many maps there were, and five maps fit the column.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np

from studies.analysis.points.table import PointScale

BASE, MOST = 6, 5  # places are 1 to 5; 0 is the digit of a map that is not there

Groups = Sequence[Sequence[int]]  # the best first; those in one group tie


def code_of_places(places: Sequence[int]) -> int:
    """Of each map its place, in whatever numbers: only their order counts."""
    there = sorted(set(places))
    return sum((there.index(place) + 1) * BASE**at for at, place in enumerate(places))


def code(groups: Groups) -> int:
    return sum((place + 1) * BASE**at for place, group in enumerate(groups) for at in group)


def places_of(value: int) -> list[int]:
    """The digits of a number, the first map's first, up to the last that is not 0."""
    digits = []
    while value > 0:
        value, digit = divmod(value, BASE)
        digits.append(digit)
    return digits


def decoded(value: int) -> list[list[int]]:
    """The groups of a ranking; those within one in their order."""
    places = places_of(value)
    return [[at for at, own in enumerate(places) if own == place] for place in sorted(set(places))]


@lru_cache
def codes(count: int) -> tuple[int, ...]:
    """All rankings of so many maps, the lowest number first: 3, 13, 75, 541 of two to five."""
    every = product(range(1, count + 1), repeat=count)
    return tuple(sorted({code_of_places(places) for places in every}))


def codes_of_orders(orders: np.ndarray) -> np.ndarray:
    """(n,): of orders (n, arms) without ties, the best arm first."""
    return (np.arange(1, orders.shape[1] + 1) * BASE**orders).sum(axis=1)


def digits_of(values: np.ndarray) -> np.ndarray:
    """(n, MOST) the place of each map; 0 where there is none."""
    return np.asarray(values)[..., None] // BASE ** np.arange(MOST) % BASE


@lru_cache
def scale_of(arms: int) -> PointScale:
    """For each arm how many others it stands before, and half of those beside it: `arms` − its rank, where those who tie share theirs."""
    values = np.array(codes(arms))
    place = digits_of(values)[:, :arms]
    behind = (place[:, :, None] < place[:, None, :]).sum(axis=2)
    beside = (place[:, :, None] == place[:, None, :]).sum(axis=2) - 1
    first = (place == 1).astype(float)
    return PointScale(values, behind + beside / 2, first / first.sum(axis=1, keepdims=True), 0.0, arms - 1.0)
