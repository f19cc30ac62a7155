"""Choices become totals that add up to the number of items, as the paper prints them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.analysis.answers import AnswersError, missing_items
from studies.analysis.scores import choice_scores, item_shares

PAPER = {0: 463, 1: 314, 2: 161, -1: 62}  # quarters: 115.75, 78.50, 40.25, 15.50


def paper_answers():
    """250 items with four answers each, and 463, 314, 161 and 62 of each kind in some order."""
    choices = np.repeat(list(PAPER), list(PAPER.values()))
    np.random.default_rng(3).shuffle(choices)
    return np.repeat(np.arange(250), 4), choices


@st.composite
def answer_sets(draw):
    arms = draw(st.integers(1, 5))
    rows = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(-1, arms - 1)), min_size=1, max_size=60))
    items, choices = np.array(rows).T
    return items, choices, arms


def test_it_gives_the_papers_totals_to_the_digit():
    scores = choice_scores(*paper_answers())
    assert scores.arms.tolist() == [115.75, 78.50, 40.25]
    assert (scores.same, scores.items, scores.answers) == (15.50, 250, 1000)
    assert f"{100 * scores.share_of_preferences[0]:.2f}" == "49.36"
    assert f"{100 * scores.share[0]:.2f}" == "46.30"


def test_the_share_of_same_is_of_all_items_and_preferences_share_what_is_left():
    scores = choice_scores(*paper_answers())
    assert scores.same_share == 15.50 / 250
    assert scores.share_of_preferences.tolist() == [115.75 / 234.5, 78.50 / 234.5, 40.25 / 234.5]
    assert scores.left_out == 0
    half = choice_scores([1, 1], [0, -1], arms=2)  # less than one item's worth of preferences is enough
    assert half.share_of_preferences.tolist() == [1, 0]


def test_same_when_dropped_is_still_among_the_answers_that_were_given():
    scores = choice_scores([1, 1, 1, 2, 2], [0, 1, -1, -1, -1], arms=2, same_as="dropped")
    assert scores.answers == 5
    assert scores.share.tolist() == [0.5, 0.5]  # of the one item that is left


def test_it_shares_an_items_point_among_its_answers():
    # item 5: A, A, B, same -> ½, ¼, 0, ¼; item 9: C -> 0, 0, 1, 0; item 7: A, C, C -> ⅓, 0, ⅔, 0
    items, choices = [5, 5, 5, 5, 9, 7, 7, 7], [0, 0, 1, -1, 2, 0, 2, 2]
    scores = choice_scores(items, choices)
    assert scores.arms == pytest.approx([1 / 2 + 1 / 3, 1 / 4, 1 + 2 / 3], rel=1e-14)
    assert scores.same == 0.25
    shares = item_shares(items, choices)
    assert shares.items.tolist() == [5, 7, 9]
    assert shares.shares == pytest.approx(np.array([[2, 1, 0, 1], [4 / 3, 0, 8 / 3, 0], [0, 0, 4, 0]]) / 4)
    assert shares.answers.tolist() == [4, 3, 1]


def test_it_splits_same_equally_among_the_arms():
    scores = choice_scores([1, 1, 2, 2], [0, -1, -1, -1], arms=2, same_as="split")
    assert scores.arms.tolist() == [0.5 + 0.75, 0.75]
    assert scores.same == 0.0


def test_it_drops_same_before_it_makes_the_shares():
    scores = choice_scores([1, 1, 1, 2, 2], [0, 1, -1, -1, -1], arms=2, same_as="dropped")
    assert scores.arms.tolist() == [0.5, 0.5]
    assert (scores.items, scores.left_out, scores.same) == (1, 1, 0.0)


def test_rows_may_stand_for_many_answers():
    items, choices = paper_answers()
    groups, counts = np.unique(np.stack([items, choices]), axis=1, return_counts=True)
    grouped = choice_scores(groups[0], groups[1], counts=counts)
    assert grouped.arms.tolist() == [115.75, 78.50, 40.25]
    assert grouped.answers == 1000


@settings(deadline=None)
@given(answer_sets())
def test_shares_add_up_to_one_and_totals_to_the_number_of_items(answers):
    items, choices, arms = answers
    shares = item_shares(items, choices, arms)
    assert shares.shares.sum(axis=1) == pytest.approx(1, abs=1e-12)
    for same_as in ("own", "split"):
        scores = choice_scores(items, choices, arms, same_as=same_as)
        assert scores.items == len(set(items))
        assert scores.arms.sum() + scores.same == pytest.approx(scores.items, abs=1e-9)


@settings(deadline=None)
@given(answer_sets(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_items_do_not_matter(answers, random):
    items, choices, arms = answers
    order = random.sample(range(len(items)), len(items))
    names = np.array([f"photo-{item}" for item in items])
    scores, shuffled = choice_scores(items, choices, arms), choice_scores(names[order], choices[order], arms)
    assert shuffled.arms.tolist() == scores.arms.tolist()
    assert shuffled.same == scores.same


@settings(deadline=None)
@given(answer_sets(), st.randoms(use_true_random=False))
def test_other_numbers_for_the_arms_only_move_the_scores(answers, random):
    items, choices, arms = answers
    new = np.array([*random.sample(range(arms), arms), -1])  # new[-1]: “same” stays “same”
    moved = choice_scores(items, new[choices], arms).arms[new[:arms]]
    assert moved == pytest.approx(choice_scores(items, choices, arms).arms, abs=1e-12)


@pytest.mark.parametrize(
    ("items", "choices", "arms", "message"),
    [
        ([], [], 3, "no answers yet"),
        ([1, 2], [0], 3, "choices: 1 values for 2 answers"),
        ([1, 2], [0, 3], 3, "row 1 is 3; with 3 arms an answer is 0 to 2, or -1"),
        ([1, 2], [-2, 0], 3, "row 0 is -2"),
        ([1, 2], [0.5, 0], 3, "expected whole numbers"),
        ([1, 2], [float("nan"), 0], 3, "expected whole numbers"),
        ([1.0, float("nan")], [0, 0], 3, "items: row 1 has no label"),
        ([[1, 2]], [0], 3, "one column"),
        ([1], [0], 0, "at least one"),
    ],
)
def test_a_bad_column_is_named(items, choices, arms, message):
    with pytest.raises(AnswersError, match=message):
        choice_scores(items, choices, arms)


def test_a_bad_count_or_treatment_is_named():
    with pytest.raises(AnswersError, match="row 1 stands for 0 answers"):
        choice_scores([1, 2], [0, 0], counts=[1, 0])
    with pytest.raises(AnswersError, match="'ignored' is not one of own, split, dropped"):
        choice_scores([1], [0], same_as="ignored")


def test_when_all_say_same_there_is_no_share_of_preferences():
    assert choice_scores([1, 2], [-1, -1]).share_of_preferences is None
    with pytest.raises(AnswersError, match="nothing is left to score"):
        choice_scores([1, 2], [-1, -1], same_as="dropped")


def test_it_tells_which_items_nobody_answered():
    assert missing_items(range(5), [4, 0, 0, 2]).tolist() == [1, 3]


def test_labels_may_be_sparse_ids_or_negative():
    scores = choice_scores([10**12, -5, -5], [0, 1, 1], arms=2)
    assert scores.arms.tolist() == [1.0, 1.0]
