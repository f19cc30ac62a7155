"""Do people agree, with each other and with themselves, and does the place on screen pull them?

Krippendorff's alpha is computed from coincidences, for any number of answers per item (Krippendorff 2011,
"Computing Krippendorff's Alpha-Reliability"): 1 is full agreement, 0 what chance would give, below 0 is
systematic disagreement. Its interval is the wider of two bootstraps, over people and over items; a person who is
drawn twice is never compared with themselves. (Drawing both at once, as scores do, doubles the width: alpha is made
of pairs, so the chance of single answers would be counted several times over.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from studies.analysis.answers import SAME, AnswersError, choices_of, column, labels
from studies.analysis.contrasts import Finding, sign_test
from studies.analysis.intervals import rating_intervals
from studies.analysis.resampling import (
    Block,
    Crossed,
    Method,
    caution,
    check_plan,
    parts,
    quantiles,
    units_of,
    why_not,
)
from studies.analysis.scores import group_means, rating_scores

Scale = Literal["nominal", "ordinal", "interval"]
Over = Literal["wider", "people", "items"]
NO_PAIRS = "No item was answered by two people: agreement cannot be measured."
NO_VARIETY = (
    "Every answer is the same: agreement beyond chance cannot be told, because chance would agree as well."
)


@dataclass(frozen=True, eq=False)
class Agreement:
    """`alpha` is None where it is undefined, and `note` says why."""

    scale: Scale
    alpha: float | None
    interval: np.ndarray | None  # (2,)
    items: int  # with at least two answers
    answers: int  # to those items
    note: str = ""


@dataclass(frozen=True, eq=False)
class PositionBias:
    """Choices by place on screen, first position first. With balanced orders each would get the same."""

    counts: np.ndarray  # (m,) int
    shares: np.ndarray | None  # (m,) of preferences; None if there are none
    same: int
    p: float | None  # positions exchanged within each person
    largest_share: dict[Any, float]  # participant -> the share of their favourite position
    note: str = ""


@dataclass(frozen=True, eq=False)
class SideBias:
    """Ratings as they were on screen, positive for the right side. With sides flipped at random the mean is near 0."""

    mean: float
    interval: np.ndarray | None  # (2,) two-way
    people: Finding  # sign test on people's means
    note: str = ""


@dataclass(frozen=True, eq=False)
class Retest:
    """The same trial answered twice by the same person, far apart."""

    pairs: int
    equal: float  # share of pairs with the same answer, 0 to 1
    alpha: Agreement  # of first and second answer; the interval draws pairs


def krippendorff_alpha(
    items: ArrayLike,
    participants: ArrayLike,
    values: ArrayLike,
    scale: Scale = "nominal",
    *,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    over: Over = "wider",
) -> Agreement:
    """Agreement beyond chance. "nominal" for choices, "ordinal" or "interval" for ratings.

    items, participants (n,): any labels; one answer per person and item. values (n,): numbers. `over`: what the
    interval draws, "people", "items", or both one after the other to take the "wider".

    >>> krippendorff_alpha([1, 1, 2, 2, 3, 3], [8, 9] * 3, [0, 0, 1, 1, 0, 1], draws=100).alpha
    0.4444444444444444
    """
    check_plan("two-way", draws, level)
    if over not in get_args(Over):
        raise AnswersError(f"over: {over!r} is not one of {', '.join(get_args(Over))}")
    if scale not in get_args(Scale):
        raise AnswersError(f"scale: {scale!r} is not one of {', '.join(get_args(Scale))}")
    _, item = labels(items, "items")
    paired = np.bincount(item)[item] > 1
    if not paired.any():
        return Agreement(scale, None, None, 0, 0, NO_PAIRS)
    names, item = labels(item[paired], "items")
    people, person = labels(column(participants, "participants", len(paired))[paired], "participants")
    points, value = labels(column(values, "values", len(paired))[paired], "values")
    size = (len(names), len(value))
    if len(points) == 1:
        return Agreement(scale, None, None, *size, NO_VARIETY)
    answers = Crossed(item, person, value, len(names), len(people), len(points))
    alpha = float(_alphas(answers.whole(), points, scale)[0])
    methods: list[Method] = [over] if over != "wider" else ["people", "items"]
    note = " ".join(filter(None, [why_not(len(people), len(names), method) for method in methods]))
    if note:
        return Agreement(scale, alpha, None, *size, note)
    intervals = []
    for method in methods:
        blocks = answers.blocks(method, draws, seed)
        drawn = np.concatenate([_alphas(block, points, scale) for block in blocks])
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn) < draws / 2:
            return Agreement(scale, alpha, None, *size, NO_VARIETY)
        intervals.append(quantiles(drawn, level, units_of(len(people), len(names), method)))
    widest = max(intervals, key=lambda ends: float(ends[1] - ends[0]))
    note = caution(len(people), len(names), "two-way") if over == "wider" else ""
    return Agreement(scale, alpha, widest, *size, note)


def _alphas(block: Block, points: np.ndarray, scale: Scale) -> np.ndarray:
    """(d,): alpha of each draw, from pairs of answers by different people."""
    kinds = len(points)
    together = np.zeros((kinds, kinds, block.items.shape[1]))
    squares = block.people**2
    for part in block:
        cells, with_self = part.added(block.people), part.added(squares)
        answers = cells.sum(axis=0)
        pairs = answers**2 - with_self.sum(axis=0)
        per_pair = answers * part.items / np.maximum(pairs, 1)  # without pairs all that it weighs is 0
        for a in range(kinds):
            mine = cells[a] * per_pair
            together[a, a] += np.einsum("id,id->d", cells[a], mine)
            together[a, a] -= np.einsum("id,id->d", with_self[a], per_pair)
            for b in range(a):
                together[a, b] += np.einsum("id,id->d", cells[b], mine)
                together[b, a] = together[a, b]
    totals = together.sum(axis=1)
    distance = DISTANCES[scale](points.astype(float), totals)
    observed = (together * distance).sum(axis=(0, 1))
    expected = (totals[:, None] * totals[None] * distance).sum(axis=(0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (totals.sum(axis=0) - 1) * observed / expected


def _nominal(points: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return (1 - np.eye(len(points)))[:, :, None]


def _ordinal(points: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Squared number of answers from the middle of one value to the middle of the other, in each draw."""
    middle = np.cumsum(totals, axis=0) - totals / 2
    return (middle[:, None] - middle[None]) ** 2


