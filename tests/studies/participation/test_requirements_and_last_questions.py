"""Devices that a study asks for, before anybody agrees; questions after the last photo; and words that no browser translates."""

import copy

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from studies.lifecycle.seal import broken_seal
from studies.models import Event, Participant
from studies.participation.seats import VolunteerSeat
from studies.preregistration import entries
from studies.protocol import ProtocolError, Requirements, check_protocol, requirements_of
from studies.protocol.schema import in_full
from tests.factories import make_study
from tests.studies.protocol.test_read_protocol import CHOICE

pytestmark = pytest.mark.django_db
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148"
)
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGE = {"key": "age", "text": "How old are you?", "kind": "number", "required": True, "eligible": [18, 99]}
HARD = {
    "key": "hard",
    "text": "What was hard?",
    "kind": "text",
    "required": False,
    "when": "after",
}


def with_needs(**needs):
    return {"protocol": {"requirements": needs}}


# Devices


def shown(client, join, **headers):
    page = BeautifulSoup(client.get(join, headers=headers).content, "html.parser")
    needs, invitation = page.select_one("#needs"), page.select_one("#invitation")
    return needs, invitation


def test_who_says_that_they_are_on_a_phone_reads_where_to_open_it_instead_of_the_consent(client, invite):
    _, join = invite(**with_needs(no_phone=True))
    needs, invitation = shown(client, join + "?lab=7", user_agent=PHONE)
    assert not needs.has_attr("hidden")
    assert invitation.has_attr("hidden")
    assert needs.select_one("input")["value"] == f"http://testserver{join}?lab=7"
    assert not Participant.objects.exists()


def test_a_hint_of_the_browser_goes_before_its_name(client, invite):
    _, join = invite(**with_needs(no_phone=True))
    needs, _ = shown(client, join, user_agent=PHONE, sec_ch_ua_mobile="?0")
    assert needs.has_attr("hidden")
    needs, _ = shown(client, join, user_agent=LAPTOP, sec_ch_ua_mobile="?1")
    assert not needs.has_attr("hidden")


def test_on_a_computer_and_where_nothing_is_asked_the_consent_is_shown(client, invite):
    _, join = invite(**with_needs(no_phone=True, min_width=700, keyboard=True))
    needs, invitation = shown(client, join, user_agent=LAPTOP)
    assert needs.has_attr("hidden")
    assert (needs["data-width"], "data-keyboard" in needs.attrs) == ("700", True)
    assert not invitation.has_attr("hidden")
    _, plain = invite(slug="plain", networks=("other",))
    needs, invitation = shown(client, plain, user_agent=PHONE)
    assert needs is None
    assert not invitation.has_attr("hidden")


def test_nobody_is_refused_for_what_a_browser_says(client, invite):
    _, join = invite(**with_needs(no_phone=True, min_width=3000, keyboard=True))
    response = client.post(join, {"consent": "on"}, headers={"user-agent": PHONE})
    assert response.status_code == 302
    assert Participant.objects.count() == 1


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ({"min_width": 319}, "requirements.min_width: is 319; it must be a whole number from 320 to 3000"),
        ({"no_phone": "yes"}, "requirements.no_phone: is 'yes'; it must be true or false"),
        ({"mouse": True}, "requirements.mouse: is unknown; known keys are keyboard, min_width, no_phone"),
    ],
)
def test_faults_of_requirements_are_named(needs, message):
    with pytest.raises(ProtocolError, match=message.replace(".", r"\.")):
        check_protocol({**CHOICE, "requirements": needs})


def test_what_is_not_needed_is_as_if_it_were_left_out():
    before = in_full(CHOICE)
    assert "requirements" not in before
    assert in_full({**CHOICE, "requirements": {"no_phone": False, "keyboard": False}}) == before
    protocol = check_protocol({**CHOICE, "requirements": {"no_phone": True}})
    assert protocol.complete["requirements"] == {"no_phone": True}
    assert requirements_of(protocol.complete) == Requirements(no_phone=True)


def test_a_preregistration_says_what_people_are_asked_to_use():
    assert (
        entries._devices(Requirements(700, True, True))
        == "a window of 700 pixels or more and a keyboard and no phone"
    )


# Questions after the photos


def test_questions_after_the_photos_are_asked_once_after_the_last_one_and_before_the_code(visitor, invite):
    _, join = invite(questions=[AGE, HARD], responses_per_item=1)
    visitor.get(join).press()
    assert "How old" in visitor.text
    assert "What was hard" not in visitor.text
    visitor.press(age="34").press()
    while visitor.on_trial:  # not before all photos are answered
        assert visitor.client.get(visitor.home + "afterwards/").status_code == 302
        visitor.answer(0)
    assert "What was hard" in visitor.text
    person = Participant.objects.get()
    assert (person.state, person.completion_code) == ("active", "")
    visitor.press(hard="The birds")
    person.refresh_from_db()
    assert (person.state, person.background) == ("finished", {"age": 34, "hard": "The birds"})
    assert person.completion_code in visitor.text
    visitor.client.post(visitor.home + "afterwards/", {"hard": "Something else"})
    assert Participant.objects.get().background["hard"] == "The birds"
    assert Event.objects.filter(kind="background: active").count() == 2


def test_with_questions_afterwards_alone_nobody_is_asked_before(visitor, invite):
    _, join = invite(questions=[HARD], responses_per_item=1)
    visitor.start(join)
    assert visitor.on_trial
    while visitor.on_trial:
        visitor.answer(0)
    visitor.press(hard="")
    assert Participant.objects.get().state == "finished"


def test_who_found_no_photo_left_is_asked_nothing(invite):
    study = make_study(questions=[HARD])
    person = Participant(study=study, number=1)
    assert not VolunteerSeat(person, "x").last_questions_are_due()


def test_nobody_is_sent_away_after_the_photos():
    question = {"key": "age", "text": "Age?", "kind": "number", "eligible": [18, 99], "when": "after"}
    with pytest.raises(
        ProtocolError, match=r"questions\[1\]\.eligible: is set, but the question is asked after"
    ):
        check_protocol({**CHOICE, "questions": [question]})


def test_a_question_before_the_photos_is_sealed_as_it_always_was():
    question = {"key": "age", "text": "Age?", "kind": "number"}
    spelt_out = check_protocol({**copy.deepcopy(CHOICE), "questions": [{**question, "when": "before"}]})
    left_out = check_protocol({**copy.deepcopy(CHOICE), "questions": [question]})
    assert spelt_out.questions == left_out.questions
    assert spelt_out.complete == left_out.complete
    assert "when" not in left_out.complete["questions"][0]


# Words that stay


@pytest.mark.parametrize(("task", "words"), [("choice", ".same span"), ("rating", ".ratings span")])
def test_class_names_and_labels_of_scales_are_kept_from_translation(visitor, invite, task, words):
    _, join = invite(task=task, methods=("grad-cam", "ablation-cam"))
    visitor.start(join)
    page = BeautifulSoup(visitor.client.get(visitor.home + "trial/").content, "html.parser")
    for kept in [page.select_one("#named"), *page.select(words)]:
        assert kept["translate"] == "no"
    assert page.select(words)


def test_the_seal_of_an_opened_study_stays_whole(invite):
    study, _ = invite(questions=[AGE, HARD])
    assert broken_seal(study) is None
    assert reverse("afterwards", args=["x"])
