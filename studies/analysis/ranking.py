"""Rank any number of arms by what people chose: Bradley–Terry with Davidson's ties and a term for the position.

A trial shows arms a_1 … a_m at positions 1 … m, and ends with one of them or with “same”:

    P(arm at j) ∝ π_{a_j} · γ_j        P(same) ∝ ν · (π_{a_1} · … · π_{a_m})^(1/m)

For two arms without γ this is Davidson's model (1970, "On extending the Bradley–Terry model to accommodate ties",
JASA 65, 317–328); γ is the multiplicative order effect of Davidson & Beaver (1977, Biometrics 33, 693–702);
for more arms it is the Davidson–Luce model (Firth, Kosmidis & Turner 2019, arXiv 1909.07123) with a tie of
all that are shown. In logarithms it is a multinomial logit, concave, fitted by Newton's method.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from studies.analysis.answers import AnswersError, choices_of, labels
from studies.analysis.resampling import caution, drawn_weights, quantiles, why_not

FAR = 12.0  # a log worth beyond this is on its way to infinity
STEPS = 100
PULL = 1e-3  # keeps the fit of a single draw finite where an arm wins every answer of it

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

    def each(self, change: Callable[[np.ndarray], np.ndarray]) -> "Strengths":
        position = None if self.position is None else change(self.position)
        return Strengths(change(self.worth), change(self.log_worth), change(self.tie), position)


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
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Ranking:
    """Worth of each arm, the weight of “same”, and the pull of each position.

    orders (n, m) int: which arm stood at each position, -1 where a trial showed fewer. choices (n,) int: the arm
    chosen, or -1 for “same”. With items and participants (n,) there are two-way bootstrap intervals.
    Raises AnswersError for bad columns or a chosen arm that was not shown.

    >>> found = rank_arms([[0, 1], [1, 0]] * 4, [0, 0, 1, 0, 0, 1, -1, -1], position=False)
    >>> found.estimate.worth.round(3).tolist(), float(found.estimate.tie.round(3))
    ([0.667, 0.333], 0.707)
    """
    design = _design(*_checked(orders, choices), position)
    if design.arms < 2:
        return Ranking(note="There is only one arm: nothing to rank.")
    counts = np.bincount(design.outcome, minlength=design.possible.size).astype(float)[None]
    problem = _unidentified(design, counts)
    if problem:
        return Ranking(note=problem)
    fitted = _fit(design, counts, np.zeros((1, design.x.shape[2])))
    if not np.isfinite(fitted).all():
        return Ranking(note=INFINITE)
    estimate = _strengths(design, fitted).each(lambda part: part[0])
    likelihood = float(counts.ravel() @ _log_chances(design, fitted).ravel())
    if items is None or participants is None:
        return Ranking(estimate, None, likelihood)
    item_names, item = labels(items, "items", len(design.outcome))
    person_names, person = labels(participants, "participants", len(design.outcome))
    note = why_not(len(person_names), len(item_names), "two-way")
    if note:
        return Ranking(estimate, None, likelihood, note)
    drawn = np.empty((draws, design.possible.size))
    weights = drawn_weights(len(person_names), len(item_names), draws, seed)
    for row, (of_person, of_item) in zip(drawn, weights, strict=True):
        row[:] = np.bincount(design.outcome, of_person[person] * of_item[item], minlength=len(row))
    fits = _strengths(design, _fit(design, drawn, np.repeat(fitted, draws, axis=0), PULL))
    units = min(len(person_names), len(item_names))
    intervals = fits.each(lambda part: quantiles(part, level, units))
    note = caution(len(person_names), len(item_names), "two-way")
    return Ranking(estimate, intervals, likelihood, note)


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
    return shown, choice


def _design(shown: np.ndarray, choice: np.ndarray, position: bool) -> _Design:
    arms, m = int(shown.max()) + 1, shown.shape[1]
    distinct, which = np.unique(shown, axis=0, return_inverse=True)
    there = distinct >= 0
    of_arm = np.eye(arms)[distinct] * there[:, :, None]
    same = of_arm.sum(axis=1, keepdims=True) / there.sum(axis=1)[:, None, None]
    parts = [np.concatenate([of_arm, same], axis=1)[:, :, 1:]]
    if position:
        parts.append(np.broadcast_to(np.eye(m + 1)[:, 1:m], (len(distinct), m + 1, m - 1)))
    ties = bool((choice < 0).any())
    if ties:
        parts.append(np.broadcast_to(np.eye(m + 1)[:, m:], (len(distinct), m + 1, 1)))
    possible = np.hstack([there, np.full((len(distinct), 1), ties)])
    place = np.where(choice < 0, m, np.argmax(shown == choice[:, None], axis=1))
    return _Design(
        np.concatenate(parts, axis=2), possible, which * (m + 1) + place, arms, m if position else 0
    )


def _unidentified(design: _Design, counts: np.ndarray) -> str:
    """Why the parameters cannot be told apart, or an empty string."""
    _, information = _slopes(design, counts, np.zeros((1, design.x.shape[2])))

    def separable(columns: np.ndarray) -> bool:
        return np.linalg.matrix_rank(information[0][np.ix_(columns, columns)]) == len(columns)

    every = np.arange(design.x.shape[2])
    of_position = (every >= design.arms - 1) & (every < design.arms - 1 + max(design.positions - 1, 0))
    if separable(every):
        return ""
    return CONFOUNDED if separable(every[~of_position]) else NOT_CONNECTED


def _log_chances(design: _Design, parameters: np.ndarray) -> np.ndarray:
    """(d, orders, m + 1): the log probability of each outcome; impossible ones are 0 and never counted."""
    utility = np.where(design.possible, np.einsum("tox,dx->dto", design.x, parameters), -np.inf)
    top = utility.max(axis=2, keepdims=True)
    chances = utility - top - np.log(np.exp(utility - top).sum(axis=2, keepdims=True))
    return np.where(design.possible, chances, 0.0)


def _slopes(design: _Design, counts: np.ndarray, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (d, x) and information (d, x, x) of the log likelihood of each row of counts."""
    x = design.x
    seen = counts.reshape(len(counts), *design.possible.shape)
    expected = seen.sum(axis=2, keepdims=True) * np.exp(_log_chances(design, parameters)) * design.possible
    gradient = np.einsum("dto,tox->dx", seen - expected, x)
    squares = np.einsum("tox,toy->toxy", x, x).reshape(design.possible.size, -1)
    raw = (expected.reshape(len(counts), -1) @ squares).reshape(len(counts), x.shape[2], x.shape[2])
    sums = np.einsum("dto,tox->dtx", expected, x)
    trials = np.maximum(seen.sum(axis=2), 1e-300)
    return gradient, raw - np.einsum("dtx,dty->dxy", sums / trials[:, :, None], sums)


