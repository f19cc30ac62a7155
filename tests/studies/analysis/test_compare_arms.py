"""Is one arm better than another? Tests against hand calculations, enumeration and scipy."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import any_difference, compare_arms, family_of, judge_pairs
from studies.analysis.inference.effects import WeightedShares
from studies.analysis.inference.sensitivity import (
    exchange_all_labels,
    exchange_all_labels_of,
    permutation_test,
    rating_tests,
    sign_test,
    wilcoxon_test,
)
from studies.analysis.inference.simultaneous import holm
from studies.analysis.intervals import choice_intervals
from studies.analysis.power import CHOICES, Assumptions, Design, World
from studies.analysis.scores import choice_scores
from studies.analysis.table import Choices


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


def study_of_two_sizes(ones, pairs):
    """A column of choices between two arms for items of one answer, and for items of which one of two answers is “same”."""
    item = [*range(len(ones)), *np.repeat(np.arange(len(pairs)) + len(ones), 2)]
    choice = [*ones, *np.column_stack([pairs, np.full(len(pairs), -1)]).ravel()]
    return np.array(item), np.arange(len(item)), np.array(choice)


def exact_p(ones, pairs):
    """Every exchange of labels, each of 1 or of ½."""
    sizes = np.array([1.0] * len(ones) + [0.5] * len(pairs))
    total = (np.where(np.array([*ones, *pairs]) == 0, 1, -1) * sizes).sum()
    every = np.array(list(product((-1, 1), repeat=len(sizes)))) @ sizes
    return np.mean(np.abs(every) >= abs(total) - 1e-9), total


@pytest.mark.parametrize("swap", ["trials", "items", "people"])
def test_a_p_is_never_0_however_clear_the_difference(swap):
    """(1 + as large) / (1 + draws): the study itself is one of the exchanges."""
    finding = permutation_test(*study_of_two_sizes([0] * 30, [0] * 30), (0, 1), 2, swap=swap, draws=99)
    assert (finding.p, finding.statistic, finding.n) == (1 / 100, 45, 60)
    assert finding.zeros == (0 if swap == "items" else 30)
    assert exchange_all_labels(*study_of_two_sizes([0] * 30, [0] * 30)[::2], arms=2, draws=99).p == 1 / 100


def test_drawn_exchanges_as_large_as_the_difference_itself_count():
    """Of 16 answers: 2¹⁶ exchanges, of which many are exactly as large. 100,000 draws are within three standard errors."""
    ones, pairs = [0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1]
    p, total = exact_p(ones, pairs)
    finding = permutation_test(*study_of_two_sizes(ones, pairs), (0, 1), 2, draws=100_000)
    assert (finding.statistic, finding.n, finding.zeros) == (total, 16, 8)
    assert finding.p == pytest.approx(p, abs=3 * np.sqrt(p * (1 - p) / 100_000))
    other = permutation_test(*study_of_two_sizes(ones, pairs), (1, 0), 2, draws=100_000)
    assert (other.statistic, other.p) == (-total, finding.p)


def test_up_to_fourteen_answers_every_exchange_is_tried_and_above_they_are_drawn():
    ones, pairs = [0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1]
    finding = permutation_test(*study_of_two_sizes(ones, pairs), (0, 1), 2, draws=500, seed=9)
    assert finding.p == exact_p(ones, pairs)[0]
    drawn = permutation_test(*study_of_two_sizes([*ones, 0], pairs), (0, 1), 2, draws=500, seed=9)
    assert round(drawn.p * 501, 9) in range(1, 502)
    assert drawn.p != exact_p([*ones, 0], pairs)[0]


def test_answers_that_cancel_out_leave_nothing_to_find():
    finding = permutation_test(*study_of_two_sizes([0, 1] * 10, [0, 1] * 10), (0, 1), 2, draws=200)
    assert (finding.p, finding.statistic) == (1, 0)


def test_the_same_seed_gives_the_same_p_and_another_seed_another():
    item, person, choice = answers(items=60)
    keep = np.random.default_rng(1).random(len(item)) < 0.8
    columns = item[keep], person[keep], choice[keep]

    def p_of(seed, draws=10_000):
        contrasts = compare_arms(*columns, declared=[(0, 1)], seed=seed, draws=draws)
        drawn = [finding.p for contrast in contrasts for finding in (contrast.trials, contrast.items)]
        return [*drawn, exchange_all_labels(columns[0], columns[2], seed=seed, draws=draws).p]

    first, again, other = p_of(1), p_of(1), p_of(2)
    assert first == again
    assert all(p != other_p for p, other_p in zip(first, other, strict=True) if 0.01 < p < 1)
    assert first == pytest.approx(other, abs=0.03)
    assert all(round(51 * p, 9) in range(1, 52) for p in p_of(1, draws=50))


@pytest.mark.parametrize("swap", ["trials", "items", "people"])
def test_it_equals_trying_every_exchange_of_labels(swap):
    item = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 4])
    person = np.array([0, 1, 2, 0, 1, 2, 3, 4, 3, 4])
    choice = np.array([0, 0, 1, 0, -1, 0, 2, 0, 0, 1])
    groups = {"trials": np.arange(10), "items": item, "people": person}[swap]
    finding = permutation_test(item, person, choice, (0, 1), swap=swap)
    assert finding.p == pytest.approx(brute_force(item, choice, groups), abs=1e-12)
    assert finding.statistic == pytest.approx(np.dot(choice_scores(item, choice).arms, [1, -1, 0]))


def test_with_equal_numbers_of_answers_it_is_the_exact_sign_test():
    item, person, choice = answers()
    finding = permutation_test(item, person, choice)
    a, b = int(np.sum(choice == 0)), int(np.sum(choice == 1))
    assert finding.p == pytest.approx(
        2 * sum(comb(a + b, x) for x in range(max(a, b), a + b + 1)) / 2 ** (a + b)
    )
    assert (finding.n, finding.zeros) == (a + b, len(choice) - a - b)


def test_drawn_exchanges_come_near_the_normal_approximation():
    item, person, choice = answers(items=300, probabilities=(0.3, 0.33, 0.28, 0.09))
    keep = np.random.default_rng(1).random(len(item)) < 0.8  # unequal numbers of answers: no closed form
    item, person, choice = item[keep], person[keep], choice[keep]
    finding = permutation_test(item, person, choice, (1, 2), draws=200_000)
    weights = (1 / np.bincount(item)[item])[(choice == 1) | (choice == 2)]
    z = abs(finding.statistic) / np.sqrt(np.sum(weights**2))
    assert finding.p == pytest.approx(2 * stats.norm.sf(z), rel=0.1)


def test_declared_contrasts_come_first_and_share_holms_correction():
    item, person, choice = answers(probabilities=(0.34, 0.29, 0.29, 0.08), items=100)
    contrasts = compare_arms(item, person, choice, declared=[(1, 0), (0, 2)])
    assert [(c.a, c.b, c.exploratory) for c in contrasts] == [(1, 0, False), (0, 2, False), (1, 2, True)]
    assert all((c.p <= 0.05) == (c.interval[0] * c.interval[1] > 0) for c in contrasts)
    assert [c.p_holm for c in contrasts[:2]] == holm([c.p for c in contrasts[:2]])
    assert contrasts[2].p_holm is None
    arms = choice_scores(item, choice).arms
    assert contrasts[0].difference == pytest.approx(arms[1] - arms[0])
    assert contrasts[0].interval[0] < contrasts[0].difference < contrasts[0].interval[1]
    forwards = choice_intervals(item, person, choice).differences[0, 1]
    assert contrasts[0].interval == pytest.approx([-forwards[1], -forwards[0]], abs=1e-12)


def test_without_declared_contrasts_every_pair_is_exploratory_and_uncorrected():
    item, person, choice = answers()
    contrasts = compare_arms(item, person, choice)
    assert [(c.a, c.b) for c in contrasts] == [(0, 1), (0, 2), (1, 2)]
    assert [(c.exploratory, c.p_holm) for c in contrasts] == [(True, None)] * 3
    ends = choice_intervals(item, person, choice).differences
    assert [c.interval.tolist() for c in contrasts] == [ends[c.a, c.b].tolist() for c in contrasts]


def test_all_pairs_hold_together_by_wider_intervals_and_larger_p():
    """Max-T over the three pairs: at the level at which the p of all of them is 0.05, which is less than Bonferroni's."""
    item, person, choice = answers(items=100)
    every = family_of(Choices.of(item, person, choice, arms=3), ((0, 1), (0, 2), (1, 2)))
    assert 0.95 < every.level() < 1 - 0.05 / 3
    assert every.p(1 - every.level()) == pytest.approx(0.05)
    ends = choice_intervals(item, person, choice, level=every.level()).differences
    for c in compare_arms(item, person, choice):
        assert c.interval_all_pairs == pytest.approx(ends[c.a, c.b], abs=1e-12)
        assert c.p_all_pairs == every.p(c.p)
        assert c.p <= c.p_all_pairs <= 3 * c.p


