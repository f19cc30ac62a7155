"""Rank any number of arms by what people chose: Bradley–Terry with Davidson's ties and a term for the position.

A trial shows arms a_1 … a_m at positions 1 … m, and ends with one of them or with “same”:

    P(arm at j) ∝ π_{a_j} · γ_j        P(same) ∝ ν · (π_{a_1} · … · π_{a_m})^(1/m)

For two arms without γ this is Davidson's model (1970, "On extending the Bradley–Terry model to accommodate ties",
JASA 65, 317–328); γ is the multiplicative order effect of Davidson & Beaver (1977, Biometrics 33, 693–702);
for more arms it is the Davidson–Luce model (Firth, Kosmidis & Turner 2019, arXiv 1909.07123) with a tie of
all that are shown. In logarithms it is a multinomial logit, concave, fitted by Newton's method. Intervals draw people and
items as those of the scores do (resampling.py), from what each answer adds to the fit. Of simulated studies of 250 photos with
four answers each, 95 % intervals of log π hold the truth in 93–97 %, with 15 and with 60 people; those of ν only in 91 % where 15
people differ much in how readily they say “same”, else in 93–98 %.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .answers import AnswersError, choices_of, labels
from .resampling import DRAWS, Estimates, caution, why_not
from .table import Answers, Choices

FAR = 12.0  # a log worth beyond this is on its way to infinity
STEPS = 100

INFINITE = (
    "An arm or “same” won or lost every time: there is no finite estimate. Use the scores, or more answers."
)
NOT_CONNECTED = "Some arms were never shown beside the others: they cannot be ranked together."
CONFOUNDED = (
    "Each arm stood in the same place too often to tell arms from positions: leave the position term out."
)


@dataclass(frozen=True, eq=False)
class Strengths:
    """What is estimated; in intervals every array has one more axis of (lower, upper)."""

    worth: np.ndarray  # (k,) π, sum 1
    log_worth: np.ndarray  # (k,) log π, mean 0
    tie: np.ndarray  # () ν; 0 if nobody said “same”
    position: np.ndarray | None  # (m,) γ, 1 for the first; None if not asked for


@dataclass(frozen=True, eq=False)
class Ranking:
    """`estimate` or `intervals` is None where there is none, and `note` says why."""

    estimate: Strengths | None = None
    intervals: Strengths | None = None
    log_likelihood: float | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Design:
    """The distinct orders, and what could come of each: the arm at a position, or “same” in the last column."""

    x: np.ndarray  # (orders, m + 1, parameters): log worths of arms 1…, log γ of positions 2…, log ν
    possible: np.ndarray  # (orders, m + 1) bool
    outcome: np.ndarray  # (n,) which of the orders · (m + 1) outcomes each answer is
    arms: int
    positions: int  # m, or 0 without a term for them


def rank_arms(
    orders: ArrayLike,
    choices: ArrayLike,
    items: ArrayLike | None = None,
    participants: ArrayLike | None = None,
    *,
    position: bool = True,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> Ranking:
    """Worth of each arm, the weight of “same”, and the pull of each position.

    orders (n, m) int: which arm stood at each position, -1 where a trial showed fewer. choices (n,) int: the arm
    chosen, or -1 for “same”. With items and participants (n,) there are two-way intervals.
    Raises AnswersError for bad columns or a chosen arm that was not shown.

    >>> ranking = rank_arms([[0, 1], [1, 0]] * 4, [0, 0, 1, 0, 0, 1, -1, -1], position=False)
    >>> ranking.estimate.worth.round(3).tolist(), float(ranking.estimate.tie.round(3))
    ([0.667, 0.333], 0.707)
    """
    shown, choice = _checked(orders, choices)
    arms = int(shown.max()) + 1
    if items is None or participants is None:
        return _ranked(shown, choice, arms, None, position, draws, seed, level)
    answers = Answers.of(items, participants, choice)
    return _ranked(shown, choice, arms, answers, position, draws, seed, level)


def rank_arms_of(
    answers: Choices, *, position: bool = True, draws: int = DRAWS, seed: int = 0, level: float = 0.95
) -> Ranking:
    """`rank_arms` of a table, whose orders must all be known. Arms that no trial has shown yet are ranked with the others: then
    there is no estimate, and a note says why."""
    shown, choice = _checked(answers.orders, answers.values)
    return _ranked(shown, choice, answers.arms, answers, position, draws, seed, level)


def _ranked(
    shown: np.ndarray,
    choice: np.ndarray,
    arms: int,
    answers: Answers | None,
    position: bool,
    draws: int,
    seed: int,
    level: float,
) -> Ranking:
    design = _design(shown, choice, arms, position)
    if design.arms < 2:
        return Ranking(note="There is only one arm: nothing to rank.")
    counts = np.bincount(design.outcome, minlength=design.possible.size).reshape(design.possible.shape)
    problem = _unidentified(design, counts)
    if problem:
        return Ranking(note=problem)
    fitted = _fit(design, counts)
    if fitted is None:
        return Ranking(note=INFINITE)
    estimate = _strengths(design, fitted)
    likelihood = float((counts * _log_chances(design, fitted)).sum())
    if answers is None:
        return Ranking(estimate, None, likelihood)
    units = answers.units
    note = why_not(units.people, units.items, "two-way")
    if note:
        return Ranking(estimate, None, likelihood, note)
    estimates, added = _without_ends(design, counts, fitted, estimate)
    ends = Estimates(estimates, added, units, draws=draws, seed=seed).ends(level=level)
    note = caution(units.people, units.items, "two-way")
    return Ranking(estimate, _back(design, ends), likelihood, note)


def _checked(orders: ArrayLike, choices: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    shown = np.asarray(orders)
    if len(shown) == 0:
        raise AnswersError("there are no answers yet, so there is nothing to rank")
    if shown.ndim != 2 or shown.dtype.kind not in "iu":
        raise AnswersError("orders: expected one row of arm indices for each answer, first position first")
    arms = int(shown.max()) + 1
    choice = choices_of(choices, arms, len(shown))
    ordered = np.sort(shown, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise AnswersError("orders: a trial shows the same arm twice")
    absent = (choice >= 0) & ~(shown == choice[:, None]).any(axis=1)
    if absent.any():
        row = int(np.flatnonzero(absent)[0])
        raise AnswersError(f"choices: row {row} is arm {choice[row]}, which that trial did not show")
    places = int(np.flatnonzero((shown >= 0).any(axis=0)).max(initial=0)) + 1
    return shown[:, :places], choice  # without places at the end where no trial shows anything


def _design(shown: np.ndarray, choice: np.ndarray, arms: int, position: bool) -> _Design:
    m = shown.shape[1]
    distinct, number = _distinct(shown, arms)
    is_shown = distinct >= 0
    of_arm = np.eye(arms)[distinct] * is_shown[:, :, None]
    same = of_arm.sum(axis=1, keepdims=True) / is_shown.sum(axis=1)[:, None, None]
    parts = [np.concatenate([of_arm, same], axis=1)[:, :, 1:]]
    if position:
        parts.append(np.broadcast_to(np.eye(m + 1)[:, 1:m], (len(distinct), m + 1, m - 1)))
    ties = bool((choice < 0).any())
    if ties:
        parts.append(np.broadcast_to(np.eye(m + 1)[:, m:], (len(distinct), m + 1, 1)))
    possible = np.hstack([is_shown, np.full((len(distinct), 1), ties)])
    place = np.where(choice < 0, m, np.argmax(shown == choice[:, None], axis=1))
    return _Design(
        np.concatenate(parts, axis=2), possible, number * (m + 1) + place, arms, m if position else 0
    )


def _distinct(shown: np.ndarray, arms: int) -> tuple[np.ndarray, np.ndarray]:
    """The distinct orders as np.unique has them along the first axis, and which of them each row is.

    Each row is read as the digits of one number, which can be counted: to sort the rows takes twenty times as long.
    """
    if (arms + 1) ** shown.shape[1] > np.iinfo(np.int64).max:
        return np.unique(shown, axis=0, return_inverse=True)
    _, number = labels((shown + 1) @ (arms + 1) ** np.arange(shown.shape[1])[::-1], "orders")
    first = np.empty(number.max() + 1, np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    return shown[first], number


def _unidentified(design: _Design, counts: np.ndarray) -> str:
    """Why the parameters cannot be told apart, or an empty string."""
    _, information = _slopes(design, counts, np.zeros(design.x.shape[2]))

    def separable(columns: np.ndarray) -> bool:
        return np.linalg.matrix_rank(information[np.ix_(columns, columns)]) == len(columns)

    every = np.arange(design.x.shape[2])
    of_position = (every >= design.arms - 1) & (every < design.arms - 1 + max(design.positions - 1, 0))
    if separable(every):
        return ""
    return CONFOUNDED if separable(every[~of_position]) else NOT_CONNECTED


def _log_chances(design: _Design, parameters: np.ndarray) -> np.ndarray:
    """(orders, m + 1): the log probability of each outcome; impossible ones are 0 and never counted."""
    utility = np.where(design.possible, design.x @ parameters, -np.inf)
    top = utility.max(axis=1, keepdims=True)
    chances = utility - top - np.log(np.exp(utility - top).sum(axis=1, keepdims=True))
    return np.where(design.possible, chances, 0.0)


def _slopes(design: _Design, counts: np.ndarray, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (x,) and information (x, x) of the log likelihood of counts (orders, m + 1)."""
    chances = np.exp(_log_chances(design, parameters)) * design.possible
    trials = counts.sum(axis=1, keepdims=True)
    gradient = np.einsum("to,tox->x", counts - trials * chances, design.x)
    apart = design.x - _mean_of_outcomes(design, chances)
    return gradient, np.einsum("to,tox,toy->xy", trials * chances, apart, apart)


