"""Volunteers' pages are usable by everyone: no violation that axe-core can find, in light and in dark."""

import pytest

from tests.browser.conftest import DESK, PHONE, answer, begin, clean, ready

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("task", "viewport"), [("choice", PHONE), ("rating", DESK), ("choice", DESK), ("rating", PHONE)]
)
def test_every_page_of_a_session_is_clean(new_page, invited, task, viewport):
    _, url = invited(task=task, items=2)
    page = new_page(viewport=viewport)
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


QUESTIONS = [
    {"key": "age", "text": "How old are you?", "kind": "number", "required": True, "eligible": [18, 120]},
    {
        "key": "sight",
        "text": "Do you see colours?",
        "kind": "choice",
        "required": True,
        "options": ["Yes", "No"],
    },
]


@pytest.mark.parametrize(("task", "viewport"), [("choice", PHONE), ("rating", DESK), ("rating", PHONE)])
def test_the_pages_around_the_trials_are_clean(new_page, invited, task, viewport):
    _, url = invited(task=task, items=2, questions=QUESTIONS, practice=True, break_every=1)
    page = new_page(viewport=viewport)
    page.goto(url)
    page.check("input[name=consent]")
    page.click("button.primary")
    clean(page)
    page.fill("input[name=age]", "5000000")
    page.select_option("select", "Yes")
    page.click("button.primary")
    page.wait_for_selector(".errorlist")
    clean(page)
    page.fill("input[name=age]", "40")
    page.click("button.primary")
    page.click(".v-leave a")
    clean(page)
    page.click("text=Stay")
    page.click("button.primary")
    page.wait_for_url("**/practice/")
    clean(page)
    while page.url.endswith("/practice/"):  # whatever is answered, it goes on after two tries
        page.click(".option >> nth=0")
        page.wait_for_selector(".note")
        clean(page)
        page.click("button.primary")
    ready(page)
    answer(page, 0)
    page.wait_for_url("**/break/")
    clean(page)
    page.click("button.primary")
    ready(page)