def test_each_unit_of_a_test_is_counted_where_it_speaks_for_a_side():
    # items: two for arm 0, one level, one only “same”; people: ann for arm 0, bob level, cy for 0
    item = [1, 1, 2, 2, 3, 3, 4]
    person = ["ann", "bob", "cy", "ann", "bob", "ann", "bob"]
    choice = [0, 0, 0, -1, 1, 0, -1]
    contrast = compare_arms(item, person, choice, arms=2)[0]
    assert (contrast.trials.n, contrast.trials.zeros) == (5, 2)
    assert (contrast.items.n, contrast.items.zeros) == (2, 2)
    assert (contrast.people.n, contrast.people.zeros) == (2, 1)
    assert contrast.trials.test == "labels exchanged by trials"
    assert contrast.people.test == "labels exchanged by people"


def test_a_difference_that_only_one_person_sees_is_not_found():
    item, person = np.repeat(np.arange(50), 4), np.tile([0, 1, 2, 3], 50)
    choice = np.where(person == 0, 0, (item + person) % 2)
    contrast = compare_arms(item, person, choice, arms=2, declared=[(0, 1)])[0]
    assert contrast.trials.p < 0.01
    assert contrast.people.p >= 2 / 2**4
    assert contrast.p > 0.3
    assert contrast.interval[0] < 0 < contrast.interval[1]


