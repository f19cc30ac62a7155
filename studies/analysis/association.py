"""Does a figure of a map go with what people choose? Spearman's rank correlation, across and within items.

Across: over all (item, arm) pairs, the arm's share of the item's answers against the arm's figure. It also rises where some
photos have both more “same” and other figures than the rest. Within: each item's own correlation over its arms, averaged over
the items that can tell; only the order of the arms on the same photo counts. Intervals draw people and items with replacement
at the same time (resampling.py): in each draw the shares are made again from the drawn people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from studies.analysis.answers import AnswersError, choices_of, column, labels
from studies.analysis.resampling import caution, drawn_weights, quantiles, why_not

FLAT = "Either the figure or the share is the same everywhere, so there is no order to compare."
NO_ITEMS = (
    "On no item do both the shares and the figure tell the arms apart, so there is no order to compare."
)
TOO_THIN = "Most draws of people and items leave no order to compare, so there is no interval."


@dataclass(frozen=True)
class Correlation:
    """Spearman's ρ, −1 … 1, and its interval; each is None where it does not exist, and `note` says why.

    n   across items: pairs of an item and an arm; within: items on which both sides tell the arms apart
    """

    value: float | None
    interval: tuple[float, float] | None
    n: int
    note: str = ""


@dataclass(frozen=True, eq=False)
class Association:
    """Positive: people choose what has the higher figure. Rows of `shares` and `figures` are items."""

    items: np.ndarray  # (m,) labels
    shares: np.ndarray  # (m, k) of each item's answers; what is left of 1 said “same”
    figures: np.ndarray  # (m, k)
    across: Correlation
    within: Correlation


def association(
    items: ArrayLike,
    participants: ArrayLike,
    choices: ArrayLike,
    figures: Mapping[Any, Sequence[float]],
    arms: int,
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Association:
    """Correlate each arm's share of an item's answers with the arm's figure on that item.

    items, participants, choices (n,): as in choice_intervals. figures: item -> one figure for each arm; answers about
    items without are left out. Raises AnswersError where nothing is left, or a figure is no number.

    >>> found = association([1, 1, 2, 2], [1, 2, 1, 2], [0, 0, 1, 1], {1: [9, 3], 2: [2, 8]}, arms=2)
    >>> found.within.value, found.within.n, round(found.across.value, 3)
    (1.0, 2, 0.894)
    """
    item_labels = column(items, "items")
    people = column(participants, "participants", len(item_labels))
    choice = choices_of(choices, arms, len(item_labels))
    kept = np.isin(item_labels, list(figures))
    if not kept.any():
        raise AnswersError("no item has both answers and this figure, so there is nothing to compare")
    names, item = labels(item_labels[kept], "items")
    people_names, person = labels(people[kept], "participants")
    table = _table(figures, names, arms)
    answered = (item, person, choice[kept] % (arms + 1))
    once = np.ones(len(people_names)), np.ones(len(names))
    shares, across, within, telling = _once(answered, table, *once)
    drawn = np.array(
        [
            _once(answered, table, *weights)[1:3]
            for weights in drawn_weights(len(people_names), len(names), draws, seed)
        ]
    )
    about = (len(people_names), len(names))
    return Association(
        names,
        shares,
        table,
        across=_correlation(across, drawn[:, 0], table.size, FLAT, about, level),
        within=_correlation(within, drawn[:, 1], telling, NO_ITEMS, about, level),
    )


def _table(figures: Mapping[Any, Sequence[float]], names: np.ndarray, arms: int) -> np.ndarray:
    rows = [list(figures[name]) for name in names.tolist()]
    if any(len(row) != arms for row in rows) or not np.isfinite(np.array(rows, dtype=float)).all():
        raise AnswersError(f"figures: every item needs {arms} figures, one for each arm, and each a number")
    return np.array(rows, dtype=float)


def _once(
    answered: tuple[np.ndarray, np.ndarray, np.ndarray],
    table: np.ndarray,
    people: np.ndarray,
    items: np.ndarray,
) -> tuple[np.ndarray, float, float, int]:
    """Shares, both correlations (NaN where there is none), and how many items can tell, with everybody counted so often."""
    item, person, choice = answered
    rows, arms = table.shape
    cells = np.bincount(item * (arms + 1) + choice, people[person], minlength=rows * (arms + 1))
    counts = cells.reshape(rows, arms + 1)
    total = counts.sum(axis=1)
    shares = counts[:, :arms] / np.maximum(total, 1)[:, None]
    times = (items * (total > 0)).astype(int)
    across = _spearman(np.repeat(shares, times, axis=0).ravel(), np.repeat(table, times, axis=0).ravel())
    by_item = _spearman(shares, table)
    telling = (times > 0) & np.isfinite(by_item)
    within = float(np.average(by_item[telling], weights=times[telling])) if telling.any() else np.nan
    return shares, float(across), within, int(telling.sum())


def _spearman(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson's correlation of ranks along the last axis, ties at their mean rank; NaN where a side is flat."""
    if not one.shape[-1]:
        return np.full(one.shape[:-1], np.nan)
    a, b = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (_ranks(one), _ranks(other)))
    spread = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, np.clip((a * b).sum(axis=-1) / spread, -1, 1), np.nan)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Values that differ in the 13th digit are ties."""
    return rankdata(np.round(values, 12), axis=-1)


def _correlation(
    value: float, drawn: np.ndarray, n: int, none: str, about: tuple[int, int], level: float
) -> Correlation:
    if not np.isfinite(value):
        return Correlation(None, None, n, none)
    if refused := why_not(*about, "two-way"):
        return Correlation(float(value), None, n, refused)
    there = drawn[np.isfinite(drawn)]
    if len(there) < len(drawn) / 2:
        return Correlation(float(value), None, n, TOO_THIN)
    low, high = quantiles(there, level, min(about))
    return Correlation(float(value), (float(low), float(high)), n, caution(*about, "two-way"))
