"""Differences of arms where each person meets one arm alone: people of each arm are drawn by themselves."""

import numpy as np
import pytest
from scipy import stats

from studies.analysis.detection import Kind, Verdicts, contrasts
from studies.analysis.inference.effects import WeightedMoves, sides_of
from studies.analysis.inference.sensitivity import rank_sum_test
from studies.analysis.questionnaires import Measure, difference, rank_tests
from studies.analysis.table import Answers

WIDE = Measure("q", "q", -1e6, 1e6)


def full(people, items, arms=2):
    """(items, people, arms) of every answer where the people of each arm answer about every item."""
    item = np.tile(np.arange(items), people)
    person = np.repeat(np.arange(people), items)
    return item, person, person * arms // people


def table(item, person):
    return Answers.of(item, person, np.zeros(len(item), int))


def moves_of(values, arm):
    """Weights and moves of a difference of plain means."""
    weight, moves = np.zeros(len(values)), np.zeros(len(values))
    for one, sign in ((0, 1), (1, -1)):
        here = arm == one
        weight[here] = 1 / here.sum() / 2
        moves[here] = 2 * sign * (values[here] - values[here].mean())
    return weight, moves


def test_over_people_alone_it_is_welchs_test_of_their_means():
    """Two values as often as each other in each arm: the spread of D² takes no degrees of freedom away."""
    item, person, arm = full(people=20, items=3)
    own = np.where(np.arange(20) % 2, 1.0, -1.0) * np.where(np.arange(20) < 10, 1.0, 3.0)
    values = own[person] + 0.7 * (arm == 0) + np.array([-2.0, 0.0, 2.0])[item]
    answers = table(item, person)
    weight, moves = moves_of(values, arm)
    estimate = np.array([values[arm == 0].mean() - values[arm == 1].mean()])
    moved = WeightedMoves(answers.units, weight, moves[:, None], estimate, arm)
    (found,) = moved.effects(np.eye(1), "people")
    means = np.array([values[person == one].mean() for one in range(20)])
    welch = stats.ttest_ind(means[:10], means[10:], equal_var=False)
    assert found.estimate / np.sqrt(found.variance) == pytest.approx(welch.statistic, rel=1e-12)
    assert found.df == pytest.approx(welch.df, rel=1e-12)
    (of_items,) = moved.effects(np.eye(1), "items")
    assert of_items.units == 3
    assert found.units == 10  # people of one arm


def test_over_people_alone_with_unequal_arms_the_variance_is_welchs():
    random = np.random.default_rng(3)
    person = np.repeat(np.arange(11), 4)
    item, arm = np.tile(np.arange(4), 11), (person >= 3).astype(int)
    values = random.normal(0, 1, 11)[person] + random.normal(0, 1, 44)
    weight, moves = moves_of(values, arm)
    (found,) = WeightedMoves(table(item, person).units, weight, moves[:, None], np.zeros(1), arm).effects(
        np.eye(1), "people"
    )
    means = np.array([values[person == one].mean() for one in range(11)])
    assert found.variance == pytest.approx(means[:3].var(ddof=1) / 3 + means[3:].var(ddof=1) / 8)


def test_what_a_photo_adds_to_both_arms_falls_out():
    item, person, arm = full(people=16, items=10)
    random = np.random.default_rng(4)
    values = random.normal(0, 1, 16)[person] + random.normal(0, 0.5, len(item))
    hard = values + 50 * random.normal(0, 1, 10)[item]
    answers = table(item, person)
    plain, other = (
        WeightedMoves(answers.units, w, m[:, None], np.zeros(1), arm).items.covariance[0, 0]
        for w, m in (moves_of(values, arm), moves_of(hard, arm))
    )
    assert other == pytest.approx(plain)
    apart = np.array(
        [values[(item == i) & (arm == 0)].mean() - values[(item == i) & (arm == 1)].mean() for i in range(10)]
    )
    assert plain == pytest.approx(apart.var(ddof=1) / 10)  # the paired t over photos


LMER = {  # R's lmerTest 3.1: lmer(y ~ arm + (1 | person) + (1 | item) + (1 | item:arm)); standard error, p
    0: (0.3907, 0.0457),
    1: (0.2822, 0.0175),
    2: (0.3654, 0.1078),
    7: (0.3711, 0.0057),
}


@pytest.mark.parametrize("seed", LMER)
def test_it_is_close_to_a_crossed_mixed_model(seed):
    random = np.random.default_rng(seed)
    item, person, arm = full(people=24, items=16)
    of_people, of_items = random.normal(0, 1, 24), random.normal(0, 1, 16)
    of_both, single = random.normal(0, 0.4, (16, 2)), random.normal(0, 1, len(item))
    values = 10 + 0.5 * (arm == 0) + of_people[person] + of_items[item] + of_both[item, arm] + single
    found = difference(table(item, person), values, arm, (0, 1), WIDE)
    error, p = LMER[seed]
    reach = (found.interval[1] - found.interval[0]) / 2
    assert reach / stats.t.ppf(0.975, found.df) == pytest.approx(error, rel=0.07)
    assert found.p == pytest.approx(p, abs=0.004)
    assert found.df < 15.001  # photos are drawn, too


