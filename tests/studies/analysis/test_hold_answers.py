"""The table of answers: checked when it is made, never changed, and what was computed of it is computed once."""

import numpy as np
import pytest

from studies.analysis import ranking, resampling, table
from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import compare_arms, compare_arms_of
from studies.analysis.intervals import choice_intervals, choice_intervals_of
from studies.analysis.resampling import Estimates
from studies.analysis.table import UNKNOWN, Answers, Choices, Ratings, remembered


def some(n=60, seed=0, **more):
    rng = np.random.default_rng(seed)
    return Choices(
        items=rng.permutation(n) % 12,
        participants=rng.integers(1, 9, n),
        values=rng.integers(-1, 3, n),
        arms=3,
        **more,
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Choices.of([1, 2], [1], [0, 0], arms=2), "participants: 1 values for 2 answers"),
        (lambda: Choices.of([1, 2], [1, 2], [0, 2], arms=2), "choices: row 1 is 2; with 2 arms"),
        (lambda: Choices.of([1, np.nan], [1, 2], [0, 1], arms=2), "items: row 1 has no label"),
        (lambda: Choices.of([1, 2], [1, 2], [0, 1], arms=2, shown=np.zeros(3)), "shown: 3 values for 2"),
        (lambda: Ratings.of([1, 2], [1, 2], [0, 3]), "ratings: row 1 is 3"),
        (lambda: Answers.of([1, 2], [1, 2], [0.0, np.inf]), "values: row 1 has no label"),
        (lambda: Answers.of([], [], []).units, "there are no answers yet"),
    ],
)
def test_a_bad_column_is_named_when_the_table_is_made(make, message):
    with pytest.raises(AnswersError, match=message):
        make()


def test_nobody_can_change_it_and_the_columns_it_was_made_of_stay_as_they_were():
    mine = np.array([1, 2])
    answers = Choices.of(mine, [1, 2], [0, -1], arms=1)
    with pytest.raises(ValueError, match="read-only"):
        answers.items[0] = 5
    with pytest.raises(AttributeError):
        answers.items = mine
    assert mine.flags.writeable


def test_what_is_not_given_is_not_known():
    answers = Ratings.of([1, 2], [1, 2], [0, 1])
    assert answers.shown.tolist() == [UNKNOWN, UNKNOWN]
    assert np.isnan(answers.response_ms).all()
    assert answers.ids.tolist() == [0, 1]
    assert (answers.versions.tolist(), answers.imported.any(), answers.simulated.any()) == (
        [1, 1],
        False,
        False,
    )


def test_a_part_has_its_own_people_and_items_and_is_not_checked_again(monkeypatch):
    answers = some()
    monkeypatch.setattr(table, "choices_of", None)
    mask = answers.participants < 4
    part = answers.only(mask)
    assert isinstance(part, Choices)
    assert part.values.tolist() == answers.values[mask].tolist()
    assert part.units.person_names.tolist() == sorted(set(answers.participants[mask].tolist()))
    assert part.by_item.sum() == mask.sum() < answers.by_item.sum() == len(answers)
    with pytest.raises(ValueError, match="read-only"):
        part.values[0] = 0


def test_all_of_it_is_the_table_itself():
    answers = some()
    assert answers.only(np.ones(60, bool)) is answers
    assert answers.first(60) is answers
    assert answers.first(59) is not answers


def test_the_first_answers_are_those_that_were_stored_first():
    answers = some(ids=np.arange(60)[::-1])
    assert answers.first(3).ids.tolist() == [0, 1, 2]
    assert answers.first(60).values.tolist() == answers.values[::-1].tolist()


def test_other_answers_of_the_same_people_are_checked_too():
    answers = Ratings.of([1, 1, 2], [1, 2, 1], [0, 1, 2])
    turned = answers.with_values(-answers.values)
    assert (turned.values.tolist(), turned.units) == ([0, -1, -2], answers.units)
    with pytest.raises(AnswersError, match="ratings: row 2 is 3"):
        answers.with_values(np.array([0, 0, 3]))


def test_it_remembers_what_was_computed_by_what_was_asked():
    asked = []

    @remembered
    def total(answers, plus, *, times=1):
        asked.append((plus, times))
        return times * (answers.values.sum() + plus)

    first, other = some(), some(seed=1)
    assert total(first, 2) == total(first, 2) == first.values.sum() + 2
    assert total(first, 2, times=3) == 3 * total(first, 2)
    assert total(first, 4) == total(first, 2) + 2
    assert total(other, 2) == other.values.sum() + 2
    assert asked == [(2, 1), (2, 3), (4, 1), (2, 1)]


def shares_drawn(answers, draws=2000, seed=0):
    """The shares of the kinds of answers, as a ranking's figures are drawn."""
    votes = np.eye(4)[answers.values]
    added = (votes - votes.mean(axis=0)) / len(votes)
    return Estimates(votes.mean(axis=0), added, answers.units, draws=draws, seed=seed)


def test_all_methods_and_levels_take_draws_that_are_made_once(monkeypatch):
    sizes, counts = [], resampling._counts

    def noting(rng, size, draws):
        sizes.append((size, draws))
        return counts(rng, size, draws)

    monkeypatch.setattr(resampling, "_counts", noting)
    answers = some()
    for method in ("two-way", "people", "items", "naive"):
        shares_drawn(answers).ends(method)
        shares_drawn(answers).ends(method, 0.9)
    assert sizes == [(8, 2000), (12, 2000)]


def test_each_seed_and_number_of_draws_has_draws_of_its_own():
    answers = some()
    asked = [{"seed": 1}, {"seed": 2}, {"seed": 1, "draws": 300}]
    together = [shares_drawn(answers, **each).ends().tolist() for each in asked]
    assert together == [shares_drawn(some(), **each).ends().tolist() for each in asked]
    assert together[0] != together[1] != together[2] != together[0]


def test_draws_that_are_too_many_to_keep_come_out_the_same(monkeypatch):
    kept = [shares_drawn(some()).ends(method).tolist() for method in ("two-way", "people")]
    monkeypatch.setattr(resampling, "KEPT_DRAWS", 0)
    again = [shares_drawn(some()).ends(method).tolist() for method in ("two-way", "people")]
    assert again == kept


def test_columns_and_table_give_the_same():
    answers = some()
    columns = (answers.items, answers.participants, answers.values)
    bounds, same = choice_intervals(*columns), choice_intervals_of(answers)
    assert (bounds.arms.tolist(), bounds.same.tolist()) == (same.arms.tolist(), same.same.tolist())
    contrasts = compare_arms(*columns, declared=[(2, 0)], seed=4)
    for contrast, other in zip(contrasts, compare_arms_of(answers, declared=[(2, 0)], seed=4), strict=True):
        assert (contrast.a, contrast.b, contrast.p, contrast.p_holm) == (
            other.a,
            other.b,
            other.p,
            other.p_holm,
        )
        assert (contrast.trials, contrast.items, contrast.people) == (other.trials, other.items, other.people)


@pytest.mark.parametrize(("arms", "places"), [(3, 3), (9, 4), (30, 30)])
def test_distinct_orders_are_those_of_numpy(arms, places):
    rng = np.random.default_rng(0)
    rows = np.array([rng.permutation(arms)[:places] for _ in range(200)])
    rows[rng.random(200) < 0.2, -1] = -1
    distinct, which = ranking._distinct(rows, arms)
    expected, places_of = np.unique(rows, axis=0, return_inverse=True)
    assert (distinct.tolist(), which.tolist()) == (expected.tolist(), places_of.ravel().tolist())