def test_where_nothing_can_be_tested_there_is_no_p():
    contrast = compare_arms([1, 2], [1, 2], [-1, -1], declared=[(0, 1)])[0]
    assert (contrast.p, contrast.p_holm, contrast.difference) == (1, 1, 0)
    alone = compare_arms([1, 2], [1, 1], [0, 1], declared=[(0, 1)])[0]
    assert (alone.p, alone.p_holm, alone.interval, alone.p_all_pairs) == (None, None, None, None)
    assert "nothing to test" in contrast.trials.note
    assert (contrast.trials.statistic, contrast.trials.n, contrast.trials.zeros) == (0, 0, 2)
    one_arm = exchange_all_labels([1, 2, 3], [0, -1, 0], arms=1)
    assert (one_arm.statistic, one_arm.p, one_arm.n, one_arm.zeros) == (0, None, 2, 1)
    no_means = wilcoxon_test([0, 0, 0]), sign_test([0, 0, 0])
    assert [(finding.statistic, finding.p, finding.n, finding.zeros) for finding in no_means] == [
        (0, None, 0, 3)
    ] * 2
    assert [finding.test for finding in no_means] == ["Wilcoxon", "signs"]
    level = compare_arms([1, 1, 2, 2], [1, 2, 2, 1], [0, 1, 0, 1], declared=[(0, 1)])[0]
    assert (level.items.p, level.p) == (None, pytest.approx(1.0))


def test_a_contrast_that_names_no_arm_is_refused():
    with pytest.raises(AnswersError, match="from 0 to 2"):
        compare_arms([1], [1], [0], declared=[(0, 3)])
    with pytest.raises(AnswersError, match="from 0 to 2"):
        compare_arms([1], [1], [0], declared=[(-1, 0)])
    with pytest.raises(AnswersError, match="'photos' is not one of trials, items, people"):
        permutation_test([1], [1], [0], swap="photos")
    with pytest.raises(AnswersError, match="participants: 1 values for 2 answers"):
        permutation_test([1, 2], [1], [0, 0])
    with pytest.raises(AnswersError, match="with 3 arms an answer is 0 to 2"):
        permutation_test([1, 2], [1, 2], [0, 3])
    with pytest.raises(AnswersError, match="two different arms"):
        compare_arms([1], [1], [0], declared=[(1, 1)])


def test_one_test_over_all_arms_is_the_chi_square_test_where_answers_are_many():
    item, _, choice = answers(items=200, probabilities=(0.33, 0.3, 0.27, 0.1))
    finding = exchange_all_labels(item, choice, draws=50_000)
    expected = stats.chisquare(np.bincount(choice[choice >= 0])).pvalue
    assert finding.p == pytest.approx(expected, rel=0.15)
    assert exchange_all_labels([1, 2], [-1, -1]).p is None
    assert "only one arm" in exchange_all_labels([1, 2], [0, 0], arms=1).note


