"""Is one arm better than another? Tests against hand calculations, enumeration and scipy."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import (
    any_difference,
    compare_arms,
    holm,
    permutation_test,
    rating_tests,
    sign_test,
    wilcoxon_test,
)
from studies.analysis.intervals import choice_intervals
from studies.analysis.scores import choice_scores


def answers(seed=0, items=40, people=10, probabilities=(0.4, 0.3, 0.2, 0.1)):
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(items), 4)
    return (
        item,
        rng.integers(people, size=len(item)),
        rng.choice([0, 1, 2, -1], p=probabilities, size=len(item)),
    )


def brute_force(item, choice, groups):
    """p by trying every pattern of exchanged labels, with the totals scored anew each time."""
    names = sorted(set(groups))
    differences = []
    for pattern in product((False, True), repeat=len(names)):
        swapped = np.isin(groups, [name for name, swap in zip(names, pattern, strict=True) if swap])
        new = np.where(swapped & (choice == 0), 1, np.where(swapped & (choice == 1), 0, choice))
        arms = choice_scores(item, new).arms
        differences.append(abs(arms[0] - arms[1]))
    return np.mean(np.array(differences) >= differences[0] - 1e-9)


@pytest.mark.parametrize("swap", ["trials", "items", "people"])
def test_it_equals_trying_every_exchange_of_labels(swap):
    item = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 4])
    person = np.array([0, 1, 2, 0, 1, 2, 3, 4, 3, 4])
    choice = np.array([0, 0, 1, 0, -1, 0, 2, 0, 0, 1])
    groups = {"trials": np.arange(10), "items": item, "people": person}[swap]
    found = permutation_test(item, person, choice, (0, 1), swap=swap)
    assert found.p == pytest.approx(brute_force(item, choice, groups), abs=1e-12)
    assert found.statistic == pytest.approx(np.dot(choice_scores(item, choice).arms, [1, -1, 0]))


def test_with_equal_numbers_of_answers_it_is_the_exact_sign_test():
    item, person, choice = answers()
    found = permutation_test(item, person, choice)
    a, b = int(np.sum(choice == 0)), int(np.sum(choice == 1))
    assert found.p == pytest.approx(
        2 * sum(comb(a + b, x) for x in range(max(a, b), a + b + 1)) / 2 ** (a + b)
    )
    assert (found.n, found.zeros) == (a + b, len(choice) - a - b)


def test_drawn_exchanges_come_near_the_normal_approximation():
    item, person, choice = answers(items=300, probabilities=(0.3, 0.33, 0.28, 0.09))
    keep = np.random.default_rng(1).random(len(item)) < 0.8  # unequal numbers of answers: no closed form
    item, person, choice = item[keep], person[keep], choice[keep]
    found = permutation_test(item, person, choice, (1, 2), draws=200_000)
    weights = (1 / np.bincount(item)[item])[(choice == 1) | (choice == 2)]
    z = abs(found.statistic) / np.sqrt(np.sum(weights**2))
    assert found.p == pytest.approx(2 * stats.norm.sf(z), rel=0.1)


def test_declared_contrasts_come_first_and_share_holms_correction():
    item, person, choice = answers(probabilities=(0.34, 0.29, 0.29, 0.08), items=100)
    found = compare_arms(item, person, choice, declared=[(1, 0), (0, 2)])
    assert [(c.a, c.b, c.exploratory) for c in found] == [(1, 0, False), (0, 2, False), (1, 2, True)]
    assert [c.p for c in found] == [max(c.trials.p, c.items.p, c.people.p) for c in found]
    assert [c.p_holm for c in found[:2]] == holm([c.p for c in found[:2]])
    assert found[2].p_holm is None
    arms = choice_scores(item, choice).arms
    assert found[0].difference == pytest.approx(arms[1] - arms[0])
    assert found[0].interval[0] < found[0].difference < found[0].interval[1]
    forwards = choice_intervals(item, person, choice).differences[0, 1]
    assert found[0].interval.tolist() == [-forwards[1], -forwards[0]]


def test_a_difference_that_only_one_person_sees_is_not_found():
    item, person = np.repeat(np.arange(50), 4), np.tile([0, 1, 2, 3], 50)
    choice = np.where(person == 0, 0, (item + person) % 2)
    found = compare_arms(item, person, choice, arms=2, declared=[(0, 1)])[0]
    assert found.trials.p < 0.01
    assert found.people.p >= 2 / 2**4
    assert found.p_holm == found.people.p


def test_where_nothing_can_be_tested_there_is_no_p():
    found = compare_arms([1, 2], [1, 2], [-1, -1], declared=[(0, 1)])[0]
    assert (found.p, found.p_holm, found.interval) == (None, None, None)
    assert "nothing to test" in found.trials.note
    level = compare_arms([1, 1, 2, 2], [1, 2, 2, 1], [0, 1, 0, 1], declared=[(0, 1)])[0]
    assert (level.items.p, level.p) == (None, 1.0)


def test_a_contrast_that_names_no_arm_is_refused():
    with pytest.raises(AnswersError, match="from 0 to 2"):
        compare_arms([1], [1], [0], declared=[(0, 3)])
    with pytest.raises(AnswersError, match="two different arms"):
        compare_arms([1], [1], [0], declared=[(1, 1)])


def test_one_test_over_all_arms_is_the_chi_square_test_where_answers_are_many():
    item, _, choice = answers(items=200, probabilities=(0.33, 0.3, 0.27, 0.1))
    found = any_difference(item, choice, draws=50_000)
    expected = stats.chisquare(np.bincount(choice[choice >= 0])).pvalue
    assert found.p == pytest.approx(expected, rel=0.15)
    assert any_difference([1, 2], [-1, -1]).p is None
    assert "only one arm" in any_difference([1, 2], [0, 0], arms=1).note


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9).map(lambda quarters: np.array(quarters) / 4))
def test_wilcoxon_and_sign_tests_equal_scipy_and_report_zeros(means):
    signed, wilcoxon = sign_test(means), wilcoxon_test(means)
    assert signed.zeros == wilcoxon.zeros == np.sum(means == 0)
    if not means.any():
        assert signed.p is wilcoxon.p is None
        assert "nothing to test" in signed.note
        return
    above, below = np.sum(means > 0), np.sum(means < 0)
    assert signed.p == pytest.approx(
        min(1, 2 * stats.binom.cdf(min(above, below), above + below, 0.5)), abs=1e-12
    )
    ranks = stats.rankdata(np.abs(means[means != 0]))
    assert wilcoxon.statistic == min(ranks[means[means != 0] > 0].sum(), ranks[means[means != 0] < 0].sum())
    every = np.array(list(product((0, 1), repeat=len(ranks)))) @ ranks
    as_low = np.mean(np.minimum(every, ranks.sum() - every) <= wilcoxon.statistic + 1e-9)
    assert wilcoxon.p == pytest.approx(as_low, abs=1e-6)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    ("n", "shift"), [(1, 0), (2, 2), (9, 0), (9, 2), (13, 1), (14, 1), (50, 0), (50, 1), (51, 1), (300, 0.2)]
)
def test_wilcoxon_equals_scipy_where_it_counts_and_where_it_approximates(n, shift, tied):
    means = np.random.default_rng([n, tied]).normal(shift, 1, n)
    if tied:
        means = np.where(means < 0, -1, 1) * np.ceil(3 * np.abs(means)) / 4
    found, expected = wilcoxon_test(means), stats.wilcoxon(means)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-10)


def test_rounding_does_not_break_ties():
    thirds = [0.1 + 0.2, -0.3, 0.3, 0.3, 0.3, 0.3]
    assert wilcoxon_test(thirds).statistic == wilcoxon_test([0.3, -0.3, 0.3, 0.3, 0.3, 0.3]).statistic == 3.5


def test_ratings_are_tested_on_peoples_and_on_items_means():
    items, people, ratings = [1, 1, 2, 2, 3, 3], [8, 9, 8, 9, 8, 9], [2, 1, 0, 0, 2, -1]
    found = rating_tests(items, people, ratings)
    assert found["people: signs"].n == 1  # person 9's mean is zero
    assert found["people: signs"].zeros == 1
    assert found["items: signs"].statistic == 2
    assert found["items: Wilcoxon"].p == wilcoxon_test([1.5, 0, 0.5]).p


def test_holm_multiplies_in_order_and_never_falls():
    # Holm's own steps for 0.005, 0.011, 0.02, 0.04, 0.13: × 5, 4, 3, 2, 1
    assert holm([0.04, 0.005, 0.13, 0.011, 0.02]) == pytest.approx([0.08, 0.025, 0.13, 0.044, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([0.02, None]) == [0.04, None]
    assert holm([]) == []
