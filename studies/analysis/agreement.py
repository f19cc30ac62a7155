"""Do people agree, with each other and with themselves, and does the place on screen pull them?

Krippendorff's alpha is computed from coincidences, for any number of answers per item (Krippendorff 2011,
"Computing Krippendorff's Alpha-Reliability"): 1 is full agreement, 0 what chance would give, below 0 is
systematic disagreement. Its interval lets people and items both vary (pairs.py), with Student's t, on the scale of
log(1 − alpha), so that it ends below 1, and allows for alpha being a little low among few people. (It is not drawn, as
those of scores are: an item has few answers, of which a draw of people leaves out more than a third.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from .answers import SAME, AnswersError, choices_of, column, labels
from .inference.effects import Method
from .inference.sensitivity import Finding, sign_test
from .intervals import rating_intervals_of
from .pairs import pair_variance
from .resampling import caution, check_level, parts, student_reach, units_of, why_not
from .scores import means_of_people, rating_scores_of
from .table import Answers, Ratings, Units

Scale = Literal["nominal", "ordinal", "interval"]
Over = Literal["both", "items"]
NO_PAIRS = "No item was answered by two people: agreement cannot be measured."
NO_VARIETY = (
    "Every answer is the same: agreement beyond chance cannot be told, because chance would agree as well."
)
NO_DISAGREEMENT = "Everybody agreed about every item, so nothing tells how uncertain alpha is."


@dataclass(frozen=True, eq=False)
class Agreement:
    """`alpha` is None where it is undefined, and `note` says why."""

    scale: Scale
    alpha: float | None
    interval: np.ndarray | None  # (2,) for alpha among many more people and items like these
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
    largest_share: dict[
        Any, float
    ]  # participant -> the share of their favourite position; of one nobody has any
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
    alpha: Agreement  # of first and second answer; its interval is about many more such pairs


def krippendorff_alpha(
    items: ArrayLike,
    participants: ArrayLike,
    values: ArrayLike,
    scale: Scale = "nominal",
    *,
    level: float = 0.95,
    over: Over = "both",
) -> Agreement:
    """Agreement beyond chance. "nominal" for choices, "ordinal" or "interval" for ratings.

    items, participants (n,): any labels; one answer per person and item. values (n,): numbers. `over`: of what the
    interval takes there to be many more, people and items "both", or "items" alone. Raises AnswersError.

    >>> krippendorff_alpha([1, 1, 2, 2, 3, 3], [8, 9] * 3, [0, 0, 1, 1, 0, 1]).alpha
    0.4444444444444444
    """
    answers = Answers.of(items, participants, values)
    return krippendorff_alpha_of(answers, scale, level=level, over=over)


def krippendorff_alpha_of(
    answers: Answers, scale: Scale = "nominal", *, level: float = 0.95, over: Over = "both"
) -> Agreement:
    """`krippendorff_alpha` of a table."""
    check_level(level)
    if over not in get_args(Over):
        raise AnswersError(f"over: {over!r} is not one of {', '.join(get_args(Over))}")
    if scale not in get_args(Scale):
        raise AnswersError(f"scale: {scale!r} is not one of {', '.join(get_args(Scale))}")
    paired = answers.only(answers.units.with_same_item > 1)
    if not len(paired):
        return Agreement(scale, None, None, 0, 0, NO_PAIRS)
    units = paired.units
    item, person = units.item, units.person
    points, value = labels(paired.values, "values")
    size = (units.items, len(value))
    if len(points) == 1:
        return Agreement(scale, None, None, *size, NO_VARIETY)
    cells = _counts(item, value, (units.items, len(points)))
    alpha, adds = _alpha(cells, points.astype(float), scale)
    method: Method = "two-way" if over == "both" else "items"
    if note := why_not(units.people, units.items, method):
        return Agreement(scale, alpha, None, *size, note)
    if alpha == 1:
        return Agreement(scale, alpha, None, *size, NO_DISAGREEMENT)
    varies = pair_variance(item, person, value, adds, cells)
    variance, low_by, note = varies.items, 1.0, ""
    if over == "both":
        by_person = _counts(person, value, (units.people, len(points)))
        variance, low_by = varies.both, _same_person(by_person, points.astype(float), scale)
        note = caution(units.people, units.items, method)
    far = student_reach(level, units_of(units.people, units.items, method))
    reach = far * np.sqrt(variance) / (1 - alpha)
    return Agreement(scale, alpha, 1 - low_by * (1 - alpha) * np.exp([reach, -reach]), *size, note)


def disagreement_by_item(answers: Answers, judged: Answers, scale: Scale = "nominal") -> np.ndarray:
    """(m,) float: how much those who answered about each item of `answers` differ. 0: all said the same; 1: as much as any two
    answers of the whole table do; nan: no two answers are about the same, or all answers of the table are alike.

    judged: the same answers row by row, where two about one item are about one and the same thing; an item's figure is the
    mean over its answers. So 1 less the mean over all answers is `alpha`.

    >>> choices = Answers.of([1, 1, 2, 2, 3, 3], [8, 9] * 3, [0, 0, 1, 1, 0, 1])
    >>> disagreement_by_item(choices, choices).tolist()
    [0.0, 0.0, 1.6666666666666667]
    """
    found = np.full(answers.units.items, np.nan)
    paired = judged.units.with_same_item > 1
    if not paired.any():
        return found
    table = judged.only(paired)
    points, value = labels(table.values, "values")
    if len(points) == 1:
        return found
    cells = _counts(table.units.item, value, (table.units.items, len(points)))
    totals = cells.sum(axis=0)
    distance, _ = DISTANCES[scale](points.astype(float), totals)
    given, n = cells.sum(axis=1), totals.sum()
    observed = np.einsum("ua,ab,ub->u", cells, distance, cells, optimize=True) / (given * (given - 1))
    relative = observed / (totals @ distance @ totals / (n * (n - 1)))
    item = answers.units.item[paired]
    sums, answered = np.bincount(item, relative[table.units.item]), np.bincount(item)
    some = np.flatnonzero(answered)
    found[some] = sums[some] / answered[some]
    return found


def _counts(row: np.ndarray, kind: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(rows, kinds): how often each row comes with each kind."""
    return np.bincount(row * shape[1] + kind, minlength=shape[0] * shape[1]).reshape(shape).astype(float)


