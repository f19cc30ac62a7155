"""Every score comes with an interval and a p that agree, or with a sentence that says why not."""

from collections import Counter
from math import erf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.analysis import resampling
from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import compare_arms, judge_mean_of, judge_pairs
from studies.analysis.inference.bounds import mean_interval, mean_p
from studies.analysis.inference.effects import Effect, WeightedShares
from studies.analysis.intervals import (
    choice_intervals,
    effective_people,
    largest_part,
    rating_intervals,
    shares_of,
)
from studies.analysis.power import CHOICES, Assumptions, Design, World
from studies.analysis.resampling import Estimates
from studies.analysis.scores import choice_scores, rating_scores
from studies.analysis.table import Answers, Choices, Ratings


def study(seed=0, people=12, items=30, answers=120, arms=3):
    rng = np.random.default_rng(seed)
    item, person = np.arange(answers) % items, rng.integers(people, size=answers)
    taste = rng.normal(size=(people, arms + 1)) + rng.normal(size=(items, arms + 1))[:, None]
    choice = np.argmax(taste[item, person] + rng.gumbel(size=(answers, arms + 1)), axis=1)
    return item, person, np.where(choice == arms, -1, choice)


def without(unit, name, weight, value):
    """The weighted mean of all answers but those of one unit."""
    rest = unit != name
    return float(weight[rest] @ value[rest] / weight[rest].sum())


def by_hand(item, person, weight, value):
    """Variance and degrees of freedom, by leaving out one person, item and answer after the other and estimating anew."""
    estimate = float(weight @ value)
    variances, freedoms, effective = {}, {}, {}
    for what, unit in (("people", person), ("items", item), ("answers", np.arange(len(item)))):
        names = np.unique(unit)
        moved = np.array([estimate - without(unit, name, weight, value) for name in names])
        shares = np.array([weight[unit == name].sum() for name in names])
        variances[what] = (len(names) - 1) / len(names) * (moved**2).sum()
        effective[what] = 1 / (shares**2).sum()
        kurtosis = 3 * (moved**2).sum() ** 2 / (moved**4).sum() - 1
        freedoms[what] = max(1, min(effective[what] - 1, kurtosis))
    people, items, answers = variances["people"], variances["items"], variances["answers"]
    variance = max(people, items, people + items - answers, answers)
    df = variance**2 / (people**2 / freedoms["people"] + items**2 / freedoms["items"])
    return variance, max(1, min(df, effective["people"] - 1, effective["items"] - 1))


def weights_of(per, item, person):
    if per == "answers":
        return np.full(len(item), 1 / len(item))
    unit = item if per == "items" else person
    return np.array([1 / np.sum(unit == name) for name in unit]) / len(set(unit.tolist()))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("per", ["items", "people", "answers"])
def test_the_variance_leaves_one_person_item_and_answer_out_after_the_other(per, seed):
    """Also where some answer far more often than others."""
    item, person, choice = study(seed)
    person = np.where(np.arange(120) % 3 == 0, 0, person)
    value, weight = (choice == 0) * 1.0 - (choice == 1), weights_of(per, item, person)
    variance, df = by_hand(item, person, weight, value)
    answers = Choices.of(item, person, choice, arms=3)
    effect = shares_of(answers, per).effects(np.array([[1.0, -1.0, 0.0, 0.0]]).T)[0]
    assert effect.estimate == pytest.approx(weight @ value)
    assert (effect.variance, effect.df) == pytest.approx((variance, df), rel=1e-9)
    (one,) = judge_pairs(answers, [(0, 1)], per=per)
    estimate = float(weight @ value)
    error = np.sqrt(variance) / (1 - estimate**2)
    reach = stats.t.ppf(0.975, df) * error
    assert one.interval == pytest.approx(np.tanh(np.arctanh(estimate) + np.array([-reach, reach])), rel=1e-9)
    assert one.p == pytest.approx(2 * stats.t.sf(abs(np.arctanh(estimate)) / error, df), rel=1e-9)


@pytest.mark.parametrize("per", ["items", "people", "answers"])
def test_a_mean_rating_goes_by_the_same_variance_on_the_scale_of_its_range(per):
    item, person, choice = study(seed=1)
    rating, weight = (choice - 1) * 1.0, weights_of(per, item, person)
    variance, df = by_hand(item, person, weight, rating)
    one = judge_mean_of(Ratings.of(item, person, rating), per)
    at = float(weight @ rating) / 2
    error = np.sqrt(variance) / 2 / (1 - at**2)
    ends = 2 * np.tanh(np.arctanh(at) + stats.t.ppf(0.975, df) * error * np.array([-1, 1]))
    assert one.interval == pytest.approx(ends, rel=1e-9)
    assert one.p == pytest.approx(2 * stats.t.sf(abs(np.arctanh(at)) / error, df), rel=1e-9)
    name = {"items": "mean_of_items", "people": "mean_of_people", "answers": "mean"}[per]
    assert one.interval == pytest.approx(getattr(rating_intervals(item, person, rating), name))
    assert one.estimate == pytest.approx(getattr(rating_scores(item, rating, person), name))


