"""Studies that are open for a browser."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from studies.lifecycle.opening import open_study
from studies.models import Invitation
from tests.browser import js_coverage
from tests.browser.script_site import Site
from tests.conftest import DESK as DESK
from tests.factories import make_study, methods_for

PHONE = {"width": 390, "height": 844}

# What a page waits for by itself (4 s after two errors of the server) takes longer on a machine with other work.
expect.set_options(timeout=20_000)


@pytest.fixture
def invited(live_server):
    """A function that opens a study and gives the address of its invitation."""

    def invite(**fields):
        study = make_study(**{"items": 4, "responses_per_item": 2, **methods_for(**fields), **fields})
        study = open_study(study=study)
        _, token = Invitation.issue(study)
        return study, live_server.url + reverse("join", args=[token])

    return invite


@pytest.fixture
def staff_page(new_page, live_server, admin_user):
    """A function that opens a page of someone who is logged in, and collects what the console says."""

    def open_page(**options):
        client = Client()
        client.force_login(admin_user)
        page = new_page(**options)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        return page

    return open_page


@pytest.fixture(scope="module")
def _site_of_a_file(chromium):
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield Site(js_coverage.counted(context.new_page()))
    js_coverage.collect(context)
    context.close()


@pytest.fixture
def site(_site_of_a_file):
    """A page without the Django server, for tests of one script; it remembers nothing of the test before."""
    _site_of_a_file.forget()
    return _site_of_a_file


RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


def clean(page):
    """No violation that axe-core can find. In dark only the colours differ, so only contrast is looked at again."""
    page.wait_for_load_state()
    for scheme, rules in (("dark", ["color-contrast"]), ("light", RULES)):
        page.emulate_media(color_scheme=scheme)
        found = violations(page, rules)
        assert found.violations_count == 0, f"{page.url}, {scheme}\n{found.generate_report()}"


# What depends on the size of the screen; all else is the same page.
BY_SCREEN = ["target-size", "scrollable-region-focusable", "color-contrast"]


def clean_and_fits(page):
    """`clean` on a desk's screen; on a phone's, what may be otherwise there, and nothing is wider than either."""
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)
        if viewport is DESK:
            clean(page)
        else:
            found = violations(page, BY_SCREEN)
            assert found.violations_count == 0, f"{page.url}, on a phone\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"], page.url


def violations(page, rules):
    """axe-core's half a megabyte is read once for each page, however often it is looked at."""
    axe = Axe("null") if page.evaluate("'axe' in window") else Axe()
    return axe.run(page, options={"runOnly": rules, "resultTypes": ["violations"]})


def begin(page, url, after=lambda: None, first="trial"):
    """From the invitation to the first trial, or to the practice before it."""
    page.goto(url)
    page.check("input[name=consent]")
    page.click("button.primary")
    page.wait_for_url("**/instructions/")
    after()
    page.click("button.primary")
    page.wait_for_url(f"**/{first}/", wait_until="commit")


def ready(page):
    """Wait until the trial on screen can be answered."""
    page.wait_for_selector("body[data-ready]")


def eventually(page, expression, seconds=90):
    """Wait until an expression is true, asking from outside: the page's own policy forbids eval."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"Not true within {seconds} s: {expression}"
        page.wait_for_timeout(20)


def answer(page, value):
    ready(page)
    page.click(f".option[value='{value}']")


def saved(page):
    """Wait until the server has every answer."""
    expect(page.locator("#status")).to_have_text("Answer saved")
