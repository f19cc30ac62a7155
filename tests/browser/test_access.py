"""Volunteers' pages are usable by everyone: no violation that axe-core can find, in light and in dark."""

import pytest

from studies.trial_types import trial_types
from tests.browser.conftest import DESK, PHONE, begin, clean, ready

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def every_type(*screens):
    """Every trial type on one of the two screens, in turn: each stands on both in the two tests together, axe-core takes its time."""
    return pytest.mark.parametrize(
        ("task", "viewport"),
        [
            pytest.param(entry.name, screens[number % 2], id=f"{entry.name}-{screens[number % 2]['width']}")
            for number, entry in enumerate(trial_types())
        ],
    )


def answer_first(page):
    """Press the first of the answers, whatever it says."""
    ready(page)
    for key in "123":  # where an answer takes several presses
        if page.locator(".option").first.is_disabled():
            page.keyboard.press(key)
    page.click(".option >> nth=0")


@every_type(PHONE, DESK)
def test_every_page_of_a_session_is_clean(new_page, invited, task, viewport):
    _, url = invited(task=task, items=2)
    page = new_page(viewport=viewport)
    page.goto(url)
    clean(page)
    begin(page, url, after=lambda: clean(page))
    ready(page)
    clean(page)
    answer_first(page)
    ready(page)
    clean(page)
    answer_first(page)
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


@every_type(DESK, PHONE)
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
    page.click('text="Stay"')
    page.click("button.primary")
    page.wait_for_url("**/practice/")
    clean(page)
    while page.url.endswith("/practice/"):  # whatever is answered, it goes on after two tries
        page.click(".option >> nth=0")
        page.wait_for_selector(".note")
        clean(page)
        page.click("button.primary")
    ready(page)
    answer_first(page)
    page.wait_for_url("**/break/")
    clean(page)
    page.click("button.primary")
    ready(page)
