"""Answers that give every arm points: the table of them, and the one scale by which an answer is read."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..answers import AnswersError
from ..inference.effects import WeightedShares
from ..intervals import Per, weights
from ..table import Answers, remembered


@dataclass(frozen=True, eq=False)
class PointScale:
    """What each answer that there can be gives each arm. More is better.

    values (kinds,) int, rising: the stored values. points (kinds, arms) float64, each from `least` to `most`.
    firsts (kinds, arms): how much of a first place each arm has; rows sum to 1, arms that tie for it share it.
    """

    values: np.ndarray
    points: np.ndarray
    firsts: np.ndarray
    least: float
    most: float

    @property
    def arms(self) -> int:
        return self.points.shape[1]

    @property
    def middle(self) -> float:
        return (self.least + self.most) / 2

    @property
    def reach(self) -> float:
        """Means of points lie no farther from the middle; differences of two no farther from zero than twice this."""
        return (self.most - self.least) / 2

    def places_of(self, values: np.ndarray) -> np.ndarray:
        """(n,) which of `values` each one is. Raises AnswersError for one that is none."""
        places = np.minimum(np.searchsorted(self.values, values), len(self.values) - 1)
        wrong = self.values[places] != values
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise AnswersError(
                f"values: row {row} is {values[row]}, which is no answer about {self.arms} arms"
            )
        return places


@dataclass(frozen=True, eq=False, kw_only=True)
class Points(Answers):
    """Values are stored values of a `PointScale`; `shown` likewise, by places on screen instead of arms."""

    scale: PointScale

    def _checked(self, n: int) -> np.ndarray:
        values = np.asarray(self.values)
        self.scale.places_of(values)
        return values

    @property
    def arms(self) -> int:
        return self.scale.arms

    @cached_property
    def _kinds(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.scale.places_of(self.values), return_inverse=True)

    @property
    def kind(self) -> np.ndarray:
        """(n,) int: which of the answers that occur."""
        return self._kinds[1]

    @property
    def points(self) -> np.ndarray:
        """(kinds, arms) what each answer that occurs gives each arm."""
        return self.scale.points[self._kinds[0]]

    @property
    def firsts(self) -> np.ndarray:
        """(kinds, arms) how much of a first place each arm has in each answer that occurs."""
        return self.scale.firsts[self._kinds[0]]

    @property
    def codes(self) -> np.ndarray:
        """(kinds,) the stored values that occur."""
        return self.scale.values[self._kinds[0]]


@remembered
def shares_of_points(answers: Points, per: Per = "items") -> WeightedShares:
    """The share of each answer that occurs: means of points are sums of these."""
    return WeightedShares(answers.units, answers.kind, len(answers.codes), weights(answers, per))


def means_by_item(answers: Points) -> np.ndarray:
    """(items, arms): the mean points of each arm on each item."""
    given = answers.points[answers.kind]
    counts = np.bincount(answers.units.item)
    sums = [np.bincount(answers.units.item, column) for column in given.T]
    return np.stack(sums, axis=1) / counts[:, None]


def counted_means(items: np.ndarray, values: np.ndarray, counts: np.ndarray, scale: PointScale) -> np.ndarray:
    """(arms,) the mean points where every item counts once, of answers that are counted: `counts` of each value about each item."""
    _, item = np.unique(items, return_inverse=True)
    given = scale.points[scale.places_of(values)]
    each = np.bincount(item, counts)
    sums = np.stack([np.bincount(item, counts * column) for column in given.T], axis=1)
    return (sums / each[:, None]).mean(axis=0)
