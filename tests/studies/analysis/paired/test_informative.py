"""Pairs that are expected to tell most, within limits that keep everything seen; decisions that hold whenever somebody looks."""

import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from studies.analysis.inference.anytime import anytime_bound, anytime_level
from studies.analysis.paired.answers import Pairs, among, stored
from studies.analysis.paired.informative import SoFar, next_orders, so_far_of, strengths, worth
from studies.analysis.paired.ranks import components
from studies.analysis.paired.strengths import arms_of, better_at_any_time, better_of

NOBODY = np.zeros(0, np.int64)


def nothing(arms: int, items: int) -> SoFar:
    return so_far_of(None, NOBODY, np.zeros((0, 2), np.int64), arms, items)


class Study:
    """Answers to rounds, one for each photo; five photos of a round by one person."""

    def __init__(self, true, items=40, seed=1):
        self.true, self.items, self.rng, self.seed = np.array(true), items, np.random.default_rng(seed), seed
        self.rows, self.turn = np.zeros((0, 5), np.int64), 0

    def answers(self) -> Pairs | None:
        if not len(self.rows):
            return None
        photo, person, left, right, picked = self.rows.T
        orders = np.full((len(photo), len(self.true)), -1)
        orders[:, 0], orders[:, 1] = left, right
        return Pairs.of(photo, person, stored(left, right, picked), arms=len(self.true), orders=orders)

    def round(self, compete, **options) -> list[tuple[int, int]]:
        so_far = so_far_of(self.answers(), self.rows[:, 0], self.rows[:, 2:4], len(self.true), self.items)
        orders = next_orders(range(self.items), so_far, compete, self.seed, self.turn, **options)
        left, right = np.array(orders).T
        picked = (self.rng.random(self.items) > 1 / (1 + np.exp(self.true[right] - self.true[left]))).astype(
            int
        )
        photo = np.arange(self.items)
        person = self.turn * self.items + self.rng.permutation(photo) // 5
        self.rows = np.vstack([self.rows, np.column_stack([photo, person, left, right, picked])])
        self.turn += 1
        return orders


