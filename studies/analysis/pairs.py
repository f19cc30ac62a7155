"""How far a figure made of pairs of answers is uncertain, when people and items are both drawn from many.

Answers about the same item are compared two by two. Two pairs are related if they share the item, or a person: the variance is
the sum of h · h′ over all pairs of pairs that share something, as for trade between countries or any other figure of dyads
(Fafchamps & Gubert 2007, Journal of Development Economics 83, 326–350; Aronow, Samii & Assenova 2015, Political Analysis 23,
564–577). h is what a pair adds to the figure, to first order; over all pairs it sums to 0.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PairVariance:
    """Sums of squares of what pairs add, taken together by what they share."""

    items: float  # the pairs of an item
    people: float  # the pairs that a person is in
    answers: float  # the pairs that an answer is in
    pairs: float  # each by itself

    @property
    def both(self) -> float:
        """The variance where people and items are drawn.

        Pairs that share an item and a person are in `items` and in `people`, so they are taken off once: `answers`, in which
        each pair by itself is counted once for either end, as it is in `people`. Pairs of the same two people about different
        items stay counted twice, which is on the safe side, and little where there are many people. The difference may fall
        below what items or people alone make of it, even below zero; so the largest of the three is taken, as for scores.
        """
        return max(self.items, self.people - self.pairs, self.items + self.people - self.answers)


def pair_variance(
    item: np.ndarray, person: np.ndarray, value: np.ndarray, adds: np.ndarray, cells: np.ndarray
) -> PairVariance:
    """Without going through the pairs: those of an item are told by how many answers there are of each value.

    item, person, value (n,) int: 0 …; every item has at least two answers. adds (k, k), symmetric: what a pair of values adds, times
    the item's number of answers less 1. cells (items, k): how many answers of each value an item has.
    """
    share = 1 / (cells.sum(axis=1) - 1)[item]
    of_answer = share * _with_others(item, value, adds, cells)
    squares = share**2 * _with_others(item, value, adds**2, cells)
    return PairVariance(
        items=float(((np.bincount(item, of_answer) / 2) ** 2).sum()),
        people=float((np.bincount(person, of_answer) ** 2).sum()),
        answers=float((of_answer**2).sum()),
        pairs=float(squares.sum() / 2),
    )


def _with_others(item: np.ndarray, value: np.ndarray, adds: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(n,): what the pairs of an answer with the others about its item add."""
    return (cells @ adds)[item, value] - np.diag(adds)[value]
