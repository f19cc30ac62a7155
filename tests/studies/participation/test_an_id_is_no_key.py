"""Somebody has the invitation and another's id, as a recruitment site puts it into links: what they get, and what they do not."""

import json
import re
from uuid import uuid4

import pytest
from django.urls import reverse

from studies.models import Event, FurtherLink, Invitation, Participant, Response, Trial, hash_token
from studies.participation.arrivals import Arrival
from studies.participation.invitations import join
from studies.trials.allocation import void_participant
from tests.studies.setup.test_questions_and_recruitment import QUESTIONS

pytestmark = pytest.mark.django_db
WHO = "?PROLIFIC_PID=5f0a8c"


class Came:
    """A visitor who came by an invitation with the id of one and the same person."""

    def __init__(self, visitor, address):
        self.visitor, self.client = visitor, visitor.client
        self.address = address
        self.again()

    def again(self):
        self.visitor.get(self.address)
        self.visitor.path = self.address
        self.visitor.press()
        return self

    @property
    def home(self):
        return self.visitor.home

    @property
    def token(self):
        return re.match(r"/p/([^/]+)/", self.visitor.path)[1]

    def begin(self):
        self.visitor.press()
        return self

    def hand(self, *operations):
        path = self.home + "answers/"
        if not operations:
            return self.client.get(path).json()
        body = json.dumps({"operations": operations})
        return self.client.post(path, body, content_type="application/json").json()


def answer_to(position, value=0):
    return {"id": str(uuid4()), "kind": "answer", "position": position, "value": value}


@pytest.fixture
def opened(invite, settings):
    settings.CLAIM_BLOCK = 3
    study, address = invite(items=12, responses_per_item=1, trials_per_participant=12, break_every=5)
    return study, address + WHO


@pytest.fixture
def owner(opened, another_visitor):
    """The person themselves, who has answered four photos."""
    owner = Came(another_visitor(), opened[1]).begin()
    for value in (0, 1, 2, 0):
        owner.visitor.answer(value)
    return owner


@pytest.fixture
def other(opened, owner, another_visitor):
    """Another device that brings the same id."""
    return Came(another_visitor(), opened[1])


def test_the_first_link_keeps_working(owner, other):
    assert other.token != owner.token
    assert owner.visitor.get(owner.home).on_trial
    assert Participant.objects.get().token_sha256 == hash_token(owner.token)
    owner.visitor.answer(1)
    assert Response.objects.filter(status="counted").count() == 5


def test_the_device_on_which_somebody_began_leads_back_to_their_link_with_all_that_goes_with_it(owner):
    before = owner.token
    assert owner.again().token == before
    assert "5 of 12" in owner.visitor.text
    assert not owner.visitor.soup.select_one("#undo").has_attr("hidden")
    assert not FurtherLink.objects.exists()


