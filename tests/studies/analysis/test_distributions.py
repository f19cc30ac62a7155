"""Our own distributions equal scipy's, on random numbers and far into the tails."""

import numpy as np
import pytest
from scipy import special, stats

from studies.analysis.distributions import (
    chi_square_tail,
    crossing,
    even_chance,
    incomplete_beta,
    normal_cdf,
    normal_quantile,
    rank_sum_cdf,
    student_quantile,
)

RNG = np.random.default_rng(7)
CHANCES = [*RNG.random(50), *10.0 ** -np.arange(1, 16), *(1 - 10.0 ** -np.arange(1, 15))]


def test_the_normal_distribution():
    x = np.concatenate([3 * RNG.standard_normal(500), [-37, -20, -8.5, 0, 8.5]])
    np.testing.assert_allclose(normal_cdf(x), special.ndtr(x), rtol=1e-12)
    for p in [*CHANCES, 1e-300, 0, 1]:
        assert normal_quantile(p) == pytest.approx(special.ndtri(p), rel=1e-13)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 9, 14, 59, 249, 9_999, 99_999, 999_999])
def test_students_t(df):
    for p in [*CHANCES, 0.5, 1e-30]:
        assert student_quantile(p, df) == pytest.approx(special.stdtrit(df, p), rel=1e-9, abs=1e-14)


def test_students_t_at_certainty_is_infinite():
    assert (student_quantile(0, 3), student_quantile(1, 3)) == (-np.inf, np.inf)


def test_the_incomplete_beta_function():
    for a, b in 10 ** RNG.uniform(-0.3, 4, (300, 2)):
        x = float(RNG.beta(a, b))
        assert incomplete_beta(x, 1 - x, a, b) == pytest.approx(
            special.betainc(a, b, x), rel=1e-9, abs=1e-300
        )
        least = x / 100
        assert incomplete_beta(least, 1 - least, a, b) == pytest.approx(
            special.betainc(a, b, least), rel=1e-9, abs=1e-300
        )
    assert [incomplete_beta(x, 1 - x, 2, 3) for x in (0, 1)] == [0, 1]


@pytest.mark.parametrize("place", range(4))
def test_what_is_no_number_is_an_error_and_no_endless_search(place):
    numbers = [0.3, 0.7, 2.0, 3.0]
    numbers[place] = float("nan")
    with pytest.raises(ValueError, match="no number"):
        incomplete_beta(*numbers)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 9, 16, 25, 100, 401])
def test_chi_square(df):
    for x in [*RNG.chisquare(df, 20), 0, 1e-9, 0.1, 10, 100, 1000]:
        assert chi_square_tail(x, df) == pytest.approx(special.chdtrc(df, x), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("n", [*range(1, 14), 50, 51, 999, 1000, 1_001, 100_000, 1_000_000])
def test_an_even_chance_is_scipys_exact_binomial_test(n):
    spread = int(np.sqrt(n))
    for successes in {0, 1, n // 3, n // 2 - 4 * spread, n // 2 - spread, n // 2, (n + 1) // 2, n}:
        if 0 <= successes <= n:
            expected = stats.binomtest(successes, n).pvalue
            assert even_chance(successes, n) == pytest.approx(expected, rel=1e-9, abs=1e-300)
            assert even_chance(n - successes, n) == even_chance(successes, n)


def test_sums_of_ranks_are_counted_one_by_one():
    """Of the eight subsets of 1, 2.5, 2.5 the sums are 0, 1, 2.5, 2.5, 3.5, 3.5, 5, 6."""
    chances = [rank_sum_cdf(most, np.array([1, 2.5, 2.5])) for most in (0, 1, 2, 2.5, 3.5, 5, 6)]
    assert chances == [1 / 8, 2 / 8, 2 / 8, 4 / 8, 6 / 8, 7 / 8, 1]


def test_a_crossing_is_found_to_the_last_digit():
    assert crossing(lambda x: 2 - x**3, 0, 40) == pytest.approx(2 ** (1 / 3), rel=1e-15)
