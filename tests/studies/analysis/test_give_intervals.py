"""Every score comes with an interval, or with a sentence that says why not."""

from collections import Counter
from math import erf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.analysis import resampling
from studies.analysis.answers import AnswersError
from studies.analysis.intervals import choice_intervals, rating_intervals
from studies.analysis.power import CHOICES, Assumptions, Design, World
from studies.analysis.resampling import Estimates
from studies.analysis.scores import choice_scores
from studies.analysis.table import Answers


def study(seed=0, people=12, items=30, answers=120, arms=3):
    rng = np.random.default_rng(seed)
    item, person = np.arange(answers) % items, rng.integers(people, size=answers)
    taste = rng.normal(size=(people, arms + 1)) + rng.normal(size=(items, arms + 1))[:, None]
    choice = np.argmax(taste[item, person] + rng.gumbel(size=(answers, arms + 1)), axis=1)
    return item, person, np.where(choice == arms, -1, choice)


def further_out(units, level=0.95):
    """Hesterberg's expanded percentiles, from the printed formula."""
    upper = stats.norm.cdf(np.sqrt(units / (units - 1)) * stats.t.ppf((1 + level) / 2, units - 1))
    return [1 - upper, upper]


def draws_by_hand(item, person, weight, value, seed, draws=100):
    """t + λ · (Σ (w_p − 1) Σ r + Σ (v_i − 1) Σ r), answer by answer, from the stated generators."""
    people, items = np.random.default_rng(seed).spawn(2)
    mean = sum(w * v for w, v in zip(weight, value, strict=True))
    residual = [w * (v - mean) for w, v in zip(weight, value, strict=True)]
    of_people, of_items, of_answers = (
        sum(sum(r for r, u in zip(residual, unit, strict=True) if u == name) ** 2 for name in set(unit))
        for unit in (person.tolist(), item.tolist(), range(len(residual)))
    )
    largest = max(of_people, of_items, of_people + of_items - of_answers)
    shrunk = sqrt(largest / (of_people + of_items))
    drawn = []
    for _ in range(draws):
        w = Counter(people.integers(12, size=12).tolist())
        v = Counter(items.integers(30, size=30).tolist())
        rows = zip(item.tolist(), person.tolist(), weight, value, strict=True)
        drawn.append(mean + shrunk * sum((w[p] + v[i] - 2) * of * (y - mean) for i, p, of, y in rows))
    return drawn


@pytest.mark.parametrize("same_as", ["own", "split", "dropped"])
def test_a_draw_moves_a_score_by_what_the_drawn_people_and_items_add_to_it(same_as):
    item, person, choice = study()
    assert {12, 30} == {len(set(person)), len(set(item))}
    kept = choice >= 0 if same_as == "dropped" else choice >= -1
    assert {12, 30} == {len(set(person[kept])), len(set(item[kept]))}
    item, person, chosen = item[kept], person[kept], choice[kept]
    weight = [1 / sum(item == i) / 30 for i in item]
    value = [(c == 0) + (1 / 3 if c < 0 and same_as == "split" else 0) for c in chosen]
    intervals = choice_intervals(item, person, chosen, draws=100, seed=5, same_as=same_as)
    ends = np.quantile(draws_by_hand(item, person, weight, value, seed=5), further_out(12))
    assert intervals.share[0] == pytest.approx(ends, abs=1e-12)
    assert intervals.arms[0] == pytest.approx(ends * 30, abs=1e-10)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_a_draw_moves_differences_and_shares_of_preferences_too(level):
    """A share of preferences is a / (1 − same): an answer adds ((it is a) − ratio · (it is no “same”)) / preferred."""
    item, person, choice = study()
    weight = np.array([1 / sum(item == i) / 30 for i in item])
    preferred = weight @ (choice >= 0)
    intervals = choice_intervals(item, person, choice, draws=100, seed=5, level=level)

    def ends_of(value):
        return np.quantile(
            draws_by_hand(item, person, weight.tolist(), value.tolist(), seed=5), further_out(12, level)
        )

    assert intervals.level == level
    assert intervals.same == pytest.approx(30 * ends_of((choice < 0) * 1.0), abs=1e-10)
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        gap = (choice == a) * 1.0 - (choice == b)
        assert intervals.differences[a, b] == pytest.approx(30 * ends_of(gap), abs=1e-10)
    for arm in range(3):
        ratio = weight @ (choice == arm) / preferred
        moved = ((choice == arm) - ratio * (choice >= 0)) / preferred
        assert intervals.share_of_preferences[arm] == pytest.approx(ratio + ends_of(moved), abs=1e-10)


