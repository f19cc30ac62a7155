"""A volunteer takes part without JavaScript: from the invitation to the code, and every way to leave the path."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from studies.models import Event, Participant, Response, Study, Trial, hash_token
from tests import by_sql

pytestmark = pytest.mark.django_db


def test_from_the_invitation_to_the_code(visitor, invite):
    study, join = invite(items=3)
    visitor.get(join)
    assert study.title in visitor.text
    assert "3 photos" in visitor.text
    visitor.press()
    assert visitor.path.endswith("/instructions/")
    visitor.press()
    for value in (0, 2, -1):
        assert visitor.on_trial
        assert visitor.soup.select_one("#named").text == "hammer"
        assert [b["value"] for b in visitor.soup.select("form#answer button")] == ["0", "1", "2", "-1"]
        visitor.answer(value)
    participant = Participant.objects.get()
    assert visitor.path.endswith("/thanks/")
    assert participant.completion_code in visitor.text
    assert participant.state == "finished"
    assert list(Response.objects.values_list("shown_value", flat=True)) == [0, 2, -1]
    for response in Response.objects.select_related("trial"):
        shown = response.shown_value
        assert response.choice == (-1 if shown == -1 else response.trial.arms[shown])


def test_a_rating_study_asks_for_one_of_five_worded_answers(visitor, invite):
    _, join = invite(task="rating", items=2)
    visitor.start(join)
    buttons = visitor.soup.select("form#answer button")
    assert [b["value"] for b in buttons] == ["-2", "-1", "0", "1", "2"]
    assert "A is much better" in buttons[0].text
    visitor.answer(-2).answer(1)
    assert visitor.path.endswith("/thanks/")
    for response in Response.objects.select_related("trial"):
        first_arm_on_the_right = response.trial.arms[1] == 0
        assert response.rating == (response.shown_value if first_arm_on_the_right else -response.shown_value)


def test_nobody_starts_without_agreeing(visitor, invite):
    _, join = invite()
    visitor.get(join)
    page = visitor.client.post(join, {})
    assert "tick the box" in page.content.decode()
    assert not Participant.objects.exists()


def test_what_was_agreed_to_is_kept_as_a_hash(visitor, invite):
    study, join = invite()
    visitor.get(join).press()
    text = study.wording["consent"].replace("{trials}", "4").replace("{minutes}", "3")
    told = [
        "Responsible for this study: Dr. Test",
        "Institution: University of Tests",
        "Contact: test@example.org",
    ]
    assert Participant.objects.get().consent_sha256 == hash_token("\n\n".join([text, *told]))


def test_the_own_link_brings_a_volunteer_back_to_where_they_were(visitor, another_visitor, invite):
    _, join = invite()
    visitor.start(join).answer(0)
    position = visitor.soup.select_one("input[name=position]")["value"]
    other = another_visitor().get(visitor.home)
    assert other.on_trial
    assert other.soup.select_one("input[name=position]")["value"] == position == "2"
    assert "2 of 4" in other.text


def test_the_code_stays_the_same(visitor, invite):
    _, join = invite(items=1)
    visitor.start(join).answer(0)
    code = visitor.soup.select_one("#code").text
    assert visitor.get(visitor.home).soup.select_one("#code").text == code
    assert Event.objects.filter(kind="finished").count() == 1


def test_no_code_before_every_answer_is_here(visitor, invite):
    _, join = invite(items=2)
    visitor.start(join).answer(0)
    visitor.get(visitor.home + "thanks/")
    assert visitor.on_trial
    assert Participant.objects.get().completion_code == ""


def test_a_double_click_is_one_answer(visitor, invite):
    _, join = invite()
    visitor.start(join)
    data = {"position": 1, "answer_id": visitor.soup.select_one("input[name=answer_id]")["value"]}
    for value in (0, 1):
        assert visitor.client.post(visitor.path, {**data, "value": value}).status_code == 302
    assert Response.objects.get().shown_value == 0


def test_an_answer_from_the_page_before_does_not_replace_the_first(visitor, invite):
    _, join = invite()
    visitor.start(join).answer(0)
    stale = {"position": 1, "value": 1, "answer_id": uuid.uuid4()}
    assert visitor.client.post(visitor.path, stale).status_code == 302
    assert list(Response.objects.values_list("shown_value", "status")) == [(0, "counted"), (1, "surplus")]


def test_the_last_answer_can_be_undone(visitor, invite):
    _, join = invite()
    visitor.start(join)
    assert visitor.soup.select_one("form#undo").has_attr("hidden")
    visitor.answer(0).press("form#undo")
    assert visitor.soup.select_one("input[name=position]")["value"] == "1"
    visitor.answer(2)
    assert list(Response.objects.values_list("shown_value", "status")) == [(0, "undone"), (2, "counted")]


@pytest.mark.parametrize(
    "fields", [{}, {"value": 7}, {"value": "x"}, {"position": 99}, {"answer_id": "none"}]
)
def test_an_answer_that_cannot_be_read_is_refused_and_nothing_is_stored(visitor, invite, fields):
    _, join = invite()
    visitor.start(join)
    data = {"position": 1, "value": 0, "answer_id": uuid.uuid4(), **fields} if fields else {}
    page = visitor.client.post(visitor.path, data)
    assert page.status_code == 400
    assert "could not be read" in page.content.decode()
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "has run out"),
        ({"revoked_at": timezone.now()}, "has been withdrawn"),
        ({"quota": 0}, "places are taken"),
    ],
)
def test_an_invitation_that_lets_nobody_in_says_why(visitor, invite, limits, words):
    _, join = invite(invitation=limits)
    assert words in visitor.get(join).text
    visitor.client.post(join, {"consent": "on"})
    assert not Participant.objects.exists()


@pytest.mark.parametrize(("state", "words"), [("paused", "is paused"), ("closed", "is over")])
def test_a_study_that_is_not_open_says_so(visitor, invite, state, words):
    study, join = invite()
    study.state = state
    study.save()
    assert words in visitor.get(join).text


def test_a_refusal_is_headed_by_the_study_it_is_of(visitor, invite):
    study, join = invite(title="Cups & <b>saucers</b>")
    study.state = "paused"
    study.save()
    assert visitor.get(join).soup.select_one(".v-study").text == "Cups & <b>saucers</b>"
    assert visitor.get("/join/nothing/").soup.select_one(".v-study").text == "Blindsight"


def test_a_quota_lets_in_just_so_many(another_visitor, invite):
    _, join = invite(invitation={"quota": 2}, items=8)
    pages = [another_visitor().get(join) for _ in range(3)]
    assert "places are taken" in [page.press() for page in pages][-1].text
    assert Participant.objects.count() == 2


def test_nobody_is_let_in_where_nothing_is_left(another_visitor, invite):
    _, join = invite(items=1, responses_per_item=1)
    another_visitor().start(join).answer(0)
    assert "places are taken" in another_visitor().get(join).text


def test_who_finds_nothing_left_is_thanked_with_a_code(another_visitor, invite):
    _, join = invite(items=2, responses_per_item=1)
    late = another_visitor().get(join).press()
    another_visitor().start(join).answer(0).answer(0)
    late.press()
    assert "No photos left" in late.text
    assert late.soup.select_one("#code").text == Participant.objects.get(number=1).completion_code != ""


def test_who_gets_fewer_photos_than_announced_is_told(another_visitor, invite):
    _, join = invite(items=3, responses_per_item=1)
    first = another_visitor().start(join).answer(0)
    by_sql.remove(Trial.objects.filter(pk=Trial.objects.filter(state="claimed").last().pk))
    first.get(first.home).answer(0)
    assert "You gave 2 answers" in first.text


def test_a_study_that_pauses_in_the_middle_takes_what_is_in_hand_and_then_waits(visitor, invite, settings):
    settings.CLAIM_BLOCK = 5
    study, join = invite(items=8, trials_per_participant=8)
    visitor.start(join).answer(0)
    study.state = Study.State.PAUSED
    study.save()
    for _ in range(5):
        assert visitor.on_trial
        visitor.answer(0)
    assert "is paused" in visitor.text
    study.state = Study.State.OPEN
    study.save()
    assert visitor.get(visitor.home).on_trial


def test_an_unknown_link_is_explained(visitor):
    for path in ("/join/nothing/", "/p/nothing/", "/p/nothing/trial/"):
        assert "does not work" in visitor.get(path).text
        assert visitor.response.status_code == 404


def test_whoever_comes_by_a_simulated_invitation_is_marked(visitor, invite):
    _, join = invite(invitation={"simulated": True})
    visitor.start(join).answer(0)
    assert Participant.objects.get().simulated
    assert Response.objects.get().simulated


def test_forms_need_their_csrf_token(invite, visitor):
    _, join = invite()
    visitor.start(join)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(join, {"consent": "on"}).status_code == 403
    assert strict.post(visitor.home + "answers/", "{}", content_type="application/json").status_code == 403


def test_the_photos_authors_are_named_at_the_end(visitor, invite):
    study, join = invite(items=1)
    study.items.first().image.__class__.objects.update(author="Ann Author", licence="CC-BY-4.0")
    assert "Ann Author, CC-BY-4.0" in visitor.start(join).answer(0).text
