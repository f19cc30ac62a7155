"""Simulated people follow the rule that is stated beforehand, to the digit: else what a study recovers proves nothing."""

from math import exp

import numpy as np
import pytest

from studies.analysis.answers import AnswersError
from studies.analysis.preference import choice_shares, rating_means


def by_hand(values, sharpness, margin):
    """exp(k v_a) / (Σ exp(k v_b) + exp(k (mean − margin))), one after the other."""
    worth = [*values, sum(values) / len(values) - margin]
    total = sum(exp(sharpness * v) for v in worth)
    return [exp(sharpness * v) / total for v in worth]


def test_each_arm_is_preferred_by_what_its_map_has_in_the_box():
    values = np.random.default_rng(0).random((5, 3))
    for row, shares in zip(values.tolist(), choice_shares(values, 4.0, 0.3), strict=True):
        assert shares == pytest.approx(by_hand(row, 4.0, 0.3), rel=1e-12)
    assert choice_shares([[0.6, 0.2]])[0] == pytest.approx(by_hand([0.6, 0.2], 10.0, 0.1), rel=1e-12)


def test_the_share_of_same_falls_with_its_margin_and_nobody_who_sees_sharply_says_it():
    plain, wide = (choice_shares([[0.5, 0.5]], 10.0, margin)[0] for margin in (0.0, 0.5))
    assert plain == pytest.approx([1 / 3] * 3, rel=1e-12)
    assert wide[2] < 0.01
    assert choice_shares([[1.0, 0.0]], 100_000.0)[0].tolist() == [1, 0, 0]  # no overflow


def test_a_rating_is_six_times_the_difference_and_never_beyond_its_scale():
    means = rating_means([[0.4, 0.3], [0.3, 0.4], [0.2, 0.2], [1.0, 0.0], [0.0, 1.0]])
    assert means == pytest.approx([0.6, -0.6, 0, 2, -2], rel=1e-12)
    assert rating_means([[0.4, 0.3]], slope=1.0) == pytest.approx([0.1], rel=1e-12)


@pytest.mark.parametrize("values", [[0.1, 0.2], [[0.1, float("nan")]], [[0.1, float("inf")]]])
def test_values_that_are_no_table_of_numbers_are_refused(values):
    with pytest.raises(AnswersError, match="give finite numbers, one row for each item"):
        choice_shares(values)
    with pytest.raises(AnswersError, match="give finite numbers"):
        rating_means(values)


def test_a_rating_of_three_arms_is_refused():
    with pytest.raises(AnswersError, match="3 arms; a rating compares two"):
        rating_means([[0.1, 0.2, 0.3]])
