"""MTurk shows a study in its frame where the protocol says so: in no other frame, without cookies, and to who has accepted."""

import json

import pytest
from django.test import Client

from studies.models import Participant
from tests.studies.conftest import Visitor
from tests.studies.participation.test_an_id_is_no_key import answer_to

pytestmark = pytest.mark.django_db
FRAMED = {"recruitment": {"frame": "mturk"}}
SITE = "https://workersandbox.mturk.com"
WORKER = f"?workerId=W1&assignmentId=A1&hitId=H1&turkSubmitTo={SITE}"
ANCESTORS = "https://worker.mturk.com https://workersandbox.mturk.com https://www.mturk.com"
ORIGIN = {"HTTP_ORIGIN": "http://testserver"}


class NoCookies(Client):
    """A browser that keeps no cookie of a frame, and checks what Django checks."""

    def __init__(self, **options):
        super().__init__(enforce_csrf_checks=True, **options)

    def request(self, **request):
        self.cookies.clear()
        response = super().request(**request)
        self.cookies.clear()
        return response


@pytest.fixture
def worker():
    return Visitor(NoCookies(**ORIGIN, HTTP_SEC_FETCH_DEST="iframe"))


def begin(visitor, address):
    visitor.get(address)
    visitor.path = address
    return visitor.press()


def ancestors(response):
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    return policy["frame-ancestors"], response.headers.get("X-Frame-Options")


def test_a_worker_takes_part_without_a_cookie_and_hands_in(worker, invite):
    study, join = invite(protocol=FRAMED)
    pages = [begin(worker, join + WORKER).response, worker.press().response]
    while worker.on_trial:
        pages.append(worker.answer(0).response)
    assert len(pages) == 6
    assert {ancestors(page) for page in pages} == {(ANCESTORS, None)}
    form = worker.soup.select_one("form#mturk")
    assert form["action"] == f"{SITE}/mturk/externalSubmit"
    assert form.select_one("[name=assignmentId]")["value"] == "A1"
    assert "form-action 'self' https://www.mturk.com" in worker.response["Content-Security-Policy"]
    assert study.participants.get().state == "finished"


def test_a_queue_sends_without_a_cookie(worker, invite):
    _, join = invite(protocol=FRAMED)
    begin(worker, join + WORKER).press()
    body = json.dumps({"operations": [answer_to(1)]})
    reply = worker.client.post(worker.home + "answers/", body, content_type="application/json")
    assert reply.json()["refused"] == []
    assert Participant.objects.get().responses.count() == 1


@pytest.mark.parametrize(
    "origin", [{"HTTP_ORIGIN": "https://evil.example"}, {"HTTP_ORIGIN": "null"}, {"HTTP_ORIGIN": SITE}]
)
def test_a_form_that_another_site_sends_is_refused(worker, invite, origin):
    study, join = invite(protocol=FRAMED)
    assert worker.client.post(join + WORKER, {"consent": "on"}, **origin).status_code == 403
    begin(worker, join + WORKER)
    assert worker.client.post(worker.home + "leave/", **origin).status_code == 403
    assert study.participants.get().state == "active"


@pytest.mark.parametrize("secure", [True, False])
def test_a_form_has_to_say_where_it_was_sent_from(invite, secure):
    study, join = invite(protocol=FRAMED)
    assert NoCookies().post(join + WORKER, {"consent": "on"}, secure=secure).status_code == 403
    assert not study.participants.exists()


def test_a_study_that_does_not_say_so_is_in_no_frame_and_asks_for_its_cookie(worker, invite):
    study, join = invite()
    page = worker.get(join + WORKER).response
    assert ancestors(page) == ("'none'", "DENY")
    assert worker.client.post(join + WORKER, {"consent": "on"}).status_code == 403
    assert not study.participants.exists()


@pytest.mark.parametrize("place", ["/", "/accounts/login/", "/join/nobody/", "/p/nobody/trial/", "/healthz"])
def test_no_other_page_of_the_site_is_in_a_frame(worker, invite, place):
    invite(protocol=FRAMED)
    assert ancestors(worker.client.get(place)) == ("'none'", "DENY")


def test_where_a_browser_says_that_it_is_no_frame_none_is_allowed(worker, invite):
    _, join = invite(protocol=FRAMED)
    page = worker.client.get(join + WORKER, HTTP_SEC_FETCH_DEST="document")
    assert ancestors(page) == ("'none'", "DENY")


def test_a_browser_that_says_nothing_may_be_in_the_frame(client, invite):
    _, join = invite(protocol=FRAMED)
    assert ancestors(client.get(join + WORKER)) == (ANCESTORS, None)


def test_a_preview_shows_the_study_and_makes_nobody(worker, invite):
    study, join = invite(protocol=FRAMED)
    came = f"{join}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=H1&turkSubmitTo={SITE}"
    page = worker.get(came)
    assert ancestors(page.response) == (ANCESTORS, None)
    assert "Accept the task first" in page.text
    for form in ({"consent": "on"}, {"go_on": "1"}, {"decline": "1"}):
        assert worker.client.post(came, form).status_code == 200
    with_worker = worker.client.post(f"{came}&workerId=W1", {"consent": "on"})
    assert with_worker.status_code == 200
    assert not study.participants.exists()


def test_the_cookie_is_one_that_comes_back_in_a_frame(client, invite):
    study, join = invite(protocol=FRAMED)
    cookie = client.get(join + WORKER).cookies[f"visit_{study.slug}"]
    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)
    assert not cookie.isReservedKey("partitioned") or cookie["partitioned"]


def test_who_loads_the_frame_again_without_a_cookie_goes_on_and_hands_in_what_they_hold_then(worker, invite):
    """Their link is a limited one each time: they answer on, see no code, and are paid all the same."""
    study, join = invite(protocol=FRAMED, items=4, trials_per_participant=4)
    begin(worker, join + WORKER).press().answer(0)
    first = worker.home
    begin(worker, join + WORKER.replace("A1", "A2"))
    assert worker.home != first
    while worker.on_trial:
        assert worker.soup.select_one("form#mturk") is None
        worker.answer(1)
    assert study.participants.get().state == "finished"
    form = worker.soup.select_one("form#mturk")
    assert form["action"] == f"{SITE}/mturk/externalSubmit"
    assert {field["name"]: field["value"] for field in form.select("input")} == {"assignmentId": "A2"}
    assert "form-action 'self' https://www.mturk.com" in worker.response["Content-Security-Policy"]
    assert study.participants.get().completion_code not in worker.response.content.decode()
    assert study.participants.get().external["assignmentId"] == "A1"  # of who began


def test_who_is_not_of_mturk_hands_nothing_in_at_a_limited_link(invite, another_visitor):
    _, join = invite(items=1)
    for _ in range(2):
        visitor = begin(another_visitor(), f"{join}?PROLIFIC_PID=p1&turkSubmitTo={SITE}&assignmentId=A1")
    while visitor.on_trial or visitor.soup.select_one("form[data-next]"):
        visitor.answer(0) if visitor.on_trial else visitor.press()
    assert "Nothing more is asked of you here" in visitor.text
    assert visitor.soup.select_one("form#mturk") is None


def test_a_way_back_leads_out_of_the_frame_by_a_press_alone(worker, invite):
    ways = {"declined": {"url": "https://site.example/"}}
    _, join = invite(protocol={"recruitment": {"frame": "mturk", "ways_back": ways, "return_after": 5}})
    worker.get(join + WORKER).path = join + WORKER
    worker.press(decline="1")
    assert worker.soup.select_one("a#way-back")["target"] == "_top"
    assert worker.soup.select_one("#return") is None