def test_one_test_over_all_arms_equals_trying_every_way_to_give_out_the_preferences():
    """Three arms, six preferences of three sizes: 3⁶ ways, of which the drawn ones come within three standard errors."""
    item = np.array([0, 1, 1, 2, 2, 2, 2, 3])
    choice = np.array([0, 0, 1, 0, 0, -1, 2, -1])
    weight = (1 / np.bincount(item)[item])[choice >= 0]
    every = np.array([np.bincount(to, weight, 3).var() for to in product(range(3), repeat=len(weight))])
    mine = np.bincount(choice[choice >= 0], weight, 3).var()
    p = np.mean(every >= mine - 1e-9)
    finding = exchange_all_labels(item, choice, draws=50_000)
    assert (finding.n, finding.zeros) == (6, 2)
    assert finding.statistic == pytest.approx(mine, rel=1e-12)
    assert finding.p == pytest.approx(p, abs=3 * np.sqrt(p * (1 - p) / 50_000))
    level = exchange_all_labels(range(30), [0, 1, 2] * 10, draws=100)
    assert (level.p, level.statistic) == (1, 0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9).map(lambda quarters: np.array(quarters) / 4))
def test_wilcoxon_and_sign_tests_equal_scipy_and_report_zeros(means):
    signed, wilcoxon = sign_test(means), wilcoxon_test(means)
    assert signed.zeros == wilcoxon.zeros == np.sum(means == 0)
    assert signed.n == wilcoxon.n == np.sum(means != 0)
    assert signed.statistic == np.sum(means > 0)
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
    finding, expected = wilcoxon_test(means), stats.wilcoxon(means)
    assert (finding.statistic, finding.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-10)


def test_rounding_does_not_break_ties():
    thirds = [0.1 + 0.2, -0.3, 0.3, 0.3, 0.3, 0.3]
    assert wilcoxon_test(thirds).statistic == wilcoxon_test([0.3, -0.3, 0.3, 0.3, 0.3, 0.3]).statistic == 3.5


def test_ratings_are_tested_on_peoples_and_on_items_means():
    items, people, ratings = [1, 1, 2, 2, 3, 3], [8, 9, 8, 9, 8, 9], [2, 1, 0, 0, 2, -1]
    findings = rating_tests(items, people, ratings)
    assert findings["people: signs"].n == 1  # person 9's mean is zero
    assert findings["people: signs"].zeros == 1
    assert findings["items: signs"].statistic == 2
    assert findings["items: Wilcoxon"].p == wilcoxon_test([1.5, 0, 0.5]).p


