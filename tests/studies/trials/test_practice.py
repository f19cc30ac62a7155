"""Two drawn examples before the first photo, with feedback; the record says how they went."""

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from studies.models import Event, Participant, Response, Study
from studies.participation.seats import VolunteerSeat
from studies.trials.practice import current_example, has_failed, right_side
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db


def side(number):
    return right_side(Participant.objects.get(), number)


def test_who_is_right_goes_through_two_examples_and_on_to_the_photos(visitor, invite):
    _, join = invite(practice=True)
    visitor.start(join)
    for number, drawing in enumerate(("cup", "tree")):
        assert f"Which map best matches the {drawing}?" in visitor.text
        assert visitor.soup.select_one("button.same").text == "I see no difference"
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
    labels = Study.objects.get().wording["labels"]
    assert [(button["value"], button.text) for button in visitor.soup.select(".ratings button")] == [
        (str(value), label) for value, label in zip(range(-2, 3), labels, strict=True)
    ]
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


def sides(study, number=0):
    return [right_side(make_participant(study, person), number) for person in range(1, 25)]


def test_nobody_can_be_told_by_who_was_there_before_which_map_is_right():
    """The side differs by person, by example and by the study's seed, and is the same at every visit."""
    study, other = make_study(seed=1), make_study("other", seed=2, networks=("other",))
    first = sides(study)
    assert 6 <= sum(first) <= 18
    people = list(study.participants.order_by("number"))
    assert [right_side(person, 0) for person in people] == first
    second = [right_side(person, 1) for person in people]
    assert first not in (second, [1 - side for side in second], sides(other))


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_the_map_on_the_object_is_where_the_right_answer_is(client, invite, task):
    study, _ = invite(task=task, practice=True)
    seen = set()
    for number in range(1, 9):
        person = make_participant(study, number, instructed_at=timezone.now())
        page = client.get(reverse("practice", args=[f"token-{number}-of-demo"]))
        files = [picture["src"] for picture in BeautifulSoup(page.content, "html.parser").select("main img")][
            1:
        ]
        where = right_side(person, 0)
        assert [file.endswith("-a.svg") for file in files] == [where == 0, where == 1]  # of the first drawing
        assert "-on" not in page.content.decode()
        seen.add(where)
    assert seen == {0, 1}


def practised(person, *answers):
    for number, right in answers:
        data = {"number": number, "value": "0", "right": right}
        Event.objects.create(study=person.study, participant=person, kind="practice", data=data)


@pytest.mark.parametrize(
    ("answers", "next_one"),
    [
        ([], 0),
        ([(0, False)], 0),
        ([(0, True)], 1),
        ([(0, False), (0, False)], 1),
        ([(0, False), (0, True)], 1),
        ([(0, True), (1, False)], 1),
        ([(0, True), (1, False), (1, False)], None),
        ([(0, False), (0, False), (1, True)], None),
    ],
)
def test_an_example_is_over_when_it_is_right_or_was_tried_twice(answers, next_one):
    study = make_study(practice=True, state=Study.State.OPEN)
    person, other = make_participant(study, 1), make_participant(study, 2)
    practised(person, *answers)
    Event.objects.create(study=study, participant=person, kind="break", data={"number": 0, "right": True})
    assert current_example(person) == next_one
    assert VolunteerSeat(person, "").practice_is_due() is (next_one is not None)
    assert current_example(other) == 0
    study.practice = False
    person.study = study
    assert not VolunteerSeat(person, "").practice_is_due()


@pytest.mark.parametrize(
    ("answers", "failed"),
    [
        ([], False),
        ([(0, False)], False),
        ([(0, False), (0, False)], True),
        ([(0, False), (0, True)], False),
        ([(0, True), (1, False), (1, False)], True),
        ([(0, False), (1, False)], False),
    ],
)
def test_who_got_an_example_wrong_every_time_has_failed(answers, failed):
    events = [{"number": number, "right": right} for number, right in answers]
    assert has_failed([*events, {"said": "something else"}]) is failed


def test_what_was_said_is_on_record_of_that_person(visitor, another_visitor, invite):
    study, join = invite(practice=True)
    another_visitor().start(join)
    visitor.start(join).press(value="0" * 40)
    event = Event.objects.get(kind="practice")
    assert (event.study, event.participant.number) == (study, 2)
    assert event.data == {"number": 0, "value": "0" * 10, "right": False}


def test_an_answer_to_an_example_that_is_over_is_none_to_the_next(visitor, invite):
    _, join = invite(practice=True)
    visitor.start(join).press(value=side(0))
    page = visitor.client.post(visitor.home + "practice/", {"number": "0", "value": side(1)})
    assert page.url == visitor.home + "practice/"
    assert Event.objects.filter(kind="practice").count() == 1
    assert current_example(Participant.objects.get()) == 1


@pytest.mark.parametrize("value", ["", "3", "-3", "x", "+1", " 1"])
def test_what_no_button_says_is_wrong(visitor, invite, value):
    _, join = invite(task="rating", practice=True)
    visitor.start(join).press(value=value)
    assert Event.objects.get(kind="practice").data["right"] is False


def test_practice_begins_after_the_instructions(visitor, invite):
    _, join = invite(practice=True)
    visitor.get(join).press()
    assert visitor.get(visitor.home + "practice/").path.endswith("/instructions/")
    visitor.client.post(visitor.home + "practice/", {"number": "0", "value": "0"})
    assert not Event.objects.filter(kind="practice").exists()
