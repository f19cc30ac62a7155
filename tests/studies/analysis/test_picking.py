"""Accuracy of picking one of n beside chance, and whether intervals hold what they promise."""

import numpy as np
import pytest

from studies.analysis.distributions import normal_quantile
from studies.analysis.picking import Kind, Picks, figures, judged_beside_chance, truth_of
from studies.trial_types.single.layout import SingleLayout

CLASSES = 4


def picks(items, people, arm, picked, right, network=1):
    arm, picked, right = map(np.asarray, (arm, picked, right))
    return Picks(
        items=np.asarray(items),
        participants=np.asarray(people),
        values=arm * CLASSES + picked,
        arm=arm,
        picked=picked,
        truths=2 * right + network,
        classes=CLASSES,
    )


def by_kind(table, arms=1, pairs=()):
    return {figure.kind: figure for figure in figures(table, arms, pairs, ())}


def test_accuracy_is_split_by_what_the_network_is_and_every_photo_counts_once():
    table = picks(
        [0, 0, 0, 1, 2, 3], [0, 1, 2, 0, 1, 2], [0] * 6, [1, 1, 0, 3, 2, 0], [1, 1, 1, 3, 2, 1],
        network=np.array([1, 1, 1, 1, 0, 0]),
    )  # fmt: skip
    found = {kind: figure.arms[0].estimate for kind, figure in by_kind(table).items()}
    assert found == pytest.approx(
        {Kind.ACCURACY: (2 / 3 + 1 + 1 + 0) / 4, Kind.WHERE_RIGHT: (2 / 3 + 1) / 2, Kind.WHERE_WRONG: 0.5}
    )
    assert truth_of(2, network_right=False) // 2 == 2


def test_above_chance_is_found_just_where_the_interval_leaves_chance_out():
    random, seen = np.random.default_rng(3), set()
    for _ in range(60):
        n = 48
        right = random.integers(0, CLASSES, n)
        picked = np.where(
            random.random(n) < random.choice([0, 0.2, 0.5]), right, random.integers(0, CLASSES, n)
        )
        table = picks(np.arange(n) % 12, np.arange(n) // 6, np.zeros(n, int), picked, right)
        arm = by_kind(table)[Kind.ACCURACY].arms[0]
        outside = not arm.interval[0] <= 0.25 <= arm.interval[1]
        assert outside is (arm.p_chance <= 0.05)
        over = judged_beside_chance(arm, CLASSES)
        assert (over.estimate, over.p) == (arm.estimate - 0.25, arm.p_chance)
        seen.add(outside)
    assert seen == {True, False}


@pytest.mark.parametrize(("correct", "p"), [(True, 2 * 0.25**4), (False, 2 * 0.75**4)])
def test_where_nothing_varies_p_is_that_of_as_many_independent_answers(correct, p):
    """Four people about four photos, all right or all wrong: by chance in ¼⁴, or ¾⁴, of cases."""
    right = np.arange(4)
    table = picks(range(4), range(4), [0] * 4, right if correct else (right + 1) % 4, right)
    arm = by_kind(table)[Kind.ACCURACY].arms[0]
    assert arm.p_chance == pytest.approx(p)
    assert arm.df is None


def test_what_nobody_answered_has_no_figure():
    found = by_kind(picks([0, 1], [0, 1], [0, 0], [1, 1], [1, 1]), 2, [(0, 1)])
    assert found[Kind.WHERE_WRONG].arms[0].estimate is None
    assert found[Kind.ACCURACY].arms[1].estimate is None
    assert judged_beside_chance(found[Kind.ACCURACY].arms[1], CLASSES) is None
    assert not any(figure.differences for figure in found.values())


def simulated(random, accuracy, photos=40, people=30, each=12, spread=0.5):
    """People and photos that differ, each cell of photo and arm equally often; `accuracy` is the marginal one of each arm."""
    arms = len(accuracy)
    rows = list(
        SingleLayout().rows(
            arms=arms, items=photos, stages=(people * each // photos,), seed=int(random.integers(1 << 30))
        )
    )
    item, arm = np.array([index for index, _ in rows]), np.array([order[0] for _, order in rows])
    person = np.arange(len(rows)) // each
    level = np.array([normal_quantile(share) for share in accuracy])[arm] * np.sqrt(1 + 2 * spread**2)
    own, hard = random.normal(0, spread, people), random.normal(0, spread, photos)
    is_right = level + own[person] + hard[item] + random.standard_normal(len(rows)) > 0
    right = random.integers(0, CLASSES, len(rows))
    return picks(item, person, arm, np.where(is_right, right, (right + 1) % CLASSES), right)


def test_known_accuracy_is_recovered_and_what_does_nothing_is_seldom_found_to_help():
    """The figures of many more studies: docs/statistics.md."""
    studies, held, found, by_chance = 120, 0, 0, 0
    for number in range(studies):
        table = simulated(np.random.default_rng([5, number]), (0.25, 0.5, 0.5))
        figure = by_kind(table, 3, [(1, 2)])[Kind.ACCURACY]
        held += figure.arms[1].interval[0] <= 0.5 <= figure.arms[1].interval[1]
        found += figure.differences[0].found.p <= 0.05
        by_chance += figure.arms[0].p_chance <= 0.05
    assert 0.89 <= held / studies <= 1
    assert found / studies <= 0.11
    assert by_chance / studies <= 0.11