def test_same_has_no_interval_where_it_is_no_category_of_its_own():
    item, person, choice = study()
    assert choice_intervals(item, person, choice, draws=100).same.shape == (2,)
    for same_as in ("split", "dropped"):
        assert choice_intervals(item, person, choice, draws=100, same_as=same_as).same is None


def test_dropping_same_leaves_out_the_items_and_people_who_said_nothing_else():
    item, person, choice = study()
    silent = np.append(choice, [-1] * 4), np.append(item, [90, 90, 91, 91]), np.append(person, [0, 70, 71, 1])
    intervals = choice_intervals(silent[1], silent[2], silent[0], draws=100, same_as="dropped")
    kept = choice >= 0
    alone = choice_intervals(item[kept], person[kept], choice[kept], draws=100)
    assert intervals.arms.tolist() == alone.arms.tolist()
    assert intervals.note == ""
    nobody = choice_intervals([1, 2], [1, 2], [-1, -1], same_as="dropped")
    assert (nobody.arms, nobody.differences) == (None, {})
    assert "Every answer is the same" in nobody.note
    assert (nobody.method, nobody.level) == ("two-way", 0.95)


def test_no_end_lies_beyond_what_a_score_can_be():
    """24 of 25 say the same: what is drawn goes further than everybody."""
    item, person = np.repeat(np.arange(5), 5), np.tile(np.arange(5), 5)
    choice = np.where(np.arange(25) == 7, 1, 0)
    intervals = choice_intervals(item, person, choice, arms=2)
    assert (intervals.share[0, 1], intervals.share[1, 0]) == (1, 0)
    assert (intervals.arms[0, 1], intervals.arms[1, 0]) == (5, 0)
    assert (intervals.share_of_preferences[0, 1], intervals.share_of_preferences[1, 0]) == (1, 0)
    assert intervals.differences[0, 1][1] == 5
    assert 0 < intervals.differences[0, 1][0] < 4
    best = rating_intervals(item, person, np.where(choice == 1, 1, 2))
    worst = rating_intervals(item, person, np.where(choice == 1, -1, -2))
    assert best.mean[1] == best.mean_of_items[1] == best.mean_of_people[1] == 2
    assert worst.mean[0] == worst.mean_of_items[0] == worst.mean_of_people[0] == -2


def test_ratings_obey_level_seed_and_method():
    item, person, choice = study(seed=1)
    rating = (choice - 1).tolist()
    weight = [1 / 120] * 120
    intervals = rating_intervals(item, person, rating, draws=100, seed=2, level=0.8)
    ends = np.quantile(draws_by_hand(item, person, weight, rating, seed=2), further_out(12, 0.8))
    assert (intervals.level, intervals.method) == (0.8, "two-way")
    assert intervals.mean == pytest.approx(ends, abs=1e-12)
    naive = rating_intervals(item, person, rating, method="naive", level=0.8)
    half = stats.norm.ppf(0.9) * np.std(rating) / np.sqrt(120)
    assert naive.mean == pytest.approx([np.mean(rating) - half, np.mean(rating) + half], abs=1e-12)
    for method, word in (("items", "people differ"), ("people", "items differ")):
        alone = rating_intervals(item, person, rating, draws=100, seed=2, method=method)
        assert word in alone.note
        assert not np.allclose(alone.mean, intervals.mean)


