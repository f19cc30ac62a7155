"""An answer about two arms as one small number that says which two and what was said, and the table of such answers.

The pair of arms a < b has the number b·(b − 1)/2 + a, whatever else there is: more arms add pairs, and change none. An answer is three
times that, plus 0 where a is better, 1 where b is, 2 where they are the same. With 40 arms it is 2,339 at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..answers import AnswersError, choices_of
from ..table import UNKNOWN, Answers

FIRST, SECOND, SAME = range(3)
MOST_ARMS = 40  # that a study compares two at a time, those that have left among them
LEFT_SHOWN, RIGHT_SHOWN = 0, 1  # as a page has them; “same” is -1 there


def stored(left: ArrayLike, right: ArrayLike, on_screen: ArrayLike) -> Any:
    """What is stored of an answer, or of arrays of them: 0 on screen says that the left arm is better, 1 the right one, else the same.

    >>> int(stored(0, 2, 0)), int(stored(2, 0, 0)), int(stored(2, 0, -1))
    (3, 4, 5)
    """
    left, right, on_screen = map(np.asarray, (left, right, on_screen))
    low_is_better = (on_screen == LEFT_SHOWN) == (left < right)
    preferred = (on_screen == LEFT_SHOWN) | (on_screen == RIGHT_SHOWN)
    outcome = np.where(preferred, np.where(low_is_better, FIRST, SECOND), SAME)
    return 3 * pair_number(np.minimum(left, right), np.maximum(left, right)) + outcome


def pair_number(a: Any, b: Any) -> Any:
    """The number of the pair of arms a < b: of whole numbers, or of arrays of them.

    >>> pair_number(1, 3)
    4
    """
    return b * (b - 1) // 2 + a


def said(value: Any) -> tuple[Any, Any, Any]:
    """(a, b, outcome) of a stored value, or of an array of them: a < b are the arms.

    >>> [int(part) for part in said(3 * 4 + SECOND)]
    [1, 3, 1]
    """
    pair, outcome = np.divmod(value, 3)
    b = ((1 + np.sqrt(1 + 8 * pair)) // 2).astype(int)
    return pair - b * (b - 1) // 2, b, outcome


def values_of(arms: int) -> int:
    """How many different answers there are about pairs of so many arms: they are stored as 0 … one less."""
    return 3 * (arms * (arms - 1) // 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairs(Answers):
    """Values are as above; `shown` is 0 for the left map, 1 for the right one, −1 for “same”; `orders` begin with left, right.

    Raises AnswersError for a value that is about no pair of these arms.
    """

    arms: int

    def _checked(self, n: int) -> np.ndarray:
        if self.arms < 2:
            raise AnswersError(f"arms: {self.arms}; two are compared at a time, so there are at least two")
        return choices_of(self.values, values_of(self.arms), n, "values") if n else np.asarray(self.values)

    @cached_property
    def compared(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n,) the arm of the lower index, (n,) the other, (n,) FIRST, SECOND or SAME."""
        return said(np.asarray(self.values, dtype=np.int64))

    @cached_property
    def side(self) -> np.ndarray:
        """(n,) 1 where the arm of the lower index stood on the left, −1 where on the right, 0 where nobody knows.

        The order says it, or, of an answer that prefers one, which side was picked.
        """
        a, b, outcome = self.compared
        side = np.zeros(len(self), np.int64)
        if self.orders.shape[1] >= 2:
            left = np.asarray(self.orders)[:, 0]
            side = np.where(left == a, 1, np.where(left == b, -1, 0))
        picked = (side == 0) & (outcome != SAME) & (np.asarray(self.shown) != UNKNOWN) & (self.shown >= 0)
        return np.where(picked, np.where((outcome == FIRST) == (self.shown == LEFT_SHOWN), 1, -1), side)

    @cached_property
    def wins(self) -> np.ndarray:
        """(k, k) float64: how often the arm of the row was preferred to that of the column."""
        a, b, outcome = self.compared
        k, table = self.arms, np.zeros(self.arms**2)
        table += np.bincount((a * k + b)[outcome == FIRST], minlength=k * k)
        table += np.bincount((b * k + a)[outcome == SECOND], minlength=k * k)
        return table.reshape(k, k)

    @cached_property
    def same(self) -> np.ndarray:
        """(k, k) float64, symmetric: how often two arms were the same."""
        a, b, outcome = self.compared
        k = self.arms
        table = np.bincount((a * k + b)[outcome == SAME], minlength=k * k).reshape(k, k).astype(float)
        return table + table.T


def among(answers: Pairs, arms: Sequence[int]) -> Pairs:
    """The answers that compare two of some arms, as those of a study of these alone: arm `arms[0]` is 0, and so on."""
    place = np.full(answers.arms + 1, UNKNOWN)  # the last: of a place in an order where nothing stands
    place[list(arms)] = np.arange(len(arms))
    place[-1] = -1
    a, b, outcome = answers.compared
    rows = np.flatnonzero((place[a] >= 0) & (place[b] >= 0))
    kept = answers.only(rows)
    first, second, outcome = place[a[rows]], place[b[rows]], outcome[rows]
    # As if the arm of the lower number stood on the left: what is stored is the same.
    values = stored(first, second, np.where(outcome == FIRST, 0, np.where(outcome == SECOND, 1, -1)))
    orders = np.full((len(rows), len(arms)), -1)
    width = min(2, kept.orders.shape[1])
    orders[:, :width] = np.where(kept.orders[:, :width] >= 0, place[kept.orders[:, :width]], -1)
    columns = {column.name: getattr(kept, column.name) for column in fields(kept)}
    return Pairs(**columns | {"values": values, "orders": orders, "arms": len(arms)})