def test_shares_have_the_interval_of_korn_and_graubard():
    """Clopper and Pearson's for n·p(1 − p)/variance answers, times (t of all answers / t of the variance)²."""
    item, person, choice = study()
    weight, value = weights_of("items", item, person), (choice == 0) * 1.0
    variance, df = by_hand(item, person, weight, value)
    share = float(weight @ value)
    n = share * (1 - share) / variance
    n *= (stats.t.ppf(0.975, 1 / (weight**2).sum() - 1) / stats.t.ppf(0.975, df)) ** 2
    ends = (
        stats.beta.ppf(0.025, n * share, n * (1 - share) + 1),
        stats.beta.ppf(0.975, n * share + 1, n * (1 - share)),
    )
    assert choice_intervals(item, person, choice).share[0] == pytest.approx(ends, rel=1e-8)


def test_somebody_who_gave_half_of_the_answers_cannot_hide_behind_the_mean():
    """Of two opinions, the half of one person counts as one person's: the residuals are from the mean of the others."""
    item = np.tile(np.arange(70), 2)
    person = np.concatenate([np.zeros(70, int), 1 + np.arange(70) % 14])
    choice = (person > 0).astype(int)
    answers = Choices.of(item, person, choice, arms=2)
    part = shares_of(answers).people
    assert part.moved[0] == pytest.approx(
        [0.5, -0.5, 0]
    )  # without this one all the rest say the other: 0.5 from where it is
    assert part.effective == pytest.approx(1 / (0.25 + 14 / 28**2))
    (one,) = judge_pairs(answers, [(0, 1)])
    assert one.df < 2.8
    assert one.interval[0] < -0.95 < 0.95 < one.interval[1]
    assert (effective_people(answers), largest_part(answers)) == pytest.approx((part.effective, 0.5))


def test_two_people_who_happen_to_agree_are_still_only_two():
    item, person = np.tile(np.arange(100), 2), np.repeat([0, 1], 100)
    choice = np.where(np.arange(200) % 10 < 8, 0, 1)
    (one,) = judge_pairs(Choices.of(item, person, choice, arms=2), [(0, 1)])
    assert one.df == 1


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(2, 8), st.sampled_from([0.95, 0.8, 0.997]))
def test_p_and_interval_never_contradict_each_other(seed, people, items, level):
    rng = np.random.default_rng(seed)
    item, person = np.divmod(np.arange(people * items), people)
    choice = rng.choice([0, 0, 1, -1], size=len(item))
    for per in ("items", "people", "answers"):
        for one in judge_pairs(Choices.of(item, person, choice, arms=2), [(0, 1)], per=per, level=level):
            assert one.found(level) == (not one.interval[0] <= 0 <= one.interval[1])
            assert -1 <= one.interval[0] <= one.estimate + 1e-12
            assert one.estimate - 1e-12 <= one.interval[1] <= 1


@pytest.mark.parametrize(("people", "items"), [(5, 9), (9, 5), (6, 6)])
def test_of_one_mind_goes_by_how_many_people_or_items_there_are(people, items):
    """The sign test of the smaller number; the interval ends where the Clopper–Pearson interval of as many does."""
    item, person = np.divmod(np.arange(people * items), people)
    (one,) = judge_pairs(Choices.of(item, person, np.zeros(people * items, int), arms=2), [(0, 1)])
    n = min(people, items)
    assert one.p == pytest.approx(2 / 2**n)
    assert one.interval == pytest.approx((2 * stats.beta.ppf(0.025, n, 1) - 1, 1))
    assert one.df is None
    rated = judge_mean_of(Ratings.of(item, person, np.full(people * items, 2)))
    assert (rated.p, rated.interval[1]) == pytest.approx((2 / 2**n, 2))
    ones = judge_mean_of(Ratings.of(item, person, np.ones(people * items)))
    assert ones.p == pytest.approx(min(1, 2 * (2 / 3) ** n))
    intervals = choice_intervals(item, person, np.zeros(people * items, int), arms=2)
    assert intervals.share[0] == pytest.approx([stats.beta.ppf(0.025, n, 1), 1])
    assert intervals.share[1] == pytest.approx([0, 1 - stats.beta.ppf(0.025, n, 1)])
    assert "Every answer is the same" in intervals.note


