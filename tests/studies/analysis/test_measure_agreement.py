"""Krippendorff's alpha equals the krippendorff package and worked examples; biases are found where they are."""

from collections import Counter
from itertools import combinations, permutations

import krippendorff
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.analysis.agreement import (
    disagreement_by_item,
    krippendorff_alpha,
    krippendorff_alpha_of,
    position_bias,
    retest,
    side_bias,
)
from studies.analysis.answers import AnswersError
from studies.analysis.intervals import rating_intervals
from studies.analysis.table import Answers

# Krippendorff (2011), example C: four observers, twelve units, answers missing
BOOK = """
1 2 3 3 2 1 4 1 2 * * *
1 2 3 3 2 2 4 1 2 5 * 3
* 3 3 3 2 3 4 2 2 5 1 *
1 2 3 3 2 4 4 1 2 5 1 *
"""


def long_form(table):
    """(items, people, values) from a people × items table with NaN for missing."""
    person, item = np.nonzero(~np.isnan(table))
    return item, person, table[person, item]


def random_table(seed, people=8, items=15, values=5):
    rng = np.random.default_rng(seed)
    truth = rng.integers(values, size=items)
    table = np.where(rng.random((people, items)) < 0.5, truth, rng.integers(values, size=(people, items)))
    return np.where(rng.random(table.shape) < 0.4, np.nan, table.astype(float))


@pytest.mark.parametrize(("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_it_gives_the_values_that_krippendorff_printed(scale, alpha):
    rows = [[np.nan if x == "*" else float(x) for x in row.split()] for row in BOOK.strip().splitlines()]
    agreement = krippendorff_alpha(*long_form(np.array(rows)), scale)
    assert agreement.alpha == pytest.approx(alpha, abs=5e-4)
    assert (agreement.items, agreement.answers) == (11, 40)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_it_equals_the_krippendorff_package(scale, seed):
    table = random_table(seed) - 2
    agreement = krippendorff_alpha(*long_form(table), scale)
    assert agreement.alpha == pytest.approx(
        krippendorff.alpha(reliability_data=table, level_of_measurement=scale), abs=1e-9
    )
    assert agreement.interval[0] <= agreement.interval[1] <= 1


def pairs_of(table):
    """(item, one person, another) of every two answers about the same item."""
    answered = ~np.isnan(table)
    return [
        (i, *two) for i in range(table.shape[1]) for two in combinations(np.flatnonzero(answered[:, i]), 2)
    ]


def distance(scale, totals, a, b):
    between = [v for v in totals if min(a, b) <= v <= max(a, b)]
    ranks = sum(totals[v] for v in between) - (totals[a] + totals[b]) / 2
    return {"nominal": float(a != b), "interval": (a - b) ** 2, "ordinal": ranks**2}[scale]


def same_person(table, scale):
    """Mean distance of any two answers, over that of two by different people."""
    _, people, values = long_form(table)
    two = list(permutations(zip(people, values, strict=True), 2))
    apart = [(distance(scale, Counter(values), a, b), p != q) for (p, a), (q, b) in two]
    return np.mean([d for d, _ in apart]) / np.mean([d for d, different in apart if different])


def alpha_of_pairs(table, scale, weights):
    """Alpha pair by pair, where each pair counts as often as it weighs."""
    observed, totals = [], Counter()
    for (i, p, q), weight in zip(pairs_of(table), weights, strict=True):
        share = weight / ((~np.isnan(table[:, i])).sum() - 1)
        observed.append((2 * share, table[p, i], table[q, i]))
        for value in observed[-1][1:]:
            totals[value] += share

    n = sum(totals.values())
    expected = sum(totals[a] * totals[b] * distance(scale, totals, a, b) for a in totals for b in totals) / n
    one_less = 1 - 1 / (~np.isnan(table)).sum()
    return 1 - one_less * sum(share * distance(scale, totals, a, b) for share, a, b in observed) / expected


def variance_of_pairs(table, adds):
    """The three sums of h · h′ of which the largest counts, over pairs of pairs, one after the other."""
    items = people = both = 0.0
    for (i, *mine), h in zip(pairs_of(table), adds, strict=True):
        for (j, *theirs), other in zip(pairs_of(table), adds, strict=True):
            same = (i, *mine) == (j, *theirs)
            shared = len({*mine} & {*theirs})
            items += (i == j) * h * other
            people += (shared - same) * h * other
            both += ((i == j) + shared - (i == j) * shared) * h * other
    return items, max(items, people, both)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("seed", [0, 5, 13])  # the largest: items, people, both
def test_the_interval_is_that_of_pairs_which_share_an_item_or_a_person(scale, seed):
    table = random_table(seed, people=6, items=9) - 2
    table = table[:, (~np.isnan(table)).sum(axis=0) > 1]
    n, step = len(pairs_of(table)), 1e-5
    up_and_down = [
        [alpha_of_pairs(table, scale, 1 + sign * step * (np.arange(n) == pair)) for sign in (1, -1)]
        for pair in range(n)
    ]
    adds = np.array([(up - down) / (2 * step) for up, down in up_and_down])
    assert adds.sum() == pytest.approx(0, abs=1e-8)
    for over, variance, units in zip(
        ("items", "both"), variance_of_pairs(table, adds), (table.shape[1], 6), strict=True
    ):
        agreement = krippendorff_alpha(*long_form(table), scale, over=over)
        assert agreement.alpha == pytest.approx(alpha_of_pairs(table, scale, np.ones(n)), abs=1e-12)
        reach = scipy.stats.t.ppf(0.975, units - 1) * np.sqrt(variance * units / (units - 1))
        off = np.exp(np.array([1, -1]) * reach / (1 - agreement.alpha))
        low = same_person(table, scale) if over == "both" else 1
        assert agreement.interval == pytest.approx(1 - (1 - agreement.alpha) * off * low, abs=1e-7)


def test_the_interval_of_items_alone_is_nearly_that_of_the_package_on_drawn_units():
    table = random_table(4, items=200)
    table = table[:, (~np.isnan(table)).sum(axis=0) > 1]
    rng, size = np.random.default_rng(0), table.shape[1]
    drawn = [
        krippendorff.alpha(
            reliability_data=table[:, rng.integers(size, size=size)], level_of_measurement="nominal"
        )
        for _ in range(400)
    ]
    agreement = krippendorff_alpha(*long_form(table), over="items")
    assert agreement.interval == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)
    with pytest.raises(AnswersError, match="'pairs' is not one of"):
        krippendorff_alpha(*long_form(table), over="pairs")


def test_where_nobody_agrees_the_interval_is_around_0():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 3, size=(30, 200)).astype(float)  # no agreement at all
    agreement = krippendorff_alpha(*long_form(noise))
    assert agreement.interval[0] < 0 < agreement.interval[1]
    assert agreement.interval[1] < 0.02


