"""Several questions about one map in a real browser: by keys from end to end, by touch, with pictures that stay in sight."""

import pytest
from playwright.sync_api import expect

from studies.models import Response
from tests.browser.conftest import PHONE, begin, ready, saved
from tests.studies.single_maps import FOUR, SATISFACTION, asking, said

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = [(390, 844), (844, 390), (640, 400), (1280, 800)]


def given():
    rows = Response.objects.filter(status="counted").order_by("id")
    return [row.parts["answers"] for row in rows]


def test_by_keys_alone_from_the_first_question_to_the_last(new_page, invited):
    _, url = invited(**asking())
    page = new_page()
    begin(page, url)
    ready(page)
    page.keyboard.press("6")
    page.keyboard.press("2")
    page.keyboard.press("2")  # yes
    page.keyboard.press("Enter")  # one is missing: nothing is sent
    expect(page.locator("input[name='part.sure']")).to_be_focused()
    assert page.locator("input:invalid").count() == 1
    page.keyboard.type("805")
    page.keyboard.press("Backspace")  # takes back a digit, and no answer
    page.keyboard.press("Enter")
    expect(page.locator("#progress-text")).to_have_text("2 of 4")
    saved(page)
    assert given() == [said()]
    ready(page)
    assert page.locator("input:checked").count() == 0
    expect(page.locator("input[name='part.sure']")).to_have_value("")
    page.keyboard.press("Backspace")
    expect(page.locator("#progress-text")).to_have_text("1 of 4")


def test_by_touch_and_slider_and_what_changed_is_told(new_page, invited):
    _, url = invited(**asking(), items=1)
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    begin(page, url)
    ready(page)
    for key, value in (("clear", 3), ("clear", 6), ("confusing", 2), ("use-it", 1)):
        page.locator(f"label:has(input[name='part.{key}'][value='{value}'])").tap()
    slider = page.locator(".slide input[type=range]")
    expect(slider).to_have_class("untouched")
    slider.tap()  # in its middle, where it stood without being an answer
    expect(slider).not_to_have_class("untouched")
    chosen = int(page.locator("input[name='part.sure']").input_value())
    assert 40 <= chosen <= 60
    page.locator(".send").tap()
    page.wait_for_url("**/thanks/")
    row = Response.objects.get()
    assert row.parts["answers"] == said(sure=chosen)
    assert row.telemetry["changes"] == 1
    assert 0 <= row.telemetry["first_ms"] <= row.response_ms


def test_without_a_network_the_parts_wait_in_the_browser_and_arrive(new_page, invited):
    _, url = invited(**asking())
    page = new_page()
    begin(page, url)
    ready(page)
    page.context.set_offline(True)
    for key in "622":
        page.keyboard.press(key)
    page.locator("input[name='part.sure']").fill("80")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("still to be sent: 1")
    assert not Response.objects.exists()
    page.context.set_offline(False)
    saved(page)
    assert given() == [said()]


def test_each_trial_shows_the_questions_in_the_order_that_it_was_told(new_page, invited):
    _, url = invited(**asking(shuffle=True))
    page = new_page()
    begin(page, url)
    orders = []
    for _ in range(4):
        ready(page)
        orders.append(
            page.eval_on_selector_all("[data-part]", "all => all.map((field) => field.dataset.part)")
        )
        for key, value in said().items():
            if key == "sure":
                page.locator("input[name='part.sure']").fill(str(value))
            else:
                page.locator(f"label:has(input[name='part.{key}'][value='{value}'])").click()
        page.locator(".send").click()
    page.wait_for_url("**/thanks/")
    assert len({*map(tuple, orders)}) > 1
    assert all(sorted(order) == sorted(question.key for question in FOUR) for order in orders)
    assert given() == [said()] * 4


@pytest.mark.parametrize("language", ["en", "ar"])
def test_photo_and_map_stay_in_sight_while_questions_scroll_by(new_page, invited, language):
    _, url = invited(**asking(SATISFACTION, language=language))
    page = new_page()
    begin(page, url)
    ready(page)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for place in (".part:first-of-type .points label:last-child", ".send"):
            page.locator(place).first.scroll_into_view_if_needed()
            for picture in ("#photo", ".maps .picture"):
                box = page.locator(picture).bounding_box()
                assert box["y"] >= -1
                assert box["y"] + box["height"] <= height + 1
                assert min(box["width"], box["height"]) >= 120
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        for label in page.locator(".points label").all():
            box = label.bounding_box()
            assert box["height"] >= 44
            assert box["width"] >= 36
