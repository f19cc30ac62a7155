"""A test with another null hypothesis, to stand beside the inference: nobody prefers any arm in any trial, whichever stood there.

Then either of the two was as likely to be picked in each trial that ended with one (Fisher's randomisation test). The statistic is
Σ over arms of (wins − losses)² / comparisons; the wins of each pair are drawn anew, as many as its trials.
"""

import numpy as np

from ..inference.sensitivity import NOTHING_TO_TEST, PERMUTATIONS, Finding
from .answers import Pairs

NULL = "in no trial does anybody prefer either map"


def exchange_in_trials(answers: Pairs, *, draws: int = PERMUTATIONS, seed: int = 0) -> Finding:
    """The share of draws, with what was seen among them, whose statistic is as large. `n`: answers that prefer one; `zeros`: “same”."""
    wins, k = answers.wins, answers.arms
    a, b = np.triu_indices(k, 1)
    trials = (wins + wins.T)[a, b].astype(int)
    asked = np.flatnonzero(trials)
    same = int(len(answers) - trials.sum())
    if not len(asked):
        return Finding("labels exchanged in each trial", 0.0, None, 0, same, NOTHING_TO_TEST, NULL)
    a, b, trials = a[asked], b[asked], trials[asked]
    sign = np.zeros((len(asked), k))
    sign[np.arange(len(asked)), a], sign[np.arange(len(asked)), b] = 1, -1
    per_arm = abs(sign).T @ trials

    def statistic(first: np.ndarray) -> np.ndarray:
        net = (2 * first - trials) @ sign
        return (net**2 / np.where(per_arm > 0, per_arm, 1)).sum(axis=-1)

    seen = float(statistic(wins[a, b]))
    drawn = statistic(np.random.default_rng(seed).binomial(trials, 0.5, size=(draws, len(trials))))
    p = float((1 + (drawn >= seen * (1 - 1e-12)).sum()) / (draws + 1))
    return Finding("labels exchanged in each trial", seen, p, int(trials.sum()), same, "", NULL)
