"""Means of points and their differences, against hand calculations and against the mean rating, which is the same of two arms."""

import numpy as np
import pytest

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import judge_mean_of
from studies.analysis.inference.simultaneous import holm
from studies.analysis.points.judge import (
    any_point_difference,
    compare_points,
    equivalent_point_pairs,
    judge_arms,
    judge_point_pairs,
    judge_shares,
    sizes_of_pair,
)
from studies.analysis.points.table import Points, counted_means, means_by_item
from studies.analysis.table import Ratings
from studies.trial_types.best_worst import codes as pairs
from studies.trial_types.rank import codes as ranks


def ranked(rows, arms):
    """A table of (item, person, groups)."""
    items, people, groups = zip(*rows, strict=True)
    return Points.of(items, people, [ranks.code(each) for each in groups], scale=ranks.scale_of(arms))


ROWS = [
    (0, 0, [[0], [1], [2]]),
    (0, 1, [[0, 1], [2]]),
    (0, 2, [[2], [0], [1]]),
    (1, 0, [[1], [0, 2]]),
    (2, 1, [[0, 1, 2]]),
]


def test_the_points_of_a_ranking_are_the_number_of_arms_less_the_rank():
    answers = ranked(ROWS, 3)
    given = answers.points[answers.kind]
    by_hand = [[2, 1, 0], [1.5, 1.5, 0], [1, 0, 2], [0.5, 2, 0.5], [1, 1, 1]]
    assert given.tolist() == by_hand
    assert answers.firsts[answers.kind].tolist() == [
        [1, 0, 0],
        [0.5, 0.5, 0],
        [0, 0, 1],
        [0, 1, 0],
        [1 / 3] * 3,
    ]


def test_every_photo_counts_once():
    answers = ranked(ROWS, 3)
    first = [(2 + 1.5 + 1) / 3, (1 + 1.5 + 0) / 3, (0 + 0 + 2) / 3]
    by_item = [first, [0.5, 2, 0.5], [1, 1, 1]]
    assert means_by_item(answers).tolist() == [pytest.approx(row) for row in by_item]
    means = np.mean(by_item, axis=0)
    assert [one.estimate for one in judge_arms(answers)] == pytest.approx(means)
    every = np.mean([[2, 1, 0], [1.5, 1.5, 0], [1, 0, 2], [0.5, 2, 0.5], [1, 1, 1]], axis=0)
    assert [one.estimate for one in judge_arms(answers, "answers")] == pytest.approx(every)
    assert [one.estimate for one in judge_point_pairs(answers, [(0, 1)])] == pytest.approx(
        [means[0] - means[1]]
    )
    items, values, counts = (
        np.array([5, 5, 9]),
        np.array([ranks.code([[0], [1]]), ranks.code([[0, 1]]), 8]),
        np.array([3, 1, 7]),
    )
    assert ranks.code([[1], [0]]) == 8
    assert counted_means(items, values, counts, ranks.scale_of(2)).tolist() == pytest.approx(
        [((3 * 1 + 0.5) / 4 + 0) / 2, (0.5 / 4 + 1) / 2]
    )


def test_the_share_of_first_places_is_shared_by_those_who_tie():
    shares = judge_shares(ranked(ROWS, 3), ranked(ROWS, 3).firsts)
    by_item = np.array([[1.5 / 3, 0.5 / 3, 1 / 3], [0, 1, 0], [1 / 3] * 3])
    assert [one.estimate for one in shares] == pytest.approx(by_item.mean(axis=0))
    assert sum(one.estimate for one in shares) == pytest.approx(1)
    for one in shares:
        assert 0 <= one.interval[0] <= one.estimate <= one.interval[1] <= 1


def many(seed, arms=3, items=20, people=8, lean=0.6):
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(items):
        for person in rng.permutation(people)[:4].tolist():
            order = np.argsort(np.arange(arms) * lean - rng.gumbel(size=arms)).tolist()
            rows.append((item, person, [[arm] for arm in order]))
    return rows