@pytest.mark.parametrize(
    ("items", "people", "values", "sentence"),
    [
        ([1, 2, 3], [8, 8, 8], [0, 1, 0], "No item was answered by two people"),
        ([1, 1, 2, 2], [8, 9, 8, 9], [1, 1, 1, 1], "Every answer is the same"),
    ],
)
def test_undefined_agreement_is_a_sentence_not_nan(items, people, values, sentence):
    agreement = krippendorff_alpha(items, people, values)
    assert (agreement.alpha, agreement.interval) == (None, None)
    assert sentence in agreement.note
    pairs = items == [1, 1, 2, 2]
    assert (agreement.items, agreement.answers) == ((2, 4) if pairs else (0, 0))


def test_an_interval_from_few_people_or_items_says_that_it_is_rough():
    few = krippendorff_alpha(*long_form(random_table(0, people=5, items=9)))
    assert "With only 5 participants and 9 items" in few.note
    many = long_form(random_table(0, people=12, items=15))
    assert krippendorff_alpha(*many).note == ""
    assert krippendorff_alpha(*many).interval[0] < krippendorff_alpha(*many, level=0.8).interval[0]


def test_a_bias_of_position_is_told_with_its_shares_and_the_same_seed_gives_the_same_p():
    rng = np.random.default_rng(4)
    people, places = np.repeat(np.arange(9), 12), rng.choice([0, 1, 2, -1], size=108)
    bias = position_bias(people, places, 3, draws=200, seed=1)
    assert bias.shares == pytest.approx(bias.counts / bias.counts.sum())
    assert bias.counts.sum() + bias.same == 108
    assert position_bias(people, places, 3, draws=200, seed=1).p == bias.p
    assert position_bias(people, places, 3, draws=200, seed=2).p != bias.p
    assert round(bias.p * 201, 9) in range(1, 202)  # (1 + as large) / (1 + draws)
    strong = position_bias(np.repeat(np.arange(30), 10), np.zeros(300, int), 3, draws=99)
    assert strong.p == 1 / 100
    assert position_bias([1, 1], [0, 0], 1).p is None


def test_full_agreement_has_an_alpha_and_a_sentence_in_place_of_an_interval():
    agreement = krippendorff_alpha([1, 1, 2, 2, 3, 3], [8, 9] * 3, [0, 0, 1, 1, 0, 0])
    assert (agreement.alpha, agreement.interval) == (1, None)
    assert "Everybody agreed about every item" in agreement.note


