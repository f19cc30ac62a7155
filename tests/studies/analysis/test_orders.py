"""Orders: every arm in every position equally often, from a seed alone."""

import subprocess
import sys
from collections import Counter
from itertools import pairwise
from math import factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.analysis.orders import balanced_orders, rounds, spread, study_orders


def cells(orders):
    """How often each (arm, position) occurs."""
    return Counter((arm, position) for order in orders for position, arm in enumerate(order))


@pytest.mark.parametrize("arms", [2, 3, 4])
def test_up_to_four_arms_every_order_is_used_once_a_cycle(arms):
    orders = balanced_orders(arms, factorial(arms), seed=3)
    assert len(set(orders)) == factorial(arms)


@pytest.mark.parametrize("arms", [5, 6, 7, 8])
def test_above_four_every_arm_follows_every_other_equally_often(arms):
    size = arms if arms % 2 == 0 else 2 * arms
    orders = balanced_orders(arms, size, seed=3)
    after = Counter(pair for order in orders for pair in pairwise(order))
    assert len(set(orders)) == size
    assert len(after) == arms * (arms - 1)
    assert set(after.values()) == {size // arms}


@settings(max_examples=60, deadline=None)
@given(arms=st.integers(1, 7), cycles=st.integers(1, 3), seed=st.integers(0, 2**63))
def test_over_whole_squares_every_cell_is_equal(arms, cycles, seed):
    counts = cells(balanced_orders(arms, arms * cycles, seed))
    assert len(counts) == arms * arms
    assert set(counts.values()) == {cycles}


@settings(max_examples=60, deadline=None)
@given(
    arms=st.integers(1, 5), items=st.integers(1, 60), per_item=st.integers(1, 9), seed=st.integers(0, 2**63)
)
def test_over_a_study_cells_differ_by_at_most_one(arms, items, per_item, seed):
    dealt = study_orders(arms, items, (per_item,), seed)
    assert [len(orders) for orders in dealt] == [per_item] * items
    counts = cells(order for orders in dealt for order in orders)
    least = min(counts[arm, position] for arm in range(arms) for position in range(arms))
    assert max(counts.values()) - least <= 1


def test_two_arms_stand_on_each_side_equally_often_for_every_item():
    for orders in study_orders(arms=2, items=20, stages=(4,), seed=11):
        assert Counter(orders) == {(0, 1): 2, (1, 0): 2}


def test_no_item_has_an_order_twice_before_it_has_had_them_all():
    assert all(len(set(orders)) == 4 for orders in study_orders(arms=3, items=49, stages=(4,), seed=5))


@settings(max_examples=60, deadline=None)
@given(
    arms=st.integers(1, 5),
    items=st.integers(1, 40),
    stages=st.lists(st.integers(1, 9), min_size=2, max_size=4, unique=True).map(sorted),
    seed=st.integers(0, 2**63),
)
def test_a_study_that_grew_is_as_balanced_and_keeps_what_was_dealt(arms, items, stages, seed):
    dealt, before = study_orders(arms, items, stages, seed), study_orders(arms, items, stages[:-1], seed)
    assert [orders[: stages[-2]] for orders in dealt] == before
    assert [len(orders) for orders in dealt] == [stages[-1]] * items
    counts = cells(order for orders in dealt for order in orders)
    assert max(counts.values()) - min(counts[arm, place] for arm in range(arms) for place in range(arms)) <= 1


@pytest.mark.parametrize(
    ("arms", "stages"), [(2, (1, 2)), (2, (2, 3, 4)), (3, (4, 6)), (4, (4, 5)), (5, (3, 6))]
)
def test_when_a_study_grows_no_item_has_an_order_again_before_it_has_had_them_all(arms, stages):
    for seed in range(20):
        for orders in study_orders(arms, 30, stages, seed):
            kinds = 10 if arms == 5 else factorial(arms)
            assert max(Counter(orders).values()) <= -(-stages[-1] // kinds)


def test_the_same_seed_gives_the_same_orders_and_another_seed_others():
    assert balanced_orders(3, 18, seed=7) == balanced_orders(3, 18, seed=7)
    assert study_orders(3, 10, (4,), seed=7) == study_orders(3, 10, (4,), seed=7)
    assert study_orders(3, 10, (4,), seed=7) != study_orders(3, 10, (4,), seed=8)


def test_rounds_go_through_all_items_each_in_another_order():
    first, second = rounds(items=30, count=2, seed=1)
    assert sorted(first) == sorted(second) == list(range(30))
    assert first != second


def test_rounds_of_another_seed_go_another_way():
    assert rounds(items=30, count=2, seed=1) == rounds(items=30, count=2, seed=1)
    assert rounds(items=30, count=1, seed=1) != rounds(items=30, count=1, seed=2)


def test_extra_trials_are_spread_over_the_session_one_to_a_stretch_and_never_first():
    """Places of attention checks: from 1…length cut into equal stretches, one place of each."""
    for length, count in ((14, 2), (50, 4), (9, 4), (5, 1)):
        seen = [spread(length, count, [seed]) for seed in range(300)]
        ends = [1 + (length - 1) * number // count for number in range(count + 1)]
        for number in range(count):
            places = {row[number] for row in seen}
            assert places == set(range(ends[number] + 1, ends[number + 1] + 1)), (length, count)
    assert spread(14, 2, [3, 1]) == spread(14, 2, [3, 1])
    assert spread(2, 2, [0]) == [2, 2]  # too short for two stretches


def test_a_cycle_begins_and_runs_by_its_seed():
    """Which square, row and names come first is drawn, so that no arm is favoured in studies that stay short."""
    firsts = Counter(balanced_orders(3, 1, seed)[0] for seed in range(600))
    assert len(firsts) == 6
    assert min(firsts.values()) > 60
    fives = Counter(balanced_orders(5, 1, seed)[0] for seed in range(300))
    assert len(fives) > 60
    assert balanced_orders(3, 0, seed=1) == []
    once = balanced_orders(3, 6, seed=1)
    assert balanced_orders(3, 13, seed=1) == [*once, *once, once[0]]


def test_what_an_item_gets_is_dealt_by_the_seed_and_not_in_the_order_of_items():
    dealt = study_orders(arms=3, items=6, stages=(1,), seed=4)
    assert [orders[0] for orders in dealt] != balanced_orders(3, 6, seed=4)
    assert sorted(orders[0] for orders in dealt) == sorted(balanced_orders(3, 6, seed=4))


def test_one_arm_has_one_order():
    assert balanced_orders(1, 4, seed=0) == [(0,)] * 4
    assert study_orders(1, items=2, stages=(3,), seed=5) == [[(0,)] * 3] * 2


def test_no_arm_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        balanced_orders(0, 4, seed=0)


def test_the_core_does_not_import_django():
    code = "import sys, studies.analysis.orders; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
