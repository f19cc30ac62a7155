"""Whether what can be measured from outside tells which arm made a picture. Pure numpy."""

from dataclasses import dataclass

import numpy as np

from .distributions import chi_square_tail

NEIGHBOURS = 5


@dataclass(frozen=True)
class Guess:
    """How often a classifier names the right arm, and how often chance does as well. `p` is never below 1/(draws+1)."""

    accuracy: float
    chance: float
    p: float


def guess_arms(features: np.ndarray, arms: np.ndarray, items: np.ndarray, *, draws: int, seed: int) -> Guess:
    """Guess the arm of every picture from its features, by pictures of other items.

    The five nearest pictures of other items vote (features are standardised first; ties of distance are broken by
    chance). Chance is the same thing done `draws` times with the arms exchanged among the pictures of each item.

    Args:
        features: (n, f) numbers that can be measured from outside, such as the file's size.
        arms: (n,) the arm of each picture.
        items: (n,) what the picture is of.

    Example:
        >>> arms = np.tile([0, 1], 20)
        >>> guess_arms(arms[:, None] * 100.0, arms, np.repeat(np.arange(20), 2), draws=99, seed=1).accuracy
        1.0
    """
    random = np.random.default_rng(seed)
    near = _neighbours(features, items, random)
    names, codes = np.unique(arms, return_inverse=True)
    accuracy = _accuracy(codes, near, len(names))
    groups = [np.flatnonzero(items == item) for item in np.unique(items)]
    by_chance = np.empty(draws)
    for draw in range(draws):
        mixed = codes.copy()
        for group in groups:
            mixed[group] = codes[random.permutation(group)]
        by_chance[draw] = _accuracy(mixed, near, len(names))
    p = (1 + np.count_nonzero(by_chance >= accuracy)) / (draws + 1)
    return Guess(accuracy, float(by_chance.mean()), float(p))


def _neighbours(features: np.ndarray, items: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(n, NEIGHBOURS) indices of the nearest pictures of other items."""
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    distance = np.square(scaled[:, None, :] - scaled[None, :, :]).sum(axis=2)
    distance += random.random(distance.shape) * 1e-9
    distance[items[:, None] == items[None, :]] = np.inf
    return np.argsort(distance, axis=1)[:, :NEIGHBOURS]


def _accuracy(codes: np.ndarray, near: np.ndarray, arms: int) -> float:
    """Share of right votes; a tie between arms counts for each in part."""
    votes = np.stack([(codes[near] == arm).sum(axis=1) for arm in range(arms)], axis=1)
    best = votes == votes.max(axis=1, keepdims=True)
    return float((best[np.arange(len(codes)), codes] / best.sum(axis=1)).mean())


def unequal_positions(orders: list[list[int]]) -> float:
    """p of the hypothesis that every arm stands in every position equally often, by a chi-squared test.

    Balanced orders give 1 or close to it.
    """
    arms = len(orders[0])
    counts = np.zeros((arms, arms))
    for order in orders:
        counts[order, np.arange(arms)] += 1
    expected = len(orders) / arms
    statistic = np.square(counts - expected).sum() / expected
    return chi_square_tail(float(statistic), (arms - 1) ** 2)