def _mean_of_outcomes(design: _Design, chances: np.ndarray) -> np.ndarray:
    """(orders, 1, x): what the outcomes of an order are expected to be."""
    return np.einsum("to,tox->tx", chances, design.x)[:, None]


def _fit(design: _Design, counts: np.ndarray) -> np.ndarray | None:
    """(x,) by Newton's method with steps of at most 1; None where it runs away."""
    parameters = np.zeros(design.x.shape[2])
    for _ in range(STEPS):
        gradient, information = _slopes(design, counts, parameters)
        step = np.linalg.solve(information + 1e-10 * np.eye(len(gradient)), gradient)
        largest = np.abs(step).max(initial=0.0)
        parameters = parameters + step / max(1.0, largest)
        if largest < 1e-10:
            break
    return None if np.abs(parameters).max(initial=0.0) > FAR else parameters


def _strengths(design: _Design, parameters: np.ndarray) -> Strengths:
    log_worth = np.append(0.0, parameters[: design.arms - 1])
    log_worth -= log_worth.mean()
    worth = np.exp(log_worth)
    others = np.exp(parameters[design.arms - 1 :])
    return _with_others(design, worth / worth.sum(), log_worth, others)


def _with_others(design: _Design, worth: np.ndarray, log_worth: np.ndarray, others: np.ndarray) -> Strengths:
    """Strengths with γ of the positions after the first and ν, as far as the design has them: the rows of `others`."""
    moved = max(design.positions - 1, 0)
    tie = others[moved] if len(others) > moved else np.zeros(others.shape[1:])
    first = np.ones((1, *others.shape[1:]))
    position = np.concatenate([first, others[:moved]]) if design.positions else None
    return Strengths(worth, log_worth, np.asarray(tie), position)


