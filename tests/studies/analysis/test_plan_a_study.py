"""Simulated studies have the shares, ratings and spreads they are told to have, and power grows as it must."""

import numpy as np
import pytest
from scipy import stats

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import Judged, compare_arms
from studies.analysis.power import (
    CHOICES,
    RATINGS,
    Assumptions,
    Design,
    PowerModel,
    World,
    power,
    power_curve,
    wilson,
)
from studies.analysis.power.simulation import finds_it
from studies.analysis.scores import choice_scores, rating_scores
from studies.analysis.sequential import plan_looks

SMALL = Design(items=60, participants=12, answers_per_item=4, model=CHOICES)


def test_simulated_choices_have_the_assumed_shares():
    design = Design(items=4000, participants=2000, answers_per_item=4, model=CHOICES, arms=3)
    world = World(design, Assumptions(effect=0.15, same=0.07, spread_items=1.0, spread_people=0.6))
    study = world.study(np.random.default_rng(0))
    scores = choice_scores(study.items, study.values)
    other = (1 - 0.07 - 0.15) / 3
    assert scores.share == pytest.approx([other + 0.15, other, other], abs=0.015)
    assert scores.same_share == pytest.approx(0.07, abs=0.01)


def test_simulated_ratings_have_the_assumed_mean():
    design = Design(items=3000, participants=1000, answers_per_item=4, model=RATINGS)
    world = World(design, Assumptions(effect=1.48, spread_items=0.5, spread_people=0.3))
    study = world.study(np.random.default_rng(0))
    assert rating_scores(study.items, study.values).mean == pytest.approx(1.48, abs=0.05)
    assert set(study.values) == {-2, -1, 0, 1, 2}


def test_every_item_is_answered_by_different_people():
    study = World(SMALL, Assumptions(effect=0.1)).study(np.random.default_rng(1))
    pairs = set(zip(study.items.tolist(), study.participants.tolist(), strict=True))
    assert len(pairs) == 240
    assert np.bincount(study.items).tolist() == [4] * 60


def test_without_spread_answers_are_independent_and_with_it_they_go_together():
    def between_items(spread):
        design = Design(items=2000, participants=400, answers_per_item=4, model=CHOICES)
        world = World(design, Assumptions(effect=0, same=0.05, spread_items=spread, spread_people=0))
        study = world.study(np.random.default_rng(2))
        table = np.stack([np.bincount(study.items, study.values == arm) for arm in range(3)], axis=1)
        kinds, counts = np.unique(table[:, 0], return_counts=True)
        binomial = stats.binom.pmf(kinds, 4, np.mean(study.values == 0)) * 2000
        return float(np.sum((counts - binomial) ** 2 / binomial))

    assert between_items(0.0) < 15
    assert between_items(1.5) > 100


def test_nobody_says_same_if_nobody_is_assumed_to():
    study = World(SMALL, Assumptions(effect=0.1, same=0)).study(np.random.default_rng(0))
    assert study.values.min() == 0


def test_power_is_near_certain_for_a_large_effect_and_near_its_size_for_none():
    strong = power(SMALL, Assumptions(effect=0.6), studies=40)
    none = power(SMALL, Assumptions(effect=0.0), studies=100)
    assert strong.power > 0.9
    assert none.power < 0.1
    assert strong.interval[0] < strong.power <= strong.interval[1]


def test_a_mean_rating_below_zero_is_found_on_its_own_side():
    design = Design(items=40, participants=12, answers_per_item=4, model=RATINGS)
    assert power(design, Assumptions(effect=-1.2), studies=20).power > 0.9


def test_more_people_and_more_items_find_more():
    differ, alike = Assumptions(effect=0.22, spread_people=1.0), Assumptions(effect=0.22, spread_people=0.2)
    few, many = power_curve(SMALL, differ, participants=[6, 48], studies=60)
    short, long = power_curve(SMALL, alike, items=[20, 200], studies=60)
    assert [point.design.participants for point in (few, many, short, long)] == [6, 48, 12, 12]
    assert many.power > few.power + 0.1
    assert long.power > short.power + 0.1


