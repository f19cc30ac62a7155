"""Answers in, normalised scores out, as the paper prints them.

Choice: every item is worth 1.00, shared among the arms and “same” in proportion to its answers, so the
totals of all arms and “same” add up to the number of items whatever the number of answers to each
(the paper: 115.75 + 78.50 + 40.25 + 15.50 = 250). Rating: plain means, of answers, of items, of people.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from .answers import (
    RATING_LIMIT,
    AnswersError,
    choices_of,
    column,
    labels,
    ratings_of,
    repeats_of,
)
from .table import Choices, Ratings

SameAs = Literal["own", "split", "dropped"]


@dataclass(frozen=True, eq=False)
class ChoiceScores:
    """Totals over items. `arms.sum() + same == items`, but for rounding in the 13th digit."""

    arms: np.ndarray  # (k,) float64, each from 0 to `items`
    same: float
    items: int
    answers: int
    left_out: int = 0  # items where everyone said “same”, which `same_as="dropped"` cannot score

    @property
    def share(self) -> np.ndarray:
        """(k,) from 0 to 1: of all items."""
        return self.arms / self.items

    @property
    def same_share(self) -> float:
        return self.same / self.items

    @property
    def share_of_preferences(self) -> np.ndarray | None:
        """(k,) from 0 to 1: of what is left without “same”. The paper's 49.36 %. None if all said “same”."""
        preferences = float(self.arms.sum())
        return self.arms / preferences if preferences > 0 else None


@dataclass(frozen=True, eq=False)
class ItemShares:
    """One row per item, in the order of its labels."""

    items: np.ndarray  # (m,) labels
    shares: np.ndarray  # (m, k + 1) float64, rows sum to 1; the last column is “same”
    answers: np.ndarray  # (m,) int64


@dataclass(frozen=True, eq=False)
class RatingScores:
    """Means of ratings from −2 to 2; above zero the first arm is better."""

    mean: float  # over all answers
    by_item: dict[Any, float]
    mean_of_items: float  # every item counts once
    mean_of_people: float | None  # every person counts once; None if participants were not given
    answers: int
    distribution: dict[float, int]  # rating -> how many answers


def choice_scores(
    items: ArrayLike,
    choices: ArrayLike,
    arms: int = 3,
    *,
    same_as: SameAs = "own",
    counts: ArrayLike | None = None,
) -> ChoiceScores:
    """Share each item's 1.00 among its answers, and add up.

    items (n,): any labels. choices (n,) int: an arm's index, or -1 for “same”. counts (n,) int: how many
    answers each row stands for, if rows are groups. `same_as` says what becomes of “same”: a category of
    its own ("own", the paper's), shared equally among the arms ("split"), or taken out before the shares are
    made ("dropped": an item where everyone said “same” then has none, and is counted in `left_out`).

    Raises AnswersError if there are no answers, columns differ in length, or a choice is out of range.

    >>> scores = choice_scores([1, 1, 1, 1, 2], [0, 0, 1, -1, 2])
    >>> scores.arms.tolist(), scores.same, scores.items
    ([0.5, 0.25, 1.0], 0.25, 2)
    """
    _, table = count_answers(items, choices, arms, counts)
    return _shared(table, same_as)


def choice_scores_of(answers: Choices, *, same_as: SameAs = "own") -> ChoiceScores:
    """`choice_scores` of a table."""
    return _shared(answers.by_item.copy(), same_as)


def _shared(table: np.ndarray, same_as: SameAs) -> ChoiceScores:
    """Scores from how often each answer was given about each item (m, arms + 1), which is written to."""
    if same_as not in get_args(SameAs):
        raise AnswersError(f"same_as: {same_as!r} is not one of {', '.join(get_args(SameAs))}")
    arms = table.shape[1] - 1
    answers = int(table.sum())
    if same_as == "dropped":
        table[:, arms] = 0
    scored = table[table.sum(axis=1) > 0]
    if len(scored) == 0:
        raise AnswersError("every answer is “same”: nothing is left to score when “same” is dropped")
    totals = (scored / scored.sum(axis=1, keepdims=True)).sum(axis=0)
    same = float(totals[arms])
    if same_as == "split":
        totals, same = totals + same / arms, 0.0
    return ChoiceScores(totals[:arms], same, len(scored), answers, len(table) - len(scored))


