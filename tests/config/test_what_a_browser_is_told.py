"""The site as it is deployed when nothing but a secret key is set: what its replies tell a browser to do, and not to do."""

import re

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from studies.models import Invitation
from tests.studies.people import world as world

pytestmark = pytest.mark.django_db

PAGES = {
    "an invitation": "/join/{invitation}/",
    "a volunteer's page": "/p/{token}/instructions/",
    "a trial": "/p/{token}/trial/",
    "a picture": "{picture}",
    "a browser's queue": "/p/{token}/answers/",
    "a link that leads nowhere": "/p/nobody/",
    "no such page": "/no/such/page/",
    "a page of staff": "/studies/methods/",
    "a picture for staff": "/maps/pictures/photo/{photo}/",
    "results": "/studies/methods/results/",
    "the report": "/studies/methods/report.html",
    "the export": "/studies/methods/export.csv",
    "the API": "/api/studies/",
    "a refusal of the API": "/api/studies/nobody/",
    "the API's page": "/api/docs/",
    "the admin site": "/admin/login/",
}
REFUSED = {"a link that leads nowhere", "no such page", "a refusal of the API"}


class Browser(Client):
    """A browser that asks for https://localhost, as a site's own name is when ALLOWED_HOSTS is not set."""

    def __init__(self, **options):
        super().__init__(SERVER_NAME="localhost", raise_request_exception=False, **options)

    def secure(self, path, method="get", **options):
        return getattr(self, method)(path, secure=True, **options)


@pytest.fixture
def replies(world, deployed):
    """The reply to each of PAGES, over TLS, as a researcher's browser gets it who is in the middle of a study too."""
    study, people = world
    deployed()
    browser = Browser()
    browser.force_login(people["researcher"])
    token = "token-1-of-methods"
    browser.secure(f"/p/{token}/instructions/", "post")
    places = {
        "invitation": Invitation.issue(study)[1],
        "token": token,
        "photo": study.items.first().image_id,
    }
    trial = browser.secure(f"/p/{token}/trial/")
    assert trial.status_code == 200
    places["picture"] = BeautifulSoup(trial.content, "html.parser").select_one(".maps img")["src"]
    pages = {name: browser.secure(path.format(**places)) for name, path in PAGES.items()}
    assert {name for name, reply in pages.items() if reply.status_code != 200} == REFUSED
    return pages


def policy_of(reply):
    parts = (part.split() for part in reply.headers["Content-Security-Policy"].split(";"))
    return {name: set(sources) for name, *sources in filter(None, parts)}


def test_no_reply_lets_a_script_that_somebody_slipped_in_run(replies):
    for name, reply in replies.items():
        policy = policy_of(reply)
        for part, sources in policy.items():
            assert not [source for source in sources if source.startswith("'unsafe-")], (name, part)
            # Whole schemes and any host would let in what a stranger wrote. Pictures cannot run.
            assert not sources & {"*", "https:", "http:"}, (name, part)
            assert part == "img-src" or not sources & {"data:", "blob:"}, (name, part)
        for what in ("script-src", "style-src", "connect-src"):
            assert policy.get(what, policy["default-src"]) == {"'self'"}, (name, what)
        # These do not fall back to default-src, or are the usual ways round it.
        assert policy["object-src"] == {"'none'"}, name
        assert policy["base-uri"] == {"'none'"}, name
        assert policy["form-action"] == {"'self'"}, name


def test_no_reply_can_be_framed_misread_reached_from_elsewhere_or_asked_for_without_tls(replies):
    for name, reply in replies.items():
        # By another site that steers the clicks
        assert reply.headers["X-Frame-Options"] == "DENY", name
        assert policy_of(reply)["frame-ancestors"] == {"'none'"}, name
        # The address, which holds a token, does not go to another site
        assert reply.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), name
        # A file that somebody brought is not taken for a page
        assert reply.headers["X-Content-Type-Options"] == "nosniff", name
        assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        # Whoever came by TLS once never comes without it; other hosts of the domain are not the site's to decide on
        assert int(re.fullmatch(r"max-age=(\d+)", reply.headers["Strict-Transport-Security"])[1]) >= 3600, (
            name
        )


def test_pages_with_a_token_in_their_address_are_kept_by_nobody_and_found_by_no_search_engine(replies):
    for name in PAGES:
        if (
            "{token}" in PAGES[name]
            or "{invitation}" in PAGES[name]
            or name in ("a picture", "a link that leads nowhere")
        ):
            reply = replies[name]
            assert reply.headers["X-Robots-Tag"] == "noindex, nofollow", name
            assert "private" in reply.headers["Cache-Control"], name
            if reply.headers["Content-Type"].startswith("text/html"):
                assert "no-store" in reply.headers["Cache-Control"], name
                assert b'<meta name="robots" content="noindex, nofollow">' in reply.content, name


