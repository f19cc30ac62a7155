"""Krippendorff's alpha equals the krippendorff package and worked examples; biases are found where they are."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.analysis.agreement import krippendorff_alpha, position_bias, retest, side_bias
from studies.analysis.answers import AnswersError
from studies.analysis.resampling import quantiles

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
    found = krippendorff_alpha(*long_form(np.array(rows)), scale)
    assert found.alpha == pytest.approx(alpha, abs=5e-4)
    assert (found.items, found.answers) == (11, 40)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_it_equals_the_krippendorff_package(scale, seed):
    table = random_table(seed) - 2
    found = krippendorff_alpha(*long_form(table), scale, draws=100)
    assert found.alpha == pytest.approx(
        krippendorff.alpha(reliability_data=table, level_of_measurement=scale), abs=1e-9
    )
    assert found.interval[0] <= found.interval[1] <= 1


def test_a_draw_that_takes_everybody_once_is_the_estimate_itself(monkeypatch):
    monkeypatch.setattr(
        "studies.analysis.resampling._weights", lambda rng, size, draws: np.ones((size, draws))
    )
    found = krippendorff_alpha(*long_form(random_table(3)), "ordinal", draws=100)
    assert found.interval == pytest.approx([found.alpha, found.alpha], abs=1e-12)


def test_the_interval_of_items_alone_is_that_of_the_package_on_drawn_units():
    table = random_table(4)
    rng = np.random.default_rng(0).spawn(2)[1]
    pairable = (~np.isnan(table)).sum(axis=0) > 1
    table = table[:, pairable]
    size = table.shape[1]
    drawn = [
        krippendorff.alpha(
            reliability_data=table[:, rng.integers(size, size=size)], level_of_measurement="nominal"
        )
        for _ in range(100)
    ]
    found = krippendorff_alpha(*long_form(table), over="items", draws=100)
    assert found.interval == pytest.approx(quantiles(np.array(drawn), 0.95, size), abs=1e-9)


def weighted_alpha(table, people, items):
    """Nominal alpha pair by pair, where person p counts people[p] times and item i items[i] times."""
    observed, weight = 0.0, {}
    for i in range(table.shape[1]):
        there = [p for p in range(len(table)) if not np.isnan(table[p, i]) and people[p]]
        pairs = [(p, q) for p in there for q in there if p != q]
        total = sum(people[p] * people[q] for p, q in pairs)
        for p, q in pairs:
            share = items[i] * people[p] * people[q] / total * sum(people[p] for p in there)
            observed += share * (table[p, i] != table[q, i])
            weight[table[p, i]] = weight.get(table[p, i], 0) + share
    n = sum(weight.values())
    expected = sum(a * b for v, a in weight.items() for w, b in weight.items() if v != w) / (n - 1)
    return 1 - observed / expected


def test_a_draw_is_alpha_over_pairs_of_different_people():
    table = random_table(5)
    item, person, values = long_form(table)
    paired = np.isin(item, np.flatnonzero((~np.isnan(table)).sum(axis=0) > 1))
    table = table[:, np.unique(item[paired])]
    people, items = table.shape
    rng, _ = np.random.default_rng(6).spawn(2)
    drawn = [
        weighted_alpha(
            table, np.bincount(rng.integers(people, size=people), minlength=people), np.ones(items)
        )
        for _ in range(100)
    ]
    found = krippendorff_alpha(item, person, values, draws=100, seed=6, over="people")
    assert found.interval == pytest.approx(quantiles(np.array(drawn), 0.95, people), abs=1e-9)


def test_the_wider_of_both_intervals_is_given():
    columns = long_form(random_table(6))
    wider, *both = (
        krippendorff_alpha(*columns, draws=200, over=over) for over in ("wider", "people", "items")
    )
    assert np.ptp(wider.interval) == max(np.ptp(found.interval) for found in both)
    with pytest.raises(AnswersError, match="'pairs' is not one of"):
        krippendorff_alpha(*columns, over="pairs")


def test_people_drawn_twice_are_not_compared_with_themselves():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 3, size=(30, 200)).astype(float)  # no agreement at all
    found = krippendorff_alpha(*long_form(noise), draws=300)
    assert found.interval[0] < 0 < found.interval[1]
    assert found.interval[1] < 0.02


@pytest.mark.parametrize(
    ("items", "people", "values", "said"),
    [
        ([1, 2, 3], [8, 8, 8], [0, 1, 0], "No item was answered by two people"),
        ([1, 1, 2, 2], [8, 9, 8, 9], [1, 1, 1, 1], "Every answer is the same"),
    ],
)
def test_undefined_agreement_is_a_sentence_not_nan(items, people, values, said):
    found = krippendorff_alpha(items, people, values)
    assert (found.alpha, found.interval) == (None, None)
    assert said in found.note


def test_one_item_has_an_alpha_but_no_interval():
    found = krippendorff_alpha([1, 1, 1], [7, 8, 9], [0, 1, 1])
    assert found.alpha is not None
    assert found.interval is None
    assert "only one item" in found.note
    with pytest.raises(AnswersError, match="'ratio' is not one of"):
        krippendorff_alpha([1, 1], [8, 9], [0, 1], scale="ratio")


def test_a_pull_of_one_position_is_found():
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(20), 50)
    pulled = rng.choice([0, 1, 2, -1], p=[0.25, 0.45, 0.2, 0.1], size=1000)
    found = position_bias(people, pulled, 3)
    assert found.counts.tolist() == [int(np.sum(pulled == place)) for place in range(3)]
    assert found.same == int(np.sum(pulled == -1))
    assert found.p < 0.01
    fair = rng.choice([0, 1, 2, -1], p=[0.3, 0.3, 0.3, 0.1], size=1000)
    assert position_bias(people, fair, 3).p > 0.05


def test_the_habit_of_one_person_is_no_bias_of_all():
    people = np.repeat(np.arange(4), 100)
    positions = np.where(people == 0, 1, np.tile([0, 1, 2, 0], 100)[: len(people)])
    positions[people > 0] = np.tile([0, 1, 2], 100)
    found = position_bias(people, positions, 3)
    assert found.largest_share == {0: 1.0, 1: 0.34, 2: 0.34, 3: 0.34}
    assert found.p > 0.05


def test_positions_are_exchanged_within_each_person():
    # two people with one favourite each: it is the same one in half of all exchanges
    people, positions = np.repeat([1, 2], [10, 8]), np.zeros(18, int)
    assert position_bias(people, positions, 2, draws=4000).p == pytest.approx(0.5, abs=0.04)


def test_without_preferences_there_is_no_position_bias():
    found = position_bias([1, 2], [-1, -1], 3)
    assert (found.shares, found.p, found.same) == (None, None, 2)
    assert found.note


def test_a_lean_to_the_right_is_found():
    rng = np.random.default_rng(0)
    items, people = np.tile(np.arange(50), 12), np.repeat(np.arange(12), 50)
    leaning = rng.choice([-1, 0, 1, 2], size=600)
    found = side_bias(items, people, leaning)
    assert found.mean == leaning.mean()
    assert found.interval[0] > 0
    assert found.people.p < 0.01


def test_answers_given_twice_are_compared():
    found = retest([2, 1, 0, -1, -2, 2], [2, 1, 1, -1, -2, 0], "interval")
    assert (found.pairs, found.equal) == (6, pytest.approx(4 / 6))
    table = np.array([[2, 1, 0, -1, -2, 2], [2, 1, 1, -1, -2, 0]], float)
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="interval")
    assert found.alpha.alpha == pytest.approx(expected, abs=1e-12)
    with pytest.raises(AnswersError, match="no trial was answered twice"):
        retest([], [])
