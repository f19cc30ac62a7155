"""Strengths of arms from pairs: against a direct likelihood, statsmodels, one's own arithmetic; their variance; separation; ranks."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import optimize

from studies.analysis.answers import AnswersError
from studies.analysis.paired import davidson
from studies.analysis.paired.answers import Pairs, said, stored, values_of
from studies.analysis.paired.exchange import exchange_in_trials
from studies.analysis.paired.ranks import alike, components, ranks
from studies.analysis.paired.strengths import (
    any_difference_of,
    any_pair_of,
    arms_of,
    family_of,
    judge_pairs,
    side_of,
    strengths_of,
    tie_of,
)
from studies.analysis.ranking import rank_arms
from tests.studies.analysis.paired.simulated import simulated, table

# What is stored


def test_a_stored_value_says_which_two_arms_and_what_was_said_without_the_order():
    seen = set()
    for left in range(40):
        for right in range(40):
            if left == right:
                continue
            for shown in (0, 1, -1):
                value = int(stored(left, right, shown))
                a, b, outcome = said(value)
                assert (a, b) == (min(left, right), max(left, right))
                better = {0: left, 1: right, -1: None}[shown]
                assert {0: a, 1: b, 2: None}[int(outcome)] == better
                seen.add(value)
    assert seen == set(range(values_of(40)))
    assert max(seen) < 2**15  # a small whole number of the database


def test_more_arms_change_no_number():
    assert [int(stored(0, 1, 0)), int(stored(1, 2, 0))] == [0, 6]
    with pytest.raises(AnswersError, match="0 to 8"):
        Pairs.of([1], [1], [9], arms=3)


def test_the_side_is_known_by_the_order_or_by_what_was_picked():
    answers = table([1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 0, 2], [1, 0, 2, 1], [0, 0, -1, 1], 3)
    assert answers.side.tolist() == [1, -1, 1, -1]
    without = table([1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 0, 2], [1, 0, 2, 1], [0, 0, -1, 1], 3, False)
    assert without.side.tolist() == [1, -1, 0, -1]  # nobody knows where they stood who are the same


# The fit


def likelihood(answers, parameters):
    """Minus the log likelihood, written once more: strengths from the second arm on, side, tie."""
    k = answers.arms
    beta, side, tie = np.append(0.0, parameters[: k - 1]), parameters[k - 1], parameters[k]
    a, b, outcome = answers.compared
    turned = answers.side
    left = np.where(turned == 1, a, b)
    right = np.where(turned == 1, b, a)
    utility = np.column_stack(
        [beta[left] + side / 2, beta[right] - side / 2, tie + (beta[left] + beta[right]) / 2]
    )
    picked = np.where(outcome == 2, 2, np.where((outcome == 0) == (turned == 1), 0, 1))
    return -(utility[np.arange(len(a)), picked] - np.logaddexp.reduce(utility, axis=1)).sum()


@pytest.mark.parametrize("arms", [2, 3, 5, 14])
def test_it_is_the_greatest_likelihood_as_scipy_finds_it(arms):
    answers = simulated(arms=arms, photos=60, answers=6)
    fit = strengths_of(answers).fit
    found = optimize.minimize(
        lambda at: likelihood(answers, at),
        np.zeros(arms + 1),
        method="BFGS",
        jac="3-point",
        options={"gtol": 1e-8},
    )
    beta = np.append(0.0, found.x[: arms - 1])
    assert fit.strengths == pytest.approx(beta - beta.mean(), abs=1e-6)
    assert fit.parameters[arms:] == pytest.approx(found.x[arms - 1 :], abs=1e-6)
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-9)
    assert not fit.helped


def test_without_ties_it_is_the_logistic_regression_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    answers = simulated(tie=-50.0, photos=60)
    a, b, outcome = answers.compared
    x = np.zeros((len(a), 5))
    x[np.arange(len(a)), a], x[np.arange(len(a)), b] = 1, -1
    x = np.column_stack([x[:, 1:], answers.side])
    logit = sm.Logit((outcome == 0).astype(float), x).fit(disp=0, tol=1e-12)
    fit = strengths_of(answers).fit
    beta = np.append(0.0, logit.params[:4])
    assert fit.strengths == pytest.approx(beta - beta.mean(), abs=1e-6)
    assert fit.parameters[5] == pytest.approx(logit.params[4], abs=1e-6)
    assert tie_of(answers) is None


def test_it_is_the_ranking_of_choices_of_two_at_a_time():
    """Written before, for choices; with the place as a factor and another shape of the same term for “same”."""
    answers = simulated(photos=60)
    left = np.where(answers.side == 1, *answers.compared[:2])
    right = np.where(answers.side == 1, *answers.compared[1::-1])
    chosen = np.where(answers.shown == 0, left, np.where(answers.shown == 1, right, -1))
    other = rank_arms(np.column_stack([left, right]), chosen)
    assert strengths_of(answers).fit.strengths == pytest.approx(other.estimate.log_worth, abs=1e-8)
    assert strengths_of(answers).fit.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-8)


def test_with_two_arms_and_no_side_it_is_the_odds():
    """12 wins, 6 losses, 6 the same: Davidson's π is 2 to 1 and ν is 6/√(12·6)."""
    shown = [0] * 6 + [1] * 6 + [1] * 3 + [0] * 3 + [-1] * 6
    left = [0] * 6 + [1] * 6 + [0] * 3 + [1] * 3 + [0, 1] * 3
    answers = table(range(24), range(24), left, [1 - one for one in left], shown, 2)
    found = strengths_of(answers)
    assert found.fit.strengths[0] - found.fit.strengths[1] == pytest.approx(math.log(2), abs=1e-9)
    assert found.tie == pytest.approx(6 / math.sqrt(72), abs=1e-9)
    assert found.side == pytest.approx(0, abs=1e-9)
    judged = judge_pairs(answers, [(0, 1)])[0]
    assert judged.estimate == pytest.approx(12 / 18 - 6 / 18)


