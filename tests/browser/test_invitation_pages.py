"""An invitation's page and its poster in a browser: what is copied, and that the poster is one page of A4 in every language."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse

from studies.models import Invitation, Study
from tests.factories import make_study

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "What do you see in these photographs of tools, birds and instruments, and which of their parts matter to you?"
CONSENT = {
    "responsible": "Prof. Dr. Ada Lovelace-Babbage, Chair of Analytical Engines",
    "institution": "University of Example, Faculty of Mathematics, 12 Example Street, 12345 Example",
    "contact": "ada.lovelace@analytical-engines.example.org, +44 20 7946 0000",
}


def made(slug="methods", **fields):
    study = make_study(slug, state=Study.State.OPEN, protocol={"consent": CONSENT}, **fields)
    return study, Invitation.issue(study, label="course A")[0]


def of(live_server, name, study, invitation):
    return live_server.url + reverse(name, args=[study.slug, invitation.pk])


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_a_poster_is_one_page_and_all_of_it_is_on_it(staff_page, live_server, language):
    study, invitation = made(title=LONG, language=language, networks=("tiny",), trials_per_participant=3)
    page = staff_page()
    page.goto(of(live_server, "study-poster", study, invitation))
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    page.emulate_media(media="print")
    assert page.evaluate("(p => p.scrollHeight - p.clientHeight)(document.querySelector('main.poster'))") <= 0
    assert page.locator(".poster-bar").is_hidden()
    assert page.complaints == []


def test_the_text_of_the_email_is_copied_with_one_click(staff_page, live_server):
    study, invitation = made()
    page = staff_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(of(live_server, "study-invitation", study, invitation))
    page.click("#email + [data-copy]")
    page.wait_for_selector("#email + [data-copy]:has-text('Copied')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == page.input_value("#email")
    assert page.input_value("#link") in text
    page.click("#site-mturk summary")
    page.click("#site-mturk textarea + [data-copy]")
    assert "<ExternalURL>" in page.evaluate("navigator.clipboard.readText()")
    assert page.complaints == []


def test_personal_links_are_downloaded(staff_page, live_server):
    study, _ = made()
    page = staff_page()
    page.goto(live_server.url + reverse("study-personal-links", args=[study.slug]))
    page.fill("[name=people]", "3")
    with page.expect_download() as download:
        page.click("text=Make links and download")
    assert download.value.suggested_filename.startswith("methods-links-")
    assert len(download.value.path().read_text("utf-8").splitlines()) == 4
    page.click("text=load this page again") if page.locator(
        "text=load this page again"
    ).count() else page.reload()
    assert page.locator("tbody tr").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_these_pages(staff_page, live_server, scheme):
    study, invitation = made()
    Invitation.issue(study, personal=True, quota=1)
    page = staff_page(color_scheme=scheme)
    for name, args in (
        ("study-invitation", [invitation.pk]),
        ("study-poster", [invitation.pk]),
        ("study-personal-links", []),
    ):
        page.goto(live_server.url + reverse(name, args=[study.slug, *args]))
        for summary in page.locator("details.site summary").all():
            summary.click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
