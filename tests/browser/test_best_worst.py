"""Best and worst in a browser: two presses by tap, mouse or key, changed before they are sent, heard, and on every screen."""

import pytest
from playwright.sync_api import expect

from studies.models import Response
from tests.browser.conftest import PHONE, begin, ready
from tests.browser.test_take_part import everything_is_on_screen

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

METHODS = ("grad-cam", "ablation-cam", "layer-cam", "pixel-ablation-cam")
# Width and height, and the least side of one of four maps there.
SCREENS = {(390, 844): 160, (844, 390): 130, (640, 400): 90, (1280, 800): 240}


@pytest.fixture
def trial(new_page, invited):
    def begun(items=2, **screen):
        page = new_page(**screen)
        begin(page, invited(task="best-worst", methods=METHODS, items=items)[1])
        ready(page)
        return page

    return begun


def said(page):
    """Which letter each row of radio buttons has."""
    rows = page.locator("[role=radiogroup]").all()
    return [
        "".join(
            label.inner_text().strip()
            for label in row.locator("label").all()
            if label.locator("input").is_checked()
        )
        for row in rows
    ]


def shown():
    return list(
        Response.objects.filter(status="counted").order_by("id").values_list("shown_value", flat=True)
    )


def test_the_first_press_is_the_best_and_the_second_the_worst(trial):
    page = trial()
    send = page.locator(".option")
    expect(send).to_be_disabled()
    page.keyboard.press("Enter")  # says nothing yet
    page.keyboard.press("3")
    assert said(page) == ["C", ""]
    expect(page.locator(".told")).to_have_text("Best: C")
    expect(send).to_be_disabled()
    page.keyboard.press("1")
    assert said(page) == ["C", "A"]
    expect(page.locator(".told")).to_have_text("Best: C · Worst: A")
    assert [part.get_attribute("data-said") for part in page.locator(".map").all()] == [
        "Worst",
        None,
        "Best",
        None,
    ]
    expect(send).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#progress-text")).to_have_text("2 of 2")
    expect(page.locator(".told")).to_have_text("")
    ready(page)
    assert said(page) == ["", ""]
    page.keyboard.press("Backspace")
    ready(page)
    page.keyboard.press("2")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.locator("#progress-text")).to_have_text("2 of 2")
    expect(page.locator("#status")).to_have_text("Answer saved")
    assert shown() == [8 + 3]


def test_what_was_pressed_can_be_changed_and_cleared_before_it_is_sent(trial):
    page = trial()
    for key in "12":
        page.keyboard.press(key)
    page.keyboard.press("3")  # a third press: another worst
    assert said(page) == ["A", "C"]
    page.keyboard.press("1")  # no longer the best
    assert said(page) == ["", "C"]
    expect(page.locator(".option")).to_be_disabled()
    page.keyboard.press("3")
    page.keyboard.press("4")
    assert said(page) == ["D", ""]
    page.keyboard.press("0")
    assert said(page) == ["", ""]
    page.check("[name=part-best] >> nth=1", force=True)
    page.check("[name=part-worst] >> nth=1", force=True)  # the same map: it cannot be both
    assert said(page) == ["", "B"]
    page.check("[name=part-best] >> nth=3", force=True)
    page.click(".option")
    expect(page.locator("#status")).to_have_text("Answer saved")
    assert shown() == [8 * 3 + 1]
    telemetry = Response.objects.get(status="counted").telemetry
    assert (telemetry["first_value"], telemetry["changes"]) == (1, 2)


def test_two_taps_on_a_phone(trial):
    page = trial(viewport=PHONE, has_touch=True, is_mobile=True)
    everything_is_on_screen(page)
    page.locator(".map").nth(2).tap()
    page.locator(".map").nth(0).tap()
    assert said(page) == ["C", "A"]
    page.locator(".clear").tap()
    assert said(page) == ["", ""]
    page.locator(".map").nth(1).tap()
    page.locator(".map").nth(3).tap()
    page.locator(".option").tap()
    expect(page.locator("#status")).to_have_text("Answer saved")
    assert shown() == [8 + 3]


def test_no_answer_is_below_the_fold(trial):
    page = trial()
    for (width, height), least in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        everything_is_on_screen(page, least)
        for part in page.locator(".letters label").all():
            box = part.bounding_box()
            assert box["y"] + box["height"] <= height
            assert box["x"] + box["width"] <= width
            assert min(box["width"], box["height"]) >= 36


def test_without_scripts_the_same_form_says_it(new_page, invited):
    page = new_page(java_script_enabled=False)
    begin(page, invited(task="best-worst", methods=METHODS, items=1)[1])
    page.check("[name=part-best] >> nth=2", force=True)
    page.click(".option")
    assert page.url.endswith("/trial/")  # the browser asks for the worst, too
    page.check("[name=part-worst] >> nth=0", force=True)
    page.click(".option")
    page.wait_for_url("**/thanks/")
    assert shown() == [8 * 2]
