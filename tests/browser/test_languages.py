"""Volunteers' pages in other languages fit the screen, and maps stand where the record says that they stood."""

import pytest

from studies.models import Response
from tests.browser.conftest import PHONE, answer, clean, ready
from tests.browser.test_take_part import everything_is_on_screen

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CUT = """() => [...document.querySelectorAll("button, .button, .option span:not(.visually-hidden), .v-progress, #status, .v-help, h1, label")]
  .filter((part) => part.checkVisibility() && part.clientWidth)
  .filter((part) => part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1)
  .map((part) => part.textContent.trim())"""


def nothing_is_cut(page):
    page.wait_for_load_state()
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def stands_left_of(page, first, second):
    boxes = [page.locator(part).bounding_box() for part in (first, second)]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


@pytest.mark.parametrize(("language", "task"), [("ar", "rating"), ("de", "choice"), ("hi", "choice")])
def test_a_session_on_a_phone(new_page, invited, language, task):
    _, url = invited(task=task, items=2, language=language, practice=True, break_every=1)
    page = new_page(viewport=PHONE)
    page.goto(url)
    clean(page)
    nothing_is_cut(page)
    page.check("input[name=consent]")
    page.click("button.primary")
    page.wait_for_url("**/instructions/")
    nothing_is_cut(page)
    page.click("button.primary")
    page.wait_for_url("**/practice/")
    while "/practice/" in page.url:
        nothing_is_cut(page)
        stands_left_of(page, ".map >> nth=0", ".map >> nth=1")
        page.click(".option >> nth=0")
        page.wait_for_selector(".note")
        nothing_is_cut(page)
        page.click("button.primary")
    ready(page)
    clean(page)
    nothing_is_cut(page)
    everything_is_on_screen(page)
    stands_left_of(page, ".map .picture >> nth=0", ".map .picture >> nth=1")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/break/")
    nothing_is_cut(page)
    page.click("button.primary")
    answer(page, 0)
    page.wait_for_url("**/thanks/")
    clean(page)
    nothing_is_cut(page)
    first = Response.objects.order_by("id").first()
    assert first.shown_value == (-2 if task == "rating" else 0)  # the first key is the left end