def _interval(points: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return ((points[:, None] - points[None]) ** 2)[:, :, None]


DISTANCES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
}


def position_bias(
    participants: ArrayLike, positions: ArrayLike, shown: int, *, draws: int = 2000, seed: int = 0
) -> PositionBias:
    """Are some of the `shown` positions chosen more than others?

    participants (n,): any labels. positions (n,) int: 0 … shown − 1, or -1 for “same”. The test exchanges positions
    within each person, so that one person's habit counts once; it needs balanced orders, which every study has.

    >>> position_bias([1, 1, 2, 2], [0, 0, 0, 1], 2).counts.tolist()
    [3, 1]
    """
    names, person = labels(participants, "participants")
    place = choices_of(positions, shown, len(person), "positions")
    preferred = place != SAME
    by_person = np.bincount(person[preferred] * shown + place[preferred], minlength=len(names) * shown)
    by_person = by_person.reshape(len(names), shown)
    counts, total = by_person.sum(axis=0), int(by_person.sum())
    largest = {
        name: float(row.max() / row.sum())
        for name, row in zip(names.tolist(), by_person, strict=True)
        if row.sum()
    }
    same = len(place) - total
    if total == 0 or shown < 2:
        return PositionBias(counts, None, same, None, largest, "Nobody preferred one of several positions.")
    rng = np.random.default_rng(seed)
    exchanged = np.concatenate([_exchanged(rng, by_person, size) for size in parts(draws, by_person.size)])
    p = (1 + np.sum(exchanged >= counts.var() * (1 - 1e-9))) / (1 + draws)
    return PositionBias(counts, counts / total, same, float(p), largest)


def _exchanged(rng: np.random.Generator, by_person: np.ndarray, draws: int) -> np.ndarray:
    """(draws,): how unequal the positions are when each person's are exchanged at random."""
    drawn = rng.permuted(np.tile(by_person, (draws, 1)), axis=1)
    return drawn.reshape(draws, *by_person.shape).sum(axis=1).var(axis=1)


def side_bias(
    items: ArrayLike, participants: ArrayLike, shown: ArrayLike, *, draws: int = 2000, seed: int = 0
) -> SideBias:
    """Do people lean to one side? shown (n,): ratings −2 to 2 as they were on screen, positive for the right."""
    ends = rating_intervals(items, participants, shown, draws=draws, seed=seed)
    _, means = group_means(participants, shown)
    return SideBias(rating_scores(items, shown).mean, ends.mean, sign_test(means), ends.note)


def retest(first: ArrayLike, second: ArrayLike, scale: Scale = "nominal", *, seed: int = 0) -> Retest:
    """How often people answer the same trial the same way twice. first, second (n,): row r is one pair.

    >>> retest([0, 1, 1, 2], [0, 1, 2, 2]).equal
    0.75
    """
    once = column(first, "first")
    twice = column(second, "second", len(once))
    if len(once) == 0:
        raise AnswersError("no trial was answered twice, so there is nothing to compare")
    pair = np.arange(len(once))
    alpha = krippendorff_alpha(
        np.tile(pair, 2),
        np.repeat([0, 1], len(once)),
        np.concatenate([once, twice]),
        scale,
        over="items",
        seed=seed,
    )
    return Retest(len(once), float(np.mean(once == twice)), alpha)
