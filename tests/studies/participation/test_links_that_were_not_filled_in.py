"""A recruitment site that did not fill its placeholder in sends everybody as one and the same person: nobody is let in as another."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from studies.lifecycle.opening import open_study
from studies.models import Invitation, Participant
from tests.factories import make_study

pytestmark = pytest.mark.django_db
UNFILLED = [
    "[[PID]]",
    "{{%PROLIFIC_PID%}}",
    "${e://Field/PROLIFIC_PID}",
    "%PROLIFIC_PID%",
    "<id>",
    "5f\x00a",
    "5f\n",
    "5f\x85",
    "\ufffd\ufffd",  # bytes that are no text: other bytes read the same
    "a\u202e8c0a",  # read from right to left where people are paid
]


@pytest.fixture
def invitation():
    return reverse("join", args=[Invitation.issue(open_study(study=make_study(items=2)))[1]])


@pytest.mark.parametrize("who", ["PROLIFIC_PID", "workerId"])
@pytest.mark.parametrize("value", UNFILLED)
def test_a_link_whose_place_for_the_id_was_not_filled_in_lets_nobody_in_and_says_why(
    client, invitation, who, value
):
    address = f"{invitation}?{urlencode({who: value})}"
    for reply in (client.get(address), client.post(address, {"agree": "on"})):
        assert reply.status_code == 400
        assert "This link is not complete" in reply.content.decode()
    assert not Participant.objects.exists()


@pytest.mark.parametrize(
    "other", ["STUDY_ID", "SESSION_ID", "assignmentId", "hitId", "turkSubmitTo", "anything"]
)
@pytest.mark.parametrize("value", ["\x00", "a\x00b", "\x1f\x7f", "\ud800", "{{%SESSION_ID%}}"])
def test_whatever_the_other_parameters_are_they_break_nothing(client, invitation, other, value):
    who = "workerId" if other[0].islower() else "PROLIFIC_PID"
    address = f"{invitation}?{urlencode({who: '5f0a8c', other: value}, errors='surrogatepass')}"
    assert client.get(address).status_code == 200
    assert client.post(address, {"consent": "on"}).status_code == 302
    stored = str(Participant.objects.get().external)
    assert "\x00" not in stored
    assert "\\x00" not in stored


def test_an_id_as_sites_make_them_lets_in_and_control_characters_of_the_rest_are_left_out(client, invitation):
    address = f"{invitation}?" + "PROLIFIC_PID=5f0a8c&SESSION_ID=a%00b"
    page = client.get(address)
    assert page.status_code == 200
    client.post(address, {"consent": "on"})
    person = Participant.objects.get()
    assert (person.external_id, person.external) == (
        "prolific:5f0a8c",
        {"PROLIFIC_PID": "5f0a8c", "SESSION_ID": "ab"},
    )
