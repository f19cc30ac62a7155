"""How far the scores would move with other people and other photos: intervals for everything in scores.py.

Every score is a weighted mean of answers: inference/effects.py says how far it varies with people and items, inference/bounds.py makes the
interval. `per` says what counts once: every item, as in the paper (“items”, the default), every person, or every answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from .answers import RATING_LIMIT, AnswersError
from .inference.bounds import mean_interval, share_intervals
from .inference.effects import Effect, Method, WeightedShares
from .resampling import caution, check_level, why_not
from .scores import SameAs
from .table import Answers, Choices, Ratings, remembered

Per = Literal["items", "people", "answers"]
UNANIMOUS = "Every answer is the same: how far people and items differ cannot be seen. The interval allows for what their number leaves open."
NOBODY = "Every answer is “same”: nothing is left to score when “same” is dropped."


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


def weights(answers: Answers, per: Per) -> np.ndarray:
    """(n,) what each answer counts, so that every item, person or answer counts once; they sum to 1."""
    if per not in get_args(Per):
        raise AnswersError(f"per: {per!r} is not one of {', '.join(get_args(Per))}")
    if per == "answers":
        return np.full(len(answers), 1 / len(answers))
    return answers.units.per_item if per == "items" else answers.units.per_person


@remembered
def shares_of(answers: Choices, per: Per = "items") -> WeightedShares:
    """The shares of the arms and, last, of “same”."""
    kinds = answers.arms + 1
    return WeightedShares(answers.units, answers.values % kinds, kinds, weights(answers, per))


@remembered
def shares_of_ratings(answers: Ratings, per: Per = "items") -> tuple[np.ndarray, WeightedShares]:
    """The values that were given, and the share of each."""
    values, kind = np.unique(answers.numbers, return_inverse=True)
    return values, WeightedShares(answers.units, kind, len(values), weights(answers, per))


def rating_effect(answers: Ratings, per: Per = "items", method: Method = "two-way") -> Effect:
    """The mean rating as an effect. Its variance is nothing where there are no two people and items."""
    values, shares = shares_of_ratings(answers, per)
    if why_not(answers.units.people, answers.units.items, method):
        return Effect(float(shares.shares @ values), 0.0, 1.0, 1, shares.answers)
    return shares.effects(values[:, None], method)[0]


def why_no_interval(answers: Answers, method: Method = "two-way") -> str:
    """Why there is no interval, or an empty string."""
    return why_not(answers.units.people, answers.units.items, method)


def effective_people(answers: Answers) -> float:
    """As many people as would give equally many answers each: 1/Σ (share of all answers)²."""
    share = np.bincount(answers.units.person) / len(answers)
    return float(1 / (share**2).sum())


def largest_part(answers: Answers) -> float:
    """The share of all answers that the most active person gave."""
    return float(np.bincount(answers.units.person).max() / len(answers))


def _check(method: str, level: float) -> None:
    if method not in get_args(Method):
        raise AnswersError(f"method: {method!r} is not one of {', '.join(get_args(Method))}")
    check_level(level)


def _note(answers: Answers, method: Method) -> str:
    same = UNANIMOUS if (answers.values == answers.values[0]).all() else ""
    return " ".join(filter(None, [caution(answers.units.people, answers.units.items, method), same]))


def choice_intervals(
    items: ArrayLike,
    participants: ArrayLike,
    choices: ArrayLike,
    arms: int = 3,
    *,
    level: float = 0.95,
    method: Method = "two-way",
    same_as: SameAs = "own",
    per: Per = "items",
) -> ChoiceIntervals:
    """Intervals for choice scores, their shares, and the differences between arms.

    items, participants (n,): any labels. choices (n,) int: an arm's index, or -1 for “same”. `method`: people and items
    vary ("two-way"), only "items", only "people", or every answer is independent ("naive"); the last three
    leave something out and are there to compare. `same_as` as in choice_scores. Totals are shares times the number of items.

    >>> result = choice_intervals([1, 1, 2, 2] * 10, range(40), [0, 1, 0, -1] * 10, arms=2)
    >>> result.arms.shape, result.differences[0, 1].shape
    ((2, 2), (2,))
    """
    answers = Choices.of(items, participants, choices, arms=arms)
    return choice_intervals_of(answers, level=level, method=method, same_as=same_as, per=per)


def choice_intervals_of(
    answers: Choices,
    *,
    level: float = 0.95,
    method: Method = "two-way",
    same_as: SameAs = "own",
    per: Per = "items",
) -> ChoiceIntervals:
    """`choice_intervals` of a table."""
    _check(method, level)
    kept = answers.only(answers.values >= 0) if same_as == "dropped" else answers
    if len(answers) and not len(kept):
        return ChoiceIntervals(method, level, note=NOBODY)
    if note := why_no_interval(kept, method):
        return ChoiceIntervals(method, level, note=note)
    arms, items, shares = kept.arms, kept.units.items, shares_of(kept, per)
    change = np.eye(arms + 1)
    if same_as == "split":
        change[arms, :arms], change[arms, arms] = 1 / arms, 0
    pairs = list(combinations(range(arms), 2))
    gaps = np.array([change[:, a] - change[:, b] for a, b in pairs]).reshape(-1, arms + 1).T
    share = np.array(share_intervals(shares.effects(change, method), level))
    differences = [
        items * np.array(mean_interval(effect, 1, level)) for effect in shares.effects(gaps, method)
    ]
    return ChoiceIntervals(
        method,
        level,
        arms=share[:arms] * items,
        same=share[arms] * items if same_as == "own" else None,
        share=share[:arms],
        share_of_preferences=_of_preferences(shares, method, level),
        differences=dict(zip(pairs, differences, strict=True)),
        note=_note(kept, method),
    )


def _of_preferences(shares: WeightedShares, method: Method, level: float) -> np.ndarray | None:
    """(k, 2): the arms' shares of what is left without “same”: ratios, with the first-order change of a ratio."""
    arms = shares.kinds - 1
    preferred = float(shares.shares[:arms].sum())
    if preferred <= 0:
        return None
    ratios = shares.shares[:arms] / preferred
    change = np.eye(arms + 1)[:, :arms]
    change[:arms] -= ratios
    effects = shares.effects(change / preferred, method, estimates=ratios)
    return np.array(share_intervals(_of_fewer(effects, preferred), level))


