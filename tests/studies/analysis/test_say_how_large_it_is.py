"""Effect sizes: by hand, by scipy, and never at odds with the p of the difference."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from studies.analysis.contrasts import (
    compare_arms,
    judge_mean_of,
    judge_pairs,
    sizes_of_ratings,
    superiorities_of,
)
from studies.analysis.inference.sizes import Size, odds
from studies.analysis.table import Choices, Ratings


def independent(values):
    """Each answer by another person about another photo."""
    return range(len(values)), range(len(values)), values


def p_by_hand(y, limit):
    """Of independent answers: their variance is s²/n, and people and photos both have half of the degrees of freedom (1/ν = 2/ν_u)."""
    n, mean = len(y), y.mean()
    moved = (y - mean) / (n - 1)
    unit = min(n - 1, 3 * (moved**2).sum() ** 2 / (moved**4).sum() - 1)
    at = mean / limit
    t = math.atanh(at) / (y.std(ddof=1) / math.sqrt(n) / limit / (1 - at**2))
    return 2 * stats.t.sf(abs(t), unit / 2)


def test_the_chance_to_be_preferred_is_what_is_not_rejected_by_hand():
    values = np.repeat([0, 1, 2, -1], [37, 22, 30, 11])
    size = superiorities_of(Choices.of(*independent(values), arms=3), ((0, 1),))[0]
    assert size.estimate == pytest.approx(37 / 59)

    def past(phi):
        y = np.where(values == 0, 1 - phi, np.where(values == 1, -phi, 0))
        return p_by_hand(y, max(phi, 1 - phi)) - 0.05

    ends = optimize.brentq(past, 0.3, 37 / 59), optimize.brentq(past, 37 / 59, 0.9)
    assert size.interval == pytest.approx(ends, abs=1e-9)
    wilson = stats.binomtest(37, 59).proportion_ci(method="wilson")
    assert size.interval == pytest.approx((wilson.low, wilson.high), abs=0.02), "as of a share of the 59"


def test_odds_are_how_many_times_as_often():
    values = np.repeat([0, 1, -1], [40, 20, 10])
    found = compare_arms(*independent(values), arms=2, draws=10)[0]
    assert found.odds.estimate == pytest.approx(2)
    log, error = math.log(2), math.sqrt(1 / 40 + 1 / 20)
    usual = [math.exp(log - 2 * error), math.exp(log + 2 * error)]
    assert found.odds.interval == pytest.approx(usual, rel=0.12)
    assert found.odds.interval == pytest.approx([at / (1 - at) for at in found.superiority.interval])


def test_an_arm_that_nobody_picks_has_the_exact_interval_of_so_many_answers_and_odds_without_bound():
    values = np.repeat([0, 2], [20, 20])
    size = superiorities_of(Choices.of(*independent(values), arms=3), ((0, 1), (1, 0), (0, 2)))
    n = 20 / max(
        1, 40 / 39
    )  # of 40 answers half are for either; a variance of s²/n is 40/39 of that of a share
    assert size[0].estimate == 1
    assert size[0].interval == pytest.approx((0.025 ** (1 / n), 1))
    assert size[1].interval == pytest.approx((0, 1 - 0.025 ** (1 / n)))
    assert odds(size[0]).estimate is None
    assert odds(size[0]).interval[1] is None
    assert odds(size[1]).interval[0] == 0


def test_where_nobody_picks_either_there_is_nothing_to_say():
    values = [2, -1] * 10
    assert superiorities_of(Choices.of(*independent(values), arms=3), ((0, 1),)) == [Size(None, None)]


def test_one_person_alone_has_an_estimate_and_no_interval():
    answers = Choices.of([1, 2, 3], [1, 1, 1], [0, 0, 1], arms=2)
    assert superiorities_of(answers, ((0, 1),)) == [Size(pytest.approx(2 / 3), None)]
    found = sizes_of_ratings(Ratings.of([1, 2, 3], [1, 1, 1], [1, 0, 2]))
    assert [size.interval for size in found.values()] == [None, None]


crossed = st.tuples(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 12), st.floats(0, 1))


@settings(max_examples=150, deadline=None)
@given(crossed)
def test_sizes_of_choices_never_contradict_the_p_of_the_difference(drawn):
    seed, people, items, lean = drawn
    rng = np.random.default_rng(seed)
    person, item = np.divmod(np.arange(people * items), items)
    values = np.where(rng.random(people * items) < lean, 0, rng.integers(-1, 3, people * items))
    answers, pairs = Choices.of(item, person, values, arms=3), ((0, 1), (2, 1))
    for found, size in zip(judge_pairs(answers, pairs), superiorities_of(answers, pairs), strict=True):
        if size.estimate is not None and abs(found.p - 0.05) > 1e-9:
            low, high = size.interval
            assert low <= size.estimate <= high
            rejected = not low < 0.5 < high if 0.5 in (low, high) else not low <= 0.5 <= high
            assert rejected == (found.p <= 0.05)


@settings(max_examples=150, deadline=None)
@given(crossed)
def test_sizes_of_ratings_never_contradict_the_p_of_the_mean(drawn):
    seed, people, items, lean = drawn
    rng = np.random.default_rng(seed)
    person, item = np.divmod(np.arange(people * items), items)
    exact = lean + rng.standard_normal(people)[person] + rng.standard_normal(people * items)
    answers = Ratings.of(item, person, np.clip(np.round(exact), -2, 2).astype(int))
    found, size = judge_mean_of(answers), sizes_of_ratings(answers)["dz"]
    if size.estimate is not None and abs(found.p - 0.05) > 1e-9:
        low, high = size.interval
        leaves_out = (low is not None and low > 0) or (high is not None and high < 0)
        assert leaves_out == (found.p <= 0.05)


def test_dz_is_the_mean_in_standard_deviations_with_nearly_the_interval_of_the_noncentral_t():
    rng = np.random.default_rng(4)
    values = np.clip(np.round(rng.normal(0.4, 1, 400)), -2, 2).astype(int)
    size = sizes_of_ratings(Ratings.of(*independent(values)))["dz"]
    assert size.estimate == pytest.approx(values.mean() / values.std())
    t = stats.ttest_1samp(values, 0).statistic
    ends = [
        optimize.brentq(lambda nc, tail=tail: stats.nct.sf(t, 399, nc) - tail, 0, 20) / 20
        for tail in (0.025, 0.975)
    ]
    assert size.interval == pytest.approx(ends, abs=0.015)


def test_the_chance_to_be_rated_better_counts_half_of_those_without_a_difference():
    values = np.repeat([-2, -1, 0, 1, 2], [5, 10, 20, 15, 30])
    size = sizes_of_ratings(Ratings.of(*independent(values)))["superiority"]
    assert size.estimate == pytest.approx((45 + 10) / 80)
    usual = (np.sign(values).std(ddof=1) / math.sqrt(80)) / 2
    assert size.interval == pytest.approx((55 / 80 - 2 * usual, 55 / 80 + 2 * usual), abs=0.01)


def test_ratings_that_are_all_the_same_have_no_standard_deviation():
    found = sizes_of_ratings(Ratings.of(list(range(6)) * 6, np.repeat(range(6), 6), [1] * 36))
    assert found["dz"] == Size(None, None)
    assert found["superiority"].estimate == 1
    assert found["superiority"].interval == pytest.approx((0.025 ** (1 / 6), 1))


def test_sizes_follow_what_counts_once():
    items, people, values = [0, 0, 0, 1], [0, 1, 2, 0], [2, 2, 1, -1]
    by_item, by_answer = (
        sizes_of_ratings(Ratings.of(items, people, values), per)["superiority"].estimate
        for per in ("items", "answers")
    )
    assert (by_item, by_answer) == pytest.approx((0.5, 0.75))
