"""Every score comes with an interval, or with a sentence that says why not."""

from math import erf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.analysis import resampling
from studies.analysis.answers import AnswersError
from studies.analysis.intervals import choice_intervals, rating_intervals
from studies.analysis.resampling import Crossed
from studies.analysis.scores import choice_scores, rating_scores


def study(seed=0, people=12, items=30, answers=120, arms=3):
    rng = np.random.default_rng(seed)
    item, person = np.arange(answers) % items, rng.integers(people, size=answers)
    taste = rng.normal(size=(people, arms + 1)) + rng.normal(size=(items, arms + 1))[:, None]
    choice = np.argmax(taste[item, person] + rng.gumbel(size=(answers, arms + 1)), axis=1)
    return item, person, np.where(choice == arms, -1, choice)


def further_out(units):
    """Hesterberg's expanded percentiles, from the printed formula."""
    upper = stats.norm.cdf(np.sqrt(units / (units - 1)) * stats.t.ppf(0.975, units - 1))
    return [1 - upper, upper]


def copies(item, person, drawn_items, drawn_people):
    """The rows of a drawn study, each drawn item under a name of its own: (row numbers, new items)."""
    rows = [
        (row, (i, copy))
        for row, (i, p) in enumerate(zip(item, person, strict=True))
        for copy in range(int(drawn_items[i]))
        for _ in range(int(drawn_people[p]))
    ]
    names = {name: number for number, name in enumerate(dict.fromkeys(name for _, name in rows))}
    return [row for row, _ in rows], [names[name] for _, name in rows]


@pytest.mark.parametrize("same_as", ["own", "split", "dropped"])
def test_a_draw_is_the_score_of_a_study_of_the_drawn_people_and_items(same_as):
    item, person, choice = study()
    scored = len(set(item[choice >= 0])) if same_as == "dropped" else 30
    crossed = Crossed(item, person, 30, 12)
    totals = []
    for block in crossed.blocks([crossed.table()], "two-way", 100, seed=5):
        for d in range(block.items.shape[1]):
            rows, items = copies(item, person, block.items[:, d], block.people[:, d])
            scores = choice_scores(items, choice[rows], same_as=same_as)
            totals.append(scores.arms / scores.items * scored)
    expected = np.quantile(totals, further_out(12), axis=0).T
    found = choice_intervals(item, person, choice, draws=100, seed=5, same_as=same_as)
    assert found.arms == pytest.approx(expected, abs=1e-9)
    assert found.share == pytest.approx(expected / scored, abs=1e-12)


def test_a_draw_of_ratings_is_the_mean_of_a_study_of_the_drawn_people_and_items():
    item, person, choice = study(seed=1)
    rating = choice - 1
    crossed = Crossed(item, person, 30, 12)
    means = []
    for block in crossed.blocks([crossed.table()], "two-way", 100, seed=2):
        for d in range(block.items.shape[1]):
            rows, items = copies(item, person, block.items[:, d], block.people[:, d])
            scores = rating_scores(items, rating[rows])
            weights = block.people[:, d]
            of_people = [
                (np.average(rating[person == p], weights=block.items[item[person == p], d]), weights[p])
                for p in range(12)
                if weights[p] and block.items[item[person == p], d].sum()
            ]
            means.append([scores.mean, scores.mean_of_items, np.average(*np.transpose(of_people)[[0]], weights=np.transpose(of_people)[1])])  # fmt: skip
    found = rating_intervals(item, person, rating, draws=100, seed=2)
    ends = np.quantile(means, further_out(12), axis=0).T
    assert found.mean == pytest.approx(ends[0], abs=1e-12)
    assert found.mean_of_items == pytest.approx(ends[1], abs=1e-12)
    assert found.mean_of_people == pytest.approx(ends[2], abs=1e-12)


def test_the_naive_interval_is_the_textbook_binomial_one():
    item, person, choice = study(items=30, answers=120)
    found = choice_intervals(item, person, choice, method="naive")
    p = np.mean(choice == 0)
    half = 1.959963984540054 * np.sqrt(p * (1 - p) / 120)
    assert found.share[0] == pytest.approx([p - half, p + half], abs=1e-12)
    assert "too narrow" in found.note
    rating = rating_intervals(item, person, choice - 1, method="naive")
    half = 1.959963984540054 * (choice - 1).std() / np.sqrt(120)
    assert rating.mean == pytest.approx([(choice - 1).mean() - half, (choice - 1).mean() + half], abs=1e-12)


def test_two_way_intervals_are_wider_than_those_that_leave_something_out():
    item, person, choice = study(people=20, items=100, answers=600)
    width = {
        method: float(np.diff(choice_intervals(item, person, choice, method=method).differences[0, 1])[0])
        for method in ("two-way", "people", "items", "naive")
    }
    assert width["two-way"] > 1.1 * max(width["people"], width["items"], width["naive"])


