"""Ratings become means, of answers, of items and of people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.analysis.answers import AnswersError
from studies.analysis.scores import group_means, rating_in_words, rating_scores


def test_it_takes_the_mean_of_answers_of_items_and_of_people():
    items, people, ratings = [1, 1, 1, 2], ["ann", "bob", "cy", "ann"], [2, 1, 0, -2]
    scores = rating_scores(items, ratings, people)
    assert scores.mean == 0.25
    assert scores.by_item == {1: 1.0, 2: -2.0}
    assert scores.mean_of_items == -0.5
    assert scores.mean_of_people == pytest.approx((0 + 1 + 0) / 3)
    assert scores.distribution == {-2.0: 1, 0.0: 1, 1.0: 1, 2.0: 1}
    assert scores.answers == 4


def test_without_participants_there_is_no_mean_of_people():
    assert rating_scores([1], [2]).mean_of_people is None


def test_rows_may_stand_for_many_answers():
    scores = rating_scores([1, 1, 2], [2, -1, 0], counts=[3, 1, 4])
    assert scores.mean == 5 / 8
    assert scores.by_item == {1: 5 / 4, 2: 0.0}
    assert scores.distribution == {-1.0: 1, 0.0: 4, 2.0: 3}


def test_means_of_items_and_of_people_count_every_group_once_whatever_its_answers():
    scores = rating_scores([1, 1, 1, 2], [2, 2, 2, -2], ["ann", "bob", "ann", "ann"], counts=[1, 2, 1, 1])
    assert scores.mean == (2 + 4 + 2 - 2) / 5
    assert scores.mean_of_items == 0
    assert scores.mean_of_people == pytest.approx(((2 + 2 - 2) / 3 + 2) / 2, rel=1e-14)
    assert scores.answers == 5


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(-2, 2)), min_size=1, max_size=40
    ).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows)))
)
def test_row_order_does_not_matter_and_swapping_the_arms_flips_the_sign(rows):
    (items, people, ratings), (items2, people2, ratings2) = (np.array(order).T for order in rows)
    scores, other = rating_scores(items, ratings, people), rating_scores(items2, -ratings2, people2)
    assert other.mean == -scores.mean
    assert other.mean_of_items == pytest.approx(-scores.mean_of_items, abs=1e-12)
    assert other.mean_of_people == pytest.approx(-scores.mean_of_people, abs=1e-12)


def test_with_equal_numbers_of_answers_the_mean_of_items_is_the_mean_of_answers():
    ratings = np.random.default_rng(0).integers(-2, 3, size=400)
    scores = rating_scores(np.tile(np.arange(100), 4), ratings)
    assert scores.mean == pytest.approx(scores.mean_of_items, abs=1e-12) == ratings.mean()


@pytest.mark.parametrize(
    ("items", "ratings", "people", "message"),
    [
        ([], [], None, "no answers yet"),
        ([1, 2], [2, 3], None, "row 1 is 3; a rating is a number from −2 to 2"),
        ([1, 2], [2, float("nan")], None, "row 1 is nan"),
        ([1, 2], ["2", "1"], None, "expected numbers"),
        ([1, 2], [2], None, "ratings: 1 values for 2 answers"),
        ([1, 2], [2, 1], [1], "participants: 1 values for 2 answers"),
    ],
)
def test_a_bad_column_is_named(items, ratings, people, message):
    with pytest.raises(AnswersError, match=message):
        rating_scores(items, ratings, people)


def test_the_direction_is_said_in_words():
    assert rating_in_words(-0.5, "A", "B") == "B looks better than A, by 0.50 on a scale of −2 to +2"
    assert rating_in_words(1.48, "A", "B").startswith("A looks better than B, by 1.48")
    assert rating_in_words(0.01, "A", "B").startswith("A looks better than B, by 0.01")
    assert rating_in_words(0.0, "A", "B").startswith("neither A nor B looks better: 0.00")
    assert rating_in_words(-0.001, "A", "B").startswith("neither A nor B looks better")


def test_means_by_group_are_what_tests_start_from():
    names, means = group_means(["b", "a", "b"], [2, 1, -1])
    assert names.tolist() == ["a", "b"]
    assert means.tolist() == [1.0, 0.5]
