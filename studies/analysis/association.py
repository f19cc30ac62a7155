"""Does a figure of a map go with what people choose? Spearman's rank correlation, across and within items.

Across: over all (item, arm) pairs, the arm's share of the item's answers against the arm's figure. It also rises where some
photos have both more “same” and other figures than the rest. Within: each item's own correlation over its arms, averaged over
the items that can tell; only the order of the arms on the same photo counts. Intervals draw people and items with replacement
at the same time (resampling.py): in each draw the shares are made again from the drawn people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .answers import AnswersError, column
from .inference.simultaneous import Family
from .resampling import Block, Crossed, caution, quantiles, why_not
from .table import Choices

FLAT = "Either the figure or the share is the same everywhere, so there is no order to compare."
DIGITS = 12  # values that differ in the 13th digit are ties
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
    drawn: np.ndarray | None = field(default=None, compare=False, repr=False)
    """(draws,) the same in each draw, NaN where there is none; None without an interval."""
    interval_all: tuple[float, float] | None = None
    """Those of all figures hold together: see `all_at_once`."""


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

    >>> result = association([1, 1, 2, 2], [1, 2, 1, 2], [0, 0, 1, 1], {1: [9, 3], 2: [2, 8]}, arms=2)
    >>> result.within.value, result.within.n, round(result.across.value, 3)
    (1.0, 2, 0.894)
    """
    answers = Choices.of(items, participants, choices, arms=arms)
    return association_of(answers, figures, draws=draws, seed=seed, level=level)


