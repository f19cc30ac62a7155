"""What a simulated volunteer says follows from what was stated: tastes, habits, attention, and a seed of their own."""

import numpy as np
import pytest

from explain.core.errors import BadInputError
from studies.analysis.preference import choice_shares
from studies.management.commands.simulate import shares as shares_from
from studies.models import Item, Trial
from studies.simulation.volunteers import Preference, Volunteer
from tests.factories import make_study

pytestmark = pytest.mark.django_db
ARMS = ("grad-cam", "ablation-cam", "pixel-ablation-cam")
SPREAD_OUT = {"grad-cam": 2, "pixel-ablation-cam": 6, "same": 2}


@pytest.fixture
def choosing():
    return make_study(items=2)


@pytest.fixture
def rating():
    return make_study("networks", items=2, task="rating", methods=("grad-cam",), networks=("strong", "weak"))


def trial(order, *, item=0, kind="main"):
    return Trial(kind=kind, order=order, item=Item(index=item))


def test_people_differ_around_the_stated_shares_and_never_take_what_has_none(choosing):
    people = [Volunteer(choosing, Preference(SPREAD_OUT), [3, number]) for number in range(300)]
    tastes = np.array([person.own for person in people])
    assert tastes.sum(axis=1) == pytest.approx(np.ones(300), abs=1e-12)
    assert tastes[:, 1].max() == 0  # ablation-cam has no share
    assert tastes.mean(axis=0) == pytest.approx([0.2, 0, 0.6, 0.2], abs=0.02)
    # a Dirichlet distribution of total c has variance m (1 − m) / (c + 1)
    assert tastes[:, 2].var() == pytest.approx(0.6 * 0.4 / 31, rel=0.25)
    alike = Preference(SPREAD_OUT, concentration=1e6)
    assert Volunteer(choosing, alike, [3, 0]).own == pytest.approx([0.2, 0, 0.6, 0.2], abs=0.01)


def test_a_persons_own_mean_moves_by_what_their_likeness_says(rating):
    moved = [Volunteer(rating, Preference({}, concentration=4), [1, number]).taste for number in range(400)]
    assert np.std(moved) == pytest.approx(1 / 2, rel=0.12)
    assert np.mean(moved) == pytest.approx(0, abs=0.08)


def test_the_same_seed_makes_the_same_person_and_another_seed_another(choosing):
    def said(seed):
        person = Volunteer(choosing, Preference(dict.fromkeys([*ARMS, "same"], 1.0)), seed)
        return [person.value(trial("2,0,1")) for _ in range(30)]

    assert said([1, 0]) == said([1, 0])
    assert said([1, 0]) != said([1, 1])
    assert said([1, 0]) != said([2, 0])


def test_a_choice_is_the_place_of_the_arm_that_is_preferred(choosing):
    person = Volunteer(choosing, Preference({"pixel-ablation-cam": 1}), [1, 0])
    assert [person.value(trial(order)) for order in ("2,0,1", "0,2,1", "0,1,2")] == [0, 1, 2]
    assert Volunteer(choosing, Preference({"same": 1}), [1, 0]).value(trial("0,1,2")) == -1


@pytest.mark.parametrize(
    ("mean", "left", "right"), [(1, -1, 1), (-2, 2, -2), (9, -2, 2), (-9, 2, -2), (0, 0, 0)]
)
def test_a_rating_points_to_the_side_of_the_first_arm_and_stays_on_its_scale(rating, mean, left, right):
    person = Volunteer(rating, Preference({}, mean=mean, spread=1e-6, concentration=1e12), [1, 0])
    assert (person.value(trial("0,1")), person.value(trial("1,0"))) == (left, right)


def test_ratings_spread_as_stated(rating):
    person = Volunteer(rating, Preference({}, spread=0.8, concentration=1e12), [5, 0])
    ratings = np.array([person.value(trial("1,0")) for _ in range(800)])
    assert ratings.mean() == pytest.approx(0, abs=0.1)
    assert ratings.std() == pytest.approx(0.83, abs=0.06)  # a normal of 0.8, rounded and cut at ±2


def test_who_goes_by_the_boxes_does_so_on_each_item_by_itself(choosing, rating):
    values = {0: np.array([0.9, 0.1, 0.1]), 1: np.array([0.1, 0.5, 0.5])}
    person = Volunteer(choosing, Preference({"same": 1}, values=values, concentration=1e12), [1, 0])
    choices = np.array([[person.value(trial("0,1,2", item=item)) for _ in range(400)] for item in (0, 1)])
    for item in (0, 1):
        shares = [np.mean(choices[item] == place) for place in (0, 1, 2, -1)]
        assert shares == pytest.approx(choice_shares([values[item]])[0], abs=0.06)
    sharp = Volunteer(choosing, Preference({}, values=values, concentration=0.05), [1, 0])
    assert abs(sharp.taste) > 1
    wanted = choice_shares([values[1]], 10 * np.exp(sharp.taste))[0]
    assert sharp.people.shares_by(values[1], sharp.taste) == pytest.approx(wanted, rel=1e-12)
    about = {0: np.array([0.5, 1 / 3]), 1: np.array([1 / 3, 0.5])}
    rater = Volunteer(rating, Preference({}, mean=2, values=about, spread=1e-6, concentration=1e12), [1, 0])
    assert [rater.value(trial("1,0", item=item)) for item in (0, 1)] == [1, -1]