def _of_fewer(effects: Sequence[Effect], share: float) -> list[Effect]:
    """The effects with the effective number of answers of a part."""
    return [replace(effect, answers=effect.answers * share) for effect in effects]


def rating_intervals(
    items: ArrayLike,
    participants: ArrayLike,
    ratings: ArrayLike,
    *,
    level: float = 0.95,
    method: Method = "two-way",
) -> RatingIntervals:
    """Intervals for the means over answers, over items and over people.

    items, participants (n,): any labels. ratings (n,) from −2 to 2. Methods as in choice_intervals.

    >>> result = rating_intervals([1, 1, 2, 2] * 10, range(40), [2, 1, 0, -1] * 10)
    >>> result.mean.shape, result.note == ""
    ((2,), False)
    """
    return rating_intervals_of(Ratings.of(items, participants, ratings), level=level, method=method)


def rating_intervals_of(
    answers: Ratings, *, level: float = 0.95, method: Method = "two-way"
) -> RatingIntervals:
    """`rating_intervals` of a table."""
    _check(method, level)
    if note := why_no_interval(answers, method):
        return RatingIntervals(method, level, note=note)

    def ends(per: Per) -> np.ndarray:
        return np.array(mean_interval(rating_effect(answers, per, method), RATING_LIMIT, level))

    return RatingIntervals(
        method,
        level,
        mean=ends("answers"),
        mean_of_items=ends("items"),
        mean_of_people=ends("people"),
        note=_note(answers, method),
    )