def _same_person(by_person: np.ndarray, points: np.ndarray, scale: Scale) -> float:
    """Expected disagreement of any two answers, as alpha takes it, over that of two answers by different people.

    by_person (people, k): how many answers of each value. With few people who differ much, many of any two answers are by the same
    person, agree, and make alpha lower than it would be among many people: by 0.01 to 0.03 with 15.
    """
    totals = by_person.sum(axis=0)
    distance, _ = DISTANCES[scale](points, totals)
    n, alike = totals.sum(), (by_person.sum(axis=1) ** 2).sum()
    apart = totals @ distance @ totals
    apart_by_others = apart - (by_person @ distance * by_person).sum()
    return float(apart / (n * (n - 1)) / (apart_by_others / (n**2 - alike)))


def _alpha(cells: np.ndarray, points: np.ndarray, scale: Scale) -> tuple[float, np.ndarray]:
    """Alpha = 1 − (n − 1) · O / E, and (k, k) what a pair of values adds to it, times the item's number of answers less 1.

    cells (items, k): how many answers of each value. With o_ab the coincidences, n_a how many answers have value a and δ_ab the
    distance, O = Σ o δ and E = Σ n_a n_b δ_ab. A pair of a and b adds 2 to the coincidences (a with b, b with a) and one answer to
    n_a and n_b each. (n − 1) / n is near 1 and taken for constant.
    """
    share = 1 / (cells.sum(axis=1) - 1)
    together = (cells.T * share) @ cells - np.diag(share @ cells)
    totals = cells.sum(axis=0)
    n = totals.sum()
    distance, moves = DISTANCES[scale](points, totals)
    observed, expected = float((together * distance).sum()), float(totals @ distance @ totals)
    by_total = (
        (2 * distance @ totals + np.einsum("a,b,abc->c", totals, totals, moves)) * n * observed / expected**2
        - np.einsum("ab,abc->c", together, moves) * n / expected
        - observed / expected
    )
    adds = by_total[:, None] + by_total - 2 * n * distance / expected
    return float(1 - (n - 1) * observed / expected), adds * (n - 1) / n


def _nominal(points: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k = len(points)
    return 1 - np.eye(k), np.zeros((k, k, k))


def _ordinal(points: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared number of answers from the middle of one value to the middle of the other."""
    up_to_middle = np.tri(len(points)) - np.eye(len(points)) / 2  # (k, k): how much of each value lies below
    middle = up_to_middle @ totals
    apart = middle[:, None] - middle
    return apart**2, 2 * apart[:, :, None] * (up_to_middle[:, None] - up_to_middle)


def _interval(points: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (points[:, None] - points) ** 2, np.zeros((len(points),) * 3)


# scale -> from points (k,) and totals (k,): distances (k, k), and how they move with each total (k, k, k)
DISTANCES: dict[str, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
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
    return _position_bias(names, person, place, shown, draws, seed)


def position_bias_of(
    units: Units, positions: np.ndarray, shown: int, *, draws: int = 2000, seed: int = 0
) -> PositionBias:
    """`position_bias` of those who gave the answers of a table."""
    place = choices_of(positions, shown, len(units.person), "positions")
    return _position_bias(units.person_names, units.person, place, shown, draws, seed)


def _position_bias(
    names: np.ndarray, person: np.ndarray, place: np.ndarray, shown: int, draws: int, seed: int
) -> PositionBias:
    preferred = place != SAME
    by_person = np.bincount(person[preferred] * shown + place[preferred], minlength=len(names) * shown)
    by_person = by_person.reshape(len(names), shown)
    counts, total = by_person.sum(axis=0), int(by_person.sum())
    largest = {
        name: float(row.max() / row.sum())
        for name, row in zip(names.tolist(), by_person, strict=True)
        if row.sum() and shown > 1
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


def side_bias(items: ArrayLike, participants: ArrayLike, shown: ArrayLike) -> SideBias:
    """Do people lean to one side? shown (n,): ratings −2 to 2 as they were on screen, positive for the right."""
    answers = Ratings.of(items, participants, shown)
    return _side_bias(answers)


def side_bias_of(answers: Ratings) -> SideBias:
    """`side_bias` of a table, from its ratings as they were on screen."""
    return _side_bias(answers.with_values(answers.shown))


def _side_bias(on_screen: Ratings) -> SideBias:
    ends = rating_intervals_of(on_screen)
    people = sign_test(means_of_people(on_screen))
    return SideBias(rating_scores_of(on_screen).mean, ends.mean, people, ends.note)


def retest(first: ArrayLike, second: ArrayLike, scale: Scale = "nominal") -> Retest:
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
    )
    return Retest(len(once), float(np.mean(once == twice)), alpha)
