"""What every analysis starts from: columns of answers, checked once, with one clear error for a bad one."""

import numpy as np
from numpy.typing import ArrayLike

SAME = -1
SAME_NAME = "same"  # what it is called where arms have their names: in files, scores, simulations
RATING_LIMIT = 2


class AnswersError(ValueError):
    """The answers cannot be analysed. The message says which, why, and what to do."""


def column(values: ArrayLike, name: str, length: int | None = None) -> np.ndarray:
    """`values` as a (n,) array; `length` is how long the other columns are."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise AnswersError(f"{name}: expected one column of answers, got an array of shape {array.shape}")
    if length is not None and len(array) != length:
        raise AnswersError(
            f"{name}: {len(array):,} values for {length:,} answers; every answer needs one value in each column"
        )
    return array


def labels(values: ArrayLike, name: str, length: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The distinct labels in order, and for each row the index of its label.

    Small whole numbers, which row ids are, are counted instead of sorted: 20 times as fast at 10⁶ rows.
    """
    array = column(values, name, length)
    if len(array) == 0:
        raise AnswersError("there are no answers yet, so there is nothing to score")
    if array.dtype.kind in "iu" and array.min() >= 0 and array.max() < 4 * len(array) + 1000:
        present = np.bincount(array) > 0
        return np.flatnonzero(present), (np.cumsum(present) - 1)[array]
    return np.unique(check_labels(array, name), return_inverse=True)


def check_labels(array: np.ndarray, name: str) -> np.ndarray:
    """The labels, if every row has one."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise AnswersError(f"{name}: row {_first(~np.isfinite(array))} has no label; leave such rows out")
    return array


def choices_of(values: ArrayLike, arms: int, length: int | None = None, name: str = "choices") -> np.ndarray:
    """Choices as int64: an arm's index (0 … arms − 1), or -1 for “same”."""
    if arms < 1:
        raise AnswersError(f"arms: {arms} arms; a study has at least one")
    array = _whole(column(values, name, length), name)
    outside = (array < SAME) | (array >= arms)
    if outside.any():
        row = _first(outside)
        raise AnswersError(
            f"{name}: row {row} is {array[row]}; with {arms} arms an answer is 0 to {arms - 1}, or -1 for “same”"
        )
    return array


def ratings_of(values: ArrayLike, length: int | None = None, name: str = "ratings") -> np.ndarray:
    """Ratings as float64, each from −2 to 2."""
    array = column(values, name, length)
    if array.dtype.kind not in "iuf":
        raise AnswersError(f"{name}: expected numbers from −2 to 2, got {array.dtype}")
    outside = ~(np.abs(array.astype(float)) <= RATING_LIMIT)  # true for NaN as well
    if outside.any():
        row = _first(outside)
        raise AnswersError(f"{name}: row {row} is {array[row]}; a rating is a number from −2 to 2")
    return array.astype(np.float64)


def repeats_of(values: ArrayLike | None, length: int) -> np.ndarray:
    """How many answers each row stands for: ones, or whole numbers from 1 (rows of a GROUP BY)."""
    if values is None:
        return np.ones(length)
    array = _whole(column(values, "counts", length), "counts")
    if (array < 1).any():
        row = _first(array < 1)
        raise AnswersError(f"counts: row {row} stands for {array[row]} answers; leave out rows without any")
    return array.astype(np.float64)


def missing_items(expected: ArrayLike, items: ArrayLike) -> np.ndarray:
    """The labels in `expected` that no answer is about, in order.

    >>> missing_items([1, 2, 3], [3, 1, 1])
    array([2])
    """
    return np.setdiff1d(np.asarray(expected), np.asarray(items))


def _whole(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind in "iu":
        return array.astype(np.int64)
    if array.dtype.kind == "f" and np.isfinite(array).all() and (array == np.round(array)).all():
        return array.astype(np.int64)
    raise AnswersError(f"{name}: expected whole numbers, got {array.dtype}")


def _first(mask: np.ndarray) -> int:
    return int(np.flatnonzero(mask)[0])
