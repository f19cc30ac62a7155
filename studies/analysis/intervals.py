"""How far the scores would move with other people and other photos: intervals for everything in scores.py.

Every score is a weighted mean of answers: those about an item with n answers weigh 1/n each, so that the item is worth 1.
The default draws people and items with replacement at the same time, and a score moves by what they add to it
(`drawn_means`). An answer keeps its weight in every draw: shares made again from the drawn people alone would compare a
person with the very item mean that the person has a part in, and understate how far people differ by about 1/n (the leverage
of Bell & McCaffrey 2002, Survey Methodology 28, 169–181). Intervals are percentiles of the draws, taken a little further
out where people or items are few (`quantiles`), and never beyond what a score can be.
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from studies.analysis.answers import RATING_LIMIT, choices_of, column, labels, ratings_of
from studies.analysis.resampling import (
    DRAWS,
    Method,
    caution,
    check_plan,
    drawn_means,
    quantiles,
    units_of,
    why_not,
)
from studies.analysis.scores import SameAs

UNANIMOUS = "Every answer is the same: the answers cannot show how far the scores might move, so there is no interval."
NO_WIDTH = "An interval without width belongs to something that nobody ever chose; it does not prove a score of zero."


@dataclass(frozen=True, eq=False)
class ChoiceIntervals:
    """Lower and upper ends. Everything is None where no interval can be given, and `note` says why."""

    method: Method
    level: float
    arms: np.ndarray | None = None  # (k, 2) totals
    same: np.ndarray | None = None  # (2,); None unless “same” is a category of its own
    share: np.ndarray | None = None  # (k, 2)
    share_of_preferences: np.ndarray | None = None  # (k, 2)
    differences: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)  # (a, b) -> (2,) of a − b
    note: str = ""


@dataclass(frozen=True, eq=False)
class RatingIntervals:
    """Lower and upper ends. Everything is None where no interval can be given, and `note` says why."""

    method: Method
    level: float
    mean: np.ndarray | None = None  # (2,)
    mean_of_items: np.ndarray | None = None  # (2,)
    mean_of_people: np.ndarray | None = None  # (2,)
    note: str = ""


def choice_intervals(
    items: ArrayLike,
    participants: ArrayLike,
    choices: ArrayLike,
    arms: int = 3,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "two-way",
    same_as: SameAs = "own",
) -> ChoiceIntervals:
    """Intervals for choice scores, their shares, and the differences between arms.

    items, participants (n,): any labels. choices (n,) int: an arm's index, or -1 for “same”. `method`: draw people
    and items ("two-way"), only "items", only "people", or take every answer for independent ("naive", by the
    normal approximation); the last three are too narrow and are there to compare. `same_as` as in choice_scores.
    The same seed gives the same interval, whatever the order of the rows.

    >>> found = choice_intervals([1, 1, 2, 2] * 10, range(40), [0, 1, 0, -1] * 10, arms=2, draws=200)
    >>> found.arms.shape, found.differences[0, 1].shape
    ((2, 2), (2,))
    """
    check_plan(method, draws, level)
    given = choices_of(choices, arms, len(column(items, "items")))
    kept = given >= 0 if same_as == "dropped" else np.ones(len(given), bool)
    answers = _answers(items, participants, kept)
    note = _why_not(answers, given[kept], method)
    if note:
        return ChoiceIntervals(method, level, note=note)
    votes = np.eye(arms + 1)[given[kept]]  # −1 is the last column
    if same_as == "split":
        votes = np.hstack([votes[:, :arms] + votes[:, arms:] / arms, np.zeros((len(votes), 1))])
    weight = answers.per_item[:, None]
    never = NO_WIDTH if not votes[:, :arms].any(axis=0).all() else ""
    note = " ".join(filter(None, [caution(answers.people, answers.items, method), never]))
    if method == "naive":
        return _naive_choice(answers, weight, votes, level, same_as, note)
    shares = drawn_means(weight, votes, (answers.person, answers.item), method=method, draws=draws, seed=seed)
    return _choice_summary(shares, answers, method, level, same_as, note)


@dataclass(frozen=True, eq=False)
class _Answers:
    """Who answered about what: 0, 1, 2 … for each."""

    item: np.ndarray
    person: np.ndarray
    items: int
    people: int

    @property
    def per_item(self) -> np.ndarray:
        """(n,) weights with which every item counts once."""
        return 1 / np.bincount(self.item)[self.item] / self.items

    @property
    def per_person(self) -> np.ndarray:
        """(n,) weights with which every person counts once."""
        return 1 / np.bincount(self.person)[self.person] / self.people


def _answers(items: ArrayLike, participants: ArrayLike, kept: np.ndarray) -> _Answers:
    names = column(items, "items")[kept]
    people = column(participants, "participants", len(kept))[kept]
    if len(kept) and not len(names):
        empty = np.empty(0, np.int64)
        return _Answers(empty, empty, 0, 0)
    item_names, item = labels(names, "items")
    people_names, person = labels(people, "participants")
    return _Answers(item, person, len(item_names), len(people_names))


def _why_not(answers: _Answers, values: np.ndarray, method: Method) -> str:
    if not len(values):
        return UNANIMOUS  # everybody said “same”, and “same” is dropped
    refused = why_not(answers.people, answers.items, method)
    return refused or (UNANIMOUS if (values == values[0]).all() else "")


def _choice_summary(
    shares: np.ndarray, answers: _Answers, method: Method, level: float, same_as: SameAs, note: str
) -> ChoiceIntervals:
    arms, items = shares.shape[1] - 1, answers.items
    units = units_of(answers.people, items, method)
    preferences = shares[:, :arms].sum(axis=1)
    some = preferences > 0
    of_preferences = shares[some, :arms] / preferences[some, None]
    of_all = np.clip(quantiles(shares, level, units), 0, 1)
    return ChoiceIntervals(
        method,
        level,
        arms=of_all[:arms] * items,
        same=of_all[arms] * items if same_as == "own" else None,
        share=of_all[:arms],
        share_of_preferences=np.clip(quantiles(of_preferences, level, units), 0, 1)
        if some.mean() > 0.5
        else None,
        differences={
            (a, b): np.clip(quantiles(shares[:, a] - shares[:, b], level, units), -1, 1) * items
            for a, b in combinations(range(arms), 2)
        },
        note=note,
    )


def _naive_choice(
    answers: _Answers, weight: np.ndarray, votes: np.ndarray, level: float, same_as: SameAs, note: str
) -> ChoiceIntervals:
    """Every answer an independent vote that weighs 1/n_i: score ± z · √Σ (weight · residual)²."""
    arms, items = votes.shape[1] - 1, answers.items
    share = (weight * votes).sum(axis=0)
    preferred = share[:arms].sum()
    shares = _normal(share, weight * (votes - share), level)
    pairs = list(combinations(range(arms), 2))
    gaps = votes[:, [a for a, _ in pairs]] - votes[:, [b for _, b in pairs]]
    gap = (weight * gaps).sum(axis=0)
    of_preferences = None
    if preferred > 0:
        ratio = share[:arms] / preferred
        residual = votes[:, :arms] - ratio * votes[:, :arms].sum(axis=1, keepdims=True)
        of_preferences = _normal(ratio, weight * residual / preferred, level)
    return ChoiceIntervals(
        "naive",
        level,
        arms=shares[:arms] * items,
        same=shares[arms] * items if same_as == "own" else None,
        share=shares[:arms],
        share_of_preferences=of_preferences,
        differences=dict(zip(pairs, _normal(gap, weight * (gaps - gap), level) * items, strict=True)),
        note=note,
    )


def _normal(centre: np.ndarray, residuals: np.ndarray, level: float) -> np.ndarray:
    """(k, 2): centre (k,) ± z · √Σ residuals (n, k)²."""
    half = ndtri((1 + level) / 2) * np.sqrt((residuals**2).sum(axis=0))
    return np.stack([centre - half, centre + half], axis=-1)


def rating_intervals(
    items: ArrayLike,
    participants: ArrayLike,
    ratings: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "two-way",
) -> RatingIntervals:
    """Intervals for the means over answers, over items and over people.

    items, participants (n,): any labels. ratings (n,) from −2 to 2. Methods and seed as in choice_intervals.

    >>> found = rating_intervals([1, 1, 2, 2] * 10, range(40), [2, 1, 0, -1] * 10, draws=200)
    >>> found.mean.shape, found.note == ""
    ((2,), False)
    """
    check_plan(method, draws, level)
    given = ratings_of(ratings, len(column(items, "items")))
    answers = _answers(items, participants, np.ones(len(given), bool))
    note = _why_not(answers, given, method)
    if note:
        return RatingIntervals(method, level, note=note)
    weights = np.stack([np.full(len(given), 1 / len(given)), answers.per_item, answers.per_person], axis=1)
    values = np.repeat(given[:, None].astype(float), 3, axis=1)
    note = caution(answers.people, answers.items, method)
    if method == "naive":
        means = (weights * values).sum(axis=0)
        return _three(_normal(means, weights * (values - means), level), method, level, note)
    units = units_of(answers.people, answers.items, method)
    drawn = drawn_means(
        weights, values, (answers.person, answers.item), method=method, draws=draws, seed=seed
    )
    ends = np.clip(quantiles(drawn, level, units), -RATING_LIMIT, RATING_LIMIT)
    return _three(ends, method, level, note)


def _three(ends: np.ndarray, method: Method, level: float, note: str) -> RatingIntervals:
    return RatingIntervals(
        method, level, mean=ends[0], mean_of_items=ends[1], mean_of_people=ends[2], note=note
    )
