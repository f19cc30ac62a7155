"""Means of arms from answers to questions, their differences, and how the questions of a scale go together."""

import numpy as np
import pytest

from studies.analysis.inference.effects import WeightedMoves, WeightedShares
from studies.analysis.intervals import rating_effect
from studies.analysis.questionnaires import (
    Measure,
    arm_mean,
    difference,
    differences,
    omega_total,
    one_factor,
    rank_tests,
    reliability,
)
from studies.analysis.table import Answers, Ratings
from studies.trial_types.single.layout import SingleLayout

FIVE = Measure("q", "A question", 1, 5)


def table(items, people, values):
    return Answers.of(items, people, values)


# The inference is the one that there is


def test_moves_say_of_a_mean_what_shares_of_kinds_say():
    random = np.random.default_rng(1)
    item, person = np.repeat(np.arange(12), 3), random.integers(0, 7, 36)
    values = random.integers(-2, 3, 36)
    ratings = Ratings.of(item, person, values)
    weight = ratings.units.per_item
    mean = float(weight @ values)
    (found,) = WeightedMoves(ratings.units, weight, (values - mean)[:, None], np.array([mean])).each()
    known = rating_effect(ratings, "items")
    assert (found.estimate, found.variance, found.df, found.units) == pytest.approx(
        (known.estimate, known.variance, known.df, known.units), rel=1e-12
    )


def test_moves_say_of_a_difference_of_shares_what_shares_say():
    random = np.random.default_rng(2)
    answers = table(np.repeat(np.arange(10), 4), random.integers(0, 8, 40), random.integers(0, 3, 40))
    weight = answers.units.per_item
    shares = WeightedShares(answers.units, answers.values, 3, weight)
    (known,) = shares.effects(np.array([[1.0], [-1.0], [0.0]]))
    says = (answers.values == 0).astype(float) - (answers.values == 1)
    moves = says - weight @ says
    (found,) = WeightedMoves(answers.units, weight, moves[:, None], np.array([weight @ says])).each()
    assert (found.estimate, found.variance, found.df) == pytest.approx(
        (known.estimate, known.variance, known.df)
    )


def test_where_every_answer_is_the_same_nothing_varies():
    answers = table([0, 0, 1, 1, 2, 2], [0, 1] * 3, [4] * 6)
    found = arm_mean(answers, np.full(6, 4.0), np.full(6, True), FIVE)
    assert found.estimate == pytest.approx(4)
    assert found.interval is not None
    assert 1 <= found.interval[0] < 4 < found.interval[1] <= 5


# By hand


def test_a_mean_counts_every_photo_once():
    """Photo 0 has 1 and 3, photo 1 has 5: the mean of 2 and 5, not of 1, 3 and 5."""
    answers = table([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0])
    values, here = np.array([1.0, 3.0, 5.0, 2.0]), np.array([True, True, True, False])
    assert arm_mean(answers, values, here, FIVE).estimate == 3.5
    assert arm_mean(answers, values, here, FIVE).answers == 3
    assert arm_mean(answers, values, ~here & here, FIVE).estimate is None


def test_a_difference_is_of_the_two_arms_alone_and_turns_with_their_order():
    answers = table([0, 0, 0, 1, 1, 1, 2, 2, 2], [0, 1, 2] * 3, [0] * 9)
    arm = np.array([0, 1, 2, 1, 2, 0, 2, 0, 1])
    values = np.array([5.0, 2, 1, 3, 1, 4, 1, 5, 1])
    one = difference(answers, values, arm, (0, 1), FIVE)
    other = difference(answers, values, arm, (1, 0), FIVE)
    assert one is not None
    assert other is not None
    assert one.estimate == pytest.approx(14 / 3 - 2)
    assert (other.estimate, other.p) == pytest.approx((-one.estimate, one.p))
    assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))
    changed = np.where(arm == 2, 5.0, values)
    assert difference(answers, changed, arm, (0, 1), FIVE) == one
    assert difference(answers, values, arm, (0, 3), FIVE) is None


def test_holm_runs_over_what_was_declared_or_over_all():
    random = np.random.default_rng(4)
    item, person = np.repeat(np.arange(30), 3), np.tile(np.arange(3), 30)
    arm = (item + person) % 3
    values = np.clip(random.integers(1, 6, 90) - (arm == 2), 1, 5).astype(float)
    answers = table(item, person, arm)
    pairs = [(0, 1), (0, 2), (1, 2)]
    every = differences(answers, values, arm, pairs, FIVE)
    least = min(every, key=lambda one: one.found.p)
    assert least.p_holm == pytest.approx(3 * least.found.p)
    assert not any(one.planned for one in every)
    declared = differences(answers, values, arm, pairs, FIVE, declared=[(0, 2)])
    assert [one.planned for one in declared] == [False, True, False]
    assert [one.p_holm for one in declared] == [None, declared[1].found.p, None]