@pytest.mark.parametrize("arms", [2, 3, 4, 13, 40])
def test_every_arm_is_seen_and_none_too_often(arms):
    orders = next_orders(range(78), nothing(arms, 78), range(arms), 1, 0)
    trees = [orders[start : start + arms - 1] for start in range(0, 78, arms - 1)]
    by_arm = Counter(arm for order in orders for arm in order)
    assert set(by_arm) == set(range(arms))
    assert max(by_arm.values()) <= len(trees) * max(2, (arms - 1) // 2)
    beside = np.zeros((arms, arms))
    for left, right in orders:
        beside[left, right] += 1
    assert len(components(beside)) == 1
    assert abs(beside - beside.T).max() <= 1  # sides


def test_the_same_seed_and_round_give_the_same_orders():
    one, same, other = (next_orders(range(30), nothing(6, 30), range(6), 1, turn) for turn in (3, 3, 4))
    assert one == same != other


def test_arms_that_have_left_are_not_asked_about():
    study = Study([1, 0.5, 0, -0.5, -1])
    study.round(range(5))
    assert {arm for order in study.round([0, 2, 4]) for arm in order} == {0, 2, 4}


def test_photos_are_given_pairs_that_they_have_not_had():
    study = Study([0.0] * 6, items=15)
    for _ in range(10):
        study.round(range(6))
    pairs = Counter((photo, *sorted(order)) for photo, _, *order, _ in study.rows.tolist())
    assert max(pairs.values()) <= 2  # 10 of 15 pairs


def test_what_an_answer_tells_is_the_mutual_information():
    """Beside the sum over a fine grid of differences."""
    for gap, variance in ((0.0, 1.0), (1.3, 0.4), (-3.0, 2.0)):
        at = np.linspace(gap - 9 * math.sqrt(variance), gap + 9 * math.sqrt(variance), 20001)
        density = np.exp(-((at - gap) ** 2) / (2 * variance))
        density /= density.sum()
        p = 1 / (1 + np.exp(-at))
        entropy = lambda q: -(q * np.log(q) + (1 - q) * np.log(1 - q))  # noqa: E731
        exact = entropy((p * density).sum()) - (entropy(p) * density).sum()
        assert worth(np.array(gap), np.array(variance)) == pytest.approx(exact, rel=1e-3)


def test_what_is_known_is_the_mode_of_the_posterior():
    rng = np.random.default_rng(3)
    wins = rng.integers(0, 9, (4, 4)).astype(float)
    np.fill_diagonal(wins, 0)
    at = strengths(wins, np.zeros((4, 4)))
    p = 1 / (1 + np.exp(-(at[:, None] - at[None])))
    slope = (wins * (1 - p)).sum(axis=1) - (wins.T * p).sum(axis=1) - at / 1.5**2
    assert np.abs(slope).max() < 1e-6


def test_a_newcomer_is_asked_about_most_until_its_interval_is_as_wide():
    """A small day in an arena: six arms, one joins at noon. The large one is bench/arena.py."""
    study = Study(np.linspace(1, -1, 7)[[0, 1, 2, 4, 5, 6, 3]])
    for _ in range(25):
        study.round(range(6), evenly=True)
    shares, wide = [], 9.0
    for _ in range(25):
        orders = study.round(range(7), evenly=True)
        shares.append(sum(6 in order for order in orders) / len(orders))
        arms = arms_of(study.answers())
        others = np.mean([arm.interval[1] - arm.interval[0] for arm in arms[:6]])
        wide = (arms[6].interval[1] - arms[6].interval[0]) / others
        if wide <= 1.05:
            break
    asked = Counter(study.rows[:, 2:4].ravel().tolist())
    assert wide <= 1.05
    assert asked[6] <= 4 / 3 * np.mean([asked[arm] for arm in range(6)])
    assert 0.45 < shares[0] < 0.55  # at first in as many trials as it may be
    later = [sum(6 in order for order in study.round(range(7), evenly=True)) / study.items for _ in range(20)]
    assert np.mean(later[-5:]) < np.mean(shares) - 0.05  # then less often


def test_the_bound_is_robbins_bound():
    """Evidence for effects of spread ½ over none is 1/α there."""
    for variance, alpha in ((0.01, 0.05), (0.2, 1e-4)):
        at = anytime_bound(variance, alpha) * math.sqrt(variance)
        told = math.exp(at**2 / 2 * (1 / variance - 1 / (variance + 0.25))) * math.sqrt(
            variance / (variance + 0.25)
        )
        assert told == pytest.approx(1 / alpha)
    assert anytime_level(0.01, 1) > 0.95
    assert anytime_level(0.01, 780) > anytime_level(0.01, 1)


def test_it_is_crossed_at_no_time_oftener_than_it_says():
    rng, crossed = np.random.default_rng(5), 0
    steps = np.arange(1, 2001)
    for _ in range(400):
        mean = rng.standard_normal(2000).cumsum() / steps
        bounds = np.sqrt((1 + 4 / steps) * (np.log1p(steps / 4) - 2 * np.log(0.05)) / steps)
        crossed += bool((abs(mean) > bounds).any())
    assert [anytime_bound(1 / n, 0.05) / math.sqrt(n) for n in (1, 2000)] == pytest.approx(
        [bounds[0], bounds[-1]]
    )
    assert crossed <= 0.05 * 400
    looks = sum(
        bool((abs(rng.standard_normal(2000).cumsum() / steps)[9:] > 1.96 / np.sqrt(steps[9:])).any())
        for _ in range(100)
    )
    assert looks > 25  # where one look's bound is looked at again and again


def test_what_is_found_at_any_time_is_found_at_one_look():
    study = Study([2, 0.3, 0, -2])
    for _ in range(24):
        study.round(range(4))
    at_any_time, at_once = better_at_any_time(study.answers()).table, better_of(study.answers()).table
    assert at_any_time[0, 3]
    assert (at_once | ~at_any_time).all()
    assert not at_any_time[1, 2]


def test_answers_among_some_arms_are_those_of_a_study_of_these():
    study = Study([1, 0, -1, 0.5, 2])
    for _ in range(4):
        study.round(range(5))
    every = study.answers()
    some = among(every, [4, 0, 2])
    for (a, first), (b, second) in combinations(enumerate([4, 0, 2]), 2):
        assert some.wins[a, b] == every.wins[first, second]
        assert some.wins[b, a] == every.wins[second, first]
    assert len(some) == sum({left, right} <= {0, 2, 4} for _, _, left, right, _ in study.rows.tolist())
    left = np.array([4, 0, 2])[some.orders[:, 0]]
    kept = [row for row in study.rows.tolist() if {row[2], row[3]} <= {0, 2, 4}]
    assert left.tolist() == [row[2] for row in kept]
    same = among(every, range(5))
    assert np.array_equal(same.values, every.values)
    assert np.array_equal(same.side, every.side)