def test_a_draw_of_ratings_moves_all_three_means():
    item, person, choice = study(seed=1)
    rating = (choice - 1).tolist()
    intervals = rating_intervals(item, person, rating, draws=100, seed=2)
    weights = {
        "mean": [1 / 120] * 120,
        "mean_of_items": [1 / sum(item == i) / 30 for i in item],
        "mean_of_people": [1 / sum(person == p) / 12 for p in person],
    }
    for name, weight in weights.items():
        ends = np.quantile(draws_by_hand(item, person, weight, rating, seed=2), further_out(12))
        assert getattr(intervals, name) == pytest.approx(ends, abs=1e-12)


def test_means_of_answers_items_and_people_have_each_their_own_interval():
    """Where items and people have different numbers of answers, the three are three different figures."""
    item, person, choice = study(seed=3)
    kept = np.flatnonzero((item > 9) | (np.arange(120) < 60))
    item, person, rating = item[kept], person[kept], choice[kept] - 1
    n, people = len(kept), len(set(person))
    intervals = rating_intervals(item, person, rating, draws=100, method="people", seed=6)
    draws = np.random.default_rng(6).spawn(2)[0].integers(people, size=(100, people))
    weights = {
        "mean": np.full(n, 1 / n),
        "mean_of_items": np.array([1 / sum(item == name) / len(set(item)) for name in item]),
        "mean_of_people": np.array([1 / sum(person == name) / people for name in person]),
    }
    for name, weight in weights.items():
        mean = weight @ rating
        swings = [
            (np.bincount(row, minlength=people)[person] - 1) @ (weight * (rating - mean)) for row in draws
        ]
        ends = np.quantile(mean + np.array(swings), further_out(people))
        assert getattr(intervals, name) == pytest.approx(ends, abs=1e-12)
    assert len({intervals.mean[0], intervals.mean_of_items[0], intervals.mean_of_people[0]}) == 3


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_what_has_no_interval_still_says_by_which_method_and_level(level):
    for give in (choice_intervals, rating_intervals):
        intervals = give([1, 2, 3], [7, 8, 9], [1, 1, 1], method="people", level=level)
        assert (intervals.method, intervals.level) == ("people", level)
    intervals = choice_intervals(*study(), draws=100, method="items", level=level)
    assert (intervals.method, intervals.level) == ("items", level)


def test_drawing_items_alone_scores_the_study_of_the_drawn_items():
    """Nothing is approximate there: a score is a mean over items."""
    item, person, choice = study()
    _, items = np.random.default_rng(5).spawn(2)
    totals = []
    for _ in range(100):
        drawn = items.integers(30, size=30)
        rows = np.concatenate([np.flatnonzero(item == i) for i in drawn])
        names = np.repeat(np.arange(30), [sum(item == i) for i in drawn])
        totals.append(choice_scores(names, choice[rows]).arms)
    intervals = choice_intervals(item, person, choice, draws=100, seed=5, method="items")
    assert intervals.arms == pytest.approx(np.quantile(totals, further_out(30), axis=0).T, abs=1e-10)


@pytest.mark.parametrize(("people", "spread"), [(40, (1.0, 1.0)), (8, (0.0, 0.0)), (300, (0.0, 0.0))])
def test_the_draws_spread_as_the_largest_of_three_variances_says(people, spread):
    """V_people, V_items, and their sum without V_answers, each a sum of squared sums of residuals."""
    world = World(
        Design(items=100, participants=people, answers_per_item=6, model=CHOICES),
        Assumptions(0.1, spread_items=spread[0], spread_people=spread[1]),
    )
    study = world.study(np.random.default_rng(1))
    weight, votes = np.full((600, 1), 1 / 600), np.eye(4)[study.values]
    shares = votes.mean(axis=0)
    added = weight * (votes - shares)
    units = (study.participants, study.items)
    table = Answers(items=study.items, participants=study.participants, values=study.values)
    drawn = Estimates(shares, added, table.units, draws=20_000, seed=3).drawn("two-way")
    of_people, of_items, of_answers = (
        sum(added[unit == number].sum(axis=0) ** 2 for number in range(unit.max() + 1))
        for unit in (*units, np.arange(600))
    )
    expected = np.max([of_people, of_items, of_people + of_items - of_answers], axis=0)
    assert drawn.var(axis=0) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("people", "spread"), [(15, 0.0), (60, 0.0), (15, 0.8)])