def test_it_is_told_from_the_answers_whether_people_met_one_arm_each():
    item, person, arm = full(people=8, items=6)
    assert sides_of(table(item, person).units, arm).tolist() == [0] * 4 + [1] * 4
    arm[0] = 1
    assert sides_of(table(item, person).units, arm) is None
    assert sides_of(table(item, person).units, np.zeros(len(item), int)) is None
    values = np.random.default_rng(1).normal(0, 1, 8)[person] + item
    within = difference(table(item, person), values, arm, (0, 1), WIDE)
    assert within.interval is not None


def test_one_person_in_an_arm_tells_nothing_of_how_people_differ():
    item = np.tile(np.arange(4), 4)
    person = np.repeat(np.arange(4), 4)
    arm = (person > 0).astype(int)
    values = person + item.astype(float)
    found = difference(table(item, person), values, arm, (0, 1), WIDE)
    assert found.interval is None
    assert "only one person" in found.note
    truths = item % 2
    verdicts = Verdicts(
        items=item, participants=person, values=arm, truths=truths, arm=arm, said=truths, steps=2
    )
    (found,) = contrasts(verdicts, Kind.D_PRIME, [(0, 1)], [])
    assert "only one person" in found.found.note


@pytest.mark.parametrize(
    ("people", "items", "effect", "spread", "steps"),
    [(16, 12, 0.0, (1.0, 1.0, 0.3), 0), (40, 20, 0.4, (0.6, 0.5, 0.2), 1), (12, 24, 0.0, (2.0, 0.3, 0.8), 0)],
)
def test_intervals_hold_the_truth_in_about_95_of_100_studies(people, items, effect, spread, steps):
    random, (item, person, arm) = np.random.default_rng(11), full(people, items)
    hits, answers, studies = 0, table(item, person), 500
    of_person, of_item, of_both = spread
    for _ in range(studies):
        values = random.normal(0, of_person, people)[person] + random.normal(0, of_item, items)[item]
        values += random.normal(0, of_both, (items, 2))[item, arm] + random.normal(0, 1, len(item))
        values += effect * (arm == 0)
        if steps:
            values = np.round(values)
        low, high = difference(answers, values, arm, (0, 1), Measure("q", "q", -30, 30)).interval
        hits += low <= effect <= high
    assert 0.93 <= hits / studies <= 0.98


def test_d_prime_is_judged_over_the_people_of_each_arm_too():
    item, person, arm = full(people=12, items=8)
    random, truths = np.random.default_rng(2), item % 2
    seen = 1.2 * truths + random.normal(0, 1.5, 12)[person] + random.normal(0, 1, len(item))
    said = (seen > 0.6).astype(int)
    verdicts = Verdicts(
        items=item, participants=person, values=arm, truths=truths, arm=arm, said=said, steps=2
    )
    for kind in (Kind.ACCURACY, Kind.D_PRIME, Kind.CRITERION):
        (one,) = contrasts(verdicts, kind, [(0, 1)], [])
        (turned,) = contrasts(verdicts, kind, [(1, 0)], [])
        assert one.found.df < 7.001
        assert (turned.found.estimate, turned.found.p) == pytest.approx((-one.found.estimate, one.found.p))
    biased = contrasts(verdicts, Kind.CRITERION, [(0, 1)], [])[0].found
    alone = Verdicts(
        items=item, participants=np.arange(len(item)), values=arm, truths=truths, arm=arm, said=said, steps=2
    )
    plain = contrasts(alone, Kind.CRITERION, [(0, 1)], [])[0].found
    assert np.diff(biased.interval) > 1.5 * np.diff(plain.interval)  # people differ in their criterion


def test_rank_sums_of_peoples_means_stand_beside_it_and_agree_with_scipy():
    item, person, arm = full(people=14, items=5)
    random = np.random.default_rng(6)
    values = random.integers(1, 6, 14)[person] + random.integers(0, 2, len(item)).astype(float)
    found = rank_tests(table(item, person), values, arm, (0, 1))
    means = np.array([values[person == one].mean() for one in range(14)]).round(12)
    known = stats.mannwhitneyu(means[:7], means[7:], method="asymptotic", use_continuity=False)
    assert set(found) == {"people: rank sum", "items: Wilcoxon", "items: signs"}
    one = found["people: rank sum"]
    assert (one.statistic, one.p) == pytest.approx((known.statistic, known.pvalue), rel=1e-12)
    assert one.n == 14
    assert rank_sum_test([1.0, 1.0], [1.0]).p is None
    assert rank_sum_test([], [1.0]).p is None
