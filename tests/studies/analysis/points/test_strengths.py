"""Strengths by Plackett–Luce with ties and by maxdiff, held against a direct likelihood, by hand, and against Davidson's."""

from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.optimize import minimize

from studies.analysis.points.judge import strengths_intervals
from studies.analysis.points.luce import (
    CANNOT_TELL,
    INFINITE,
    choices_of_best_worst,
    choices_of_rankings,
    fit,
)
from studies.analysis.points.table import Points
from studies.analysis.ranking import rank_arms
from studies.trial_types.rank.codes import code, decoded, scale_of


def random_rankings(arms, count, seed):
    """Groups of arms, the best first, drawn with a lean to the first arms; about a third of neighbours tie."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        order = np.argsort(np.arange(arms) * 0.5 - rng.gumbel(size=arms)).tolist()
        groups = [[order[0]]]
        for arm in order[1:]:
            if rng.random() < 0.35:
                groups[-1].append(arm)
            else:
                groups.append([arm])
        yield [sorted(group) for group in groups]


def davidson_luce(rankings, arms):
    """(log worths with mean 0, δ by size, log likelihood) by scipy, straight from the formula."""
    sizes = sorted({len(group) for ranking in rankings for group in ranking} - {1})

    def minus_log_likelihood(parameters):
        worth = np.append(0.0, parameters[: arms - 1])
        delta = dict(zip(sizes, parameters[arms - 1 :], strict=True)) | {1: 0.0}

        def log_f(group):
            return delta[len(group)] + worth[list(group)].mean()

        total = 0.0
        for ranking in rankings:
            left = list(range(arms))
            for group in ranking:
                if len(left) > 1:
                    every = [log_f(one) for size in (1, *sizes) for one in combinations(left, size)]
                    total += log_f(group) - np.logaddexp.reduce(every)
                left = [arm for arm in left if arm not in group]
        return -total

    start = np.zeros(arms - 1 + len(sizes))
    best = minimize(minus_log_likelihood, start, method="BFGS", options={"gtol": 1e-9})
    worth = np.append(0.0, best.x[: arms - 1])
    return worth - worth.mean(), dict(zip(sizes, np.exp(best.x[arms - 1 :]), strict=True)), -best.fun


@pytest.mark.parametrize(("arms", "seed"), [(3, 1), (4, 2)])
def test_rankings_with_ties_have_the_strengths_of_a_direct_likelihood(arms, seed):
    rankings = list(random_rankings(arms, 120, seed))
    fitted, note = fit(choices_of_rankings(rankings, arms), np.ones(len(rankings)))
    worth, tie, likelihood = davidson_luce(rankings, arms)
    log_worth = np.log(fitted.worth) - np.log(fitted.worth).mean()
    assert note == ""
    assert max(tie) == arms - 1 or len(tie) > 1  # ties of several sizes are in it
    assert log_worth == pytest.approx(worth, abs=1e-6)
    assert fitted.tie == pytest.approx(tie, rel=1e-5)
    assert fitted.log_likelihood == pytest.approx(likelihood, abs=1e-8)


def test_without_ties_three_arms_are_plackett_and_luces_by_hand():
    """Of arms of which each comes first, second and third as often as any, all have the same strength."""
    rankings = [[[arm] for arm in order] for order in permutations(range(3))]
    fitted, _ = fit(choices_of_rankings(rankings, 3), np.ones(6))
    assert fitted.worth == pytest.approx([1 / 3] * 3)
    assert fitted.tie == {}
    assert fitted.log_likelihood == pytest.approx(6 * np.log(1 / 6))


def test_two_arms_are_davidsons():
    rankings = [[[0], [1]]] * 9 + [[[1], [0]]] * 4 + [[[0, 1]]] * 5
    fitted, _ = fit(choices_of_rankings(rankings, 2), np.ones(18))
    davidson = rank_arms([[0, 1]] * 18, [0] * 9 + [1] * 4 + [-1] * 5, position=False).estimate
    assert fitted.worth == pytest.approx(davidson.worth)
    assert fitted.tie[2] == pytest.approx(float(davidson.tie))


def test_best_and_worst_have_the_strengths_of_a_direct_likelihood():
    arms, rng = 4, np.random.default_rng(3)
    every = list(permutations(range(arms), 2))
    pairs = [every[place] for place in rng.integers(len(every), size=80)] + [(0, 3)] * 30

    def minus_log_likelihood(parameters):
        worth = np.append(0.0, parameters)
        normal = np.logaddexp.reduce([worth[best] - worth[worst] for best, worst in every])
        return -sum(worth[best] - worth[worst] - normal for best, worst in pairs)

    best = minimize(minus_log_likelihood, np.zeros(arms - 1), method="BFGS", options={"gtol": 1e-9})
    fitted, _ = fit(choices_of_best_worst(pairs, arms), np.ones(len(pairs)))
    assert np.log(fitted.worth) - np.log(fitted.worth[0]) == pytest.approx(np.append(0.0, best.x), abs=1e-6)
    assert fitted.log_likelihood == pytest.approx(-best.fun, abs=1e-8)


def test_an_arm_that_is_always_first_has_no_finite_strength():
    rankings = [[[0], [1], [2]], [[0], [2], [1]]]
    assert fit(choices_of_rankings(rankings, 3), np.array([5.0, 5.0])) == (None, INFINITE)


def test_where_all_tie_every_time_strengths_cannot_be_told():
    fitted, note = fit(choices_of_rankings([[[0, 1]]], 2), np.array([9.0]))
    assert fitted is None
    assert note in (INFINITE, CANNOT_TELL)


def test_intervals_are_as_wide_as_the_information_says_where_nothing_differs_but_chance():
    """With many people and photos who all draw from one model, the sandwich is the inverse of the information."""
    arms, rankings = 3, list(random_rankings(3, 3600, 5))
    item, person = np.divmod(np.arange(3600), 60)
    answers = Points.of(item, person, [code(ranking) for ranking in rankings], scale=scale_of(arms))
    kinds = [decoded(value) for value in answers.codes.tolist()]
    fitted, _ = fit(choices_of_rankings(kinds, arms), np.bincount(answers.kind).astype(float))
    ends, note = strengths_intervals(answers, fitted)
    assert note == ""
    width = np.diff(np.log(ends / (1 - ends)), axis=1)[:, 0]
    rng, drawn = np.random.default_rng(6), []
    for _ in range(200):
        counts = np.bincount(answers.kind[rng.integers(3600, size=3600)], minlength=len(kinds)).astype(float)
        again, _ = fit(choices_of_rankings(kinds, arms), counts)
        drawn.append(np.log(again.worth / (1 - again.worth)))
    expected = 2 * 1.96 * np.std(drawn, axis=0)
    assert width == pytest.approx(expected, rel=0.25)