def test_tests_of_pairs_count_who_and_what_has_answers_about_both():
    answers = table([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [0] * 5)
    arm, values = np.array([0, 1, 1, 0, 0]), np.array([5.0, 1, 2, 4, 5])
    found = rank_tests(answers, values, arm, (0, 1))
    assert (found["people: signs"].n, found["people: signs"].statistic) == (2, 2)
    assert (found["items: signs"].n, found["items: signs"].statistic) == (2, 2)  # photo 2 has one arm alone


# Coverage, where people and photos differ, and each likes one arm more than another


@pytest.mark.parametrize("effect", [0.0, 0.8])
def test_intervals_hold_the_truth_in_about_95_of_100_studies(effect):
    random = np.random.default_rng(7)
    rows = [(item, order[0]) for item, order in SingleLayout().rows(arms=2, items=24, stages=(8,), seed=1)]
    item, arm = np.array(rows).T
    person = np.arange(len(item)) % 16  # who answers which is a matter of who comes
    measure, hits, mean_hits, studies = Measure("q", "q", 0, 20), 0, 0, 400
    for _ in range(studies):
        of_people, of_items = random.normal(0, 0.5, (16, 2)), random.normal(0, 0.5, (24, 2))
        values = (
            10
            + effect * (arm == 0)
            + of_people[person, arm]
            + of_items[item, arm]
            + random.normal(0, 1, len(item))
        )
        values = np.clip(values, 0, 20)
        answers = table(item, person, arm)
        found = difference(answers, values, arm, (0, 1), measure)
        low, high = found.interval
        hits += low <= effect <= high
        low, high = arm_mean(answers, values, arm == 0, measure).interval
        mean_hits += low <= 10 + effect <= high
    assert 0.925 <= hits / studies <= 0.985
    assert 0.925 <= mean_hits / studies <= 0.99


# Scales

# 14 answers to four questions, and what R 4.2.2 says of them: psych 2.2.9, alpha(x)$total$raw_alpha, fa(x, 1, fm = "minres"),
# 1 - sum(uniquenesses) / sum(cor(x)), which is omega.tot of omega(x, nfactors = 1).
SAID = np.array([
    [3, 3, 1, 2], [1, 3, 5, 4], [5, 5, 5, 5], [2, 2, 4, 4], [4, 4, 3, 1], [3, 3, 3, 5], [5, 3, 3, 3], [2, 2, 2, 3], [5, 3, 4, 5], [4, 2, 5, 2], [3, 3, 3, 2], [2, 4, 5, 3], [3, 2, 2, 3], [1, 1, 1, 1],
], float)  # fmt: skip
ALPHA_OF_R, OMEGA_OF_R = 0.6949067070, 0.7170011440
LOADINGS_OF_R = [0.4906145, 0.7637629, 0.6744750, 0.5487633]


def test_alpha_and_omega_are_those_of_psych():
    found = reliability(SAID)
    assert (found.items, found.answers) == (4, 14)
    assert found.alpha == pytest.approx(ALPHA_OF_R, abs=1e-9)
    assert found.omega == pytest.approx(OMEGA_OF_R, abs=1e-6)
    assert one_factor(np.corrcoef(SAID, rowvar=False)) == pytest.approx(LOADINGS_OF_R, abs=1e-4)


def test_omega_of_exact_loadings_is_what_they_make_of_it():
    """With loadings 0.9, 0.8, 0.6 the correlations are their products, and omega (Σλ)²/((Σλ)² + Σ(1 − λ²))."""
    loadings = np.array([0.9, 0.8, 0.6])
    correlations = np.outer(loadings, loadings)
    np.fill_diagonal(correlations, 1)
    common, own = loadings.sum() ** 2, (1 - loadings**2).sum()
    assert one_factor(correlations) == pytest.approx(loadings, abs=1e-9)
    assert omega_total(correlations) == pytest.approx(common / (common + own), abs=1e-9)


def test_alpha_by_hand():
    """Variances 1 and 1, covariance 0.5: 2 · (1 − 2/3)."""
    said = np.array([[0, 0], [1, 2], [2, 1.0]])
    assert reliability(said).alpha == pytest.approx(2 * (1 - 2 / 3))
    assert reliability(said).omega is None  # of two questions a factor is not determined


def test_a_question_that_was_not_turned_round_makes_alpha_small():
    turned = SAID.copy()
    turned[:, 1] = 6 - turned[:, 1]
    assert reliability(turned).alpha < 0.3 < reliability(SAID).alpha


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (SAID[:, :1], "one question has no reliability"),
        (SAID[:2], "too few answers"),
        (np.column_stack([SAID[:, 0], np.full(14, 3.0)]), "is the same"),
    ],
)
def test_what_has_no_reliability_says_why(said, words):
    found = reliability(said)
    assert (found.alpha, found.omega) == (None, None)
    assert words in found.note
