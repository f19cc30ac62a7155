"""A worker of MTurk hands their assignment in from the thanks page, at MTurk's two hosts and nowhere else."""

import pytest

from studies.models import Participant
from studies.participation.sites.recruitment_sites import mturk_address

pytestmark = pytest.mark.django_db
WORKER = "?workerId=W1&assignmentId=A1&hitId=H1&turkSubmitTo="


def begin(visitor, address):
    visitor.get(address)
    visitor.path = address  # as in a browser, the form goes to the whole address
    return visitor.press().press()


def finish(visitor, address):
    begin(visitor, address)
    while visitor.on_trial:
        visitor.answer(0)
    return visitor


@pytest.mark.parametrize("site", ["https://www.mturk.com", "https://workersandbox.mturk.com/"])
def test_the_form_goes_to_mturk_with_the_assignment_and_the_code(visitor, invite, site):
    _, join = invite(completion_url="https://elsewhere.example/")
    finish(visitor, f"{join}{WORKER}{site}")
    form = visitor.soup.select_one("form#mturk")
    assert form["action"] == f"{site.rstrip('/')}/mturk/externalSubmit"
    fields = {field["name"]: field["value"] for field in form.select("input")}
    assert fields == {"assignmentId": "A1", "code": Participant.objects.get().completion_code}
    assert "elsewhere.example" not in visitor.response.content.decode()
    policy = visitor.response["Content-Security-Policy"]
    assert "form-action 'self' https://www.mturk.com https://workersandbox.mturk.com" in policy


@pytest.mark.parametrize(
    "site", ["https://evil.example", "http://www.mturk.com", "https://www.mturk.com.evil.example", ""]
)
def test_no_other_host_gets_a_form_or_a_place_in_the_policy(visitor, invite, site):
    _, join = invite()
    finish(visitor, f"{join}{WORKER}{site}")
    assert visitor.soup.select_one("form#mturk") is None
    assert "mturk" not in visitor.response["Content-Security-Policy"]


def test_whoever_comes_from_elsewhere_goes_back_there(visitor, invite):
    _, join = invite(completion_url="https://app.prolific.example/done?cc={code}")
    finish(visitor, f"{join}?PROLIFIC_PID=P1")
    code = Participant.objects.get().completion_code
    assert visitor.soup.select_one(f'a[href="https://app.prolific.example/done?cc={code}"]')
    assert visitor.soup.select_one("form#mturk") is None


def test_in_a_preview_nothing_can_be_filled_in(visitor, invite):
    _, join = invite()
    visitor.get(f"{join}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=H1")
    inputs = visitor.soup.select("main input[name=consent], main button")
    assert len(inputs) == 3
    assert all(part.has_attr("disabled") for part in inputs)


def test_an_assignment_that_was_accepted_again_is_the_one_that_is_handed_in(visitor, invite):
    _, join = invite()
    site = "https://www.mturk.com"
    begin(visitor, f"{join}{WORKER}{site}")
    again = visitor
    address = f"{join}{WORKER.replace('A1', 'A2')}{site}"
    again.get(address).path = address
    again.press()
    while again.on_trial:
        again.answer(0)
    assert again.soup.select_one("form#mturk input[name=assignmentId]")["value"] == "A2"


@pytest.mark.parametrize("assignment", [{}, {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"}])
def test_who_has_accepted_no_assignment_has_none_to_hand_in(assignment):
    worker = {"workerId": "W1", "turkSubmitTo": "https://www.mturk.com"}
    assert mturk_address(worker | assignment) == ""
    assert mturk_address(worker | {"assignmentId": "A1"}) == "https://www.mturk.com/mturk/externalSubmit"
