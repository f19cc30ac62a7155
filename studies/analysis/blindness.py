"""Whether what can be measured from outside tells which arm made a picture. Pure numpy."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .distributions import chi_square_tail, student_quantile

NEIGHBOURS = 5
FEWEST_PHOTOS = 6
"""With fewer there is nothing to learn from, and no interval worth the name."""
FOLDS = 10
SHRINKAGE = 0.1
"""Of the covariance towards its diagonal: with few photos it could not be inverted."""
ENOUGH_GUESSES = 600  # so many that a p of one in 500 can be counted


@dataclass(frozen=True)
class Guess:
    """How often a classifier names the right arm, and how often chance does as well. `p` is never below 1/(draws+1)."""

    accuracy: float
    chance: float
    p: float


def guess_arms(
    features: np.ndarray,
    arms: np.ndarray,
    items: np.ndarray,
    *,
    draws: int,
    seed: int,
    trials: np.ndarray | None = None,
) -> Guess:
    """Guess the arm of every picture from its features, by pictures of other items.

    The five nearest pictures of other items vote (features are standardised first; ties of distance are broken by
    chance). Chance is the same thing done `draws` times with the arms exchanged among the pictures of each item. Where a trial
    shows some of the arms only, an item's pictures can be of one arm, and there is nothing to exchange among them: then
    what trials showed is exchanged among the trials, as their orders were dealt out.

    Args:
        features: (n, f) numbers that can be measured from outside, such as the file's size.
        arms: (n,) the arm of each picture.
        items: (n,) what the picture is of.
        trials: (n,) the trial that showed it, its pictures from the first position to the last; or the session, where each shows
            one arm alone; None where every trial shows every arm.

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
    of_a_length = None if trials is None else _by_length(trials)
    by_chance = np.empty(draws)
    for draw in range(draws):
        mixed = codes.copy()
        for group in groups if of_a_length is None else ():
            mixed[group] = codes[random.permutation(group)]
        for rows in of_a_length or ():
            mixed[rows] = codes[random.permutation(rows)]  # whole rows change places
        by_chance[draw] = _accuracy(mixed, near, len(names))
    p = (1 + np.count_nonzero(by_chance >= accuracy)) / (draws + 1)
    return Guess(accuracy, float(by_chance.mean()), float(p))


def _by_length(trials: np.ndarray) -> list[np.ndarray]:
    """The pictures of trials: for each number of pictures a (trials, pictures) array of their rows."""
    by_length: dict[int, list[np.ndarray]] = {}
    for trial in np.unique(trials):
        rows = np.flatnonzero(trials == trial)
        by_length.setdefault(len(rows), []).append(rows)
    return [np.stack(rows) for rows in by_length.values()]


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

    Orders may show some of the arms, and some arms more often than others: what is asked is whether an arm, where it is
    shown, stands in each position as often as in any other. Orders of another length are counted apart. Balanced orders give
    1 or close to it, and so do orders of one arm.
    """
    statistic, freedom = 0.0, 0
    for length in sorted({len(order) for order in orders}):
        places, arms = zip(
            *(cell for order in orders if len(order) == length for cell in enumerate(order)), strict=True
        )
        names, codes = np.unique(arms, return_inverse=True)
        counts = np.zeros((len(names), length))
        np.add.at(counts, (codes, places), 1)
        expected = counts.sum(axis=1, keepdims=True) / length
        statistic += float((np.square(counts - expected) / expected).sum())
        freedom += (len(names) - 1) * (length - 1)
    return chi_square_tail(statistic, freedom)


def as_good_by_chance(published: int, others: np.ndarray) -> float:
    """How likely another seed is right as often: counted, or by a bell where too few were tried to count."""
    if len(others) >= ENOUGH_GUESSES:
        return (1 + int((others >= published).sum())) / (1 + len(others))
    spread = float(others.std(ddof=1)) or 1.0
    return 0.5 * math.erfc((published - float(others.mean())) / spread / math.sqrt(2))


def by_turn(rows: Iterable[tuple[int, str]]) -> dict[tuple[int, int], str]:
    """The order that each item has at its first, second … turn: (item, turn) -> order."""
    turns: Counter[int] = Counter()
    by_turn = {}
    for item, order in rows:
        by_turn[item, turns[item]] = order
        turns[item] += 1
    return by_turn


@dataclass(frozen=True)
class Recognition:
    """How often the right arm is named.

    accuracy, interval   share of pictures, 0 to 1, with its 95 % interval over photos
    chance               of whoever guesses blindly: one in the number of arms
    by_arm               the share of each arm's pictures that is known as its own
    photos               that were asked about
    """

    accuracy: float
    interval: tuple[float, float]
    chance: float
    by_arm: tuple[float, ...]
    photos: int

    @property
    def is_told(self) -> bool:
        """Whether it is beyond chance."""
        return self.interval[0] > self.chance


def recognised(features: np.ndarray, *, seed: int = 0) -> Recognition | None:
    """Guess the arm of each picture from its features, by the pictures of other photos; None for fewer than FEWEST_PHOTOS.

    Linear discriminants on standardised features, in up to ten folds of whole photos in an order drawn by the seed. The interval
    is Student's over the photos' shares of right guesses, cut at 0 and 1, its variance widened for guesses that share what they have
    learnt from (Nadeau, Bengio, Inference for the generalization error, Machine Learning 52, 2003).

    Args:
        features: (photos, arms, f) numbers that can be seen, such as how sharp a picture is.

    Example:
        >>> features = np.random.default_rng(0).normal(size=(40, 2, 3)) + np.array([0, 9])[None, :, None]
        >>> recognised(features).accuracy
        1.0
    """
    photos, arms, _ = features.shape
    if photos < FEWEST_PHOTOS:
        return None
    count = min(FOLDS, photos)
    folds = np.random.default_rng(seed).permutation(photos) % count
    right = np.empty((photos, arms))
    for fold in np.unique(folds):
        asked = folds == fold
        guesses = _guesses(features[~asked], features[asked])
        right[asked] = guesses == np.arange(arms)
    by_photo = right.mean(axis=1)
    accuracy = float(by_photo.mean())
    variance = float(by_photo.var(ddof=1)) * (1 / photos) * (1 + count / (count - 1))
    half = student_quantile(0.975, photos - 1) * variance**0.5
    return Recognition(
        accuracy,
        (max(0.0, accuracy - half), min(1.0, accuracy + half)),
        1 / arms,
        tuple(float(share) for share in right.mean(axis=0)),
        photos,
    )


def _guesses(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(photos, arms) the arm that each picture asked about is taken for."""
    flat = known.reshape(-1, known.shape[-1])
    spread = flat.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    known, asked = (known - flat.mean(axis=0)) / scale, (asked - flat.mean(axis=0)) / scale
    means = known.mean(axis=0)  # (arms, f)
    within = (known - means).reshape(-1, known.shape[-1])
    covariance = within.T @ within / max(len(within) - len(means), 1)
    diagonal = np.diag(np.diag(covariance)) + 1e-6 * np.eye(len(covariance))
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * diagonal
    weights = np.linalg.solve(covariance + 1e-9 * np.eye(len(covariance)), means.T)  # (f, arms)
    scores = asked @ weights - 0.5 * np.einsum("af,fa->a", means, weights)
    return scores.argmax(axis=-1)
