"""Strengths of arms by a logit over what could have been answered: Plackett–Luce with ties for rankings, maxdiff for best and worst.

**Rankings.** A ranking is a row of choices, each of a set C of one or more arms out of those that are left, A. With worths α > 0 and, of
each number of arms that tie, a weight δ (δ_1 = 1):

    P(C | A) = f(C) / Σ_{S ⊆ A, |S| ≤ D} f(S)         f(S) = δ_|S| · (Π_{a ∈ S} α_a)^(1/|S|)

D is the largest tie that occurs, and numbers of arms that never tie have δ = 0. This is the Davidson–Luce model for rankings of Turner, van
Etten, Firth & Kosmidis (2020, “Modelling rankings in R: the PlackettLuce package”, Computational Statistics 35, 1027–1057); without ties it is
Plackett's and Luce's, with two arms Davidson's (1970). What is chosen last, alone, is certain and says nothing.

**Best and worst.** P(best b, worst w) = exp(u_b − u_w) / Σ_{i ≠ j} exp(u_i − u_j): the maxdiff model (Marley & Louviere 2005, “Some
probabilistic models of best, worst, and best–worst choices”, Journal of Mathematical Psychology 49, 464–480). Worths are exp(u).

Both are multinomial logits, so concave in the logarithms, fitted by Newton's method.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

FAR, STEPS, CLOSE = 12.0, 100, 1e-10
INFINITE = "An arm was always before all others, or always after: there are no finite strengths. Use the means, or more answers."
CANNOT_TELL = "The answers cannot tell the strengths of all arms apart."


@dataclass(frozen=True, eq=False)
class Logit:
    """A fit. `tie`: number of arms that tie -> δ; empty for best and worst."""

    worth: np.ndarray  # (arms,) sums to 1
    tie: dict[int, float]
    log_likelihood: float
    moves: (
        np.ndarray
    )  # (kinds, arms − 1): how far one such answer moves the log worths of the arms after the first


@dataclass(frozen=True, eq=False)
class Choices:
    """What could be chosen when: sets of options, and which of them each answer that occurs chose.

    x (sets, options, parameters): log worths of the arms after the first, then log δ. possible (sets, options) bool.
    chosen (kinds, sets, options): how often an answer of each kind chose it.
    """

    x: np.ndarray
    possible: np.ndarray
    chosen: np.ndarray
    arms: int
    ties: tuple[int, ...] = ()


Ranking = Sequence[Sequence[int]]  # groups of arms, the best first; arms in one group tie


def choices_of_rankings(rankings: Sequence[Ranking], arms: int) -> Choices:
    """Rankings of all arms, one for each answer that occurs."""
    ties = tuple(sorted({len(group) for ranking in rankings for group in ranking} - {1}))
    options = [set(group) for size in (1, *ties) for group in combinations(range(arms), size)]
    sets = [set(left) for size in range(2, arms + 1) for left in combinations(range(arms), size)]
    x = np.zeros((len(options), arms + len(ties)))
    for row, option in zip(x, options, strict=True):
        row[sorted(option)] = 1 / len(option)
        if len(option) > 1:
            row[arms + ties.index(len(option))] = 1
    possible = np.array([[option <= left for option in options] for left in sets])
    chosen = np.zeros((len(rankings), len(sets), len(options)))
    for kind, ranking in enumerate(rankings):
        left = set(range(arms))
        for group in ranking:
            if len(left) > 1:
                chosen[kind, sets.index(left), options.index(set(group))] += 1
            left -= set(group)
    return Choices(np.broadcast_to(x[:, 1:], (len(sets), *x[:, 1:].shape)), possible, chosen, arms, ties)


def choices_of_best_worst(pairs: Sequence[tuple[int, int]], arms: int) -> Choices:
    """(best, worst) of all arms, one for each answer that occurs."""
    options = list(permutations(range(arms), 2))
    x = np.zeros((1, len(options), arms))
    for row, (best, worst) in zip(x[0], options, strict=True):
        row[best], row[worst] = 1, -1
    chosen = np.zeros((len(pairs), 1, len(options)))
    for kind, pair in enumerate(pairs):
        chosen[kind, 0, options.index(pair)] = 1
    return Choices(x[:, :, 1:], np.ones((1, len(options)), bool), chosen, arms)


def fit(choices: Choices, counts: np.ndarray) -> tuple[Logit | None, str]:
    """The maximum of the likelihood; None where there is none, and why. counts (kinds,): how often each answer was given."""
    every = np.einsum("k,kso->so", counts, choices.chosen)
    parameters = np.zeros(choices.x.shape[2])
    _, slopes, information = _slopes(choices, every, parameters)
    if np.linalg.matrix_rank(information) < len(parameters):
        return None, CANNOT_TELL
    for _ in range(STEPS):
        _, slopes, information = _slopes(choices, every, parameters)
        step = np.linalg.solve(information + CLOSE * np.eye(len(slopes)), slopes)
        largest = float(np.abs(step).max(initial=0.0))
        parameters = parameters + step / max(1.0, largest)
        if largest < CLOSE:
            break
    if float(np.abs(parameters).max(initial=0.0)) > FAR:
        return None, INFINITE
    likelihood, _, information = _slopes(choices, every, parameters)
    each = np.stack([_slopes(choices, chosen, parameters)[1] for chosen in choices.chosen])
    split = choices.arms - 1
    worth = np.exp(np.append(0.0, parameters[:split]))
    tie = dict(zip(choices.ties, np.exp(parameters[split:]).tolist(), strict=True))
    moves = np.linalg.solve(information, each.T).T[:, :split]
    return Logit(worth / worth.sum(), tie, likelihood, moves), ""


def _slopes(
    choices: Choices, counts: np.ndarray, parameters: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log likelihood, gradient (x,) and information (x, x) of counts (sets, options)."""
    utility = np.where(choices.possible, choices.x @ parameters, -np.inf)
    top = utility.max(axis=1, keepdims=True)
    log_chances = utility - top - np.log(np.exp(utility - top).sum(axis=1, keepdims=True))
    chances = np.exp(log_chances)
    times = counts.sum(axis=1, keepdims=True)
    apart = choices.x - np.einsum("so,sox->sx", chances, choices.x)[:, None]
    likelihood = float((counts * np.where(choices.possible, log_chances, 0.0)).sum())
    return (
        likelihood,
        np.einsum("so,sox->x", counts - times * chances, choices.x),
        np.einsum("so,sox,soy->xy", times * chances, apart, apart),
    )