def test_about_95_of_100_intervals_hold_the_true_share(people, spread):
    """Also where nobody and nothing differs: 300 studies have a chance of ±1.3 points of their own."""
    design = Design(100, people, 4, CHOICES)
    assumed = Assumptions(0.15, spread_items=spread, spread_people=spread)
    world, held = World(design, assumed), 0
    for number in range(300):
        study = world.study(np.random.default_rng([people, number]))
        low, high = choice_intervals(study.items, study.participants, study.values, draws=300).share[0]
        held += low <= CHOICES.shares(assumed, 3)[0] <= high
    assert 0.91 <= held / 300 <= 0.985


def test_people_who_differ_widen_the_interval_though_each_item_has_few_answers():
    """Shares made again from the drawn people would give 0.75² of the variance: four answers to an item."""
    people, items = np.meshgrid(np.arange(40), np.arange(1000))
    shown = (people + items) % 10 == 0  # four people an item, a hundred items a person, all mixed
    item, person = items[shown], people[shown]
    choice = (np.random.default_rng(0).permutation(40) < 20)[person].astype(
        int
    )  # everybody always says the same
    low, high = choice_intervals(item, person, choice, arms=2, draws=20_000, method="people").share[0]
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 39) * 0.5 / np.sqrt(39), rel=0.03)


def test_the_naive_interval_is_the_textbook_binomial_one():
    item, person, choice = study(items=30, answers=120)
    intervals = choice_intervals(item, person, choice, method="naive")
    p = np.mean(choice == 0)
    half = 1.959963984540054 * np.sqrt(p * (1 - p) / 120)
    assert intervals.share[0] == pytest.approx([p - half, p + half], abs=1e-12)
    assert "too narrow" in intervals.note
    rating = rating_intervals(item, person, choice - 1, method="naive")
    half = 1.959963984540054 * (choice - 1).std() / np.sqrt(120)
    assert rating.mean == pytest.approx([(choice - 1).mean() - half, (choice - 1).mean() + half], abs=1e-12)


def test_two_way_intervals_are_wider_than_those_that_leave_something_out():
    item, person, choice = study(people=20, items=40, answers=600)
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
    intervals = choice_intervals(item, person, choice, draws=100)
    moved = choice_intervals(item[order], person[order], np.array([*new, -1])[choice[order]], draws=100)
    assert moved.arms[list(new)] == pytest.approx(intervals.arms, abs=1e-10)
    assert moved.same == pytest.approx(intervals.same, abs=1e-10)


def test_the_same_seed_gives_the_same_interval_whatever_the_memory(monkeypatch):
    item, person, choice = study()
    intervals = choice_intervals(item, person, choice, seed=4)
    other = choice_intervals(item, person, choice, seed=5)
    monkeypatch.setattr(resampling, "WEIGHTS_AT_ONCE", 300)
    again = choice_intervals(item, person, choice, seed=4)
    assert again.arms == pytest.approx(intervals.arms, abs=1e-10)
    assert not np.allclose(other.arms, intervals.arms, atol=1e-3)


def test_intervals_hold_the_score_and_stay_in_range():
    item, person, choice = study()
    scores, intervals = choice_scores(item, choice), choice_intervals(item, person, choice)
    assert (intervals.arms[:, 0] < scores.arms).all()
    assert (scores.arms < intervals.arms[:, 1]).all()
    assert intervals.arms.min() >= 0
    assert intervals.arms.max() <= 30
    assert intervals.same[0] < scores.same < intervals.same[1]
    preferred = intervals.share_of_preferences
    assert (preferred[:, 0] < scores.share_of_preferences).all()
    assert (scores.share_of_preferences < preferred[:, 1]).all()