def test_the_same_seed_gives_the_same_power():
    runs = [power(SMALL, Assumptions(effect=0.25), studies=20, seed=3).power for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("model", "level", "first", "share"),
    [
        (
            CHOICES,
            [-0.569422026375, -1.606147160748, -1.605726932269, -3.204365901841],
            [2, 1, 0, 2, 0, 0, 1, 0, 0, 2, 2, 1],
            0.6,
        ),
        (RATINGS, [0.338731116818], [0, 1, 0, 1, 0, 2, 2, -1, 0, 0, 1, 1], 0.25),
    ],
)
def test_a_seed_gives_the_figures_that_it_always_gave(model, level, first, share):
    """Whoever planned a study can make the plan's figures again: these are of before models were told apart."""
    design = Design(items=30, participants=10, answers_per_item=3, model=model)
    assumed = Assumptions(effect=0.3, same=0.05, spread_items=0.7, spread_people=0.4)
    world = World(design, assumed)
    assert world.level == pytest.approx(level, abs=1e-9)
    assert world.study(np.random.default_rng([3, 1])).values[:12].tolist() == first
    assert power(design, assumed, studies=20, seed=3).power == share


class YesOrNo(PowerModel):
    """Some say yes, the rest no; the effect is the share of yes above one half. As a trial type's own folder has it."""

    def level(self, assumptions, arms):
        return np.array([stats.norm.ppf(0.5 + assumptions.effect) * np.hypot(assumptions.spread, 1)])

    def values(self, latent, rng):
        return (latent[:, 0] + rng.standard_normal(len(latent)) > 0).astype(int)

    def judged(self, study, design, level):
        yes, n = int(study.values.sum()), len(study.values)
        if yes == n:
            return [Judged(0.5, None, None, None)]
        p = float(stats.binomtest(yes, n).pvalue)
        low, high = wilson(yes, n, level)
        return [Judged(yes / n - 0.5, (low - 0.5, high - 0.5), p, None)]


def test_another_way_of_answering_brings_its_own_model():
    design = Design(items=400, participants=40, answers_per_item=5, model=YesOrNo())
    alike = {"spread_items": 0.0, "spread_people": 0.0}
    study = World(design, Assumptions(0.2, spread_items=1.0, spread_people=0.1)).study(
        np.random.default_rng(0)
    )
    assert study.values.mean() == pytest.approx(0.7, abs=0.03)
    small = Design(items=20, participants=20, answers_per_item=2, model=YesOrNo())
    tried = []
    strong, none, against = (
        power(small, Assumptions(effect, **alike), studies=60, after_each=lambda: tried.append(1))
        for effect in (0.4, 0.0, -0.4)
    )
    assert min(strong.power, against.power) > 0.9
    assert none.power < 0.15
    assert strong.width < none.width  # Wilson's interval is widest at one half
    assert len(tried) == 180
    certain = power(small, Assumptions(0.4999999, **alike), studies=5)
    assert (certain.power, certain.width) == (0, None)  # without an interval nothing is found


def test_a_study_may_be_as_small_as_two_by_two_and_no_smaller():
    Design(items=2, participants=2, answers_per_item=2, model=CHOICES, arms=2)
    Design(items=2, participants=2, answers_per_item=1, model=CHOICES, arms=2)
    Design(
        items=2, participants=2, answers_per_item=1, model=CHOICES, arms=1
    )  # what a model makes of it is its own
    usual = {"items": 5, "participants": 5, "answers_per_item": 2, "model": CHOICES}
    for changed in ({"items": 1}, {"participants": 1, "answers_per_item": 1}, {"arms": 0}):
        with pytest.raises(AnswersError, match="at least 2 items, 2 participants and 1 arm"):
            Design(**{**usual, **changed})
    for answers in (0, 6):
        with pytest.raises(AnswersError, match="answers_per_item"):
            Design(**{**usual, "answers_per_item": answers})


def test_what_is_assumed_where_nothing_is_said():
    assumed = Assumptions(effect=0.2)
    assert (assumed.same, assumed.spread_items, assumed.spread_people) == (0.06, 0.8, 0.5)
    other = (1 - 0.06 - 0.2) / 3
    assert CHOICES.shares(assumed, 3) == pytest.approx([other + 0.2, other, other, 0.06], rel=1e-12)
    Assumptions(effect=0.0, same=0.0, spread_items=0.0, spread_people=0.0)
    for wrong in ({"same": -0.01}, {"same": 1.0}, {"spread_items": -0.1}, {"spread_people": -0.1}):
        with pytest.raises(AnswersError):
            Assumptions(effect=0.0, **wrong)
    for effect in (0.95, -0.95):  # the others, or the first arm itself, would be left with nothing
        with pytest.raises(AnswersError, match="a share below 0"):
            CHOICES.shares(Assumptions(effect=effect), 2 if effect < 0 else 3)