def test_what_nobody_chose_has_an_upper_end_by_the_design_effect_of_the_others():
    item, person, choice = study(answers=240, arms=2)
    ends = choice_intervals(item, person, choice, arms=3)
    weight = weights_of("items", item, person)
    effects = []
    for arm in (0, 1, -1):
        variance, _ = by_hand(item, person, weight, (choice == arm) * 1.0)
        share = float(weight @ (choice == arm))
        effects.append(max(1, variance / (share * (1 - share) * (weight**2).sum())))
    n = 1 / (weight**2).sum() / max(effects)
    assert ends.share[2] == pytest.approx([0, 1 - 0.025 ** (1 / n)])
    assert choice_scores(item, choice, 3).arms[2] == 0


def test_shares_of_preferences_move_as_a_ratio_does():
    """a / (1 − same): an answer adds ((it is a) − ratio · (it is no “same”)) / preferred."""
    item, person, choice = study()
    answers = Choices.of(item, person, choice, arms=3)
    weight = weights_of("items", item, person)
    preferred = float(weight @ (choice >= 0))
    ratio = float(weight @ (choice == 0)) / preferred
    variance, df = by_hand(item, person, weight, ((choice == 0) - ratio * (choice >= 0)) / preferred)
    kept = 1 / (weight**2).sum() * preferred
    n = ratio * (1 - ratio) / variance * (stats.t.ppf(0.975, kept - 1) / stats.t.ppf(0.975, df)) ** 2
    ends = stats.beta.ppf([0.025, 0.975], [n * ratio, n * ratio + 1], [n * (1 - ratio) + 1, n * (1 - ratio)])
    assert choice_intervals(item, person, choice).share_of_preferences[0] == pytest.approx(ends, rel=1e-8)
    assert shares_of(answers).answers == pytest.approx(1 / (weight**2).sum())


@pytest.mark.parametrize("same_as", ["split", "dropped"])
def test_same_has_no_interval_where_it_is_no_category_of_its_own(same_as):
    item, person, choice = study()
    assert choice_intervals(item, person, choice).same.shape == (2,)
    assert choice_intervals(item, person, choice, same_as=same_as).same is None


def test_dropping_same_leaves_out_the_items_and_people_who_said_nothing_else():
    item, person, choice = study()
    silent = np.append(choice, [-1] * 4), np.append(item, [90, 90, 91, 91]), np.append(person, [0, 70, 71, 1])
    intervals = choice_intervals(silent[1], silent[2], silent[0], same_as="dropped")
    kept = choice >= 0
    alone = choice_intervals(item[kept], person[kept], choice[kept])
    assert intervals.arms.tolist() == alone.arms.tolist()
    assert intervals.note == ""
    nobody = choice_intervals([1, 2], [1, 2], [-1, -1], same_as="dropped")
    assert (nobody.arms, nobody.differences) == (None, {})
    assert "nothing is left to score" in nobody.note
    assert (nobody.method, nobody.level) == ("two-way", 0.95)


def test_same_that_is_split_is_a_little_for_every_arm():
    item, person, choice = study()
    value = (choice == 0) + (choice < 0) / 3
    weight = weights_of("items", item, person)
    variance, df = by_hand(item, person, weight, value)
    ends = choice_intervals(item, person, choice, same_as="split").share[0]
    share = float(weight @ value)
    n = share * (1 - share) / variance
    n *= (stats.t.ppf(0.975, 1 / (weight**2).sum() - 1) / stats.t.ppf(0.975, df)) ** 2
    assert ends == pytest.approx(
        [
            stats.beta.ppf(0.025, n * share, n * (1 - share) + 1),
            stats.beta.ppf(0.975, n * share + 1, n * (1 - share)),
        ],
        rel=1e-8,
    )


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_an_interval_says_by_which_method_and_level(level):
    for method in ("two-way", "items", "people", "naive"):
        intervals = choice_intervals(*study(), method=method, level=level)
        assert (intervals.method, intervals.level) == (method, level)
    for give in (choice_intervals, rating_intervals):
        alone = give([1, 2, 3], [7, 7, 7], [0, 1, 1], method="people", level=level)
        assert (alone.method, alone.level) == ("people", level)


def test_two_way_intervals_are_wider_than_those_that_leave_something_out():
    item, person, choice = study(people=20, items=40, answers=600)
    width = {
        method: float(np.diff(choice_intervals(item, person, choice, method=method).differences[0, 1])[0])
        for method in ("two-way", "people", "items", "naive")
    }
    assert width["two-way"] > 1.1 * max(width["people"], width["items"], width["naive"])
    assert "people differ" in choice_intervals(item, person, choice, method="items").note
    assert "items differ" in choice_intervals(item, person, choice, method="people").note
    assert "independent" in choice_intervals(item, person, choice, method="naive").note