def test_a_volunteer_is_given_no_session_and_a_cookie_for_forms_that_travels_by_tls_alone(world, deployed):
    deployed()
    reply = Browser().secure("/p/token-1-of-methods/instructions/")
    assert set(reply.cookies) == {"csrftoken"}
    cookie = reply.cookies["csrftoken"]
    assert cookie["secure"]
    assert cookie["samesite"] in ("Lax", "Strict")
    assert not cookie["domain"]


def test_a_volunteers_page_never_asks_who_is_logged_in(world, deployed):
    """A researcher who tries the study out must not be known there, and a volunteer need not pay for the question."""
    _, people = world
    deployed()
    browser = Browser()
    browser.force_login(people["researcher"])
    with CaptureQueriesContext(connection) as asked:
        request = browser.secure("/p/token-1-of-methods/instructions/").wsgi_request
    assert not [query["sql"] for query in asked if "session" in query["sql"]]
    assert not hasattr(request, "session")
    assert not hasattr(request, "user")


def test_a_log_in_is_kept_in_a_cookie_that_no_script_no_other_site_and_no_eavesdropper_gets(world, deployed):
    deployed()
    browser = Browser()
    fields = {"username": "researcher", "password": "correct horse battery"}
    reply = browser.secure(reverse("login"), "post", data=fields)
    assert (reply.status_code, reply.headers["Location"]) == (302, "/studies/")
    cookie = reply.cookies["sessionid"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] in ("Lax", "Strict")
    assert not cookie["domain"]


def test_a_page_that_is_asked_for_without_tls_is_not_shown(world, deployed):
    deployed()
    browser = Browser()
    for path in ("/p/token-1-of-methods/instructions/", "/accounts/login/", "/healthz/", "/xhealthz"):
        reply = browser.get(path)
        assert (reply.status_code, reply.headers["Location"]) == (301, f"https://localhost{path}"), path
        assert not reply.cookies
    assert browser.get("/healthz").status_code == browser.get("/readyz").status_code == 200


def test_a_header_that_says_tls_is_believed_of_a_proxy_alone(world, deployed):
    """Anyone can send it: believed without a proxy, it would switch off the way to TLS."""
    forged = {"x-forwarded-proto": "https", "x-forwarded-ssl": "on"}
    deployed()
    assert Browser().get("/accounts/login/", headers=forged).status_code == 301
    deployed(BEHIND_PROXY="true")
    assert Browser().get("/accounts/login/", headers=forged).status_code == 200
    assert Browser().get("/accounts/login/", headers={"x-forwarded-proto": "http"}).status_code == 301


def test_a_site_on_ones_own_machine_works_without_tls(world, deployed):
    deployed(HTTPS="false")
    reply = Browser().get("/p/token-1-of-methods/instructions/")
    assert reply.status_code == 200
    assert not reply.cookies["csrftoken"]["secure"]  # it would never come back
    assert "Strict-Transport-Security" not in reply.headers


def test_sub_domains_are_held_to_tls_only_where_that_is_asked_for(world, deployed):
    deployed(SECURE_HSTS_INCLUDE_SUBDOMAINS="true", SECURE_HSTS_SECONDS="31536000")
    held = Browser().secure("/accounts/login/").headers["Strict-Transport-Security"]
    assert held == "max-age=31536000; includeSubDomains; preload"


def test_a_name_that_is_not_the_sites_own_gets_no_page(world, deployed):
    """A forged Host would stand in the invitation links that a researcher copies."""
    deployed()
    assert Browser().secure("/accounts/login/", headers={"host": "evil.example"}).status_code == 400
    deployed(ALLOWED_HOSTS="study.example.org")
    for name, status in {"study.example.org": 200, "evil.study.example.org": 400, "localhost": 400}.items():
        assert Browser().secure("/accounts/login/", headers={"host": name}).status_code == status, name


def test_a_fault_of_the_site_shows_no_code(world, deployed, monkeypatch):
    deployed()
    monkeypatch.setattr("studies.participation.decorators.somebody_by", lambda _: 1 / 0)
    reply = Browser().secure("/p/token-1-of-methods/trial/")
    assert reply.status_code == 500
    assert b"ZeroDivisionError" not in reply.content
    assert b"somebody_by" not in reply.content


def test_only_a_worker_of_mturk_may_hand_a_form_in_elsewhere(world, deployed):
    study, _ = world
    deployed()
    study.participants.update(
        state="finished",
        external={"turkSubmitTo": "https://www.mturk.com", "assignmentId": "A1", "workerId": "W1"},
    )
    allowed = policy_of(Browser().secure("/p/token-1-of-methods/thanks/"))["form-action"]
    assert allowed == {"'self'", "https://www.mturk.com", "https://workersandbox.mturk.com"}
    study.participants.update(external={"turkSubmitTo": "https://evil.example", "assignmentId": "A1"})
    assert policy_of(Browser().secure("/p/token-1-of-methods/thanks/"))["form-action"] == {"'self'"}