def test_a_negative_effect_of_choices_is_found_on_its_own_side_and_curves_change_one_number_at_a_time():
    against = power(Design(60, 12, 4, CHOICES), Assumptions(effect=-0.28), studies=20)
    assert against.power > 0.5
    curve = power_curve(
        SMALL, Assumptions(effect=0.3), participants=[8], items=[30], answers_per_item=[2, 3], studies=2
    )
    assert [(point.design.participants, point.design.items, point.design.answers_per_item) for point in curve] == [
        (8, 60, 4), (12, 30, 4), (12, 60, 2), (12, 60, 3),
    ]  # fmt: skip
    assert {point.studies for point in curve} == {2}


def test_wilsons_interval_has_the_level_that_is_asked_for():
    expected = stats.binomtest(7, 10).proportion_ci(0.8, method="wilson")
    assert wilson(7, 10, 0.8) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (7, 10), (950, 1000)])
def test_the_interval_of_a_proportion_is_wilsons(successes, trials):
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Design(items=10, participants=3, answers_per_item=4, model=CHOICES),
            "take fewer answers or more people",
        ),
        (lambda: Design(items=1, participants=3, answers_per_item=2, model=CHOICES), "at least 2 items"),
        (lambda: Design(items=9, participants=3, answers_per_item=2, model="essay"), "'essay' is not one of"),
        (lambda: Assumptions(effect=0.1, same=1.0), "not a share"),
        (lambda: Assumptions(effect=0.1, spread_people=-1), "0 or more"),
        (lambda: World(SMALL, Assumptions(effect=0.99)), "take a smaller effect"),
        (
            lambda: World(Design(9, 9, 2, model=RATINGS), Assumptions(effect=2.0)),
            "not between −2 and 2",
        ),
    ],
)
def test_an_impossible_plan_is_refused(make, message):
    with pytest.raises(AnswersError, match=message):
        make()


ALIKE = {"spread_items": 0.2, "spread_people": 0.2}


def test_every_declared_comparison_of_the_better_arm_must_be_found_as_holm_corrects_it():
    one = Design(60, 12, 4, CHOICES, contrasts=((0, 1),))
    three = Design(60, 12, 4, CHOICES, contrasts=((0, 1), (0, 2), (1, 2)))
    assumed = Assumptions(0.18, **ALIKE)
    single, several = (power(design, assumed, studies=60).power for design in (one, three))
    assert 0.3 < single < 1
    assert several < single - 0.05
    world, by_holm, alone = World(three, assumed), 0, 0
    for number in range(60):
        study = world.study(np.random.default_rng([0, number]))
        columns = study.items, study.participants, study.values
        better = compare_arms(*columns, declared=three.contrasts, draws=1)[:2]
        by_holm += all(found.p_holm <= 0.05 and found.difference > 0 for found in better)
        alone += all(found.p <= 0.05 and found.difference > 0 for found in better)
    assert several == by_holm / 60 < alone / 60
    backwards = Design(
        60, 12, 4, CHOICES, contrasts=((2, 1), (2, 0), (0, 1))
    )  # another arm is the better one
    assert power(backwards, assumed, studies=60).power == several


def test_power_is_of_the_decision_at_any_planned_look():
    """The share that is printed is the share of studies whose p is small enough at one of the looks, people one after another."""
    looks = tuple(plan_looks([0.5, 1.0]))
    design = Design(60, 16, 4, CHOICES, contrasts=((0, 1),), looks=looks)
    assumed = Assumptions(0.35, **ALIKE)
    world, found, early = World(design, assumed), 0, 0
    for number in range(40):
        study = world.study(np.random.default_rng([0, number]))
        half = study.first(0.5)
        assert set(half.participants.tolist()) <= set(range(11))  # the first to come
        assert len(half.values) == 120
        p = [design.model.judged(part, design, 0.95)[0].p for part in (half, study)]
        at_look = [p[0] <= 1 - looks[0].level, p[1] <= 1 - looks[1].level]
        assert finds_it(study, design, assumed) == any(at_look)
        found, early = found + any(at_look), early + at_look[0]
    assert power(design, assumed, studies=40).power == found / 40
    assert 0 < early < found


def test_five_people_who_differ_find_little_and_power_says_so():
    design = Design(60, 5, 4, CHOICES)
    assert power(design, Assumptions(0.0, spread_people=1.0), studies=60).power <= 0.05