def test_row_order_and_names_change_nothing():
    item, person, choice = study()
    turn = np.random.default_rng(1).permutation(len(item))
    ends = choice_intervals(item, person, choice)
    other = choice_intervals(900 - 7 * item[turn], 40 - person[turn], choice[turn])
    assert other.arms == pytest.approx(ends.arms, rel=1e-9)
    renamed = choice_intervals(item, person, np.where(choice >= 0, 2 - choice, -1))
    assert renamed.arms == pytest.approx(ends.arms[::-1], rel=1e-9)
    assert renamed.differences[0, 2] == pytest.approx(-ends.differences[0, 2][::-1], rel=1e-9)


@pytest.mark.parametrize(
    ("item", "person", "sentence"),
    [([1, 2], [1, 1], "only one participant"), ([1, 1], [1, 2], "only one item")],
)
def test_where_no_interval_can_be_given_a_sentence_says_why(item, person, sentence):
    assert sentence in choice_intervals(item, person, [0, 1]).note
    assert choice_intervals(item, person, [0, 1]).arms is None
    assert sentence in rating_intervals(item, person, [0, 1]).note
    contrast = compare_arms(item, person, [0, 1])[0]
    assert (contrast.p, contrast.interval) == (None, None)
    one = judge_mean_of(Ratings.of(item, person, [0, 1]))
    assert (one.estimate, one.p, one.interval) == (0.5, None, None)
    assert sentence in one.note


def test_a_bad_plan_is_named():
    columns = study()
    for wrong, words in (
        ({"method": "both"}, "'both' is not one of two-way, items, people, naive"),
        ({"level": 1.0}, "level: 1.0 is not between 0 and 1"),
        ({"per": "photo"}, "'photo' is not one of items, people, answers"),
    ):
        with pytest.raises(AnswersError, match=words):
            choice_intervals(*columns, **wrong)


def test_balanced_answers_that_cancel_out_still_vary():
    """Every person and every item has a mean of zero: single answers alone show how uncertain that is."""
    item, person = np.divmod(np.arange(16), 4)
    votes = np.where((item + person) % 2, 0, 1)
    shares = WeightedShares(Choices.of(item, person, votes, arms=2).units, votes, 2, np.full(16, 1 / 16))
    (effect,) = shares.effects(np.array([[1.0], [-1.0]]))
    assert effect.variance == pytest.approx(15 / 16 * 16 * (1 / 16 / (1 - 1 / 16)) ** 2)


@pytest.mark.parametrize("limit", [1.0, 2.0])
def test_no_end_lies_beyond_what_can_be(limit):
    effect = Effect(0.99 * limit, 0.04, 3, 4, 20)
    low, high = mean_interval(effect, limit)
    assert -limit <= low < 0.99 * limit < high <= limit
    assert 0 < mean_p(effect, limit) < 1


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


@pytest.mark.parametrize(("people", "spread"), [(15, 0.0), (60, 0.0), (15, 0.8), (5, 0.8)])
def test_about_95_of_100_intervals_hold_the_true_share(people, spread):
    """Also where nobody and nothing differs: 300 studies have a chance of ±1.3 points of their own."""
    world = World(
        Design(100, people, 4, CHOICES), Assumptions(0.15, spread_items=spread, spread_people=spread)
    )
    held = 0
    for number in range(300):
        one = world.study(np.random.default_rng([people, number]))
        low, high = choice_intervals(one.items, one.participants, one.values).share[0]
        held += low <= CHOICES.shares(world.assumptions, 3)[0] <= high
    assert held / 300 >= 0.91


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


def test_a_draw_moves_a_share_by_what_the_drawn_people_and_items_add_to_it():
    """As figures of a ranking are drawn."""
    item, person, choice = study()
    assert {12, 30} == {len(set(person)), len(set(item))}
    weight, value = [1 / 120] * 120, (choice == 0).astype(float)
    table = Answers(items=item, participants=person, values=choice)
    share = value.mean()
    drawn = Estimates(np.array([share]), ((value - share) / 120)[:, None], table.units, draws=100, seed=5)
    ends = np.quantile(draws_by_hand(item, person, weight, value.tolist(), seed=5), further_out(12))
    assert drawn.ends()[0] == pytest.approx(ends, abs=1e-12)


def test_percentiles_are_taken_further_out_where_people_are_few():
    # Student's t at 97.5 % from a printed table, times √(n/(n − 1)), through the normal distribution
    draws = np.linspace(0, 1, 100_001)
    for units, t in ((10, 2.262), (20, 2.093), (40, 2.023)):
        below = (1 - erf(t * sqrt(units / (units - 1) / 2))) / 2
        assert resampling.quantiles(draws, 0.95, units) == pytest.approx([below, 1 - below], abs=5e-5)
