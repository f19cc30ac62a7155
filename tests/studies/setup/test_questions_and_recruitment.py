"""Before the first trial: the study's questions, and people whom a recruitment site sends."""

import pytest

from studies.models import Participant
from studies.participation.forms import QuestionsForm

pytestmark = pytest.mark.django_db

QUESTIONS = [
    {"key": "age", "text": "How old are you?", "kind": "number", "required": True, "eligible": [18, 120]},
    {
        "key": "knows",
        "text": "Have you worked with deep learning?",
        "kind": "choice",
        "required": True,
        "options": ["No", "Yes"],
        "eligible": ["No"],
    },
    {"key": "sight", "text": "Anything about your sight?", "kind": "text", "required": False},
]
PROLIFIC = "?PROLIFIC_PID=abc123&STUDY_ID=s1&SESSION_ID=t1&evil=1"


def test_questions_come_after_consent_and_before_the_instructions(visitor, invite):
    _, join = invite(questions=QUESTIONS)
    visitor.get(join).press()
    assert visitor.path.endswith("/about-you/")
    for page in ("instructions/", "trial/", "thanks/"):
        assert visitor.get(visitor.home + page).path.endswith("/about-you/")
    visitor.press(age="34", knows="No", sight="glasses")
    assert visitor.path.endswith("/instructions/")
    assert Participant.objects.get().background == {"age": 34, "knows": "No", "sight": "glasses"}
    assert visitor.get(visitor.home + "about-you/").path.endswith("/instructions/")


@pytest.mark.parametrize("typed", [{}, {"age": "x", "knows": "No"}, {"age": "34", "knows": "Maybe"}])
def test_an_answer_that_is_none_is_asked_for_again(visitor, invite, typed):
    _, join = invite(questions=QUESTIONS)
    visitor.get(join).press().press(**typed)
    assert visitor.path.endswith("/about-you/")
    assert visitor.soup.select(".errorlist")
    assert Participant.objects.get().background == {}


@pytest.mark.parametrize(
    ("number", "fits"), [("-1", False), ("0", True), ("1000000", True), ("1000001", False), ("1.5", False)]
)
def test_a_number_is_taken_from_none_to_a_million(number, fits):
    questions = [{"key": "steps", "text": "How many steps a day?", "kind": "number", "required": True}]
    form = QuestionsForm(questions, {"steps": number})
    assert form.is_valid() is fits
    assert not fits or form.answers() == {"steps": int(number)}


@pytest.mark.parametrize("typed", [{"age": "17", "knows": "No"}, {"age": "34", "knows": "Yes"}])
def test_who_is_not_eligible_is_told_so_and_shown_nothing(visitor, invite, typed):
    study, join = invite(questions=QUESTIONS)
    visitor.get(join).press().press(**typed)
    assert "cannot take part" in visitor.text
    assert Participant.objects.get().state == "screened"
    assert "cannot take part" in visitor.get(visitor.home + "trial/").text
    assert not study.trials.exclude(state="open").exists()


def test_what_a_site_passes_on_is_kept_and_nothing_else(visitor, invite):
    _, join = invite(completion_url="https://app.example.org/?cc=C1&mine={code}")
    visitor.get(join + PROLIFIC)
    visitor.path = join + PROLIFIC
    visitor.press().press()
    person = Participant.objects.get()
    assert person.external_id == "prolific:abc123"
    assert person.external == {"PROLIFIC_PID": "abc123", "STUDY_ID": "s1", "SESSION_ID": "t1"}
    while visitor.on_trial:
        visitor.answer(0)
    person.refresh_from_db()
    back = visitor.soup.select_one(".actions a")["href"]
    assert back == f"https://app.example.org/?cc=C1&mine={person.completion_code}"


def test_someone_who_is_sent_twice_goes_on_where_they_were(visitor, invite):
    _, join = invite(invitation={"quota": 1})
    visitor.get(join + PROLIFIC)
    visitor.path = join + PROLIFIC
    visitor.press().press().answer(0)
    home = visitor.home
    visitor.get(join + PROLIFIC)
    visitor.path = join + PROLIFIC
    visitor.press()
    assert Participant.objects.count() == 1
    assert visitor.on_trial
    assert "2 of 4" in visitor.text
    assert visitor.home == home


def test_a_preview_on_mturk_lets_nobody_in(visitor, invite):
    _, join = invite()
    path = join + "?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=h"
    assert "This is a preview" in visitor.get(path).text
    visitor.client.post(path, {"consent": "on"})
    assert not Participant.objects.exists()


def test_people_without_a_site_are_not_taken_for_each_other(another_visitor, invite):
    _, join = invite()
    for _ in range(2):
        another_visitor().get(join).press()
    assert Participant.objects.count() == 2
