"""How sure people are, beside how often they are right: against figures worked out by hand."""

import numpy as np
import pytest

from studies.analysis.confidence import SureScale, confidence_of
from studies.analysis.table import UNKNOWN, Answers

PERCENT = SureScale(0, 100, is_chance=True)
FIVE = SureScale(1, 5)


def table(n, people=4):
    return Answers.of(np.arange(n) // people, np.arange(n) % people, np.zeros(n, int))


def found(said, correct, scale=PERCENT, arm=None):
    said = np.array(said)
    arm = np.zeros(len(said), int) if arm is None else np.array(arm)
    return confidence_of(table(len(said)), said, arm, scale, None if correct is None else np.array(correct))


def test_brier_and_over_confidence_are_means_over_photos():
    """Two photos of four answers: right, right, wrong, wrong at 90, 70, 60, 20; then all right at 100."""
    one = found([90, 70, 60, 20, 100, 100, 100, 100], [1, 1, 0, 0, 1, 1, 1, 1])
    first = (0.1**2 + 0.3**2 + 0.6**2 + 0.2**2) / 4
    assert one.brier.estimate == pytest.approx(first / 2)
    assert one.over.estimate == pytest.approx(((0.9 + 0.7 + 0.6 + 0.2 - 2) / 4) / 2)
    assert one.right.estimate == pytest.approx(0.75)
    assert one.mean.estimate == pytest.approx((60 + 100) / 2)
    assert one.apart.estimate == pytest.approx((0.8 + 1) / 2 - 0.4)
    for figure in (one.brier, one.over, one.right, one.mean):
        assert figure.interval[0] <= figure.estimate <= figure.interval[1]


def test_every_answer_is_in_one_step_and_those_of_percent_are_fifths():
    said = [0, 20, 21, 40, 41, 60, 61, 80, 81, 100, 100, 50]
    one = found(said, [1, 0] * 6)
    assert [(bin.name, bin.answers) for bin in one.bins] == [
        ("0–20 %", 2), ("21–40 %", 2), ("41–60 %", 3), ("61–80 %", 2), ("81–100 %", 3),
    ]  # fmt: skip
    assert one.bins[4].said == pytest.approx(281 / 3)
    points = found([1, 1, 5, 5, 3, 3, 5, 5], [0, 1, 1, 1, 0, 0, 1, 1], FIVE)
    assert [(bin.name, bin.answers) for bin in points.bins] == [
        ("1", 2), ("2", 0), ("3", 2), ("4", 0), ("5", 4),
    ]  # fmt: skip
    assert points.bins[4].right.estimate == 1
    assert points.bins[1].right.estimate is None
    assert points.bins[1].said is None


def test_points_are_no_chances_and_answers_without_a_truth_have_means_alone():
    points = found([1, 5, 3, 5, 1, 5, 2, 4], [0, 1, 0, 1, 0, 1, 1, 0], FIVE)
    assert points.brier is None
    assert points.over is None
    assert points.right is not None
    assert points.apart.estimate > 0
    free = found([1, 5, 3, 5, 1, 5, 2, 4], None, FIVE, arm=[0, 1, -1, 1, 0, 1, -1, 1])
    assert [free.right, free.apart, free.bins[0].right] == [None] * 3
    assert [(row.arm, row.mean.answers, row.mean.estimate) for row in free.arms] == [
        (-1, 2, 2.5), (0, 2, 1.0), (1, 4, 4.75),
    ]  # fmt: skip


def test_what_nobody_said_and_what_nobody_knows_is_left_out():
    one = found([100, UNKNOWN, 0, 100, 50, 50, 50, 50], [1, 1, UNKNOWN, 1, 0, 0, 1, 1])
    assert one.answers == 7
    assert one.right.answers == 6
    assert one.brier.estimate == pytest.approx(0.25 / 2)
    assert found([UNKNOWN] * 4, [1, 0, 1, 0]) is None


def test_intervals_cover_the_true_over_confidence():
    """200 studies of 12 people and 15 photos, who say 80 % and are right as often as their photo is easy: 19 of 20 intervals, about."""
    random, covered = np.random.default_rng(3), 0
    for _ in range(200):
        easy = np.clip(0.7 + random.normal(0, 0.1, 15)[:, None] + random.normal(0, 0.08, 12), 0, 1)
        items, people = np.indices(easy.shape)
        right = (random.random(easy.shape) < easy).astype(int).ravel()
        answers = Answers.of(items.ravel(), people.ravel(), right)
        one = confidence_of(answers, np.full(right.size, 80), np.zeros(right.size, int), PERCENT, right)
        low, high = one.over.interval
        covered += low <= 0.1 <= high
    assert 0.9 <= covered / 200 <= 0.99