def test_a_page_that_is_sent_twice_leads_to_one_link(opened, another_visitor):
    """As by a double click: the browser never shows what the first press led to."""
    visitor = another_visitor()
    visitor.get(opened[1])
    first, second = (visitor.client.post(opened[1], {"consent": "on"}) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert (Participant.objects.count(), FurtherLink.objects.count()) == (1, 0)


def test_the_secret_of_a_device_is_told_to_invitations_alone_and_to_no_script(
    opened, another_visitor, settings
):
    study, address = opened
    for https in (False, True):
        settings.SESSION_COOKIE_SECURE = https
        client = another_visitor().client
        cookie = client.get(address).cookies[f"visit_{study.slug}"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/join/")
        assert bool(cookie["secure"]) is https
    assert f"visit_{study.slug}" not in another_visitor().client.get(address.removesuffix(WHO)).cookies


@pytest.mark.parametrize("forged", ["x", "W10:1abc:xyz", ""])
def test_a_secret_that_this_site_did_not_sign_proves_nothing(opened, owner, another_visitor, forged):
    study, address = opened
    visitor = another_visitor()
    real = owner.client.cookies[f"visit_{study.slug}"].value
    visitor.client.cookies[f"visit_{study.slug}"] = forged or real[:-1] + ("A" if real[-1] != "A" else "B")
    assert Came(visitor, address).token != owner.token


def test_the_secret_of_another_study_proves_nothing_here(opened, owner, invite, another_visitor):
    study, address = opened
    _other, theirs = invite(slug="other", networks=("other",))
    visitor = another_visitor()
    visitor.get(theirs + WHO)
    visitor.client.cookies[f"visit_{study.slug}"] = visitor.client.cookies["visit_other"].value
    assert Came(visitor, address).token != owner.token
    assert FurtherLink.objects.get().is_limited


def test_on_another_device_one_may_go_on_answering(owner, other):
    assert other.visitor.on_trial
    other.visitor.answer(2)
    other.hand(answer_to(2, 1))
    person = Participant.objects.get()
    counted = person.responses.filter(status="counted").order_by("trial__position")
    assert list(counted.values_list("trial__position", "shown_value")) == [
        (1, 0), (2, 1), (3, 2), (4, 0), (5, 2), (6, 1),
    ]  # fmt: skip
    assert "7 of 12" in owner.visitor.get(owner.home).text


def test_on_another_device_nothing_tells_what_was_given(owner, other):
    """Neither how much, nor what, nor about which photos; by a page, or by what the queue is told."""
    last = str(Response.objects.last().answer_id)
    for page in (other.visitor.get(other.home), other.visitor.get(other.home + "trial/")):
        text = page.response.content.decode()
        assert "5 of 12" not in text
        assert "of 12" not in page.text
        assert last not in text
        assert page.soup.select_one("#undo").has_attr("hidden")
        assert page.soup.select_one("progress") is None
        assert page.soup.select_one("[name=position]")["value"] == "1"
    for reply in (other.hand(), other.hand(answer_to(1)), other.hand(answer_to(2), answer_to(3))):
        assert (reply["done"], reply["total"], reply["last"], reply["break_every"]) == (0, 0, None, 0)
    held = other.hand()["trials"]
    assert [trial["position"] for trial in held] == [4, 5, 6]


def test_on_another_device_there_are_the_pictures_of_what_is_asked_there_and_no_others(owner, other):
    shown = other.hand()["trials"][0]["pictures"]
    mine = Participant.objects.get().trials.get(position=5)
    assert [other.client.get(address).status_code for address in shown] == [200] * 4
    first = b"".join(other.client.get(shown[0]))
    assert first == mine.item.picture.read()
    past = {trial.item.picture.read() for trial in Participant.objects.get().trials.filter(position__lt=4)}
    handed = [address for trial in other.hand()["trials"] for address in trial["pictures"]]
    assert not past & {other.client.get(address).content for address in handed}


@pytest.mark.parametrize("way", ["a form", "the queue"])
def test_on_another_device_no_answer_can_be_taken_back(owner, other, way):
    last = Response.objects.last()
    if way == "a form":
        other.client.post(other.home + "undo/", {"answer_id": str(last.answer_id)})
    else:
        undo = {"id": str(uuid4()), "kind": "undo", "answer_id": str(last.answer_id)}
        assert other.hand(undo)["settled"] == [undo["id"]]
    last.refresh_from_db()
    assert last.status == "counted"
    assert Event.objects.filter(kind="refused").count() == 1


def test_on_another_device_nobody_is_taken_out(owner, other):
    assert "where you began" in other.visitor.get(other.home + "leave/").text
    assert other.client.post(other.home + "leave/").status_code == 403
    assert Participant.objects.get().state == "active"
    assert Response.objects.filter(status="counted").count() == 4


def test_what_is_taken_back_where_somebody_began_is_theirs_to_answer(owner, other):
    owner.visitor.press("form#undo")
    assert [trial["position"] for trial in owner.hand()["trials"]] == [4, 5, 6, 7]
    assert [trial["position"] for trial in other.hand()["trials"]] == [1, 2, 3]
    while held := other.hand()["trials"]:
        other.hand(*(answer_to(trial["position"]) for trial in held))
    assert "Nothing more is asked of you here" in other.visitor.get(other.home).text
    assert Participant.objects.get().state == "active"  # one photo is in hand where they began
    assert owner.visitor.get(owner.home).answer(0).soup.select_one("#code")


def test_who_finishes_on_another_device_has_their_code_where_they_began(owner, other):
    while held := other.hand()["trials"]:
        other.hand(*(answer_to(trial["position"]) for trial in held))
    text = other.visitor.get(other.home).text
    person = Participant.objects.get()
    assert (person.state, bool(person.completion_code)) == ("finished", True)
    assert "where you began" in text
    assert person.completion_code not in other.visitor.response.content.decode()
    assert owner.visitor.get(owner.home).soup.select_one("#code").text == person.completion_code
    for page in ("", "trial/", "thanks/", "break/"):
        assert person.completion_code not in other.visitor.get(other.home + page).response.content.decode()


@pytest.mark.parametrize("state", ["screened", "void", "finished"])
def test_what_became_of_somebody_is_told_where_they_began_alone(owner, other, state):
    Participant.objects.update(state=state, completion_code="ABCD-EFGH-JKMN")
    text = other.visitor.get(other.home).text
    assert "Nothing more is asked of you here" in text
    assert "ABCD" not in other.visitor.response.content.decode()


def test_a_further_link_goes_when_somebody_leaves(owner, other):
    owner.visitor.get(owner.home + "leave/").press("form")
    assert not FurtherLink.objects.exists()
    assert other.visitor.get(other.home).response.status_code == 404
    assert "You have left this study" in owner.visitor.get(owner.address).text
    assert not Participant.objects.filter(state="active").exists()


def test_nobody_is_screened_out_by_another_device(invite, another_visitor):
    _study, address = invite(questions=QUESTIONS)
    owner = Came(another_visitor(), address + WHO)
    other = Came(another_visitor(), address + WHO)
    page = other.visitor.press(**{question["key"]: _not_eligible(question) for question in QUESTIONS})
    assert "cannot take part" in page.text
    person = Participant.objects.get()
    assert (person.state, person.background) == ("active", {})
    assert "cannot take part" not in owner.visitor.get(owner.home).text


def _not_eligible(question):
    eligible = question.get("eligible")
    if question["kind"] == "number":
        return str(eligible[0] - 1) if eligible else "3"
    options = [option for option in question.get("options", []) if option not in (eligible or [])]
    return options[0] if options else question.get("options", ["x"])[0]


def test_links_of_before_there_were_devices_stay_and_an_id_leads_to_a_limited_one(invite, another_visitor):
    _study, address = invite()
    _person, token = join(
        invitation=Invitation.objects.get(), consent_sha256="", arrival=Arrival(external_id="prolific:5f0a8c")
    )
    other = Came(another_visitor(), address + WHO)
    assert FurtherLink.objects.get().is_limited
    assert other.client.get(reverse("participant", args=[token])).status_code == 302


# Who was taken out


def test_who_was_taken_out_reads_so_on_a_page_of_their_own(owner):
    void_participant(participant=Participant.objects.select_related("study").get(), reason="a robot")
    for page in ("", "trial/", "thanks/", "break/"):
        text = owner.visitor.get(owner.home + page).text
        assert "Your part in this study has ended" in text
        assert "do not count" in text
        assert "a robot" not in owner.visitor.response.content.decode()
    assert owner.visitor.soup.select_one("#code").text == Participant.objects.get().completion_code != ""
    assert owner.hand()["trials"] == []
    assert owner.hand()["elsewhere"]
    reply = owner.hand(answer_to(5))
    assert reply["elsewhere"]
    assert not Response.objects.filter(status="counted").exists()
    assert not Trial.objects.filter(participant__isnull=False, state="claimed").exists()


def test_who_was_taken_out_before_the_first_photo_is_asked_nothing_of_themselves(invite, another_visitor):
    _, address = invite(questions=QUESTIONS, practice=True)
    owner = Came(another_visitor(), address + WHO)
    void_participant(participant=Participant.objects.select_related("study").get(), reason="a robot")
    for page in ("", "about-you/", "practice/"):
        assert "Your part in this study has ended" in owner.visitor.get(owner.home + page).text
