"""Volunteers' pages are usable by everyone: no violation that axe-core can find, in light and in dark."""

import pytest

from studies.trial_types import trial_types
from tests.browser.conftest import DESK, PHONE, begin, clean, ready

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


# The pages of a session, but for the trial and its examples, are the same for every trial type.
ON_BOTH_SCREENS = pytest.mark.parametrize(
    ("task", "viewport"),
    [pytest.param("choice", PHONE, id="phone"), pytest.param("rating", DESK, id="desk")],
)


def answer_first(page):
    """Press the first of the answers, whatever it says."""
    ready(page)
    for key in "123":  # where an answer takes several presses
        if page.locator(".option").first.is_disabled():
            page.keyboard.press(key)
    page.click(".option >> nth=0")


@ON_BOTH_SCREENS
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


@pytest.mark.parametrize(
    ("task", "viewport"),
    [(entry.name, (PHONE, DESK)[number % 2]) for number, entry in enumerate(trial_types())],
    ids=[entry.name for entry in trial_types()],
)
def test_a_trial_and_its_examples_are_clean(new_page, invited, task, viewport):
    """Each trial type on one of the two screens, in turn."""
    _, url = invited(task=task, items=2, practice=True)
    page = new_page(viewport=viewport)
    begin(page, url, first="practice")
    clean(page)
    while page.url.endswith("/practice/"):  # whatever is answered, it goes on after two tries
        page.click(".option >> nth=0")
        page.wait_for_selector(".note")
        page.click("button.primary")
    ready(page)
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


@ON_BOTH_SCREENS
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