def test_drawing_items_alone_agrees_with_the_standard_error_of_a_sum_over_items():
    item, person, choice = study(items=200, answers=800)
    shares = np.bincount(item, choice == 0) / 4
    error = shares.std() * np.sqrt(200)
    low, high = choice_intervals(item, person, choice, method="items", draws=20000).arms[0]
    assert (high - low) / 2 == pytest.approx(1.98 * error, rel=0.03)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.permutations(range(3)))
def test_row_order_changes_nothing_and_new_arm_numbers_move_the_intervals(seed, new):
    item, person, choice = study(seed % 7)
    order = np.random.default_rng(seed).permutation(len(item))
    found = choice_intervals(item, person, choice, draws=100)
    moved = choice_intervals(item[order], person[order], np.array([*new, -1])[choice[order]], draws=100)
    assert moved.arms[list(new)] == pytest.approx(found.arms, abs=1e-10)
    assert moved.same == pytest.approx(found.same, abs=1e-10)


def test_the_same_seed_gives_the_same_interval_whatever_the_memory(monkeypatch):
    item, person, choice = study()
    found = choice_intervals(item, person, choice, seed=4)
    other = choice_intervals(item, person, choice, seed=5)
    monkeypatch.setattr(resampling, "WEIGHTS_AT_ONCE", 300)
    monkeypatch.setattr(resampling, "CELLS_AT_ONCE", 280)
    again = choice_intervals(item, person, choice, seed=4)
    assert again.arms == pytest.approx(found.arms, abs=1e-10)
    assert not np.allclose(other.arms, found.arms, atol=1e-3)


def test_intervals_hold_the_score_and_stay_in_range():
    item, person, choice = study()
    scores, found = choice_scores(item, choice), choice_intervals(item, person, choice)
    assert (found.arms[:, 0] < scores.arms).all()
    assert (scores.arms < found.arms[:, 1]).all()
    assert found.arms.min() >= 0
    assert found.arms.max() <= 30
    assert found.same[0] < scores.same < found.same[1]
    preferred = found.share_of_preferences
    assert (preferred[:, 0] < scores.share_of_preferences).all()
    assert (scores.share_of_preferences < preferred[:, 1]).all()


@pytest.mark.parametrize(
    ("item", "person", "choice", "said"),
    [
        ([1, 2, 3], [7, 7, 7], [0, 1, 0], "only one participant"),
        ([1, 1, 1], [7, 8, 9], [0, 1, 0], "only one item"),
        ([1, 2, 3], [7, 8, 9], [1, 1, 1], "Every answer is the same"),
    ],
)
def test_where_no_interval_can_be_given_a_sentence_says_why(item, person, choice, said):
    found = choice_intervals(item, person, choice)
    assert (found.arms, found.same, found.share, found.share_of_preferences) == (None,) * 4
    assert said in found.note
    rated = rating_intervals(item, person, choice)
    assert (rated.mean, rated.mean_of_items, rated.mean_of_people) == (None, None, None)
    assert said in rated.note


def test_two_people_who_share_no_item_still_get_an_honest_answer():
    found = choice_intervals([1, 2], [7, 8], [0, 1], arms=2)
    assert found.arms is not None or found.note
    assert found.arms is None or np.isfinite(found.arms).all()
    assert "rough" in found.note


def test_an_arm_that_nobody_chose_is_pointed_out():
    item, person, choice = study()
    found = choice_intervals(item, person, choice, arms=4)
    assert found.arms[3].tolist() == [0, 0]
    assert "does not prove" in found.note


def test_percentiles_are_taken_further_out_where_people_are_few():
    # Student's t at 97.5 % from a printed table, times √(n/(n − 1)), through the normal distribution
    draws = np.linspace(0, 1, 100_001)
    for units, t in ((10, 2.262), (20, 2.093), (40, 2.023)):
        below = (1 - erf(t * sqrt(units / (units - 1) / 2))) / 2
        assert resampling.quantiles(draws, 0.95, units) == pytest.approx([below, 1 - below], abs=5e-5)


@pytest.mark.parametrize("method", ["two-way", "people", "items", "naive"])
def test_one_arm_against_same_has_intervals_and_no_differences(method):
    item, person, choice = study()
    found = choice_intervals(item, person, np.minimum(choice, 0), arms=1, method=method)
    assert found.arms.shape == (1, 2)
    assert found.differences == {}


def test_a_bad_plan_is_named():
    with pytest.raises(AnswersError, match="three-way"):
        choice_intervals([1], [1], [0], method="three-way")
    with pytest.raises(AnswersError, match="5 is too few"):
        rating_intervals([1], [1], [0], draws=5)
    with pytest.raises(AnswersError, match="95 % intervals"):
        choice_intervals([1], [1], [0], level=95)
    with pytest.raises(AnswersError, match="participants: 1 values for 2 answers"):
        choice_intervals([1, 2], [1], [0, 1])