def test_sides_that_nobody_knows_leave_the_strengths_without_a_side_term():
    shown = simulated(photos=60)
    unknown = Pairs.of(shown.items, shown.participants, shown.values, arms=5)
    assert side_of(unknown) is None
    assert strengths_of(unknown).fit.strengths == pytest.approx(strengths_of(shown).fit.strengths, abs=0.05)


# How far it moves


def test_leaving_a_person_or_a_photo_out_moves_it_as_far_as_fitting_again_does():
    answers = simulated(photos=60, answers=5, people=12)
    found = strengths_of(answers)
    for units, part in (("person", found.basis.people), ("item", found.basis.items)):
        unit = getattr(answers.units, units)
        moved = part.moved
        for one in range(6):
            without = strengths_of(answers.only(unit != one)).fit
            again = without.strengths - without.strengths[0]
            before = found.fit.strengths - found.fit.strengths[0]
            assert moved[one, :4] == pytest.approx((before - again)[1:], abs=0.03)
            assert abs(moved[one, :4]).max() > 0.01


def test_where_every_answer_is_by_somebody_else_about_another_photo_it_is_the_sandwich():
    """People, photos and answers are one and the same then, and the sandwich is written out here."""
    rng = np.random.default_rng(3)
    n = 400
    left = rng.integers(4, size=n)
    right = (left + rng.integers(1, 4, size=n)) % 4
    answers = table(range(n), range(n), left, right, rng.choice([0, 0, 1, -1], size=n), 4)
    fit = strengths_of(answers).fit

    def scores(at):
        steps = 1e-5 * np.eye(5)
        return np.array(
            [
                [
                    (likelihood(answers.only(rows), at - step) - likelihood(answers.only(rows), at + step))
                    / 2e-5
                    for step in steps
                ]
                for rows in np.eye(n, dtype=bool)
            ]
        )

    at = np.append((fit.strengths - fit.strengths[0])[1:], fit.parameters[4:])
    each = scores(at)
    inverse = np.linalg.inv(fit.information)
    sandwich = inverse @ (each.T @ each) @ inverse
    change = strengths_of(answers).contrasts([(0, 1), (2, 3)])
    effects = strengths_of(answers).effects(change)
    exact = np.diag(change.T @ sandwich @ change)
    assert [effect.variance for effect in effects] == pytest.approx(exact.tolist(), rel=0.05)


