"""Every trial type that is registered, in a real browser: by each of its keys, by touch, in every language, and back again.

That its pages are clean by axe-core is in test_access.py, over every type as well.
"""

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from studies.core import languages
from studies.models import Participant, Response, Study
from studies.protocol.wording import default_wording
from studies.trials.practice import EXAMPLE_DRAWINGS, right_side
from tests import by_sql
from tests.browser.conftest import DESK, PHONE, begin, ready, saved
from tests.browser.test_languages import nothing_is_cut
from tests.browser.test_take_part import SCREENS, code_on, everything_is_on_screen
from tests.studies.trial_types.contract import ARMS, buttons_of, is_composed, way_to_say
from tests.studies.trial_types.contract import asked as asked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def invited_to(invited, asked):
    """The address of an invitation to a study of two arms, with a trial for every answer that there is."""

    def invite(**fields):
        usual = {"task": asked.name, "methods": ARMS, "items": len(buttons_of(asked))}
        return invited(**{**usual, **fields})[1]

    return invite


def answer_to(page, asked, value):
    """The button that sends this answer, once the fields that say it are filled in where it takes several presses."""
    if not is_composed(asked):
        return page.locator(f".option[value='{value}']")
    for name, said in way_to_say(BeautifulSoup(page.content(), "html.parser"), asked, value).items():
        part = page.locator(f"[name='{name}']")
        if part.first.evaluate("field => field.tagName") == "SELECT":
            part.select_option(said)
        else:
            page.check(f"[name='{name}'][value='{said}']", force=True)
    return page.locator(".option")


def values_by_key(page):
    buttons = "all => all.map((button) => [button.dataset.key, Number(button.value)])"
    return dict(page.eval_on_selector_all("#answer button[name=value]", buttons))


def practise(page, asked, press):
    """Answer both examples as it is right; `press` does so with a button."""
    for number in range(len(EXAMPLE_DRAWINGS)):
        page.wait_for_selector(f"input[name=number][value='{number}']", state="attached")
        side = right_side(Participant.objects.get(), number)
        right = next(button for button in buttons_of(asked) if asked.answers.prefers_place(button, side))
        press(page.locator(f".option[value='{right}']"))
        page.wait_for_selector(".note.good")
        press(page.locator("button.primary"))


def was_kept(asked, values):
    """These are the answers that stand, each stored as its own trial's order means it."""
    rows = Response.objects.filter(status="counted").order_by("id").select_related("trial")
    assert [row.shown_value for row in rows] == values
    for row in rows:
        assert asked.answers.stored_in(row) == asked.answers.stored_value(row.trial.arms, row.shown_value)


def test_by_each_of_its_keys(new_page, invited_to, asked):
    page = new_page()

    def press(button):
        button.focus()
        page.keyboard.press("Enter")

    def answer(key, value):
        ready(page)
        page.keyboard.press("Enter")  # nothing is chosen yet, so this confirms nothing
        page.keyboard.press(key)
        assert page.locator(".option.picked").get_attribute("value") == str(value)
        page.keyboard.press("Enter")

    if is_composed(asked):
        pytest.skip("its keys are presses, not answers: it has a test of its own")
    begin(page, invited_to(practice=True), first="practice")
    practise(page, asked, press)
    ready(page)
    keys = values_by_key(page)
    assert sorted(keys.values()) == list(buttons_of(asked))
    answer(*list(keys.items())[-1])
    ready(page)
    page.keyboard.press("Backspace")
    expect(page.locator("#progress-text")).to_have_text(f"1 of {len(keys)}")
    for key, value in keys.items():
        answer(key, value)
    assert code_on(page) == Participant.objects.get().completion_code
    was_kept(asked, list(keys.values()))


def test_by_touch_on_a_phone(new_page, invited_to, asked):
    page = new_page(**SCREENS["phone"])

    def answer(value):
        ready(page)
        everything_is_on_screen(page)
        answer_to(page, asked, value).tap()

    begin(page, invited_to(practice=True), first="practice")
    practise(page, asked, lambda button: button.tap())
    values = list(buttons_of(asked))
    answer(values[-1])
    ready(page)
    page.locator("#undo button").tap()
    expect(page.locator("#progress-text")).to_have_text(f"1 of {len(values)}")
    for value in values:
        answer(value)
    assert code_on(page) == Participant.objects.get().completion_code
    was_kept(asked, values)


def test_every_answer_to_an_example_is_in_sight_on_a_phone_on_its_side(new_page, invited_to, asked):
    width, height = 844, 390
    page = new_page(viewport={"width": width, "height": height})
    begin(page, invited_to(practice=True), first="practice")
    for part in page.locator(".option, .picture").all():
        box = part.bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        assert 0 <= box["y"] <= box["y"] + box["height"] <= height


def test_somebody_comes_back_on_a_phone_and_leaves_there(new_page, invited_to, asked):
    desk, phone = new_page(), new_page(**SCREENS["phone"])
    first, *_, last = buttons_of(asked)
    begin(desk, invited_to(items=4))
    ready(desk)
    answer_to(desk, asked, first).click()
    ready(desk)
    saved(desk)
    phone.goto(desk.url)
    ready(phone)
    for name in ("#progress-text", "#question"):
        expect(phone.locator(name)).to_have_text(desk.locator(name).inner_text())
    answer_to(phone, asked, last).tap()
    ready(phone)
    saved(phone)
    was_kept(asked, [first, last])
    desk.reload()
    ready(desk)
    expect(desk.locator("#progress-text")).to_have_text(phone.locator("#progress-text").inner_text())
    phone.locator(".v-help").tap()
    phone.locator(".v-leave a").tap()
    phone.wait_for_url("**/leave/")
    phone.locator("main button").tap()
    expect(phone.locator("h1")).to_have_text("You have left this study")
    desk.reload()
    expect(desk.locator("h1")).to_have_text("You have left this study")
    assert not Response.objects.exists()


def keys_count_up(page, across):
    """The number keys count up from left to right, or on a narrow screen also line by line, whatever the language."""
    places = []
    for button in page.locator("#answer [data-key]").all():
        if (key := int(button.get_attribute("data-key"))) > 0:
            box = button.bounding_box()
            places.append((0 if across else round(box["y"]), box["x"], key))
    assert [key for *_, key in sorted(places)] == list(range(1, len(places) + 1))


def test_a_trial_and_an_example_fit_in_every_language(new_page, invited_to, asked):
    page = new_page()
    begin(page, invited_to(items=1))
    trial, study = page.url, Study.objects.filter(task=asked.name)
    keys = None
    for number, language in enumerate(languages.codes()):
        wording = default_wording(asked.name, "overlay", language)
        by_sql.change(study, language=language, wording=wording, practice=True)
        page.set_viewport_size(PHONE)
        page.goto(trial.replace("/trial/", "/practice/"))
        nothing_is_cut(page)
        by_sql.change(study, practice=False)
        page.goto(trial)
        assert keys in (None, values_by_key(page))
        keys = values_by_key(page)
        for viewport in (PHONE, DESK) if number % 3 == 0 else (PHONE,):  # what fits a phone fits a desk
            page.set_viewport_size(viewport)
            ready(page)
            nothing_is_cut(page)
            everything_is_on_screen(page)
            keys_count_up(page, across=viewport == DESK)