def item_shares(items: ArrayLike, choices: ArrayLike, arms: int = 3) -> ItemShares:
    """Each item's answers as shares that sum to 1.00, before they are added up.

    >>> item_shares([7, 7, 8], [0, -1, 1], arms=2).shares.tolist()
    [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    return _item_shares(*count_answers(items, choices, arms))


def item_shares_of(answers: Choices) -> ItemShares:
    """`item_shares` of a table."""
    return _item_shares(answers.units.item_names, answers.by_item)


def _item_shares(names: np.ndarray, table: np.ndarray) -> ItemShares:
    answers = table.sum(axis=1)
    return ItemShares(names, table / answers[:, None], answers.astype(np.int64))


def count_answers(
    items: ArrayLike, choices: ArrayLike, arms: int, counts: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (m,) and float64 counts (m, arms + 1) of answers per item; the last column is “same”."""
    names, index = labels(items, "items")
    answer = choices_of(choices, arms, len(index)) % (arms + 1)  # -1 becomes the last column
    weights = repeats_of(counts, len(index))
    cells = np.bincount(index * (arms + 1) + answer, weights, minlength=len(names) * (arms + 1))
    return names, cells.reshape(len(names), arms + 1)


def rating_scores(
    items: ArrayLike,
    ratings: ArrayLike,
    participants: ArrayLike | None = None,
    *,
    counts: ArrayLike | None = None,
) -> RatingScores:
    """Means of ratings: over answers, over items, and over people if they are given.

    items (n,) and participants (n,): any labels. ratings (n,) from −2 to 2, positive: the first arm is better.
    counts (n,) int: how many answers each row stands for, if rows are groups.

    Raises AnswersError if there are no answers, columns differ in length, or a rating is out of range.

    >>> scores = rating_scores([1, 1, 2], [2, 1, -1])
    >>> scores.by_item, scores.mean_of_items
    ({1: 1.5, 2: -1.0}, 0.25)
    """
    names, index = labels(items, "items")
    values = ratings_of(ratings, len(index))
    weights = repeats_of(counts, len(index))
    person = None
    if participants is not None:
        person = labels(participants, "participants", len(index))[1]
    return _rating_scores(names, index, values, person, weights)


def rating_scores_of(answers: Ratings) -> RatingScores:
    """`rating_scores` of a table."""
    units, weights = answers.units, np.ones(len(answers))
    return _rating_scores(units.item_names, units.item, answers.numbers, units.person, weights)


def _rating_scores(
    names: np.ndarray, item: np.ndarray, values: np.ndarray, person: np.ndarray | None, weights: np.ndarray
) -> RatingScores:
    by_item = _group_means(item, values, weights)
    by_person = None if person is None else _group_means(person, values, weights)
    levels, level = np.unique(values, return_inverse=True)
    return RatingScores(
        mean=float(weights @ values / weights.sum()),
        by_item=dict(zip(names.tolist(), by_item.tolist(), strict=True)),
        mean_of_items=float(by_item.mean()),
        mean_of_people=None if by_person is None else float(by_person.mean()),
        answers=int(weights.sum()),
        distribution=dict(
            zip(levels.tolist(), np.bincount(level, weights).astype(int).tolist(), strict=True)
        ),
    )


def group_means(groups: ArrayLike, values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Labels (m,) and the mean (m,) of `values` for each: what tests on people's or items' means start from."""
    names, index = labels(groups, "groups")
    numbers = column(values, "values", len(index)).astype(np.float64)
    return names, _group_means(index, numbers, np.ones(len(index)))


def means_of_people(answers: Ratings) -> np.ndarray:
    """(p,) the mean rating by each person."""
    return _group_means(answers.units.person, answers.numbers, np.ones(len(answers)))


def means_of_items(answers: Ratings) -> np.ndarray:
    """(m,) the mean rating of each item."""
    return _group_means(answers.units.item, answers.numbers, np.ones(len(answers)))


def rating_in_words(mean: float, first: str, second: str) -> str:
    """Which arm the mean speaks for.

    >>> rating_in_words(1.48, "VGG-16", "ResNet-50")
    'VGG-16 looks better than ResNet-50, by 1.48 on a scale of −2 to +2'
    """
    if f"{abs(mean):.2f}" == "0.00":
        return f"neither {first} nor {second} looks better: 0.00 on a scale of −2 to +2"
    better, worse = (first, second) if mean > 0 else (second, first)
    return f"{better} looks better than {worse}, by {abs(mean):.2f} on a scale of −{RATING_LIMIT} to +{RATING_LIMIT}"


def _group_means(index: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.bincount(index, weights * values) / np.bincount(index, weights)
