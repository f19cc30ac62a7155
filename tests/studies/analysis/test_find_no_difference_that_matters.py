"""“No difference that matters”: two one-sided tests that agree with their interval, by hand, by scipy and by statsmodels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import compare_arms, judge_mean_of, judge_pairs
from studies.analysis.power import CHOICES, RATINGS, Assumptions, Design, World, equivalence_power
from studies.analysis.power.simulation import finds_equivalence
from studies.analysis.sequential import plan_looks
from studies.analysis.table import Choices, Ratings
from studies.trial_types.choice.results import ChoiceResults
from studies.trial_types.rating.results import RatingResults
from studies.trial_types.results import Compared


def ratings(people=30, items=20, mean=0.1, seed=0):
    rng = np.random.default_rng(seed)
    exact = mean + 0.3 * rng.standard_normal((people, 1)) + rng.standard_normal((people, items))
    person, item = np.divmod(np.arange(people * items), items)
    return Ratings.of(item, person, np.clip(np.round(exact.ravel()), -2, 2).astype(int))


def by_scipy(effect, limit, smallest):
    """Estimate, interval and degrees of freedom give the standard error back on the scale that has no ends."""
    low, high = np.arctanh(np.array(effect.interval) / limit)
    middle, end = np.arctanh(effect.estimate / limit), np.arctanh(smallest / limit)
    error = (high - low) / 2 / stats.t.ppf(0.975, effect.df)
    return max(stats.t.sf((middle + end) / error, effect.df), stats.t.cdf((middle - end) / error, effect.df))


@pytest.mark.parametrize(
    ("mean", "smallest"), [(0.1, 0.3), (-0.1, 0.3), (0.5, 0.3), (-0.2, 0.21), (0.0, 1.9)]
)
def test_p_is_the_larger_of_two_one_sided_tests_by_scipy(mean, smallest):
    found = judge_mean_of(ratings(mean=mean), smallest=smallest)
    assert found.equivalence.p == pytest.approx(by_scipy(found, 2, smallest), rel=1e-9)


def test_differences_of_shares_are_held_against_it_in_the_same_way():
    rng = np.random.default_rng(2)
    answers = Choices.of(np.arange(600) % 40, np.arange(600) // 40, rng.choice([0, 1, 2, -1], 600), arms=3)
    for found in judge_pairs(answers, [(0, 1), (1, 0), (0, 2)], smallest=0.12):
        assert found.equivalence.p == pytest.approx(by_scipy(found, 1, 0.12), rel=1e-9)


def test_of_many_independent_answers_statsmodels_says_nearly_the_same():
    """Its t is on the scale of points, ours on one without ends: that matters little near zero."""
    values = ratings(people=3000, items=1, mean=0.17).values
    found = judge_mean_of(Ratings.of(range(3000), range(3000), values), smallest=0.2)
    theirs = DescrStatsW(values).ttost_mean(-0.2, 0.2)[0]
    assert found.equivalence.p == pytest.approx(theirs, rel=0.1)


tables = st.integers(0, 10_000).flatmap(
    lambda seed: st.tuples(st.just(seed), st.integers(2, 9), st.integers(2, 9), st.floats(0.01, 1.0))
)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_it_is_found_just_where_the_90_percent_interval_lies_within(table):
    seed, people, items, certain = table
    rng = np.random.default_rng(seed)
    person, item = np.divmod(np.arange(people * items), items)
    values = np.where(rng.random(people * items) < certain, 0, rng.integers(-1, 3, people * items))
    answers = Choices.of(item, person, values, arms=3)
    for smallest in (0.05, 0.3, 0.7, 0.95):
        found = judge_pairs(answers, [(0, 1)], smallest=smallest)[0].equivalence
        low, high = found.interval
        if min(abs(low + smallest), abs(high - smallest)) > 1e-9:
            assert (found.p <= 0.05) == (-smallest < low and high < smallest)


@pytest.mark.parametrize(
    ("value", "smallest", "doubt"),
    [(0, 0.5, (1.5 / 2) ** 6), (1, 1.5, (0.5 / 1) ** 6), (1, 0.9, 1), (2, 1.9, 1)],
)
def test_where_everybody_says_the_same_the_number_of_people_and_photos_decides(value, smallest, doubt):
    found = judge_mean_of(
        Ratings.of(list(range(7)) * 6, np.repeat(range(6), 7), [value] * 42), smallest=smallest
    )
    assert found.equivalence.p == pytest.approx(doubt)


def test_several_declared_contrasts_are_corrected_among_each_other():
    rng = np.random.default_rng(0)
    values = rng.choice([0, 1, 2, -1], p=[0.31, 0.33, 0.29, 0.07], size=800)
    declared = [(0, 1), (0, 2)]
    found = compare_arms(
        np.arange(800) % 40, np.arange(800) // 40, values, declared=declared, smallest=0.1, draws=100
    )
    first, second = sorted(found[:2], key=lambda one: one.equivalence.p)
    assert first.p_equivalence == pytest.approx(2 * first.equivalence.p)
    assert second.p_equivalence == max(first.p_equivalence, second.equivalence.p)
    assert (found[2].p_equivalence, found[2].equivalent) == (None, None), "exploratory: no verdict"
    assert found[2].equivalence is not None


def test_a_smallest_effect_that_is_not_declared_says_nothing():
    assert judge_mean_of(ratings()).equivalence is None
    found = compare_arms([1, 1, 2, 2] * 5, range(20), [0, 1, 0, -1] * 5, arms=2, draws=10)[0]
    assert (found.equivalence, found.equivalent) == (None, None)


# --- Headlines -----------------------------------------------------------------------------------------------------

ARMS = ("a", "b", "c")


def even_choices(first=14):
    """15 people about 40 photos; a and b are picked nearly equally often."""
    values = np.tile([*[0] * first, *[1] * 13, *[2] * 8, *[-1] * (19 - first)], 15)
    person, item = np.divmod(np.arange(600), 40)
    return Choices.of((item + 7 * person) % 40, person, values, arms=3)


def headline(compared, answers=None):
    return ChoiceResults().outcome(even_choices() if answers is None else answers, compared).headline


def test_a_headline_says_no_difference_that_matters_where_it_is_found():
    said = headline(Compared(ARMS, 3, 0, declared=((1, 0),), smallest=0.2))
    assert said.startswith("a and b differ by 1.00 items, 95 % interval")
    assert ": no difference that matters (smaller than 20.0 % of the items). a has" in said


@pytest.mark.parametrize(
    "compared",
    [
        Compared(ARMS, 3, 0, declared=((0, 1),), smallest=0.04),
        Compared(ARMS, 3, 0, declared=((0, 2),), smallest=0.2),
        Compared(ARMS, 3, 0, declared=(), smallest=0.2, at_looks=True),
        Compared(ARMS, 3, 0, declared=((0, 1),)),
    ],
    ids=["not precise enough", "another contrast", "planned looks judge", "none declared"],
)
def test_a_headline_claims_it_only_where_a_declared_contrast_bears_it(compared):
    said = headline(compared)
    assert "that matters" not in said
    assert "no clear preference yet" in said


def test_a_difference_that_is_there_and_too_small_is_both():
    person, item = np.divmod(np.arange(3600), 60)
    answers = Choices.of(item, person, np.tile([*[0] * 33, *[1] * 27], 60)[(item + 11 * person) % 60], arms=3)
    said = headline(Compared(ARMS, 3, 0, declared=((0, 1),), smallest=0.2), answers)
    assert "a was preferred most" in said
    assert "a difference, but no difference that matters (smaller than 20.0 % of the items)" in said


def test_ratings_say_it_of_their_mean_and_leave_it_to_looks_where_these_judge():
    answers = ratings(mean=0.03, people=40)
    two = ("a", "b")
    said = RatingResults().outcome(answers, Compared(two, 2, 0, smallest=0.4)).headline
    assert "no difference that matters (smaller than 0.4 points)." in said
    looking = Compared(two, 2, 0, smallest=0.4, at_looks=True)
    assert "that matters" not in RatingResults().outcome(answers, looking).headline
    assert RatingResults().tests_json(answers, looking)["equivalence"]["found"] is None
    narrow = Compared(two, 2, 0, smallest=0.04)
    assert "that matters" not in RatingResults().outcome(answers, narrow).headline
    assert RatingResults().tests_json(answers, narrow)["equivalence"]["found"] is False


def test_a_look_finds_it_where_its_own_interval_lies_within():
    answers, compared = even_choices(), Compared(ARMS, 3, 0, declared=((0, 1),), smallest=0.2, at_looks=True)
    wide, narrow = (ChoiceResults().verdicts(answers, compared, level)[0] for level in (0.999999, 0.95))
    assert narrow.equivalent is True
    assert wide.equivalent is (wide.interval[0] >= -0.2 and wide.interval[1] <= 0.2)
    assert (
        ChoiceResults().verdicts(answers, Compared(ARMS, 3, 0, declared=((0, 1),)), 0.95)[0].equivalent
        is None
    )


# --- Power ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contrasts", [((0, 1),), ((0, 1), (2, 0))])
def test_power_is_the_share_of_studies_without_a_difference_that_find_it(contrasts):
    design = Design(60, 12, 4, CHOICES, contrasts=contrasts, smallest=0.2)
    printed = equivalence_power(design, Assumptions(0.3), studies=40, seed=3)
    world, finds = World(design, Assumptions(0.0)), 0
    for number in range(40):
        study = world.study(np.random.default_rng([3, number]))
        found = compare_arms(
            study.items, study.participants, study.values, declared=contrasts, smallest=0.2, draws=10
        )
        finds += all(one.equivalent for one in found[: len(contrasts)])
    assert printed.power == finds / 40
    assert 0 < printed.power < 1
    assert printed.interval[0] < printed.power < printed.interval[1]


def test_more_people_find_it_more_often_and_looks_judge_by_their_own_interval():
    few, many = (
        equivalence_power(Design(80, people, 4, RATINGS, 2, smallest=0.4), Assumptions(0.5), studies=40)
        for people in (6, 40)
    )
    assert few.power < many.power
    looks = tuple(plan_looks([0.5, 1.0], spending="pocock"))
    design = Design(80, 40, 4, RATINGS, 2, smallest=0.4, looks=looks)
    study = World(design, Assumptions(0.0)).study(np.random.default_rng(1))
    by_hand = [
        judge_mean_of(Ratings.of(part.items, part.participants, part.values), level=look.level).within(0.4)
        for look in looks
        for part in [study.first(look.fraction)]
    ]
    assert finds_equivalence(study, design) == any(by_hand)


def test_power_needs_a_smallest_effect():
    with pytest.raises(AnswersError, match="smallest_effect"):
        equivalence_power(Design(10, 5, 2, CHOICES), Assumptions(0.1))