def test_interval_and_p_of_a_difference_say_the_same_and_are_those_of_the_log_odds():
    answers = simulated(photos=30, answers=4, people=8)
    for pair in combinations(range(5), 2):
        for level in (0.5, 0.8, 0.95, 0.99):
            one = judge_pairs(answers, [pair], level=level)[0]
            assert (one.p <= 1 - level) == (not one.interval[0] <= 0 <= one.interval[1])
        gap = strengths_of(answers).fit.strengths[pair[0]] - strengths_of(answers).fit.strengths[pair[1]]
        assert one.estimate == pytest.approx(math.tanh(gap / 2))


def test_whoever_is_duplicated_does_not_make_it_surer():
    """Every person answers everything twice: as many people as before, so intervals stay nearly as wide."""
    answers = simulated(photos=40, answers=6, people=12)
    double = answers.only(np.repeat(np.arange(len(answers)), 2))
    once, twice = arms_of(answers), arms_of(double)
    for one, two in zip(once, twice, strict=True):
        assert two.strength == pytest.approx(one.strength, abs=1e-9)
        assert two.variance >= 0.9 * one.variance


def test_all_arms_at_once_is_found_where_they_differ_and_not_where_they_do_not():
    assert any_difference_of(simulated(photos=60, reach=2.0)).p < 0.01
    assert any_difference_of(simulated(photos=60, reach=0.0, seed=4)).p > 0.05
    assert any_pair_of(simulated(photos=60, reach=2.0)) < 0.001
    assert any_pair_of(simulated(photos=60, reach=0.0, seed=4)) > 0.05
    assert (
        any_pair_of(simulated(arms=14, photos=60, people=10, answers=8)) < 0.05
    )  # where F has nothing left to say
    assert exchange_in_trials(simulated(photos=60, reach=2.0)).p < 0.001


def test_the_exchange_of_labels_finds_something_in_few_studies_where_nobody_prefers_anything():
    found = [exchange_in_trials(simulated(photos=20, reach=0.0, seed=seed), draws=500) for seed in range(100)]
    assert sum(one.p <= 0.05 for one in found) <= 12
    assert {one.n + one.zeros for one in found} == {120}


# Where no estimate is finite


