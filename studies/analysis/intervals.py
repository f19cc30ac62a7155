"""How far the scores would move with other people and other photos: intervals for everything in scores.py.

Every score is a weighted mean of answers: those about an item with n answers weigh 1/n each, so that the item is worth 1.
The default draws people and items with replacement at the same time, and a score moves by what they add to it
(`drawn_estimates`, which also says how the chance of single answers is kept from counting twice). An answer keeps its weight in every draw: shares made again from the drawn people alone would compare a
person with the very item mean that the person has a part in, and understate how far people differ by about 1/n (the leverage
of Bell & McCaffrey 2002, Survey Methodology 28, 169–181). Intervals are percentiles of the draws, taken a little further
out where people or items are few (`quantiles`), and never beyond what a score can be.
"""

from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from studies.analysis.answers import RATING_LIMIT, choices_of, column, labels, ratings_of
from studies.analysis.resampling import (
    DRAWS,
    Method,
    caution,
    check_plan,
    interval_ends,
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
    if len(given) and not kept.any():
        return ChoiceIntervals(method, level, note=UNANIMOUS)
    answers = _answers(items, participants, kept)
    note = _why_not(answers, given[kept], method)
    if note:
        return ChoiceIntervals(method, level, note=note)
    votes = np.eye(arms + 1)[given[kept]]  # −1 is the last column
    if same_as == "split":
        votes = np.hstack([votes[:, :arms] + votes[:, arms:] / arms, np.zeros((len(votes), 1))])
    never = NO_WIDTH if not votes[:, :arms].any(axis=0).all() else ""
    weight = answers.per_item
    shares = weight @ votes
    votes -= shares
    votes *= weight[:, None]
    estimates, change = _of_shares(shares)
    note = " ".join(filter(None, [caution(answers.people, answers.items, method), never]))
    ends = interval_ends(
        estimates, votes, answers.units, change=change, method=method, draws=draws, seed=seed, level=level
    )
    return _choice_summary(ends, answers.items, arms, ChoiceIntervals(method, level, note=note), same_as)


@dataclass(frozen=True, eq=False)
class _Answers:
    """Who answered about what: 0, 1, 2 … for each."""

    item: np.ndarray
    person: np.ndarray
    items: int
    people: int

    @property
    def units(self) -> tuple[np.ndarray, np.ndarray]:
        return self.person, self.item

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
    item_names, item = labels(names, "items")
    people_names, person = labels(people, "participants")
    return _Answers(item, person, len(item_names), len(people_names))


def _why_not(answers: _Answers, values: np.ndarray, method: Method) -> str:
    refused = why_not(answers.people, answers.items, method)
    return refused or (UNANIMOUS if (values == values[0]).all() else "")


def _of_shares(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimates (m,) and how they move with the shares (arms + 1, m): the shares themselves, shares of preferences, differences.

    A share of preferences is a ratio of two, with the first-order change of a ratio.
    """
    arms, every = len(shares) - 1, np.eye(len(shares))
    preferred = shares[:arms].sum()
    ratios = shares[:arms] / preferred
    of_ratios = every[:, :arms].copy()
    of_ratios[:arms] -= ratios
    gaps = [every[:, [a]] - every[:, [b]] for a, b in combinations(range(arms), 2)]
    differences = np.hstack([np.empty((arms + 1, 0)), *gaps])
    return (
        np.concatenate([shares, ratios, shares @ differences]),
        np.hstack([every, of_ratios / preferred, differences]),
    )


def _choice_summary(
    ends: np.ndarray, items: int, arms: int, empty: ChoiceIntervals, same_as: SameAs
) -> ChoiceIntervals:
    """The ends by name, none beyond what a score can be."""
    share, preferences, gaps = np.split(ends, [arms + 1, 2 * arms + 1])
    share = np.clip(share, 0, 1)
    return replace(
        empty,
        arms=share[:arms] * items,
        same=share[arms] * items if same_as == "own" else None,
        share=share[:arms],
        share_of_preferences=np.clip(preferences, 0, 1),
        differences=dict(zip(combinations(range(arms), 2), np.clip(gaps, -1, 1) * items, strict=True)),
    )


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
    means = weights.T @ given
    added = weights * (given[:, None] - means)
    ends = interval_ends(means, added, answers.units, method=method, draws=draws, seed=seed, level=level)
    ends = np.clip(ends, -RATING_LIMIT, RATING_LIMIT)
    return RatingIntervals(
        method,
        level,
        mean=ends[0],
        mean_of_items=ends[1],
        mean_of_people=ends[2],
        note=caution(answers.people, answers.items, method),
    )
