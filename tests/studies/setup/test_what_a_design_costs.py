"""Before anybody is asked: answers, people, minutes and hours of a design, and where the number of photos comes from."""

import pytest

from studies.lifecycle.similarity import NOTICEABLE, Pair, _pair
from studies.setup.cost_estimate import estimate, estimate_from, items_of
from studies.setup.power_analysis import fewest
from tests.studies.protocol.test_read_protocol import changed


def cost(**changes):
    usual = {"items": 250, "responses_per_item": 4, "trials_per_participant": 100, "people": None}
    return estimate(**{**usual, **changes})


def test_the_papers_design_costs_what_its_section_says():
    """250 photos, four answers each, by 15 people: 67 answers each at 12 s, after 90 s of reading."""
    result = cost(people=15)
    assert (result.answers, result.trials, result.fewest_people) == (1000, 67, 10)
    assert result.minutes == 15  # (67 · 12 + 90) / 60 = 14.9
    assert result.hours == pytest.approx(15 * 15 / 60)
    assert result.enough
    assert result.to_json() == {
        "items": "250", "answers": "1,000", "fewest": "10", "trials": "67", "minutes": "15", "hours": "3.8", "enough": True,
    }  # fmt: skip


def test_without_people_everybody_gives_as_many_as_allowed_but_no_photo_twice():
    result = cost()
    assert (result.trials, result.minutes, result.enough) == (100, 22, True)
    assert result.hours == pytest.approx(10 * 22 / 60)  # of the fewest people who can give all answers
    assert cost(items=30).trials == 30


def test_repeats_and_checks_come_on_top_and_repeats_are_at_most_half():
    assert cost(people=15, repeats=5, checks=3).trials == 67 + 5 + 3
    assert cost(people=15, repeats=50).trials == 67 + 33
    assert cost(people=100_000).trials == 1  # nobody comes for nothing


def test_too_few_people_are_said_to_be_too_few():
    assert [cost(people=people).enough for people in (9, 10, 11)] == [False, True, True]


@pytest.mark.parametrize(
    ("items", "answers_each", "trials_each", "people"),
    [(250, 4, 100, 10), (250, 4, 99, 11), (2, 5, 50, 5), (1, 1, 50, 2), (10, 1, 50, 2)],
)
def test_the_fewest_people_give_every_answer_and_nobody_gives_two_about_a_photo(
    items, answers_each, trials_each, people
):
    assert fewest(items, answers_each, trials_each) == people


def test_numbers_that_are_not_typed_yet_are_the_usual_ones():
    usual = estimate_from(10, {}, 2)
    assert (usual.answers, usual.trials, usual.people) == (40, 10, None)
    typed = estimate_from(100, {"responses_per_item": 2, "trials_per_participant": 20, "repeats_per_participant": 3,
                                "attention_checks": 2, "people": 20}, 2)  # fmt: skip
    assert (typed.answers, typed.trials, typed.people) == (200, 10 + 3 + 2, 20)
    below = estimate_from(100, {"people": -3, "repeats_per_participant": -1, "attention_checks": -5}, 2)
    assert (below.people, below.trials) == (None, 50)
    assert estimate_from(0, {}, 2) is None
    assert estimate_from(10, {"responses_per_item": -1}, 2) is None
    assert estimate_from(10, {"trials_per_participant": -1}, 2) is None


@pytest.mark.django_db
def test_the_number_of_photos_comes_from_the_set_or_says_why_nobody_knows(birds):
    with_set = changed(photos__set="birds", photos__classes=["hen"])
    assert items_of(with_set) == (2, "the set birds")
    assert items_of(changed(photos__set="birds", photos__only_correct=True, photos__limit=5, arms=[{"network": "tiny"}])) == (
        5, "as many as you asked for; the networks have not looked at them yet",
    )  # fmt: skip
    assert items_of(changed(photos__set=None)) == (0, "choose photos first")


def likeness(*differences, correlations=(0.5, 0.9, 0.1)):
    return _pair("a", "b", list(range(3, 3 + len(differences))), list(correlations), list(differences))


def test_pictures_are_alike_up_to_what_people_notice_and_not_above():
    pair = likeness(NOTICEABLE, NOTICEABLE + 0.01, 0.0, 9.126)
    assert (pair.alike, pair.items) == (0.5, 4)
    assert (pair.closest, pair.closest_difference) == (5, 0.0)
    assert (pair.farthest, pair.farthest_difference) == (6, 9.13)
    assert (pair.correlation_median, pair.correlation_least) == (0.5, 0.1)
    assert likeness(1.0, correlations=()).correlation_median is None
    assert NOTICEABLE == 2.15  # Stokes, Fairchild and Berns, 1992


def test_opening_asks_only_where_more_than_half_look_the_same():
    def asks(alike, items=4):
        return Pair("a", "b", items, None, None, alike, 1, 2, 0, 0).too_alike

    assert [asks(alike) for alike in (0.49, 0.5, 0.51, 1.0)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("alike", "words"),
    [
        (0, "can be told apart on all 4 photos"),
        (1.0, "look the same on all 4 photos"),
        (0.25, "look the same on 1 of 4 photos"),
    ],
)
def test_how_alike_two_arms_are_is_said_in_whole_photos(alike, words):
    assert Pair("a", "b", 4, None, None, alike, 1, 2, 0, 0).in_words == f"a and b {words}"