def test_one_item_has_an_alpha_but_no_interval():
    agreement = krippendorff_alpha([1, 1, 1], [7, 8, 9], [0, 1, 1])
    assert agreement.alpha is not None
    assert agreement.interval is None
    assert "only one item" in agreement.note
    with pytest.raises(AnswersError, match="'ratio' is not one of"):
        krippendorff_alpha([1, 1], [8, 9], [0, 1], scale="ratio")


def test_a_pull_of_one_position_is_found():
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(20), 50)
    pulled = rng.choice([0, 1, 2, -1], p=[0.25, 0.45, 0.2, 0.1], size=1000)
    bias = position_bias(people, pulled, 3)
    assert bias.counts.tolist() == [int(np.sum(pulled == place)) for place in range(3)]
    assert bias.same == int(np.sum(pulled == -1))
    assert bias.p < 0.01
    fair = rng.choice([0, 1, 2, -1], p=[0.3, 0.3, 0.3, 0.1], size=1000)
    assert position_bias(people, fair, 3).p > 0.05


def test_the_habit_of_one_person_is_no_bias_of_all():
    people = np.repeat(np.arange(4), 100)
    positions = np.where(people == 0, 1, np.tile([0, 1, 2, 0], 100)[: len(people)])
    positions[people > 0] = np.tile([0, 1, 2], 100)
    bias = position_bias(people, positions, 3)
    assert bias.largest_share == {0: 1.0, 1: 0.34, 2: 0.34, 3: 0.34}
    assert bias.p > 0.05


def test_positions_are_exchanged_within_each_person():
    # two people with one favourite each: it is the same one in half of all exchanges
    people, positions = np.repeat([1, 2], [10, 8]), np.zeros(18, int)
    assert position_bias(people, positions, 2, draws=4000).p == pytest.approx(0.5, abs=0.04)


def test_without_preferences_there_is_no_position_bias():
    bias = position_bias([1, 2], [-1, -1], 3)
    assert (bias.shares, bias.p, bias.same) == (None, None, 2)
    assert bias.note


def test_a_lean_to_the_right_is_found():
    rng = np.random.default_rng(0)
    items, people = np.tile(np.arange(50), 12), np.repeat(np.arange(12), 50)
    leaning = rng.choice([-1, 0, 1, 2], size=600)
    bias = side_bias(items, people, leaning)
    assert bias.mean == leaning.mean()
    assert bias.interval.tolist() == rating_intervals(items, people, leaning).mean.tolist()
    leans = [leaning[people == person].mean() for person in range(12)]
    assert (bias.people.n, bias.people.statistic) == (np.count_nonzero(leans), np.sum(np.array(leans) > 0))
    assert bias.interval[0] > 0
    assert bias.people.p < 0.01


def test_answers_given_twice_are_compared():
    twice = retest([2, 1, 0, -1, -2, 2], [2, 1, 1, -1, -2, 0], "interval")
    assert (twice.pairs, twice.equal) == (6, pytest.approx(4 / 6))
    table = np.array([[2, 1, 0, -1, -2, 2], [2, 1, 1, -1, -2, 0]], float)
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="interval")
    assert twice.alpha.alpha == pytest.approx(expected, abs=1e-12)
    with pytest.raises(AnswersError, match="no trial was answered twice"):
        retest([], [])


def test_where_there_is_one_place_nobody_keeps_to_it():
    bias = position_bias([1, 1, 2], [0, 0, -1], 1)
    assert (bias.counts.tolist(), bias.p, bias.largest_share) == ([2], None, {})


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
def test_an_items_disagreement_is_its_part_of_alpha(scale):
    answers = Answers.of(*long_form(random_table(3)))
    found, given = disagreement_by_item(answers, answers, scale), np.bincount(answers.units.item)
    known = ~np.isnan(found)
    assert (known == (given > 1)).all()
    mean = found[known] @ given[known] / given[known].sum()
    assert 1 - mean == pytest.approx(krippendorff_alpha_of(answers, scale).alpha, rel=1e-10)


def test_answers_about_two_maps_of_one_photo_are_not_held_against_each_other():
    # photo 0: all alike about either of its maps; photo 1: two maps, one answer about each; photo 2: apart about its one map
    answers = Answers.of([0, 0, 0, 0, 1, 1, 2, 2], range(8), [0, 0, 1, 1, 0, 1, 0, 1])
    about = Answers.of([0, 0, 1, 1, 2, 3, 4, 4], range(8), answers.values)
    same, unknown, apart = disagreement_by_item(answers, about)
    # of the six answers that can be compared three are 0: 18 of the 30 ordered pairs differ
    assert (same, np.isnan(unknown), apart) == (0, True, pytest.approx(1 / (18 / 30)))
    alike = Answers.of([0, 0, 1], [1, 2, 1], [4, 4, 4])
    assert np.isnan(disagreement_by_item(alike, alike)).all()
