"""Which two arms a trial shows, where they stand, and about which photo: balanced, connected, and the same for the same seed."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.analysis.paired.layout import pairs, rows
from studies.analysis.paired.ranks import components

ARMS, SEEDS = st.integers(2, 40), st.integers(0, 2**64)


@settings(max_examples=60, deadline=None)
@given(arms=ARMS, seed=SEEDS, share=st.floats(0, 1))
def test_any_beginning_is_as_balanced_as_its_length_allows(arms, seed, share):
    every = arms * (arms - 1) // 2
    length = 1 + int(share * 3 * every)
    asked = list(islice(pairs(arms, seed), length))
    came, left, pair = np.zeros(arms, int), np.zeros(arms, int), Counter()
    for one, other in asked:
        assert one != other
        came[[one, other]] += 1
        left[one] += 1
        left[other] -= 1
        pair[min(one, other), max(one, other)] += 1
    assert came.max() - came.min() <= 1
    assert abs(left).max() <= 1
    assert max(pair.values()) - (min(pair.values()) if len(pair) == every else 0) <= 1


@settings(max_examples=40, deadline=None)
@given(arms=ARMS, seed=SEEDS)
def test_one_pair_less_than_there_are_arms_connects_them_all(arms, seed):
    beside = np.zeros((arms, arms))
    for left, right in islice(pairs(arms, seed), arms - 1):
        beside[left, right] += 1
    assert len(components(beside)) == 1


@settings(max_examples=20, deadline=None)
@given(arms=ARMS, seed=SEEDS)
def test_after_two_tournaments_every_pair_was_asked_once_in_either_order(arms, seed):
    asked = Counter(islice(pairs(arms, seed), arms * (arms - 1)))
    assert len(asked) == arms * (arms - 1)
    assert set(asked.values()) == {1}


@settings(max_examples=60, deadline=None)
@given(arms=ARMS, photos=st.integers(1, 40), answers=st.integers(1, 12), more=st.integers(0, 5), seed=SEEDS)
def test_photos_fill_together_and_what_was_laid_out_stays_when_a_study_grows(
    arms, photos, answers, more, seed
):
    laid_out = list(rows(arms, photos, answers + more, seed))
    assert laid_out[: photos * answers] == list(rows(arms, photos, answers, seed))
    for turn in range(answers + more):
        here = [item for item, _ in laid_out[turn * photos : (turn + 1) * photos]]
        assert sorted(here) == list(range(photos))


def test_it_comes_of_the_seed_alone_and_of_all_of_it():
    first = list(rows(7, 20, 4, 11))
    assert list(rows(7, 20, 4, 11)) == first
    assert list(rows(7, 20, 4, 12)) != first
    assert list(rows(7, 20, 4, 11 + 2**200)) != first


@pytest.mark.parametrize(
    ("arms", "photos", "answers"), [(3, 20, 3), (4, 30, 6), (14, 50, 20), (40, 100, 20), (8, 25, 7)]
)
def test_a_photo_has_no_pair_twice_while_there_are_others(arms, photos, answers):
    asked = Counter((item, *sorted(order)) for item, order in rows(arms, photos, answers, 3))
    assert max(asked.values()) == 1


def test_a_photo_meets_its_arms_about_equally_often():
    seen = Counter((item, arm) for item, order in rows(10, 60, 10, 5) for arm in order)
    assert max(seen.values()) <= 4  # two is the mean


def test_pairs_that_follow_each_other_are_not_in_one_order_for_all_studies():
    firsts = {next(pairs(9, seed)) for seed in range(40)}
    assert len(firsts) > 20
