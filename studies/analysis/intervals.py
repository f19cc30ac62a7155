"""How far the scores would move with other people and other photos: intervals for everything in scores.py.

Every score is a weighted mean of answers: those about an item with n answers weigh 1/n each, so that the item is worth 1.
The default draws people and items with replacement at the same time, and a score moves by what they add to it
(resampling.py: `Estimates`; `_shrunk` says how the chance of single answers is kept from counting twice). An answer keeps
its weight in every draw: shares made again from the drawn people alone would compare a person with the very item mean that
the person has a part in, and understate how far people differ by about 1/n (the leverage of Bell & McCaffrey 2002, Survey
Methodology 28, 169–181). Intervals are percentiles of the draws, taken a little further out where people or items are few
(`quantiles`), and never beyond what a score can be.
"""

from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from .answers import RATING_LIMIT
from .resampling import DRAWS, Estimates, Method, caution, check_plan, why_not
from .scores import SameAs
from .table import Answers, Choices, Ratings, remembered

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

    >>> result = choice_intervals([1, 1, 2, 2] * 10, range(40), [0, 1, 0, -1] * 10, arms=2, draws=200)
    >>> result.arms.shape, result.differences[0, 1].shape
    ((2, 2), (2,))
    """
    answers = Choices.of(items, participants, choices, arms=arms)
    return choice_intervals_of(answers, draws=draws, seed=seed, level=level, method=method, same_as=same_as)


def choice_intervals_of(
    answers: Choices,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "two-way",
    same_as: SameAs = "own",
) -> ChoiceIntervals:
    """`choice_intervals` of a table. Whatever the method and the level, its draws are made once."""
    check_plan(method, draws, level)
    kept = answers.only(answers.values >= 0) if same_as == "dropped" else answers
    if len(answers) and not len(kept):
        return ChoiceIntervals(method, level, note=UNANIMOUS)
    note = _why_not(kept, method)
    if note:
        return ChoiceIntervals(method, level, note=note)
    estimates, never = _choice_estimates(kept, same_as, draws, seed)
    people, items = kept.units.people, kept.units.items
    note = " ".join(filter(None, [caution(people, items, method), never]))
    empty = ChoiceIntervals(method, level, note=note)
    return _choice_summary(estimates.ends(method, level), items, answers.arms, empty, same_as)


@remembered
def _choice_estimates(answers: Choices, same_as: SameAs, draws: int, seed: int) -> tuple[Estimates, str]:
    """The scores with what each answer adds to them, and what is to be said of arms that nobody chose."""
    arms = answers.arms
    votes = np.eye(arms + 1)[answers.values]  # −1 is the last column
    if same_as == "split":
        votes = np.hstack([votes[:, :arms] + votes[:, arms:] / arms, np.zeros((len(votes), 1))])
    never = NO_WIDTH if not votes[:, :arms].any(axis=0).all() else ""
    weight = answers.units.per_item
    shares = weight @ votes
    votes -= shares
    votes *= weight[:, None]
    estimates, change = _of_shares(shares)
    return Estimates(estimates, votes, answers.units, draws=draws, seed=seed, change=change), never


def _why_not(answers: Answers, method: Method) -> str:
    refused = why_not(answers.units.people, answers.units.items, method)
    return refused or (UNANIMOUS if (answers.values == answers.values[0]).all() else "")


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

    >>> result = rating_intervals([1, 1, 2, 2] * 10, range(40), [2, 1, 0, -1] * 10, draws=200)
    >>> result.mean.shape, result.note == ""
    ((2,), False)
    """
    answers = Ratings.of(items, participants, ratings)
    return rating_intervals_of(answers, draws=draws, seed=seed, level=level, method=method)


def rating_intervals_of(
    answers: Ratings,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "two-way",
) -> RatingIntervals:
    """`rating_intervals` of a table. Whatever the method and the level, its draws are made once."""
    check_plan(method, draws, level)
    note = _why_not(answers, method)
    if note:
        return RatingIntervals(method, level, note=note)
    ends = _rating_estimates(answers, draws, seed).ends(method, level)
    ends = np.clip(ends, -RATING_LIMIT, RATING_LIMIT)
    return RatingIntervals(
        method,
        level,
        mean=ends[0],
        mean_of_items=ends[1],
        mean_of_people=ends[2],
        note=caution(answers.units.people, answers.units.items, method),
    )


@remembered
def _rating_estimates(answers: Ratings, draws: int, seed: int) -> Estimates:
    """The means over answers, over items and over people, with what each answer adds to them."""
    units, numbers = answers.units, answers.numbers
    weights = np.stack([np.full(len(numbers), 1 / len(numbers)), units.per_item, units.per_person], axis=1)
    means = weights.T @ numbers
    return Estimates(means, weights * (numbers[:, None] - means), units, draws=draws, seed=seed)