def test_a_check_is_missed_by_another_button_and_met_by_the_map_that_is_on_the_object(choosing, rating):
    right, wrong = (Preference({"same": 1}, attention=attention) for attention in (1.0, 0.0))
    check = trial("2,0,1", kind="check")
    assert {Volunteer(choosing, right, [1, n]).value(check) for n in range(20)} == {1}
    assert {Volunteer(choosing, wrong, [1, n]).value(check) for n in range(60)} == {-1, 0, 2}
    for order, side in (("0,1", -2), ("1,0", 2)):
        check = trial(order, kind="check")
        assert Volunteer(rating, right, [1, 0]).value(check) == side
        assert Volunteer(rating, wrong, [1, 0]).value(check) == -side
    often = Volunteer(choosing, Preference({"same": 1}, attention=0.7), [1, 0])
    met = np.mean([often.value(trial("2,0,1", kind="check")) == 1 for _ in range(600)])
    assert met == pytest.approx(0.7, abs=0.05)


def test_a_lazy_person_presses_the_first_button_in_checks_too_and_a_habit_of_places_does_not(
    choosing, rating
):
    lazy, placed = (
        Preference({"same": 1}, lazy=1.0),
        Preference({"same": 1}, position_bias=1.0, attention=1.0),
    )
    check, plain = trial("2,0,1", kind="check"), trial("2,0,1")
    assert [Volunteer(choosing, lazy, [1, 0]).value(row) for row in (check, plain)] == [0, 0]
    assert [Volunteer(choosing, placed, [1, 0]).value(row) for row in (check, plain)] == [1, 0]
    assert Volunteer(rating, lazy, [1, 0]).value(trial("1,0", kind="check")) == -2
    some = [Volunteer(choosing, Preference({"same": 1}, lazy=0.3), [1, n]).is_lazy for n in range(400)]
    assert np.mean(some) == pytest.approx(0.3, abs=0.06)
    habit = Volunteer(choosing, Preference({"same": 1}, position_bias=0.4), [1, 0])
    assert np.mean([habit.value(plain) == 0 for _ in range(600)]) == pytest.approx(0.4, abs=0.05)


def test_people_leave_as_often_as_stated(choosing):
    def gone(chance):
        person = Volunteer(choosing, Preference({"same": 1}, dropout=chance), [1, 0])
        return np.mean([person.leaves() for _ in range(500)])

    assert (gone(0.0), gone(1.0)) == (0, 1)
    assert gone(0.2) == pytest.approx(0.2, abs=0.05)


def test_they_answer_what_lets_them_take_part(choosing):
    choosing.questions = [
        {"key": "knows", "kind": "choice", "options": ["Yes", "No"], "eligible": ["No"]},
        {"key": "sight", "kind": "choice", "options": ["Good", "Bad"], "eligible": []},
        {"key": "age", "kind": "number", "eligible": [18, 99]},
        {"key": "years", "kind": "number", "eligible": []},
        {"key": "else", "kind": "text"},
    ]
    assert Volunteer(choosing, Preference({"same": 1}), [1, 0]).about_oneself() == {
        "knows": "No", "sight": "Good", "age": "18", "years": "30", "else": "simulated",
    }  # fmt: skip


def test_the_rule_is_said_in_words_with_every_habit(choosing, rating):
    assert Preference({"grad-cam": 1, "same": 3}).in_words(choosing) == "grad-cam 25.0%, same 75.0%"
    assert (
        Preference({}, mean=-0.5, spread=2).in_words(rating)
        == "ratings from a normal of mean -0.50 and spread 2.00"
    )
    located = Preference({}, values={}, values_are="itself in the boxes")
    assert located.in_words(choosing) == "they prefer the map with more of itself in the boxes"
    choosing.attention_checks = 2
    habits = Preference({"same": 1}, attention=0.8, lazy=0.1, position_bias=0.2, dropout=0.3)
    assert habits.in_words(choosing) == (
        "same 100.0%; attention checks right 80%; 10% of people always press the first button; "
        "20% of answers are the first button; 30% leave after each answer"
    )


def test_stated_shares_are_read_by_name_and_nonsense_is_refused(choosing):
    assert shares_from(choosing, "") == dict.fromkeys([*ARMS, "same"], 1.0)
    assert shares_from(choosing, "grad-cam=0.5, same=2") == {"grad-cam": 0.5, "same": 2.0}
    for nonsense in ("grad-cam=-1,same=2", "grad-cam=nan", "grad-cam=inf", "grad-cam=0,same=0"):
        with pytest.raises(BadInputError, match="numbers of 0 or more, and not all 0"):
            shares_from(choosing, nonsense)
