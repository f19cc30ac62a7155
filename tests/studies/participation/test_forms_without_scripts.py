"""Every form works without JavaScript and is taken from nobody else: it carries the token that another site cannot know."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.test import Client
from django.urls import reverse

from studies.models import Participant, Response
from tests.studies.access.test_who_may_do_what import ANYBODY, BY_LINK, NOBODY, OURS, PAGES, arguments
from tests.studies.conftest import Visitor
from tests.studies.people import client_of
from tests.studies.people import world as world
from tests.studies.setup.test_questions_and_recruitment import QUESTIONS

pytestmark = pytest.mark.django_db
FORM = re.compile(r"<form\b(.*?)</form>", re.DOTALL)
TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))


def test_each_form_that_changes_something_carries_a_token_and_no_other_does():
    """Also those that a page shows only now and then. To another site, or in an address, the token would be given away."""
    forms = [(path.name, form) for path in TEMPLATES for form in FORM.findall(path.read_text("utf-8"))]
    assert len(forms) > 30
    for name, form in forms:
        sent_here = 'method="post"' in form.split(">")[0] and 'action="{{ way.mturk }}"' not in form
        assert ("{% csrf_token %}" in form) == sent_here, (name, form[:120])
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        assert len(re.findall("<form", text)) == text.count("</form>"), path.name


def strict(client):
    """The same browser, before a site that checks tokens as it does in life."""
    other = Client(enforce_csrf_checks=True)
    other.cookies = client.cookies
    return other


def test_nothing_is_changed_by_a_form_of_another_site(world):
    """Such a form is sent with the cookies of whoever looks at that site."""
    study, people = world
    admin = strict(client_of("admin", people, study))
    taken = []
    for name in OURS:
        if PAGES[name][1] != NOBODY:
            response = admin.post(reverse(name, args=arguments(name, study, people)))
            if response.status_code != 403:
                taken.append(f"{name}: {response.status_code}")
    assert not taken


def test_the_page_that_refuses_it_says_what_to_do(world):
    response = Client(enforce_csrf_checks=True).post("/p/token-1-of-methods/trial/")
    assert response.status_code == 403
    assert "load the page again and try once more" in response.content.decode()


def test_each_form_of_staffs_pages_is_taken_with_what_stands_in_it(world):
    study, people = world
    admin = strict(client_of("admin", people, study))
    sent = set()
    for name in OURS:
        if PAGES[name][0] in (NOBODY, ANYBODY) or name in BY_LINK or name.startswith("preview:"):
            continue
        address = reverse(name, args=arguments(name, study, people))
        page = admin.get(address)
        if not page.headers.get("Content-Type", "").startswith("text/html"):
            continue
        for form in BeautifulSoup(page.content, "html.parser").select("main form[method=post]"):
            fields = {field["name"]: field.get("value", "") for field in form.select("input[name]")}
            response = admin.post(form.get("action") or address, fields)
            assert response.status_code != 403, (name, form.get("action"))
            sent.add(name)
    assert sent >= {"study", "study-access", "study-record", "api-tokens", "photos-new", "setup-new"}


def test_a_study_is_gone_through_without_scripts_by_the_tokens_of_its_pages(invite):
    _, join = invite(
        questions=QUESTIONS, practice=True, break_every=2, invitation={"label": "class"}, items=4
    )
    visitor = Visitor(Client(enforce_csrf_checks=True))
    visitor.get(join).press()
    visitor.press(age="34", knows="No", sight="")
    visitor.press()  # instructions
    met = []
    for _ in range(30):
        met.append(visitor.path.rstrip("/").rsplit("/")[-1])
        if met[-1] == "thanks":
            break
        if visitor.on_trial:
            visitor.answer(0)
            if "undo" not in met:
                met.append("undo")
                visitor.press("form#undo")
                assert Response.objects.get().status == "undone"
        else:
            visitor.press(value="0")
        assert visitor.response.status_code == 200, visitor.path
    assert {"practice", "trial", "undo", "break", "thanks"} <= set(met)
    assert Response.objects.filter(status="counted").count() == 4
    visitor.get(visitor.home + "leave/").press("main form")
    assert Participant.objects.get().state == "withdrawn"


def test_someone_who_asks_to_log_out_is_logged_out_and_a_mere_link_does_nothing(world):
    study, people = world
    browser = strict(client_of("researcher", people, study))
    assert browser.get(reverse("logout")).status_code == 405
    page = BeautifulSoup(browser.get("/studies/").content, "html.parser")
    form = page.select_one(f"form[action='{reverse('logout')}']")
    token = form.select_one("[name=csrfmiddlewaretoken]")["value"]
    assert browser.post(form["action"], {"csrfmiddlewaretoken": token}).status_code == 302
    assert browser.get("/studies/").url.startswith("/accounts/login/")