@pytest.mark.parametrize(
    ("item", "person", "choice", "sentence"),
    [
        ([1, 2, 3], [7, 7, 7], [0, 1, 0], "only one participant"),
        ([1, 1, 1], [7, 8, 9], [0, 1, 0], "only one item"),
        ([1, 2, 3], [7, 8, 9], [1, 1, 1], "Every answer is the same"),
    ],
)
def test_where_no_interval_can_be_given_a_sentence_says_why(item, person, choice, sentence):
    intervals = choice_intervals(item, person, choice)
    assert (intervals.arms, intervals.same, intervals.share, intervals.share_of_preferences) == (None,) * 4
    assert sentence in intervals.note
    rated = rating_intervals(item, person, choice)
    assert (rated.mean, rated.mean_of_items, rated.mean_of_people) == (None, None, None)
    assert sentence in rated.note


def test_one_person_or_one_item_is_enough_where_it_is_not_what_is_drawn():
    some = [0, 1, 0, 1, 1, 0]
    assert choice_intervals(range(6), [7] * 6, some, arms=2, method="items").arms is not None
    assert choice_intervals([3] * 6, range(6), some, arms=2, method="people").arms is not None
    assert choice_intervals([3] * 6, [7] * 6, some, arms=2, method="naive").arms is not None
    assert choice_intervals(range(6), [7] * 6, some, arms=2, method="people").arms is None
    assert choice_intervals([3] * 6, range(6), some, arms=2, method="items").arms is None


def test_two_people_who_share_no_item_still_get_an_honest_answer():
    intervals = choice_intervals([1, 2], [7, 8], [0, 1], arms=2)
    assert intervals.arms is not None or intervals.note
    assert intervals.arms is None or np.isfinite(intervals.arms).all()
    assert "rough" in intervals.note


def test_an_arm_that_nobody_chose_is_pointed_out():
    item, person, choice = study()
    intervals = choice_intervals(item, person, choice, arms=4)
    assert intervals.arms[3].tolist() == [0, 0]
    assert "does not prove" in intervals.note
    assert choice_intervals(item, person, choice, draws=100).note == ""  # every arm was chosen
    few = choice_intervals([1, 1, 1, 2, 2, 2], [7, 8, 9, 7, 8, 9], [0, 1, 1, 1, 0, 0], arms=3, draws=100)
    assert few.note.startswith("With only 3 participants and 2 items the interval is rough")
    assert "does not prove" in few.note


def test_percentiles_are_taken_further_out_where_people_are_few():
    # Student's t at 97.5 % from a printed table, times √(n/(n − 1)), through the normal distribution
    draws = np.linspace(0, 1, 100_001)
    for units, t in ((10, 2.262), (20, 2.093), (40, 2.023)):
        below = (1 - erf(t * sqrt(units / (units - 1) / 2))) / 2
        assert resampling.quantiles(draws, 0.95, units) == pytest.approx([below, 1 - below], abs=5e-5)


@pytest.mark.parametrize("method", ["two-way", "people", "items", "naive"])
def test_one_arm_against_same_has_intervals_and_no_differences(method):
    item, person, choice = study()
    intervals = choice_intervals(item, person, np.minimum(choice, 0), arms=1, method=method)
    assert intervals.arms.shape == (1, 2)
    assert intervals.differences == {}


def test_a_bad_plan_is_named():
    with pytest.raises(AnswersError, match="three-way"):
        choice_intervals([1], [1], [0], method="three-way")
    with pytest.raises(AnswersError, match="5 is too few"):
        rating_intervals([1], [1], [0], draws=5)
    with pytest.raises(AnswersError, match="95 % intervals"):
        choice_intervals([1], [1], [0], level=95)
    with pytest.raises(AnswersError, match="participants: 1 values for 2 answers"):
        choice_intervals([1, 2], [1], [0, 1])
    for same_as in ("own", "dropped"):
        with pytest.raises(AnswersError, match="no answers yet"):
            choice_intervals([], [], [], same_as=same_as)