def test_of_two_arms_the_difference_is_judged_as_a_mean_rating_is():
    """A ranking of two gives +1, 0 or −1: with half the scale, the same estimate, interval and p."""
    rows = [*many(1, arms=2), (30, 1, [[0, 1]]), (31, 2, [[0, 1]])]
    answers = ranked(rows, 2)
    says = [2 * (groups[0] == [0]) - 2 * (groups[0] == [1]) for _, _, groups in rows]
    rating = judge_mean_of(Ratings.of(answers.items, answers.participants, says))
    (found,) = judge_point_pairs(answers, [(0, 1)])
    assert found.estimate == pytest.approx(rating.estimate / 2)
    assert found.interval == pytest.approx([end / 2 for end in rating.interval])
    assert (found.p, found.df) == pytest.approx((rating.p, rating.df))


def test_the_declared_contrasts_are_corrected_by_holm_and_the_others_are_exploratory():
    answers = ranked(many(2), 3)
    found = compare_points(answers, [(0, 2), (1, 2), (0, 1)], 2, smallest=0.5)
    assert [one.exploratory for one in found] == [False, False, True]
    assert [one.p_holm for one in found] == [*holm([found[0].p, found[1].p]), None]
    assert found[2].p_equivalence is None
    for one in found:
        assert (one.p <= 0.05) == (not one.interval[0] <= 0 <= one.interval[1])
        assert one.interval_all_pairs[0] <= one.interval[0]
        assert one.p_all_pairs >= one.p
        assert -2 <= one.interval[0] <= one.interval[1] <= 2


def test_where_nothing_that_matters_differs_it_is_found():
    rng = np.random.default_rng(4)
    rows = [
        (item, person, [[arm] for arm in rng.permutation(3).tolist()])
        for item in range(40)
        for person in range(30)
    ]
    answers = ranked(rows, 3)
    assert equivalent_point_pairs(answers, [(0, 1)], 0.3) == [(0, 1)]
    assert equivalent_point_pairs(answers, [(0, 1)], 0.001) == []


def test_all_arms_at_once():
    assert any_point_difference(ranked(many(5, lean=1.0), 3)).p < 0.001
    alike = [
        (item, person, [[arm] for arm in np.roll(range(3), item + person).tolist()])
        for item in range(9)
        for person in range(6)
    ]
    assert any_point_difference(ranked(alike, 3)).p > 0.9
    same = [(item, person, [[0], [1], [2]]) for item in range(5) for person in range(4)]
    assert any_point_difference(ranked(same, 3)).p == pytest.approx(3.0**-3)
    tied = [(item, person, [[0, 1, 2]]) for item in range(5) for person in range(4)]
    assert any_point_difference(ranked(tied, 3)).p is None


def test_the_chance_to_stand_before_counts_half_of_the_ties():
    rows = [
        (item, person, groups)
        for item in range(2)
        for person, groups in enumerate([[[0], [1]], [[0], [1]], [[1], [0]], [[0, 1]]])
    ]
    sizes = sizes_of_pair(ranked(rows, 2), (0, 1))
    assert sizes["superiority"].estimate == pytest.approx((2 + 0.5) / 4)
    assert sizes["dz"].estimate == pytest.approx(0.25 / np.std([1, 1, -1, 0]))


def test_the_best_has_one_point_and_the_worst_minus_one():
    values = [pairs.code(2, 0), pairs.code(2, 1), pairs.code(0, 1), pairs.code(2, 0)]
    answers = Points.of([0, 0, 1, 1], [0, 1, 0, 1], values, scale=pairs.scale_of(4))
    assert [one.estimate for one in judge_arms(answers)] == pytest.approx([-0.25, -0.5, 0.75, 0])
    assert [one.estimate for one in judge_shares(answers, answers.firsts)] == pytest.approx(
        [0.25, 0, 0.75, 0]
    )


def test_what_is_no_answer_is_named():
    with pytest.raises(AnswersError, match="values: row 1 is 9, which is no answer about 3 arms"):
        Points.of([0, 1], [0, 1], [pairs.code(0, 1), 9], scale=pairs.scale_of(3))


def test_nobody_else_to_compare_with_gives_no_interval_and_says_why():
    answers = ranked([(0, 0, [[0], [1], [2]]), (1, 0, [[1], [0], [2]])], 3)
    (found,) = judge_point_pairs(answers, [(0, 2)])
    assert (found.estimate, found.interval, found.p) == (1.5, None, None)
    assert "participant" in found.note
