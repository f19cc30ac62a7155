"""Volunteers' pages are usable by everyone: no violation that axe-core can find, in light and in dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import DESK, PHONE, answer, begin, ready

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def clean(page):
    results = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("task", "viewport"), [("choice", PHONE), ("rating", DESK), ("choice", DESK), ("rating", PHONE)]
)
def test_every_page_of_a_session_is_clean(new_page, invited, task, viewport, scheme):
    _, url = invited(task=task, items=2)
    page = new_page(viewport=viewport, color_scheme=scheme)
    page.goto(url)
    clean(page)
    begin(page, url, after=lambda: clean(page))
    ready(page)
    clean(page)
    answer(page, 0)
    ready(page)
    clean(page)
    answer(page, 0)
    page.wait_for_url("**/thanks/")
    clean(page)
    page.goto(url.replace("/join/", "/join/x"))
    clean(page)