def association_of(
    answers: Choices,
    figures: Mapping[Any, Sequence[float]],
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Association:
    """`association` of a table."""
    return associations_of(answers, [figures], draws=draws, seed=seed, level=level)[0]


def associations_of(
    answers: Choices,
    every: Sequence[Mapping[Any, Sequence[float]]],
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> list[Association]:
    """`association_of` for each of several figures. Those that are about the same items share their draws."""
    alike: dict[frozenset[Any], list[int]] = {}
    for place, figures in enumerate(every):
        alike.setdefault(frozenset(figures), []).append(place)
    by_place: dict[int, Association] = {}
    for items, places in alike.items():
        kept = answers.only(np.isin(answers.items, list(items)))
        if not len(kept):
            raise AnswersError("no item has both answers and this figure, so there is nothing to compare")
        same = _same_items(kept, [every[place] for place in places], draws, seed, level)
        by_place |= zip(places, same, strict=True)
    return [by_place[place] for place in range(len(every))]


def _same_items(
    kept: Choices, every: list[Mapping[Any, Sequence[float]]], draws: int, seed: int, level: float
) -> list[Association]:
    units, kinds = kept.units, kept.arms + 1
    about = (units.people, units.items)
    crossed = Crossed(units.item, units.person, kept.values % kinds, units.items, units.people, kinds)
    figures = [_Figure(_table(figures, units.item_names, kept.arms)) for figures in every]
    whole = _Shares(crossed.whole())
    first = [_compare(whole, figure) for figure in figures]
    telling = [bool(np.isfinite([*across, *within]).any()) for across, within, _ in first]
    drawn = np.full((len(figures), 2, draws), np.nan)  # what does not tell has no interval
    if any(telling) and not why_not(*about, "two-way"):
        start = 0
        for block in crossed.blocks("two-way", draws, seed):
            shares = _Shares(block)
            stop = start + len(shares.times)
            for place in np.flatnonzero(telling):
                drawn[place, :, start:stop] = _compare(shares, figures[place])[:2]
            start = stop
    return [
        Association(
            units.item_names,
            whole.shares[0],
            figure.table,
            across=_correlation(float(across[0]), each[0], figure.table.size, FLAT, about, level),
            within=_correlation(float(within[0]), each[1], int(tells[0]), NO_ITEMS, about, level),
        )
        for figure, (across, within, tells), each in zip(figures, first, drawn, strict=True)
    ]


@dataclass(frozen=True)
class Group:
    """Pairs of an item and an arm whose figures are close, from low to high."""

    low: float
    high: float
    pairs: int
    mean_share: float


def groups_by_figure(figures: ArrayLike, shares: ArrayLike, most: int = 5) -> list[Group]:
    """The mean share where the figure is low, higher, …: fifths of the pairs, or one group a value where it has few values.

    figures, shares (n,). Equal figures are never parted, so groups may differ in size, and be fewer.

    >>> [(g.low, g.high, g.pairs, g.mean_share) for g in groups_by_figure([0, 0, 1, 1], [0.0, 0.5, 1.0, 0.5])]
    [(0.0, 0.0, 2, 0.25), (1.0, 1.0, 2, 0.75)]
    """
    x = column(figures, "figures").astype(float)
    y = column(shares, "shares", len(x)).astype(float)
    values = np.unique(x)
    edges = values if len(values) <= most else np.unique(np.quantile(x, np.arange(most) / most))
    place = np.searchsorted(edges, x, side="right") - 1
    return [
        Group(float(x[at].min()), float(x[at].max()), int(at.sum()), float(y[at].mean()))
        for at in (place == number for number in range(len(edges)))
        if at.any()
    ]


def _table(figures: Mapping[Any, Sequence[float]], names: np.ndarray, arms: int) -> np.ndarray:
    rows = [list(figures[name]) for name in names.tolist()]
    if any(len(row) != arms for row in rows) or not np.isfinite(np.array(rows, dtype=float)).all():
        raise AnswersError(f"figures: every item needs {arms} figures, one for each arm, and each a number")
    return np.array(rows, dtype=float)


class _Figure:
    """The figure's side of both correlations, which is the same in every draw."""

    def __init__(self, table: np.ndarray) -> None:
        self.table = table
        self.by_item = _centred_ranks(table[None])[0]  # (m, k)
        self.place = np.unique(np.round(table.ravel(), DIGITS), return_inverse=True)[1]  # (m · k,)


class _Shares:
    """The answers' side in a block of d draws, which is the same for every figure: shares (d, m, k), and their ranks."""

    def __init__(self, block: Block) -> None:
        cells = np.concatenate([part.added(block.people) for part in block], axis=1)  # (k + 1, m, d)
        total = cells.sum(axis=0)
        self.shares = np.round(cells[:-1] / np.maximum(total, 1), DIGITS).transpose(2, 1, 0)
        self.times = (block.items * (total > 0)).T  # (d, m)
        self.by_item = _centred_ranks(self.shares)

    @cached_property
    def ranks(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each draw how often each pair of item and arm counts, and the pairs' ranks by share."""
        ranks = []
        for shares, times in zip(self.shares, self.times, strict=True):
            weights = np.repeat(times, shares.shape[1])
            place = np.unique(shares.ravel(), return_inverse=True)[1]
            ranks.append((weights, _weighted_ranks(place, weights)))
        return ranks


def _compare(mine: _Shares, figure: _Figure) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of d draws: both correlations (d,), NaN where there is none, and how many items can tell."""
    times = mine.times
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt((mine.by_item**2).sum(axis=2) * (figure.by_item**2).sum(axis=1))
        by_item = np.clip((mine.by_item * figure.by_item).sum(axis=2) / spread, -1, 1)  # (d, m)
        telling = (times > 0) & (spread > 0)
        within = np.where(telling, by_item * times, 0).sum(axis=1) / (times * telling).sum(axis=1)
    across = [_across(weights, ranks, figure) for weights, ranks in mine.ranks]
    return np.array(across), within, telling.sum(axis=1)


def _across(weights: np.ndarray, ranks: np.ndarray, figure: _Figure) -> float:
    """Spearman's ρ over all pairs of item and arm, each counted as often as its item was drawn."""
    figure_ranks = _weighted_ranks(figure.place, weights)
    spread = np.sqrt((weights @ ranks**2) * (weights @ figure_ranks**2))
    return float(np.clip(weights @ (ranks * figure_ranks) / spread, -1, 1)) if spread > 1e-9 else np.nan


def _weighted_ranks(place: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Ranks around their mean, ties at their mean rank. place: 0 … for each value in order; weights: how often it is there."""
    counts = np.bincount(place, weights)
    ranks = (np.cumsum(counts) - counts / 2)[place]
    return ranks - weights @ ranks / max(weights.sum(), 1)


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis around their mean, ties at their mean rank: half of (how many are below − above)."""
    values = np.round(values, DIGITS)
    return np.sign(values[..., :, None] - values[..., None, :]).sum(axis=-1) / 2


def _correlation(
    value: float, drawn: np.ndarray, n: int, none: str, about: tuple[int, int], level: float
) -> Correlation:
    if not np.isfinite(value):
        return Correlation(None, None, n, none)
    if refused := why_not(*about, "two-way"):
        return Correlation(float(value), None, n, refused)
    finite = drawn[np.isfinite(drawn)]
    if len(finite) < len(drawn) / 2:
        return Correlation(float(value), None, n, TOO_THIN)
    low, high = quantiles(finite, level, min(about))
    return Correlation(float(value), (float(low), float(high)), n, caution(*about, "two-way"), drawn)


def all_at_once(
    correlations: Sequence[Correlation | None], units: int, level: float = 0.95
) -> list[Correlation | None]:
    """The correlations of several figures, with intervals that all hold together: max-T on the same draws.

    How they vary together is what their draws say (`Family` in inference/simultaneous.py, with units − 1 degrees of freedom); each interval
    is then the percentile one at the level that leaves all of them together at `level`. Figures about other items share the draws of people
    alone, so they are taken to vary together less than they do, which makes the intervals careful. `units`: the smaller number of
    people and items.
    """
    drawn = {
        place: one.drawn
        for place, one in enumerate(correlations)
        if one is not None and one.drawn is not None and np.nanstd(one.drawn) > 0
    }
    if not drawn:
        return list(correlations)
    wide = Family(len(drawn), _together(list(drawn.values())), max(1.0, units - 1.0)).level(level)
    found = list(correlations)
    for place, draws in drawn.items():
        low, high = quantiles(draws[np.isfinite(draws)], wide, units)
        one = found[place]
        assert one is not None
        found[place] = replace(one, interval_all=(float(low), float(high)))
    return found


def _together(drawn: list[np.ndarray]) -> np.ndarray:
    """(k, k) the correlation of k rows of draws, from those draws in which all are there; none where these are too few."""
    table = np.array(drawn)
    table = table[:, np.isfinite(table).all(axis=0)]
    if table.shape[1] <= len(table) or (table.std(axis=1) == 0).any():
        return np.eye(len(table))
    return np.atleast_2d(np.corrcoef(table))
