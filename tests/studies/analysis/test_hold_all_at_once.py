"""Several comparisons at once by max-T: against Tukey's studentized range, by simulation, and never at odds with their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.analysis.association import Correlation, all_at_once
from studies.analysis.contrasts import compare_arms
from studies.analysis.distributions import f_tails
from studies.analysis.inference.simultaneous import Family


def pairs_of_independent(arms):
    """Correlation of all differences of so many independent, equally exact arms."""
    pairs = [(a, b) for a in range(arms) for b in range(a)]
    change = np.zeros((arms, len(pairs)))
    for place, (a, b) in enumerate(pairs):
        change[a, place], change[b, place] = 1, -1
    return change.T @ change / 2


@pytest.mark.parametrize(
    ("arms", "df", "close"), [(3, 14, 1e-6), (3, 3.7, 1e-6), (4, 20, 0.02), (8, 60, 0.05)]
)
@pytest.mark.parametrize("p", [0.3, 0.05, 0.01, 1e-4, 1e-9])
def test_of_independent_arms_it_is_tukeys_studentized_range_however_small_p_is(arms, df, close, p):
    correlation = pairs_of_independent(arms)
    t = stats.t.isf(p / 2, df)
    tukey = stats.studentized_range.sf(t * np.sqrt(2), arms, df)
    assert Family(len(correlation), correlation, df).p(p) == pytest.approx(tukey, rel=close)


def test_of_comparisons_that_vary_together_in_another_way_it_is_what_a_simulation_says():
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((5, 3))
    covariance = mix @ mix.T
    correlation = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    drawn = rng.standard_normal((200_000, 3)) @ (mix / np.linalg.norm(mix, axis=1, keepdims=True)).T
    drawn /= np.sqrt(rng.chisquare(9, 200_000) / 9)[:, None]
    for p in (0.2, 0.05, 0.01):
        share = np.mean(abs(drawn).max(axis=1) >= stats.t.isf(p / 2, 9))
        assert Family(5, correlation, 9).p(p) == pytest.approx(share, rel=0.05)


def test_comparisons_that_always_agree_count_as_one_and_unknown_ones_as_bonferronis():
    assert Family(3, np.ones((3, 3)), 7).p(0.02) == pytest.approx(0.02)
    assert Family(3, None, 7).p(0.02) == pytest.approx(0.06)
    assert Family(3, None, 7).level() == pytest.approx(1 - 0.05 / 3)
    assert Family(1, np.eye(1), 7).level() == pytest.approx(0.95)


def test_many_tails_of_f_are_scipys():
    f = np.array([0, 1e-9, 0.3, 1, 4, 50, 1e5])
    for above, below in ((1, 1.0), (3, 4.4), (7, 300)):
        assert f_tails(f, above, below) == pytest.approx(stats.f.sf(f, above, below), rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(2, 9), st.integers(2, 5))
def test_p_of_all_pairs_is_at_most_5_percent_just_where_their_interval_leaves_zero_out(
    seed, people, items, arms
):
    rng = np.random.default_rng(seed)
    person, item = np.divmod(np.arange(people * items), items)
    values = np.where(rng.random(people * items) < 0.6, 0, rng.integers(-1, arms, people * items))
    for found in compare_arms(item, person, values, arms=arms, draws=10):
        low, high = found.interval_all_pairs
        assert found.p <= found.p_all_pairs <= min(1, arms * (arms - 1) / 2 * found.p) * (1 + 1e-9)
        if abs(found.p_all_pairs - 0.05) > 1e-9:
            assert (found.p_all_pairs <= 0.05) == (not low <= 0 <= high)


def test_intervals_of_figures_that_hold_together_are_wider_and_less_so_where_figures_go_together():
    rng = np.random.default_rng(1)
    common = rng.standard_normal(4000)

    def widths(own):
        drawn = [0.1 * (common * (1 - own) + own * rng.standard_normal(4000)) for _ in range(4)]
        found = all_at_once([Correlation(0.0, None, 9, "", one) for one in drawn], units=40)
        alone = all_at_once([Correlation(0.0, None, 9, "", drawn[0])], units=40)[0].interval_all
        return [(one.interval_all[1] - one.interval_all[0]) / (alone[1] - alone[0]) for one in found]

    apart, together = widths(1.0), widths(0.0)
    reach = Family(4, np.eye(4), 39).level()
    by_hand = stats.t.isf((1 - reach) / 2, 39) / stats.t.isf(0.025, 39)
    assert np.mean(apart) == pytest.approx(by_hand, rel=0.05)
    assert together == pytest.approx([1] * 4, rel=0.01)


def test_figures_without_draws_have_no_interval_and_do_not_count():
    drawn = 0.1 * np.random.default_rng(0).standard_normal(1000)
    with_draws = Correlation(0.1, (0, 0.2), 9, "", drawn)
    bare, none, found = all_at_once([Correlation(0.2, None, 9), None, with_draws], units=20)
    assert (bare.interval_all, none) == (None, None)
    assert found.interval_all == all_at_once([with_draws], units=20)[0].interval_all
