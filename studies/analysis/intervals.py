"""How far the scores would move with other people and other photos: intervals for everything in scores.py.

The default draws people and items with replacement at the same time (resampling.py). In each draw an item's
shares are made again from the answers of the drawn people, and weighted by how often the item was drawn.
An item with no drawn answer is left out of that draw, and the rest is scaled back to the number of items:
total of an arm = I · Σ v_i · share_i / Σ v_i, over items with Σ_p w_p > 0. Intervals are percentiles of the
draws, taken a little further out where people or items are few (`quantiles`).
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.special import ndtri

from studies.analysis.answers import choices_of, labels, ratings_of
from studies.analysis.resampling import (
    Block,
    Crossed,
    Method,
    caution,
    check_plan,
    quantiles,
    units_of,
    why_not,
)
from studies.analysis.scores import SameAs

UNANIMOUS = "Every answer is the same: the answers cannot show how far the scores might move, so there is no interval."
NO_WIDTH = "An interval without width belongs to something that nobody ever chose; it does not prove a score of zero."
TOO_THIN = "Too few people share items: most draws hold no answer at all, so there is no interval."


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
    draws: int = 2000,
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
    answers = _crossed(items, participants)
    choice = choices_of(choices, arms, len(answers.item))
    note = why_not(answers.people, answers.items, method)
    if not note and (choice == choice[0]).all():
        note = UNANIMOUS
    if note:
        return ChoiceIntervals(method, level, note=note)
    if method == "naive":
        return _naive_choice(answers, choice, arms, level, same_as)
    tables = answers.tables(choice % (arms + 1), arms + 1)
    blocks = answers.blocks(tables, method, draws, seed)
    shares = np.concatenate([_mean_shares(block, same_as) for block in blocks])
    shares = shares[np.isfinite(shares).all(axis=1)]
    if len(shares) < draws / 2:
        return ChoiceIntervals(method, level, note=TOO_THIN)
    items_scored = _items_scored(answers, choice, same_as)
    note = " ".join(filter(None, [caution(answers.people, answers.items, method), _never(shares[:, :arms])]))
    units = units_of(answers.people, answers.items, method)
    return _choice_summary(shares, items_scored, method, level, units, same_as, note)


def _crossed(items: ArrayLike, participants: ArrayLike) -> Crossed:
    item_names, item = labels(items, "items")
    people_names, person = labels(participants, "participants", len(item))
    return Crossed(item.astype(np.int32), person.astype(np.int32), len(item_names), len(people_names))


def _mean_shares(block: Block, same_as: SameAs) -> np.ndarray:
    """(d, k + 1): in each draw the mean over items of the shares; NaN where a draw holds no answers."""
    d = block.items.shape[1]
    totals, drawn_items = np.zeros((d, len(block.parts[0]) - (same_as == "dropped"))), np.zeros((d, 1))
    for part in block:
        cells = part.cells[:-1] if same_as == "dropped" else part.cells
        answers = cells.sum(axis=0)
        per_answer = part.items / np.maximum(answers, 1)
        totals += np.einsum("kid,id->dk", cells, per_answer)
        drawn_items[:, 0] += np.einsum("id,id->d", part.items, answers > 0)
    with np.errstate(invalid="ignore"):
        means = totals / drawn_items
    if same_as == "own":
        return means
    same = means[:, -1:] if same_as == "split" else np.zeros((len(means), 1))
    preferred = means[:, :-1] if same_as == "split" else means
    return np.hstack([preferred + same / preferred.shape[1], np.zeros_like(same)])


def _items_scored(answers: Crossed, choice: np.ndarray, same_as: SameAs) -> int:
    return len(np.unique(answers.item[choice >= 0])) if same_as == "dropped" else answers.items


def _never(shares: np.ndarray) -> str:
    return NO_WIDTH if (shares == 0).all(axis=0).any() else ""


def _choice_summary(
    shares: np.ndarray, items: int, method: Method, level: float, units: int, same_as: SameAs, note: str
) -> ChoiceIntervals:
    arms = shares.shape[1] - 1
    preferences = shares[:, :arms].sum(axis=1)
    some = preferences > 0
    of_preferences = shares[some, :arms] / preferences[some, None]
    totals = quantiles(shares * items, level, units)
    return ChoiceIntervals(
        method,
        level,
        arms=totals[:arms],
        same=totals[arms] if same_as == "own" else None,
        share=totals[:arms] / items,
        share_of_preferences=quantiles(of_preferences, level, units) if some.mean() > 0.5 else None,
        differences={
            (a, b): quantiles((shares[:, a] - shares[:, b]) * items, level, units)
            for a, b in combinations(range(arms), 2)
        },
        note=note,
    )


def _naive_choice(
    answers: Crossed, choice: np.ndarray, arms: int, level: float, same_as: SameAs
) -> ChoiceIntervals:
    """Every answer an independent vote that weighs 1/n_i: score ± z · √Σ (weight · residual)²."""
    kept = choice >= 0 if same_as == "dropped" else np.ones(len(choice), bool)
    item = np.unique(answers.item[kept], return_inverse=True)[1]
    items = int(item.max()) + 1
    votes = np.eye(arms + 1)[choice[kept] % (arms + 1)]
    if same_as == "split":
        votes = np.hstack([votes[:, :arms] + votes[:, arms:] / arms, np.zeros((len(votes), 1))])
    weight = 1 / np.bincount(item)[item]
    share = weight @ votes / items
    preferred = share[:arms].sum()

    def ends(centre: np.ndarray, residual: np.ndarray, over: float) -> np.ndarray:
        error = np.sqrt(np.sum((weight[:, None] * residual) ** 2, axis=0)) / over
        return np.stack([centre - _z(level) * error, centre + _z(level) * error], axis=-1)

    shares = ends(share, votes - share, items)
    ratio = share[:arms] / preferred
    of_preferences = ends(ratio, votes[:, :arms] - ratio * votes[:, :arms].sum(1)[:, None], items * preferred)
    pairs = list(combinations(range(arms), 2))
    gaps = votes[:, [a for a, _ in pairs]] - votes[:, [b for _, b in pairs]]
    gap = weight @ gaps / items
    return ChoiceIntervals(
        "naive",
        level,
        arms=shares[:arms] * items,
        same=shares[arms] * items if same_as == "own" else None,
        share=shares[:arms],
        share_of_preferences=of_preferences,
        differences=dict(zip(pairs, ends(gap, gaps - gap, items) * items, strict=True)),
        note=caution(answers.people, answers.items, "naive"),
    )


def _z(level: float) -> float:
    return float(ndtri((1 + level) / 2))


def rating_intervals(
    items: ArrayLike,
    participants: ArrayLike,
    ratings: ArrayLike,
    *,
    draws: int = 2000,
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
    answers = _crossed(items, participants)
    values = ratings_of(ratings, len(answers.item))
    note = why_not(answers.people, answers.items, method)
    if not note and (values == values[0]).all():
        note = UNANIMOUS
    if note:
        return RatingIntervals(method, level, note=note)
    if method == "naive":
        return _naive_rating(answers, values, level)
    tables = [answers.table(), answers.table(values=values)]
    blocks = answers.blocks(tables, method, draws, seed)
    drawn = np.concatenate([_three_means(block, tables[0].T, tables[1].T) for block in blocks])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    if len(drawn) < draws / 2:
        return RatingIntervals(method, level, note=TOO_THIN)
    units = units_of(answers.people, answers.items, method)
    mean, mean_of_items, mean_of_people = quantiles(drawn, level, units)
    note = caution(answers.people, answers.items, method)
    return RatingIntervals(method, level, mean, mean_of_items, mean_of_people, note)


def _three_means(block: Block, numbers: sparse.sparray, sums: sparse.sparray) -> np.ndarray:
    """(d, 3): the means over answers, items and people. numbers, sums (people, items) of answers and ratings."""
    added = np.zeros((4, block.items.shape[1]))
    for part in block:
        number, total = part.cells
        added[0] += np.einsum("id,id->d", number, part.items)
        added[1] += np.einsum("id,id->d", total, part.items)
        added[2] += np.einsum("id,id->d", number > 0, part.items)
        added[3] += np.einsum("id,id->d", total / np.maximum(number, 1), part.items)
    answered = numbers @ block.items
    person = np.einsum("pd,pd->d", answered > 0, block.people)
    persons = np.einsum("pd,pd->d", (sums @ block.items) / np.maximum(answered, 1), block.people)
    with np.errstate(invalid="ignore"):
        return np.stack([added[1] / added[0], added[3] / added[2], persons / person], axis=1)


def _naive_rating(answers: Crossed, values: np.ndarray, level: float) -> RatingIntervals:
    def ends(weight: np.ndarray) -> np.ndarray:
        mean = weight @ values
        error = np.sqrt(np.sum((weight * (values - mean)) ** 2))
        return np.array([mean - _z(level) * error, mean + _z(level) * error])

    per_item = 1 / np.bincount(answers.item)[answers.item] / answers.items
    per_person = 1 / np.bincount(answers.person)[answers.person] / answers.people
    every = np.full(len(values), 1 / len(values))
    return RatingIntervals(
        "naive",
        level,
        ends(every),
        ends(per_item),
        ends(per_person),
        note=caution(answers.people, answers.items, "naive"),
    )