def separated():
    """Arm 0 wins always, the others as it comes."""
    answers = simulated(arms=4, photos=30, seed=8)
    a, _, _ = answers.compared
    values = np.where(a == 0, answers.values // 3 * 3, answers.values)
    return replace(answers, values=values)


def test_an_arm_that_wins_all_is_first_with_finite_numbers_and_an_honest_interval():
    answers = separated()
    found = strengths_of(answers)
    assert found.helped
    arms = arms_of(answers)
    assert max(range(4), key=lambda arm: arms[arm].strength) == 0
    for arm in arms:
        assert all(map(math.isfinite, (arm.strength, *arm.interval)))
    assert arms[0].interval[1] - arms[0].interval[0] > arms[2].interval[1] - arms[2].interval[0]
    one = judge_pairs(answers, [(0, 1)])[0]
    assert one.found(0.95)
    assert -1 <= one.interval[0] < one.estimate < one.interval[1] <= 1


def test_few_answers_that_all_say_the_same_find_nothing_yet():
    """Five people, one photo each, one arm over the other every time (by signs p is 0.06): they seem to agree perfectly."""
    answers = table(range(5), range(5), [0, 1, 0, 1, 0], [1, 0, 1, 0, 1], [0, 1, 0, 1, 0], 2)
    one = judge_pairs(answers, [(0, 1)])[0]
    assert strengths_of(answers).helped
    assert not one.found(0.95)
    many = table(range(40), range(40), [0, 1] * 20, [1, 0] * 20, [0, 1] * 20, 2)
    assert judge_pairs(many, [(0, 1)])[0].found(0.95)


@pytest.mark.parametrize(
    "shown", [[-1] * 12, [0] * 12, [1] * 12], ids=["all the same", "all left", "all right"]
)
def test_everybody_says_one_thing(shown):
    answers = table([*range(6)] * 2, [*range(12)], [0, 1, 2] * 4, [1, 2, 0] * 4, shown, 3)
    found = strengths_of(answers)
    assert found.fit.strengths == pytest.approx([0, 0, 0], abs=1e-6)
    assert all(map(math.isfinite, found.fit.parameters))
    for one in judge_pairs(answers, [(0, 1), (1, 2)]):
        assert one.estimate == pytest.approx(0, abs=1e-6)
        assert not one.found(0.95)


def test_what_is_added_changes_nothing_where_estimates_are_finite():
    answers = simulated(photos=60)
    fit = strengths_of(answers).fit
    other = davidson._newton(fit.cells, fit.free, helped=True)
    assert abs(other[:5] - other[:5].mean() - fit.strengths).max() > 1e-4
    assert not fit.helped


# Arms that are not connected, and ranks


def test_arms_that_nothing_connects_have_no_strength_and_no_contrast_with_the_others():
    left, right = [0, 1, 2, 0, 1, 2] * 4 + [3, 4], [1, 2, 0, 1, 2, 0] * 4 + [4, 3]
    shown = [0, 1, -1, 1, 0, 0] * 4 + [0, 0]
    answers = table([*range(13)] * 2, range(26), left, right, shown, 6)
    found = strengths_of(answers)
    assert found.arms.tolist() == [0, 1, 2]
    assert [arm.strength is None for arm in arms_of(answers)] == [False] * 3 + [True] * 3
    alone = answers.only(np.arange(26) < 24)
    assert found.fit.strengths == pytest.approx(strengths_of(alone).fit.strengths)
    judged = judge_pairs(answers, [(0, 1), (0, 3), (3, 4)])
    assert [one is None for one in judged] == [False, True, True]
    assert components(answers.wins + answers.same) == [[0, 1, 2], [3, 4], [5]]


def test_one_participant_gives_strengths_without_intervals():
    answers = simulated(photos=30)
    one = replace(answers, participants=np.zeros(len(answers), int))
    assert "only one participant" in strengths_of(one).note
    assert all(arm.interval is None for arm in arms_of(one))
    assert judge_pairs(one, [(0, 1)])[0].p is None


def test_ranks_are_what_is_not_ruled_out():
    better = np.zeros((4, 4), bool)
    better[0, 1:] = better[1, 3] = True
    found = ranks([3.0, 1.0, 0.5, -1.0], better)
    assert [(one.rank, one.best, one.worst) for one in found] == [(1, 1, 1), (2, 2, 3), (3, 2, 4), (4, 3, 4)]
    assert alike([3.0, 1.0, 0.5, -1.0], better) == [[1, 2], [2, 3]]
    assert alike([0.0, 0.0], np.zeros((2, 2), bool)) == [[0, 1]]
    assert alike([0.0, 1.0], np.array([[0, 0], [1, 0]], bool)) == []


def test_true_ranks_lie_in_all_intervals_together_in_nearly_all_studies():
    held = 0
    for seed in range(40):
        answers = simulated(arms=6, photos=40, answers=6, people=20, reach=1.5, seed=100 + seed)
        pairs = tuple(combinations(range(6), 2))
        level = family_of(answers, pairs).level()
        better = np.zeros((6, 6), bool)
        for (a, b), one in zip(pairs, judge_pairs(answers, pairs), strict=True):
            if one.found(level):
                better[(a, b) if one.estimate > 0 else (b, a)] = True
        placed = ranks(strengths_of(answers).fit.strengths.tolist(), better)
        held += all(one.best <= 1 + at <= one.worst for at, one in enumerate(placed))
    assert held >= 36