def _fit(design: _Design, counts: np.ndarray, start: np.ndarray, pull: float = 0.0) -> np.ndarray:
    """(d, x) by Newton's method with steps of at most 1, all rows at once; NaN where it runs away."""
    parameters = start.copy()
    ridge = np.eye(start.shape[1]) * max(pull, 1e-10)
    for _ in range(STEPS):
        gradient, information = _slopes(design, counts, parameters)
        step = np.linalg.solve(information + ridge, (gradient - pull * parameters)[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1, keepdims=True, initial=0.0)
        parameters = parameters + step / np.maximum(1, largest)
        if largest.max() < 1e-10:
            break
    if not pull:
        parameters[np.abs(parameters).max(axis=1, initial=0.0) > FAR] = np.nan
    return parameters


def _strengths(design: _Design, parameters: np.ndarray) -> Strengths:
    d, split = len(parameters), design.arms - 1
    log_worth = np.hstack([np.zeros((d, 1)), parameters[:, :split]])
    log_worth = log_worth - log_worth.mean(axis=1, keepdims=True)
    worth = np.exp(log_worth)
    end = split + max(design.positions - 1, 0)
    tie = np.exp(parameters[:, end]) if parameters.shape[1] > end else np.zeros(d)
    position = np.hstack([np.ones((d, 1)), np.exp(parameters[:, split:end])]) if design.positions else None
    return Strengths(worth / worth.sum(axis=1, keepdims=True), log_worth, tie, position)
