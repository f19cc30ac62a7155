"""Volunteers in a real browser: both studies from the invitation to the code, by mouse, by keyboard, without scripts."""

import pytest
from playwright.sync_api import expect

from studies.models import Participant, Response, Trial
from studies.participation.picture_addresses import opened
from tests.browser.conftest import DESK, PHONE, answer, begin, ready, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCREENS = {"desk": {"viewport": DESK}, "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True}}
BUTTONS = {"choice": [0, 2, -1, 1], "rating": [-2, 0, 2, 1]}


def given():
    return list(
        Response.objects.filter(status="counted").order_by("id").values_list("shown_value", flat=True)
    )


def code_on(page):
    page.wait_for_url("**/thanks/")
    return page.locator("#code").inner_text()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("task", BUTTONS)
def test_by_mouse_or_finger(new_page, invited, task, screen):
    _, url = invited(task=task)
    page = new_page(**SCREENS[screen])
    begin(page, url)
    for number, value in enumerate(BUTTONS[task], start=1):
        ready(page)
        expect(page.locator("#progress-text")).to_have_text(f"{number} of 4")
        everything_is_on_screen(page)
        button = page.locator(f".option[value='{value}']")
        button.tap() if screen == "phone" else button.click()
    assert code_on(page) == Participant.objects.get().completion_code
    assert given() == BUTTONS[task]


# On its side, a smaller one, and a desk's window at 200 % zoom: width and height, and the least side of a map there.
WIDE = {(844, 390): 170, (740, 360): 150, (640, 400): 120}


@pytest.mark.parametrize("task", BUTTONS)
def test_every_answer_is_in_sight_on_a_phone_on_its_side_and_enlarged(new_page, invited, task):
    _, url = invited(task=task)
    page = new_page()
    begin(page, url)
    ready(page)
    for (width, height), least in WIDE.items():
        page.set_viewport_size({"width": width, "height": height})
        everything_is_on_screen(page, least)


def everything_is_on_screen(page, least=150):
    """Photo, maps, buttons and the foot are inside the window, without a scroll; maps are of one size."""
    window = page.viewport_size
    for box in (part.bounding_box() for part in page.locator(".picture, .option, #status").all()):
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= window["width"]
        assert box["y"] + box["height"] <= window["height"]
    sizes = {
        (b["width"], b["height"]) for b in (m.bounding_box() for m in page.locator(".map .picture").all())
    }
    assert len(sizes) == 1
    assert min(next(iter(sizes))) >= least


@pytest.mark.parametrize(("task", "keys"), [("choice", "1302"), ("rating", "1532")])
def test_by_keyboard_alone(new_page, invited, task, keys):
    _, url = invited(task=task)
    page = new_page()
    page.goto(url)
    page.locator("input[name=consent]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions/")
    page.locator("button.primary").focus()
    page.keyboard.press("Enter")
    for key in keys:
        ready(page)
        page.keyboard.press("Enter")  # nothing is chosen yet, so this confirms nothing
        page.keyboard.press("2")
        page.keyboard.press(key)
        assert page.locator(".option.picked").get_attribute("data-key") == key
        page.keyboard.press("Enter")
    code_on(page)
    assert given() == ([0, 2, -1, 1] if task == "choice" else [-2, 2, 0, -1])


@pytest.mark.parametrize("task", BUTTONS)
def test_without_javascript(new_page, invited, task):
    _, url = invited(task=task)
    page = new_page(java_script_enabled=False, viewport=PHONE)
    begin(page, url)
    for value in BUTTONS[task]:
        page.click(f".option[value='{value}']")
    assert code_on(page) == Participant.objects.get().completion_code
    assert given() == BUTTONS[task]


def test_the_last_answer_is_undone_by_button_or_backspace(new_page, invited):
    _, url = invited()
    page = new_page()
    begin(page, url)
    answer(page, 0)
    ready(page)
    page.get_by_role("button", name="Undo last answer").click()
    expect(page.locator("#progress-text")).to_have_text("1 of 4")
    answer(page, 1)
    ready(page)
    page.keyboard.press("Backspace")
    expect(page.locator("#progress-text")).to_have_text("1 of 4")
    expect(page.locator("#undo")).to_be_hidden()
    for value in (2, 0, 0, 0):
        answer(page, value)
    code_on(page)
    assert list(Response.objects.filter(status="undone").values_list("shown_value", flat=True)) == [0, 1]
    assert given() == [2, 0, 0, 0]
    assert Participant.objects.get().trials.filter(state="answered").count() == 4


def test_an_undo_works_after_a_reload_too(new_page, invited):
    _, url = invited()
    page = new_page()
    begin(page, url)
    answer(page, 0)
    ready(page)
    saved(page)
    page.reload()
    ready(page)
    page.keyboard.press("Backspace")
    expect(page.locator("#progress-text")).to_have_text("1 of 4")
    answer(page, 2)
    ready(page)
    saved(page)
    assert given() == [2]


def test_the_question_and_the_pictures_belong_together(new_page, invited):
    _, url = invited()
    page = new_page()
    begin(page, url)
    for number in range(1, 4):
        ready(page)
        sources = [picture.get_attribute("src") for picture in page.locator(".picture").all()]
        position = page.locator("input[name=position]").get_attribute("value")
        trial = Trial.objects.get(participant__isnull=False, position=position)
        shown = [
            trial.item.picture,
            *(trial.item.item_maps.get(arm__index=arm).picture for arm in trial.arms),
        ]
        assert [opened(source.rpartition("/")[2]).name for source in sources] == [file.name for file in shown]
        assert number == int(position)
        answer(page, 0)


SINCE = """(src) => Math.ceil(performance.now() - performance.getEntriesByType("resource").find(({name}) => name.endsWith(src)).responseEnd)"""


def test_answers_are_timed_from_when_the_pictures_are_there(new_page, invited):
    _, url = invited()
    page = new_page()

    waited = []

    def slowly(route):
        if len(waited) == 2:
            page.wait_for_timeout(1500)
        waited.append(route)
        route.continue_()

    page.route("**/picture/*", slowly)
    begin(page, url)
    page.wait_for_selector("#question")
    expect(page.locator(".option:enabled")).to_have_count(0)
    last = page.locator(".picture").nth(2).get_attribute("src")  # before the next trial's stands there
    answer(page, 0)
    longest = page.evaluate(SINCE, last)
    saved(page)
    assert Response.objects.get().response_ms <= longest
    assert Response.objects.get().telemetry["viewport"] == [1280, 720]


def test_how_an_answer_came_about_is_recorded(new_page, invited):
    _, url = invited()
    page = new_page()
    begin(page, url)
    ready(page)
    for key in ("1", "1", "3"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    saved(page)
    told = Response.objects.get().telemetry
    assert (told["first_value"], told["changes"], told["hidden_ms"]) == (0, 1, 0)
    assert 0 <= told["first_ms"] <= Response.objects.get().response_ms
    assert (told["viewport"], told["pixel_ratio"]) == ([1280, 720], 1)
