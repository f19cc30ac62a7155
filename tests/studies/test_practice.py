"""Two drawn examples before the first photo, with feedback; the record says how they went."""

import pytest
from django.conf import settings

from studies.models import Event, Participant, Response
from studies.practice import right_side

pytestmark = pytest.mark.django_db


def side(number):
    return right_side(Participant.objects.get(), number)


def test_who_is_right_goes_through_two_examples_and_on_to_the_photos(visitor, invite):
    _, join = invite(practice=True)
    visitor.start(join)
    for number, drawing in enumerate(("cup", "tree")):
        assert f"Which map best matches the {drawing}?" in visitor.text
        assert visitor.get(visitor.home + "trial/").path.endswith("/practice/")
        visitor.press(value=side(number))
        assert "Yes: map" in visitor.text
        visitor.press()
    assert visitor.on_trial
    assert [event.data["right"] for event in Event.objects.filter(kind="practice")] == [True, True]
    assert not Response.objects.exists()


def test_who_is_wrong_is_told_and_tries_once_more(visitor, invite):
    _, join = invite(practice=True)
    visitor.start(join)
    visitor.press(value=1 - side(0))
    assert "Look again: map " + "AB"[side(0)] in visitor.text
    visitor.press().press(value=-1)
    visitor.press()
    assert "Practice 2 of 2" in visitor.text
    assert [event.data["right"] for event in Event.objects.filter(kind="practice")] == [False, False]


@pytest.mark.parametrize(("strength", "right"), [(2, True), (1, True), (0, False), (-1, False)])
def test_a_rating_is_right_on_the_side_of_the_object(visitor, invite, strength, right):
    _, join = invite(task="rating", practice=True)
    visitor.start(join)
    visitor.press(value=strength if side(0) == 1 else -strength)
    assert Event.objects.get(kind="practice").data["right"] is right


def test_nothing_that_is_sent_keeps_a_volunteer_in_practice(visitor, invite):
    _, join = invite(practice=True)
    visitor.start(join)
    for _ in range(8):
        if not visitor.on_trial:
            visitor.press()
    assert visitor.on_trial


def test_there_is_no_practice_unless_the_study_wants_it(visitor, invite):
    _, join = invite()
    assert visitor.start(join).on_trial
    assert visitor.get(visitor.home + "practice/").on_trial


@pytest.mark.parametrize("picture", ["overlay", "masked", "heat"])
def test_every_drawing_is_there(visitor, invite, picture):
    _, join = invite(practice=True, picture=picture)
    visitor.start(join)
    sources = [image["src"] for image in visitor.soup.select("main img")]
    assert len(sources) == 3
    for source in sources:
        assert (settings.BASE_DIR / source.lstrip("/")).is_file()