def test_holm_multiplies_in_order_and_never_falls():
    # Holm's own steps for 0.005, 0.011, 0.02, 0.04, 0.13: × 5, 4, 3, 2, 1
    assert holm([0.04, 0.005, 0.13, 0.011, 0.02]) == pytest.approx([0.08, 0.025, 0.13, 0.044, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([0.02, None]) == [0.04, None]
    assert holm([]) == []


@pytest.mark.parametrize("arms", [2, 4])
def test_studies_of_two_or_four_arms_get_an_interval_for_each_pair_that_they_have(arms):
    item, person, _ = answers()
    choice = np.random.default_rng(1).integers(-1, arms, len(item))
    contrasts = compare_arms(item, person, choice, arms, draws=200)
    assert len(contrasts) == arms * (arms - 1) / 2
    differences = choice_intervals(item, person, choice, arms).differences
    for contrast in contrasts:
        assert contrast.interval.tolist() == differences[contrast.a, contrast.b].tolist()


def test_one_test_over_all_arms_gives_a_preference_to_the_arms_that_were_shown():
    """Three pairs, a contest each: of the 8 ways to end 6 give the totals 2, 1, 0, and 2 give one each."""
    orders = np.array([[0, 1, -1], [2, 1, -1], [0, 2, -1]])
    table = Choices.of([0, 1, 2], [0, 0, 0], [0, 1, 0], orders=orders, arms=3)
    assert exchange_all_labels_of(table, draws=50_000).p == pytest.approx(6 / 8, abs=0.006)
    unknown = Choices.of([0, 1, 2], [0, 0, 0], [0, 1, 0], orders=np.full((3, 3), -1), arms=3)
    assert exchange_all_labels_of(unknown, draws=50_000).p == pytest.approx(21 / 27, abs=0.006)
    assert exchange_all_labels_of(unknown).p == exchange_all_labels([0, 1, 2], [0, 1, 0]).p
    alone = Choices.of([0, 1, 2], [0, 0, 0], [0, 1, -1], orders=np.array([[0], [1], [2]]), arms=3)
    finding = exchange_all_labels_of(alone)
    assert (finding.p, finding.n, finding.zeros) == (None, 2, 1)
    assert "showed one arm alone" in finding.note


def world(people=30, items=60, each=6, spread=0.8, effect=0.0, seed=0):
    design = Design(items, people, each, CHOICES)
    study = World(design, Assumptions(effect, spread_items=spread, spread_people=spread)).study(
        np.random.default_rng(seed)
    )
    return study.items, study.participants, study.values


def test_all_arms_at_once_is_hotellings_test_where_people_alone_vary():
    """Each person answers about every item alike: then the means of people are the data, and T² is the textbook's."""
    rng = np.random.default_rng(3)
    people, items = 12, 200
    picks = rng.choice(3, p=[0.5, 0.3, 0.2], size=people)
    item, person = np.tile(np.arange(items), people), np.repeat(np.arange(people), items)
    found = any_difference(item, person, picks[person], arms=3)
    shares = np.eye(3)[picks]
    gaps = shares[:, :2] - shares[:, 2:]
    # the jackknife's covariance of a mean is that of the sample over n
    t2 = gaps.mean(axis=0) @ np.linalg.solve(np.cov(gaps.T) / people, gaps.mean(axis=0))
    df = found.df[1] + 1  # of 11 that there are at most, as many as the spread of people bears
    assert 5 < df < people - 1
    assert found.statistic == pytest.approx(t2 * (df - 1) / (df * 2), rel=1e-6)
    assert found.p == pytest.approx(stats.f.sf(found.statistic, 2, df - 1), rel=1e-9)


def test_all_arms_at_once_of_two_arms_is_the_square_of_their_t():
    item, person, choice = world(effect=0.1)
    two = np.where(choice == 2, -1, choice)
    found = any_difference(item, person, two, arms=2)
    shares = WeightedShares(
        Choices.of(item, person, two, arms=2).units, two % 3, 3, np.full(len(item), 1 / len(item))
    )
    effect = shares.effects(np.array([[1.0], [-1.0], [0.0]]))[0]
    assert found.statistic == pytest.approx(effect.estimate**2 / effect.variance)
    assert found.df == pytest.approx((1, effect.df))


def test_all_arms_at_once_does_not_depend_on_which_arm_is_the_last():
    item, person, choice = world(effect=0.1)
    turned = np.where(choice >= 0, (choice + 1) % 3, -1)
    assert any_difference(item, person, choice).p == pytest.approx(
        any_difference(item, person, turned).p, rel=1e-9
    )


def test_where_all_arms_cannot_be_compared_a_note_says_why():
    assert (
        any_difference([1, 2], [1, 2], [0, -1], arms=1).note == "There is only one arm: nothing to compare."
    )
    assert "only one participant" in any_difference([1, 2], [1, 1], [0, 1]).note
    assert "Nobody preferred any arm" in any_difference([1, 2], [1, 2], [-1, -1]).note
    item, person, choice = np.tile(np.arange(9), 2), np.repeat([0, 1], 9), np.arange(18) % 4
    assert "too few people or items" in any_difference(item, person, choice, arms=4).note
    assert (
        any_difference([1, 1, 2, 2, 3, 3], [1, 2, 3] * 2, [1] * 6).p == 3.0**-2
    )  # three of one mind, of three arms


@pytest.mark.parametrize(("people", "each"), [(12, 4), (40, 8)])
def test_equal_arms_are_told_apart_no_more_often_than_p_says(people, each):
    """300 studies in which people and photos differ: 5 % with a chance of ±2.5 points. Exchanging labels rejects far more often."""
    design = Design(60, people, each, CHOICES)
    equal = World(design, Assumptions(0.0, spread_items=0.8, spread_people=0.8))
    found = exchanged = joint = 0
    for number in range(300):
        study = equal.study(np.random.default_rng([people, number]))
        columns = study.items, study.participants, study.values
        answers_of = Choices.of(*columns, arms=3)
        found += judge_pairs(answers_of, [(0, 1)])[0].p <= 0.05
        joint += any_difference(*columns).p <= 0.05
        exchanged += permutation_test(*columns, draws=200).p <= 0.05
    assert found / 300 <= 0.085
    assert joint / 300 <= 0.085
    assert exchanged / 300 > 0.15