def _without_ends(
    design: _Design, counts: np.ndarray, fitted: np.ndarray, estimate: Strengths
) -> tuple[np.ndarray, np.ndarray]:
    """Log worths, log odds of worths, log γ, log ν, which have no largest or smallest value, and what each answer adds.

    An answer adds I⁻¹ · (its slope of the log likelihood) to the parameters, I the information: the “sandwich” of White (1982,
    Econometrica 50, 1–25), whose middle the two-way draws make.
    """
    _, information = _slopes(design, counts, fitted)
    chances = np.exp(_log_chances(design, fitted)) * design.possible
    slopes = (design.x - _mean_of_outcomes(design, chances)).reshape(-1, len(fitted))
    moves = np.linalg.solve(information, slopes.T).T[design.outcome]
    arms, split = design.arms, design.arms - 1
    of_worth = moves[:, :split] @ (np.eye(arms) - 1 / arms)[1:]
    to_odds = (np.eye(arms) - estimate.worth) / (1 - estimate.worth)[:, None]
    odds = np.log(estimate.worth) - np.log1p(-estimate.worth)
    return (
        np.concatenate([estimate.log_worth, odds, fitted[split:]]),
        np.hstack([of_worth, of_worth @ to_odds.T, moves[:, split:]]),
    )


def _back(design: _Design, ends: np.ndarray) -> Strengths:
    """The ends (q, 2) of `_without_ends` as strengths."""
    log_worth, odds, others = np.split(ends, [design.arms, 2 * design.arms])
    worth = np.exp(-np.logaddexp(0, -odds))
    return _with_others(design, worth, log_worth, np.exp(others))
