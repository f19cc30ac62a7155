"""Simulated people who rank: an order by Plackett and Luce, in which neighbours tie as readily as each person says “same”."""

import numpy as np

from ..points.people import PointsPeople
from .codes import code


class RankPeople(PointsPeople):
    """A share of “same” is the chance that two neighbours of the order have one place."""

    first = code([[0], [1]])

    def first_of(self, shown: int) -> int:
        return code([[place] for place in range(shown)])

    def tied(self, ranking: list[list[int]], same: float, random: np.random.Generator) -> list[list[int]]:
        groups = ranking[:1]
        for group in ranking[1:]:
            if same > 0 and random.random() < same:
                groups[-1] = [*groups[-1], *group]
            else:
                groups.append(group)
        return groups

    def said(self, places: list[list[int]]) -> int:
        return code(places)
