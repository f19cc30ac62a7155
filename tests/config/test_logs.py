"""Log lines: JSON when asked for, one id for a request, and never a volunteer's token."""

import json
import logging

import pytest
from django.http import HttpResponse
from django.test import Client

from config.logs import JsonFormatter, RequestFilter, request_log
from studies.lifecycle.opening import open_study
from studies.models import Invitation
from tests.factories import make_participant, make_study


@pytest.fixture
def lines():
    """What goes to the log while the test runs, as the JSON formatter writes it."""
    written: list[dict] = []

    class Keep(logging.Handler):
        def emit(self, record):
            written.append(json.loads(JsonFormatter().format(record)))

    handler = Keep()
    handler.addFilter(RequestFilter())
    root, requests = logging.getLogger(), logging.getLogger("blindsight.requests")
    before = requests.level
    root.addHandler(handler)
    requests.setLevel(logging.INFO)
    yield written
    requests.setLevel(before)
    root.removeHandler(handler)


@pytest.mark.django_db
def test_a_request_is_one_line_by_route_without_the_token(client, lines):
    study = open_study(study=make_study(items=3))
    _, token = Invitation.issue(study)
    client.get(f"/join/{token}/")
    client.get("/nowhere/")
    first, second = (line for line in lines if line["logger"] == "blindsight.requests")
    assert (first["message"], first["status"]) == ("GET join/<str:token>/", 200)
    assert second["status"] == 404
    assert first["milliseconds"] > 0
    assert token not in json.dumps(lines)
    assert first["request"] != second["request"]


@pytest.mark.django_db
def test_what_is_refused_is_logged_without_the_token_that_is_somebodys_log_in(lines, monkeypatch):
    study = open_study(study=make_study(items=3))
    make_participant(study)
    token, invitation = "token-1-of-demo", Invitation.issue(study)[1]
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    replies = [
        browser.get(f"/p/{token}/trial/99"),
        browser.get(f"/picture/{token}"),
        browser.get(f"/p/{token}"),
        browser.get(f"/p/{token}/no/such/page/"),
        Client().put(f"/p/{token}/instructions/"),
        browser.post(f"/p/{token}/trial/"),
        browser.post(f"/join/{invitation}/"),
    ]
    monkeypatch.setattr("studies.participation.decorators.somebody_by", lambda _: 1 / 0)
    replies.append(browser.get(f"/p/{token}/trial/"))
    assert [answer.status_code for answer in replies] == [404, 404, 301, 404, 405, 403, 403, 500]
    from_django = [line for line in lines if line["logger"].startswith("django.")]
    assert len(from_django) >= 6
    for line in lines:
        assert token not in json.dumps(line), line
        assert invitation not in json.dumps(line), line
    assert {len(line["request"]) for line in from_django} == {32}  # the id of the request
    assert "/p/…/trial/99" in from_django[0]["message"]


def test_lines_of_one_request_share_its_id_and_others_have_none(rf, lines):
    def view(request):
        logging.getLogger("inner").warning("in it")
        return HttpResponse(status=500)

    request_log(view)(rf.get("/"))
    logging.getLogger("outer").warning("after it")
    inner, own, outer = lines
    assert inner["request"] == own["request"]
    assert own["level"] == "ERROR"
    assert "request" not in outer


def test_an_error_is_one_line_with_its_trace(lines):
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logging.getLogger("x").exception("failed for %s", "Zoë", extra={"batch": 7})
    (line,) = lines
    assert (line["message"], line["batch"]) == ("failed for Zoë", 7)
    assert "ZeroDivisionError" in line["error"]
